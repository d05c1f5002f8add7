//! The X11 protocol, as far as it tells which windows there are and whether a window manager
//! takes care of them.
//!
//! Questions are asked in batches: how long each answer is on its way matters where the server is
//! far away.

use super::bridge;
use crate::{
    model::Rect,
    port::{SocketName, Sockets, Window},
};
use std::{io, os::unix::net::UnixStream, sync::Arc};
use x11rb::{
    connection::Connection,
    cookie::Cookie,
    errors::ReplyError,
    protocol::{
        Event,
        xproto::{
            Atom, AtomEnum, ChangeWindowAttributesAux, ConnectionExt, EventMask, GetGeometryReply,
            GetPropertyReply, GetWindowAttributesReply, MapState, TranslateCoordinatesReply,
            Window as Id,
        },
    },
    rust_connection::{DefaultStream, RustConnection},
};

/// A desktop whose windows an X server knows.
#[derive(Clone, Debug)]
pub struct XDesktop {
    sockets: Arc<dyn Sockets>,
    socket: SocketName,
    cookie: Option<Vec<u8>>,
}

impl XDesktop {
    /// Names the server that listens on `socket`, and what proves that one may use it; nothing where
    /// it goes by who asks.
    pub fn new(sockets: Arc<dyn Sockets>, socket: SocketName, cookie: Option<Vec<u8>>) -> Self {
        Self {
            sockets,
            socket,
            cookie,
        }
    }

    /// Returns once the server has answered.
    pub async fn answers(&self) -> io::Result<()> {
        self.with_server(|_| Ok(())).await
    }

    /// Fills the empty screen with a colour, `0xrrggbb`, so that it cannot be taken for a dead one.
    pub async fn fill(&self, colour: u32) -> io::Result<()> {
        self.with_server(move |server| {
            let background = ChangeWindowAttributesAux::new().background_pixel(colour);
            server
                .x
                .change_window_attributes(server.root, &background)?;
            server.x.clear_area(false, server.root, 0, 0, 0, 0)?;
            // An answer comes after all that was asked before is done.
            server.manager().map(drop)
        })
        .await
    }

    /// Waits until a window manager says that it is at work. Who waits brings a time-out.
    pub async fn await_window_manager(&self) -> io::Result<()> {
        self.with_server(|server| {
            let changes = ChangeWindowAttributesAux::new().event_mask(EventMask::PROPERTY_CHANGE);
            server.x.change_window_attributes(server.root, &changes)?;
            while server.manager()?.is_none() {
                while !matches!(server.x.wait_for_event()?, Event::PropertyNotify(_)) {}
            }
            Ok(())
        })
        .await
    }

    /// Returns the windows that show.
    pub async fn windows(&self) -> io::Result<Vec<Window>> {
        self.with_server(Server::windows).await
    }

    /// Does `work` with a connection of its own, and cuts that when it is not waited for any more.
    async fn with_server<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Server) -> Result<T, ReplyError> + Send + 'static,
    ) -> io::Result<T> {
        let stream = self.sockets.open(&self.socket).await?;
        let cookie = self.cookie.clone();
        bridge::with_socket(stream, move |socket| {
            let server = Server::greet(socket, cookie)?;
            work(&server).map_err(io::Error::other)
        })
        .await
    }
}

/// A connection to an X server.
struct Server {
    x: RustConnection,
    root: Id,
    screen: Rect,
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
    fn greet(socket: UnixStream, cookie: Option<Vec<u8>>) -> io::Result<Self> {
        let (stream, _) = DefaultStream::from_unix_stream(socket)?;
        let (name, cookie) = match cookie {
            Some(cookie) => (b"MIT-MAGIC-COOKIE-1".to_vec(), cookie),
            None => (Vec::new(), Vec::new()),
        };
        let x = RustConnection::connect_to_stream_with_auth_info(stream, 0, name, cookie)
            .map_err(io::Error::other)?;
        let screen = &x.setup().roots[0];
        let root = screen.root;
        let screen = Rect {
            x: 0,
            y: 0,
            width: screen.width_in_pixels.into(),
            height: screen.height_in_pixels.into(),
        };
        let atoms = Atoms::of(&x).map_err(io::Error::other)?;
        Ok(Self {
            x,
            root,
            screen,
            atoms,
        })
    }

    /// Returns the windows that programs have told the window manager about, or all there are
    /// where it keeps no list, and those with a title that pass it by; of all these, what shows.
    fn windows(&self) -> Result<Vec<Window>, ReplyError> {
        let managed = self.property(self.root, self.atoms.clients)?;
        let children = self.x.query_tree(self.root)?;
        let managed = numbers(&managed.reply()?);
        let children = children.reply()?.children;
        let of_manager = managed.iter().flatten().map(|id| (*id, true));
        let is_new = |id: &Id| !managed.iter().flatten().any(|managed| managed == id);
        let others = children.into_iter().filter(is_new).map(|id| (id, false));
        // All questions are on their way before the first answer is waited for.
        let asked: Result<Vec<_>, ReplyError> = of_manager
            .chain(others)
            .map(|(id, is_managed)| Ok((is_managed, Asked::about(self, id)?)))
            .collect();
        let mut found = Vec::new();
        for (is_managed, asked) in asked? {
            let Some(told) = asked.answers()? else {
                continue;
            };
            // The window manager's frames around managed windows have no titles; its own
            // windows lie outside the screen.
            let counts = managed.is_none() || (told.passes_by && !told.window.title.is_empty());
            let is_on_screen = told.rect.intersects(self.screen);
            if told.is_viewable && (is_managed || (counts && is_on_screen)) {
                found.push(told.window);
            }
        }
        Ok(found)
    }

