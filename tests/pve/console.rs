//! Consoles: a ticket for one connection, and a WebSocket that carries VNC.
//!
//! The server is as strict as real ones: frames have to be whole, masked and small, and a ticket is
//! good for one connection within ten seconds, by the one who got it.

use super::{
    front::respond,
    schema,
    server::{Answer, Ask, Pve, Refusal, Request},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use des::{
    Des,
    cipher::{BlockCipherEncrypt as _, KeyInit as _},
};
use http_body_util::Full;
use hyper::{Response, StatusCode, body::Bytes, body::Incoming, header, upgrade::Upgraded};
use hyper_util::rt::TokioIo;
use serde_json::json;
use sha1::{Digest as _, Sha1};
use std::{io, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf},
    net::UnixStream,
    sync::oneshot,
    time::timeout,
};

/// How long a console waits for its one connection.
const WAITS: Duration = Duration::from_secs(10);

/// The largest frame that is taken.
const LARGEST: usize = 128 << 10;

/// A console that waits for its connection.
#[derive(Debug)]
pub(crate) struct Waiting {
    owner: String,
    path: String,
    port: String,
    password: String,
    /// Where the machine's VNC server listens; `None` where it has none.
    socket: Option<PathBuf>,
    connected: oneshot::Sender<Connection>,
}

type Connection = (Upgraded, String, PathBuf);

impl Pve {
    /// Gives a ticket for a console. Without `websocket` it is the same one.
    pub(super) async fn open_console(
        self: &Arc<Self>,
        request: &Request,
        node: &str,
        vmid: u32,
    ) -> Answer {
        let body = Arc::clone(&self.cluster().on(node, vmid).map_err(Refusal::failed)?.body);
        let has_vga = {
            let mut cluster = self.cluster();
            let vm = cluster.on(node, vmid).map_err(Refusal::failed)?;
            let vga = vm.config.get("vga").map_or("", String::as_str);
            let primary = vm
                .config
                .iter()
                .any(|(key, value)| key.starts_with("hostpci") && value.contains("x-vga=1"));
            let is_dark = vga.starts_with("none") || vga.starts_with("serial");
            vm.is_running && !is_dark && !(primary && vga.is_empty())
        };
        let socket = if has_vga { body.console().await } else { None };
        let number = self.cluster().next();
        // Letters that need encoding in an address, and one that looks like a space there.
        let password = format!("+%&{:05}", number % 100_000);
        let port = (5900 + number % 100).to_string();
        let ticket = format!("{password}:PVEVNC:{number:08X}::made+up/{number}==");
        let (connected, connection) = oneshot::channel();
        let waiting = Waiting {
            owner: request.caller.id.clone(),
            path: format!("/nodes/{node}/qemu/{vmid}/vncwebsocket"),
            port: port.clone(),
            password: password.clone(),
            socket,
            connected,
        };
        self.consoles
            .lock()
            .unwrap()
            .insert(ticket.clone(), waiting);
        let (pve, name) = (Arc::clone(self), ticket.clone());
        let work = async move {
            let connection = timeout(WAITS, connection).await;
            pve.consoles.lock().unwrap().remove(&name);
            match connection {
                Err(_) => Err("connection timed out".into()),
                Ok(Err(_)) => Err("Failed to run vncproxy.".into()),
                Ok(Ok((client, password, socket))) => {
                    let drops = pve.console_drops.subscribe();
                    let _ended = carry(client, &password, &socket, drops).await;
                    Ok(())
                }
            }
        };
        let upid = self.spawn(
            &request.caller,
            node,
            "vncproxy",
            &vmid.to_string(),
            Box::pin(work),
        );
        Ok(json!({
            "user": request.caller.id, "ticket": ticket, "password": password, "port": port,
            "upid": upid, "cert": "-----BEGIN CERTIFICATE-----\n",
        }))
    }

    /// Breaks every console's connection.
    pub(crate) fn drop_consoles(&self) {
        self.console_drops.send_modify(|count| *count += 1);
    }
}

/// Turns a request into a console's connection.
pub(super) fn serve(
    pve: &Arc<Pve>,
    ask: &Ask,
    mut request: hyper::Request<Incoming>,
) -> io::Result<Response<Full<Bytes>>> {
    let refuse = |refusal: Refusal| Ok(respond(pve.send(Err(refusal))));
    let caller = match pve.caller(ask) {
        Ok(caller) => caller,
        Err(refusal) => return refuse(refusal),
    };
    let (path, query) = ask.target.split_once('?').unwrap_or_default();
    let path = path.strip_prefix("/api2/json").unwrap_or(path);
    let params = schema::decode_form(query).unwrap_or_default();
    let get = |name: &str| {
        params
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    };
    let found = pve.consoles.lock().unwrap().remove(get("vncticket"));
    let is_it = |it: &Waiting| it.owner == caller.id && it.path == path && it.port == get("port");
    let Some(waiting) = found.filter(is_it) else {
        return refuse(Refusal {
            is_bare: true,
            ..Refusal::new(401, "invalid PVEVNC ticket")
        });
    };
    let key = ask
        .headers
        .get("sec-websocket-key")
        .cloned()
        .unwrap_or_default();
    let upgrade = hyper::upgrade::on(&mut request);
    pve.jobs.lock().unwrap().spawn(async move {
        let Ok(mut upgraded) = upgrade.await else {
            return;
        };
        match waiting.socket {
            // There is nothing to look at, and no word about it.
            None => drop(TokioIo::new(&mut upgraded).shutdown().await),
            Some(socket) => drop(waiting.connected.send((upgraded, waiting.password, socket))),
        }
    });
    let accept = Sha1::digest(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, "websocket".parse().unwrap());
    headers.insert(header::CONNECTION, "Upgrade".parse().unwrap());
    headers.insert(
        "sec-websocket-accept",
        STANDARD.encode(accept).parse().unwrap(),
    );
    headers.insert("sec-websocket-protocol", "binary".parse().unwrap());
    Ok(response)
}

