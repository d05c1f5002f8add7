//! The X11 protocol, as far as it tells which windows there are and whether a window manager
//! takes care of them.
//!
//! The protocol is spoken synchronously, on a thread where that is fine. A server that hangs does
//! not hold the thread: whoever stops waiting cuts the connection.

use crate::{model::Rect, port::Window};
use std::{io, net::Shutdown, os::unix::net::UnixStream, path::PathBuf};
use x11rb::{
    connection::Connection,
    errors::ReplyError,
    protocol::{
        Event,
        xproto::{
            Atom, AtomEnum, ChangeWindowAttributesAux, ConnectionExt, EventMask, MapState,
            Window as Id,
        },
    },
    rust_connection::{DefaultStream, RustConnection},
};

/// How to reach an X server.
#[derive(Clone, Debug)]
pub(super) struct XAddress {
    /// Its socket.
    pub(super) socket: PathBuf,
    /// What proves that one may use it.
    pub(super) cookie: [u8; 16],
}

/// Fills the empty screen with a colour, so that it cannot be taken for a dead one, and waits
/// until a window manager says that it is at work.
pub(super) async fn await_window_manager(address: &XAddress) -> io::Result<()> {
    with_server(address, |server| {
        let attributes = ChangeWindowAttributesAux::new()
            .background_pixel(0x0033_5577)
            .event_mask(EventMask::PROPERTY_CHANGE);
        server
            .x
            .change_window_attributes(server.root, &attributes)?;
        server.x.clear_area(false, server.root, 0, 0, 0, 0)?;
        while server.ids(server.root, server.atoms.manager)?.is_none() {
            while !matches!(server.x.wait_for_event()?, Event::PropertyNotify(_)) {}
        }
        Ok(())
    })
    .await
}

/// Returns the windows that show.
pub(super) async fn windows(address: &XAddress) -> io::Result<Vec<Window>> {
    with_server(address, |server| {
        let mut found = Vec::new();
        for id in server.shown()? {
            match server.window(id) {
                Ok(window) => found.push(window),
                // It went away while it was asked.
                Err(ReplyError::X11Error(_)) => {}
                Err(err) => return Err(err),
            }
        }
        Ok(found)
    })
    .await
}

/// Does `work` with a connection of its own, and cuts that when it is not waited for any more.
async fn with_server<T: Send + 'static>(
    address: &XAddress,
    work: impl FnOnce(&Server) -> Result<T, ReplyError> + Send + 'static,
) -> io::Result<T> {
    let stream = UnixStream::connect(&address.socket)?;
    let _cut = Cut(stream.try_clone()?);
    let cookie = address.cookie.to_vec();
    let task = tokio::task::spawn_blocking(move || {
        let server = Server::greet(stream, cookie)?;
        work(&server).map_err(io::Error::other)
    });
    task.await.map_err(io::Error::other)?
}

/// Cuts a connection when dropped.
struct Cut(UnixStream);

impl Drop for Cut {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown(Shutdown::Both) {
            tracing::trace!(%error, "the X server was faster");
        }
    }
}

/// A connection to an X server.
struct Server {
    x: RustConnection,
    root: Id,
    size: (i32, i32),
    atoms: Atoms,
}

/// Names of properties, as the server's numbers for them.
struct Atoms {
    manager: Atom,
    clients: Atom,
    title: Atom,
    pid: Atom,
}

impl Server {
    fn greet(stream: UnixStream, cookie: Vec<u8>) -> io::Result<Self> {
        let (stream, _) = DefaultStream::from_unix_stream(stream)?;
        let name = b"MIT-MAGIC-COOKIE-1".to_vec();
        let x = RustConnection::connect_to_stream_with_auth_info(stream, 0, name, cookie)
            .map_err(io::Error::other)?;
        let screen = &x.setup().roots[0];
        let size = (
            i32::from(screen.width_in_pixels),
            i32::from(screen.height_in_pixels),
        );
        let root = screen.root;
        let atoms = Atoms::of(&x).map_err(io::Error::other)?;
        Ok(Self {
            x,
            root,
            size,
            atoms,
        })
    }

