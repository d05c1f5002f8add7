//! An X11 desktop: a server that shows its screen over VNC, and a window manager.
//!
//! Nothing listens on the network: both the server and its screen are reached by sockets, the
//! first only with a secret, the second only by the user whose folder it lies in.

use super::{
    folder::Folder,
    part::{self, Ground, Part},
    programs,
    sockets::LocalSockets,
};
use crate::{
    driver::windows::XDesktop,
    port::{ProviderError, SocketName, with_causes},
};
use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

const SERVER: &str = "the X server";
const MANAGER: &str = "the window manager";
const BACKGROUND: u32 = 0x0033_5577;
const SOCKETS: &str = "/tmp/.X11-unix";

/// An X server that is ready.
pub(super) struct XServer {
    pub(super) part: Part,
    /// Where programs connect to it.
    pub(super) socket: PathBuf,
    pub(super) desktop: XDesktop,
    /// Where its screen is shown.
    pub(super) vnc: PathBuf,
    /// Variables that lead programs to it.
    pub(super) variables: BTreeMap<String, String>,
    /// Removes what it leaves behind when it is killed.
    pub(super) litter: Litter,
}

/// How often an X server is started whose socket somebody else removes.
const STARTS: u32 = 3;

/// Starts an X server on a display that nobody uses.
///
/// A server that ends removes the socket of its display by name, even when the display is another
/// server's by then. Whom that happens to is started again.
pub(super) async fn start(
    ground: &Ground,
    folder: &Folder,
    geometry: (u32, u32),
    env: &BTreeMap<String, String>,
) -> Result<XServer, ProviderError> {
    let authority = folder.runtime().join("xauthority");
    let cookie =
        write_authority(&authority).map_err(|err| ground.not_started(SERVER, with_causes(&err)))?;
    let mut server = None;
    for _ in 0..STARTS {
        server = start_once(ground, folder, geometry, (&authority, cookie), env).await?;
        if server.is_some() {
            break;
        }
    }
    server.ok_or_else(|| ground.not_started(SERVER, "its socket is removed as soon as it is made"))
}

/// Starts an X server; none when its socket is gone already.
async fn start_once(
    ground: &Ground,
    folder: &Folder,
    geometry: (u32, u32),
    (authority, cookie): (&Path, [u8; 16]),
    env: &BTreeMap<String, String>,
) -> Result<Option<XServer>, ProviderError> {
    let program = programs::X_SERVER.find(env.get("PATH").map_or("", String::as_str))?;
    make_socket_folder();
    let vnc = folder.runtime().join("vnc");
    let arguments = arguments(geometry, &vnc, authority);
    let (part, mut lines) = Part::start(ground, SERVER, &program, &arguments, env)?;
    let number = |line: &str| line.trim().parse::<u32>().ok();
    let number = part.ready(ground, part::line(&mut lines, number)).await?;
    let socket = Path::new(SOCKETS).join(format!("X{number}"));
    let litter = match Litter::new(socket.clone()) {
        Ok(litter) => litter,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(err) => return Err(ground.not_started(SERVER, with_causes(&err))),
    };
    let variables = [
        ("DISPLAY", format!(":{number}")),
        ("XAUTHORITY", authority.display().to_string()),
    ];
    let name = SocketName::File(socket.clone());
    Ok(Some(XServer {
        part,
        socket,
        desktop: XDesktop::new(Arc::new(LocalSockets), name, Some(cookie.into())),
        vnc,
        variables: variables
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
        litter,
    }))
}

/// Starts a window manager and waits until it takes care of windows.
pub(super) async fn start_manager(
    ground: &Ground,
    desktop: &XDesktop,
    env: &BTreeMap<String, String>,
) -> Result<Part, ProviderError> {
    let program = programs::WINDOW_MANAGER.find(env.get("PATH").map_or("", String::as_str))?;
    let (part, _) = Part::start(ground, MANAGER, &program, &[], env)?;
    let ready = async {
        desktop.fill(BACKGROUND).await?;
        desktop.await_window_manager().await
    };
    part.ready(ground, ready)
        .await?
        .map_err(|err| ground.not_started(MANAGER, with_causes(&err)))?;
    Ok(part)
}

fn arguments((width, height): (u32, u32), vnc: &Path, authority: &Path) -> Vec<String> {
    let geometry = format!("{width}x{height}");
    let (vnc, authority) = (vnc.display().to_string(), authority.display().to_string());
    [
        "-displayfd",
        "1",
        "-geometry",
        &geometry,
        "-depth",
        "24",
        "-nolisten",
        "tcp",
        "-noreset",
        "-auth",
        &authority,
        "-rfbport",
        "-1",
        "-rfbunixpath",
        &vnc,
        "-SecurityTypes",
        "None",
        "-AlwaysShared",
        "-AcceptSetDesktopSize=0",
        "-UseBlacklist=0",
        "-FrameRate",
        "60",
    ]
    .map(str::to_owned)
    .into()
}

/// Makes a secret and writes it where server and programs look for it. It holds for any display:
/// which one it will be is not known yet.
fn write_authority(path: &Path) -> io::Result<[u8; 16]> {
    const ANY_FAMILY: u16 = 0xffff;
    let mut cookie = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut cookie)?;
    let mut entry = ANY_FAMILY.to_be_bytes().to_vec();
    for field in [&b""[..], b"", b"MIT-MAGIC-COOKIE-1", &cookie] {
        entry.extend((field.len() as u16).to_be_bytes());
        entry.extend(field);
    }
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(&entry)?;
    Ok(cookie)
}

/// Makes the folder of all X servers' sockets, where no other X server has ever run. Should it
/// not work out, the server says why it cannot start.
fn make_socket_folder() {
    let folder = Path::new(SOCKETS);
    if fs::create_dir(folder).is_ok() {
        let everybody = fs::Permissions::from_mode(0o1777);
        if let Err(error) = fs::set_permissions(folder, everybody) {
            tracing::debug!(%error, "`{SOCKETS}` stays for this user alone");
        }
    }
}

/// The socket that an X server leaves in `/tmp` when it has no time to tidy up.
#[derive(Debug)]
pub(super) struct Litter {
    socket: PathBuf,
    /// Tells it from that of another server on the same display: its number, which the next one
    /// may be given at once, and when it was made.
    identity: (u64, i64, i64),
}

impl Litter {
    fn new(socket: PathBuf) -> io::Result<Self> {
        let identity = identity(&socket.metadata()?);
        Ok(Self { socket, identity })
    }
}

fn identity(socket: &fs::Metadata) -> (u64, i64, i64) {
    (socket.ino(), socket.mtime(), socket.mtime_nsec())
}

impl Drop for Litter {
    fn drop(&mut self) {
        let now = self.socket.metadata();
        if now.is_ok_and(|now| identity(&now) == self.identity)
            && let Err(error) = fs::remove_file(&self.socket)
        {
            tracing::debug!(%error, "the X server tidied up after all");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn the_socket_of_the_next_server_on_a_display_is_no_litter() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("X1");
        let first = UnixListener::bind(&socket).unwrap();
        let mut litter = Litter::new(socket.clone()).unwrap();
        drop(first);
        fs::remove_file(&socket).unwrap();
        let _next = UnixListener::bind(&socket).unwrap();
        // The next socket may well be given the number of the first: only its time is another.
        litter.identity.0 = socket.metadata().unwrap().ino();
        litter.identity.1 -= 1;
        drop(litter);
        assert!(socket.exists());
        drop(Litter::new(socket.clone()).unwrap());
        assert!(!socket.exists());
    }
}