type Client = TokioIo<Upgraded>;

/// Carries a console's bytes until one end goes away.
async fn carry(
    client: Upgraded,
    password: &str,
    socket: &std::path::Path,
    mut drops: tokio::sync::watch::Receiver<usize>,
) -> io::Result<()> {
    let (reader, mut to_client) = tokio::io::split(TokioIo::new(client));
    let mut from_client = Frames {
        reader,
        rest: Vec::new(),
    };
    let mut screen = UnixStream::connect(socket).await?;
    greet(&mut from_client, &mut to_client, &mut screen, password).await?;
    let (mut from_screen, mut to_screen) = screen.into_split();
    let down = async {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let length = from_screen.read(&mut buffer).await?;
            if length == 0 {
                return io::Result::Ok(());
            }
            send(&mut to_client, &buffer[..length]).await?;
        }
    };
    let up = async {
        loop {
            let bytes = from_client.some().await?;
            to_screen.write_all(&bytes).await?;
        }
    };
    drops.mark_unchanged();
    tokio::select! {
        done = down => done,
        done = up => done,
        _ = drops.changed() => Ok(()),
    }
}

/// Shakes hands with both ends: a password here, none there.
async fn greet(
    client: &mut Frames,
    to_client: &mut WriteHalf<Client>,
    screen: &mut UnixStream,
    password: &str,
) -> io::Result<()> {
    let wrong = |why: &str| io::Error::other(why.to_owned());
    send(to_client, b"RFB 003.008\n").await?;
    if client.exactly(12).await? != b"RFB 003.008\n" {
        return Err(wrong("another version"));
    }
    send(to_client, &[1, 2]).await?;
    if client.exactly(1).await? != [2] {
        return Err(wrong("another way to sign in"));
    }
    let challenge: Vec<u8> = (0..16).map(|_| fastrand::u8(..)).collect();
    send(to_client, &challenge).await?;
    let answer = client.exactly(16).await?;
    if answer != encrypt(&challenge, password) {
        send(to_client, &[0, 0, 0, 1, 0, 0, 0, 5]).await?;
        send(to_client, b"wrong").await?;
        return Err(wrong("a wrong password"));
    }
    let mut greeting = [0; 12];
    screen.read_exact(&mut greeting).await?;
    screen.write_all(b"RFB 003.008\n").await?;
    let count = screen.read_u8().await?;
    let mut kinds = vec![0; count.into()];
    screen.read_exact(&mut kinds).await?;
    screen.write_all(&[1]).await?;
    if screen.read_u32().await? != 0 {
        return Err(wrong("the machine's VNC server wants a password"));
    }
    send(to_client, &[0; 4]).await
}

/// Encrypts as VNC does: DES, each byte of the key read backwards.
fn encrypt(challenge: &[u8], password: &str) -> Vec<u8> {
    let mut key = [0; 8];
    for (at, byte) in password.bytes().take(8).enumerate() {
        key[at] = byte.reverse_bits();
    }
    let des = Des::new(&key.into());
    let mut out = Vec::new();
    for block in challenge.chunks(8) {
        let mut block: [u8; 8] = block.try_into().unwrap();
        des.encrypt_block((&mut block).into());
        out.extend(block);
    }
    out
}

/// Sends bytes in one frame, which nothing masks.
async fn send(to: &mut WriteHalf<Client>, bytes: &[u8]) -> io::Result<()> {
    let mut frame = vec![0x82];
    match bytes.len() {
        length @ 0..126 => frame.push(length as u8),
        length @ 126..65_536 => {
            frame.push(126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(bytes);
    to.write_all(&frame).await?;
    to.flush().await
}

/// What a client sends, frame by frame.
struct Frames {
    reader: ReadHalf<Client>,
    rest: Vec<u8>,
}

impl Frames {
    async fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.rest.len() < length {
            let more = self.frame().await?;
            self.rest.extend(more);
        }
        Ok(self.rest.drain(..length).collect())
    }

    async fn some(&mut self) -> io::Result<Vec<u8>> {
        if self.rest.is_empty() {
            return self.frame().await;
        }
        Ok(std::mem::take(&mut self.rest))
    }

    async fn frame(&mut self) -> io::Result<Vec<u8>> {
        let refuse = |why: &str| Err(io::Error::other(why.to_owned()));
        loop {
            let first = self.reader.read_u8().await?;
            let second = self.reader.read_u8().await?;
            if first & 0x70 != 0 || first & 0x80 == 0 || first.trailing_zeros() >= 4 {
                return refuse("a frame is compressed or in pieces");
            }
            if second & 0x80 == 0 {
                return refuse("a frame is not masked");
            }
            let length = match second & 0x7F {
                126 => usize::from(self.reader.read_u16().await?),
                127 => self.reader.read_u64().await? as usize,
                length => length.into(),
            };
            if length > LARGEST {
                return refuse("a frame is too large");
            }
            let mut mask = [0; 4];
            self.reader.read_exact(&mut mask).await?;
            let mut bytes = vec![0; length];
            self.reader.read_exact(&mut bytes).await?;
            for (at, byte) in bytes.iter_mut().enumerate() {
                *byte ^= mask[at % 4];
            }
            match first & 0x0F {
                2 => return Ok(bytes),
                8 => return refuse("the client says good-bye"),
                _ => {}
            }
        }
    }
}