    /// Returns the windows that programs have told the window manager about, or all there are
    /// where it keeps no list, and those with a title that pass it by; of all these, what shows.
    fn shown(&self) -> Result<Vec<Id>, ReplyError> {
        let managed = self.ids(self.root, self.atoms.clients)?;
        let mut shown = Vec::new();
        for &id in managed.iter().flatten() {
            if self.is_viewable(id)?.is_some() {
                shown.push(id);
            }
        }
        for id in self.x.query_tree(self.root)?.reply()?.children {
            let Some(passes_by) = self.is_viewable(id)? else {
                continue;
            };
            // The window manager's frames around managed windows have no titles; its own
            // windows lie outside the screen.
            let counts = managed.is_none() || (passes_by && !self.title(id)?.is_empty());
            if counts && !shown.contains(&id) && self.is_on_screen(id)? {
                shown.push(id);
            }
        }
        Ok(shown)
    }

    /// Returns whether a window that shows passes the window manager by; `None` when it does not
    /// show, or is gone.
    fn is_viewable(&self, id: Id) -> Result<Option<bool>, ReplyError> {
        match self.x.get_window_attributes(id)?.reply() {
            Ok(attributes) => {
                let is_viewable = attributes.map_state == MapState::VIEWABLE;
                Ok(is_viewable.then_some(attributes.override_redirect))
            }
            Err(ReplyError::X11Error(_)) => Ok(None),
            Err(err) => Err(err),
        }
    }

    fn is_on_screen(&self, id: Id) -> Result<bool, ReplyError> {
        let (width, height) = self.size;
        let screen = Rect {
            x: 0,
            y: 0,
            width,
            height,
        };
        match self.rect(id) {
            Ok(rect) => Ok(rect.intersects(screen)),
            Err(ReplyError::X11Error(_)) => Ok(false),
            Err(err) => Err(err),
        }
    }

    fn window(&self, id: Id) -> Result<Window, ReplyError> {
        Ok(Window {
            title: self.title(id)?,
            app_id: self.class(id)?,
            pid: self
                .ids(id, self.atoms.pid)?
                .and_then(|ids| ids.first().copied()),
            rect: Some(self.rect(id)?),
        })
    }

    fn rect(&self, id: Id) -> Result<Rect, ReplyError> {
        let size = self.x.get_geometry(id)?;
        let place = self.x.translate_coordinates(id, self.root, 0, 0)?;
        let (size, place) = (size.reply()?, place.reply()?);
        Ok(Rect {
            x: place.dst_x.into(),
            y: place.dst_y.into(),
            width: size.width.into(),
            height: size.height.into(),
        })
    }

    fn title(&self, id: Id) -> Result<String, ReplyError> {
        let title = self.bytes(id, self.atoms.title)?;
        if !title.is_empty() {
            return Ok(String::from_utf8_lossy(&title).into_owned());
        }
        let old = self.bytes(id, AtomEnum::WM_NAME.into())?;
        // By rule the old property is Latin-1; many programs do not know.
        Ok(String::from_utf8(old)
            .unwrap_or_else(|err| err.as_bytes().iter().copied().map(char::from).collect()))
    }

    /// Returns the second of the two names in `WM_CLASS`, which is the class.
    fn class(&self, id: Id) -> Result<String, ReplyError> {
        let names = self.bytes(id, AtomEnum::WM_CLASS.into())?;
        let mut names = names.split(|byte| *byte == 0);
        let (instance, class) = (names.next(), names.next());
        let best = class.filter(|class| !class.is_empty()).or(instance);
        Ok(String::from_utf8_lossy(best.unwrap_or_default()).into_owned())
    }

    fn bytes(&self, id: Id, property: Atom) -> Result<Vec<u8>, ReplyError> {
        let reply = self
            .x
            .get_property(false, id, property, AtomEnum::ANY, 0, LONGEST)?
            .reply()?;
        Ok(reply.value8().into_iter().flatten().collect())
    }

    /// Returns a property of numbers; `None` when it is not there.
    fn ids(&self, id: Id, property: Atom) -> Result<Option<Vec<u32>>, ReplyError> {
        let reply = self
            .x
            .get_property(false, id, property, AtomEnum::ANY, 0, LONGEST)?
            .reply()?;
        Ok(reply.value32().map(Iterator::collect))
    }
}

/// Longer properties are read as far as this, in units of four bytes.
const LONGEST: u32 = 16 * 1024;

impl Atoms {
    fn of(x: &RustConnection) -> Result<Self, ReplyError> {
        let atom = |name: &str| -> Result<Atom, ReplyError> {
            Ok(x.intern_atom(false, name.as_bytes())?.reply()?.atom)
        };
        Ok(Self {
            manager: atom("_NET_SUPPORTING_WM_CHECK")?,
            clients: atom("_NET_CLIENT_LIST")?,
            title: atom("_NET_WM_NAME")?,
            pid: atom("_NET_WM_PID")?,
        })
    }
}