    /// Returns the window of the window manager, when one is at work.
    fn manager(&self) -> Result<Option<Vec<u32>>, ReplyError> {
        let manager = self.property(self.root, self.atoms.manager)?;
        Ok(numbers(&manager.reply()?))
    }

    fn property(
        &self,
        id: Id,
        property: Atom,
    ) -> Result<Cookie<'_, RustConnection, GetPropertyReply>, ReplyError> {
        let any = AtomEnum::ANY;
        Ok(self.x.get_property(false, id, property, any, 0, LONGEST)?)
    }
}

/// Longer properties are read as far as this, in units of four bytes.
const LONGEST: u32 = 16 * 1024;

/// Answers about a window that are under way.
struct Asked<'x> {
    attributes: Cookie<'x, RustConnection, GetWindowAttributesReply>,
    size: Cookie<'x, RustConnection, GetGeometryReply>,
    place: Cookie<'x, RustConnection, TranslateCoordinatesReply>,
    title: Cookie<'x, RustConnection, GetPropertyReply>,
    old_title: Cookie<'x, RustConnection, GetPropertyReply>,
    class: Cookie<'x, RustConnection, GetPropertyReply>,
    pid: Cookie<'x, RustConnection, GetPropertyReply>,
}

/// What a server told about a window.
struct Told {
    is_viewable: bool,
    /// Whether it passes the window manager by.
    passes_by: bool,
    rect: Rect,
    window: Window,
}

impl<'x> Asked<'x> {
    fn about(server: &'x Server, id: Id) -> Result<Self, ReplyError> {
        Ok(Self {
            attributes: server.x.get_window_attributes(id)?,
            size: server.x.get_geometry(id)?,
            place: server.x.translate_coordinates(id, server.root, 0, 0)?,
            title: server.property(id, server.atoms.title)?,
            old_title: server.property(id, AtomEnum::WM_NAME.into())?,
            class: server.property(id, AtomEnum::WM_CLASS.into())?,
            pid: server.property(id, server.atoms.pid)?,
        })
    }

    /// Waits for the answers; `None` when the window went away while it was asked.
    fn answers(self) -> Result<Option<Told>, ReplyError> {
        match self.read() {
            Ok(told) => Ok(Some(told)),
            Err(ReplyError::X11Error(_)) => Ok(None),
            Err(err) => Err(err),
        }
    }

    fn read(self) -> Result<Told, ReplyError> {
        let attributes = self.attributes.reply()?;
        let (size, place) = (self.size.reply()?, self.place.reply()?);
        let rect = Rect {
            x: place.dst_x.into(),
            y: place.dst_y.into(),
            width: size.width.into(),
            height: size.height.into(),
        };
        let (title, old_title) = (bytes(&self.title.reply()?), bytes(&self.old_title.reply()?));
        let pid = numbers(&self.pid.reply()?);
        let window = Window {
            title: title_of(&title, old_title),
            app_id: class_of(&bytes(&self.class.reply()?)),
            pid: pid.and_then(|ids| ids.first().copied()),
            rect: Some(rect),
        };
        Ok(Told {
            is_viewable: attributes.map_state == MapState::VIEWABLE,
            passes_by: attributes.override_redirect,
            rect,
            window,
        })
    }
}

fn title_of(title: &[u8], old: Vec<u8>) -> String {
    if !title.is_empty() {
        return String::from_utf8_lossy(title).into_owned();
    }
    // By rule the old property is Latin-1; many programs do not know.
    String::from_utf8(old)
        .unwrap_or_else(|err| err.as_bytes().iter().copied().map(char::from).collect())
}

/// Returns the second of the two names in `WM_CLASS`, which is the class.
fn class_of(names: &[u8]) -> String {
    let mut names = names.split(|byte| *byte == 0);
    let (instance, class) = (names.next(), names.next());
    let best = class.filter(|class| !class.is_empty()).or(instance);
    String::from_utf8_lossy(best.unwrap_or_default()).into_owned()
}

fn bytes(reply: &GetPropertyReply) -> Vec<u8> {
    reply.value8().into_iter().flatten().collect()
}

/// Returns a property of numbers; `None` when it is not there.
fn numbers(reply: &GetPropertyReply) -> Option<Vec<u32>> {
    reply.value32().map(Iterator::collect)
}

impl Atoms {
    fn of(x: &RustConnection) -> Result<Self, ReplyError> {
        let ask = |name: &str| x.intern_atom(false, name.as_bytes());
        let (manager, clients) = (ask("_NET_SUPPORTING_WM_CHECK")?, ask("_NET_CLIENT_LIST")?);
        let (title, pid) = (ask("_NET_WM_NAME")?, ask("_NET_WM_PID")?);
        Ok(Self {
            manager: manager.reply()?.atom,
            clients: clients.reply()?.atom,
            title: title.reply()?.atom,
            pid: pid.reply()?.atom,
        })
    }
}
