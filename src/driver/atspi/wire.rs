//! Byte streams to the sockets of the computer that a desktop runs on, and a D-Bus connection over
//! one.
//!
//! It does not know what is said over the connection, and it passes no file descriptors:
//! accessibility needs none, and a forwarded stream could not.

use async_trait::async_trait;
use std::{
    ffi::OsString,
    fmt::Debug,
    io,
    os::{fd::BorrowedFd, unix::ffi::OsStringExt},
    path::PathBuf,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::UnixStream,
};
use zbus::{
    Connection,
    connection::{Builder, socket},
};

/// A connection that carries bytes both ways.
pub trait ByteStream: AsyncRead + AsyncWrite + Debug + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Debug + Send + Sync + Unpin> ByteStream for S {}

/// Opens sockets of the computer that a desktop runs on: this one, or one far away.
#[async_trait]
pub trait Sockets: Debug + Send + Sync {
    /// Connects to `socket`.
    async fn open(&self, socket: &SocketName) -> io::Result<Box<dyn ByteStream>>;
}

/// What a Unix socket is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketName {
    /// It is a file.
    File(PathBuf),
    /// It has a name outside the file system.
    Abstract(OsString),
}

impl SocketName {
    /// Reads a D-Bus address, as in `unix:path=/run/user/1000/bus,guid=0123`; of several, the
    /// first that names a Unix socket.
    pub fn of_address(address: &str) -> Option<Self> {
        let keys = address
            .split(';')
            .filter_map(|one| one.strip_prefix("unix:"));
        keys.flat_map(|keys| keys.split(',')).find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            match key {
                "path" => Some(Self::File(unescape(value).into())),
                "abstract" => Some(Self::Abstract(unescape(value))),
                _ => None,
            }
        })
    }
}

/// Undoes the `%2f` that D-Bus addresses write for unusual characters.
fn unescape(text: &str) -> OsString {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let digits = tail.get(..2).filter(|_| *first == b'%');
        let digits = digits.and_then(|digits| str::from_utf8(digits).ok());
        let escaped = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    OsString::from_vec(bytes)
}

/// The sockets of this computer.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalSockets;

#[async_trait]
impl Sockets for LocalSockets {
    async fn open(&self, socket: &SocketName) -> io::Result<Box<dyn ByteStream>> {
        let path = match socket {
            SocketName::File(path) => path.clone(),
            // Tokio takes a path that begins with NUL for such a name, as the kernel does.
            SocketName::Abstract(name) => {
                let mut path = OsString::from("\0");
                path.push(name);
                path.into()
            }
        };
        Ok(Box::new(UnixStream::connect(path).await?))
    }
}

/// Opens the socket and says hello to the bus behind it as user `uid`.
///
/// Who a bus sees depends on the stream: over a forwarded one the far user who carries it; over a
/// local one us. So when it does not believe that we are `uid`, we say who we really are.
pub(super) async fn connect(
    sockets: &dyn Sockets,
    socket: &SocketName,
    uid: u32,
) -> zbus::Result<Connection> {
    let own = rustix::process::geteuid().as_raw();
    match say_hello(sockets, socket, uid).await {
        Err(zbus::Error::Handshake(_)) if own != uid => say_hello(sockets, socket, own).await,
        other => other,
    }
}

async fn say_hello(
    sockets: &dyn Sockets,
    socket: &SocketName,
    uid: u32,
) -> zbus::Result<Connection> {
    let stream = sockets.open(socket).await?;
    Builder::socket(Carried(stream)).user_id(uid).build().await
}

/// A stream that zbus can use.
#[derive(Debug)]
struct Carried(Box<dyn ByteStream>);

#[derive(Debug)]
struct Reader(tokio::io::ReadHalf<Box<dyn ByteStream>>);

#[derive(Debug)]
struct Writer(tokio::io::WriteHalf<Box<dyn ByteStream>>);

impl socket::Socket for Carried {
    type ReadHalf = Reader;
    type WriteHalf = Writer;

    fn split(self) -> socket::Split<Reader, Writer> {
        let (read, write) = tokio::io::split(self.0);
        socket::Split::new(Reader(read), Writer(write))
    }
}

#[async_trait]
impl socket::ReadHalf for Reader {
    async fn recvmsg(
        &mut self,
        buffer: &mut [u8],
    ) -> io::Result<(usize, Vec<std::os::fd::OwnedFd>)> {
        Ok((self.0.read(buffer).await?, Vec::new()))
    }
}

#[async_trait]
impl socket::WriteHalf for Writer {
    async fn sendmsg(&mut self, buffer: &[u8], _: &[BorrowedFd<'_>]) -> io::Result<usize> {
        let written = self.0.write(buffer).await?;
        // A carrier may hold bytes back until it is told not to.
        self.0.flush().await?;
        Ok(written)
    }

    async fn close(&mut self) -> io::Result<()> {
        self.0.shutdown().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_sockets() {
        let check = |address: &str, want: Option<SocketName>| {
            assert_eq!(SocketName::of_address(address), want, "{address}");
        };
        let file = |path: &str| Some(SocketName::File(path.into()));
        check("unix:path=/run/user/1000/bus", file("/run/user/1000/bus"));
        check("unix:guid=01,path=/tmp/dbus-a", file("/tmp/dbus-a"));
        check("unix:path=/tmp/my%20bus%zz", file("/tmp/my bus%zz"));
        check("tcp:host=a,port=1;unix:path=/b", file("/b"));
        check(
            "unix:abstract=/tmp/dbus-a,guid=01",
            Some(SocketName::Abstract("/tmp/dbus-a".into())),
        );
        check("autolaunch:", None);
        check("unix:runtime=yes", None);
    }
}
