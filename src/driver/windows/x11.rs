//! The X11 protocol, as far as it tells which windows there are and whether a window manager
//! takes care of them.
//!
//! Questions are asked in batches: how long each answer is on its way matters where the server is
//! far away.

use super::{bridge, fit::fit};
use crate::{
    model::{Placement, Point, Rect},
    port::{Origin, SocketName, Sockets, ToldWindow, Window, WindowOrigin},
};
use async_trait::async_trait;
use std::{io, os::unix::net::UnixStream, sync::Arc};
use x11rb::{
    CURRENT_TIME, NONE,
    connection::Connection,
    cookie::Cookie,
    errors::ReplyError,
    protocol::{
        Event,
        xproto::{
            Atom, AtomEnum, ChangeWindowAttributesAux, ClientMessageEvent, ConfigureWindowAux,
            ConnectionExt, EventMask, GetGeometryReply, GetPropertyReply, GetWindowAttributesReply,
            InputFocus, MapState, StackMode, TranslateCoordinatesReply, Window as Id,
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

    /// Returns the window that lies on top at a point of the screen.
    pub async fn window_at(&self, point: Point) -> io::Result<Option<Window>> {
        self.with_server(move |server| server.window_at(point))
            .await
    }

    /// Gives the focus to the first window whose title has `title` in it, and returns whether there is
    /// one, once it has the focus. Who waits brings a time-out.
    pub async fn focus(&self, title: &str) -> io::Result<bool> {
        let title = title.to_owned();
        self.with_server(move |server| server.focus(&title)).await
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

/// Programs know where they are, and some count in larger pixels than the server does.
#[async_trait]
impl WindowOrigin for XDesktop {
    async fn origin(&self, window: &dyn ToldWindow) -> Option<Origin> {
        let shown = match self.windows().await {
            Ok(shown) => shown,
            Err(error) => {
                tracing::warn!(%error, "the X server did not say where its windows are");
                return None;
            }
        };
        let own = [(window.title().to_owned(), window.outlines().await)];
        let mut known = known_by_title(&shown, &own);
        if matches!(known, Known::Untold) {
            // Menus have no titles; the other windows of their program are enlarged as they are.
            known = known_by_title(&shown, &window.family().await);
        }
        match known {
            Known::Fits(origin) => Some(origin),
            Known::Doubtful => None,
            // Nothing tells otherwise.
            Known::Untold => Some(Origin {
                at: Point::default(),
                scale: 1.0,
                placement: Placement::Told,
            }),
        }
    }
}

/// What the server's windows say about those that a program tells.
enum Known {
    /// It has none with such a title.
    Untold,
    /// It has, and what the program tells fits none of them.
    Doubtful,
    /// One fits.
    Fits(Origin),
}

/// Compares windows of the same title. Of several the one that fits is meant.
fn known_by_title(shown: &[Window], told: &[(String, Vec<Rect>)]) -> Known {
    let mut known = Known::Untold;
    for (title, outlines) in told.iter().filter(|(title, _)| !title.is_empty()) {
        let titled = shown.iter().filter(|window| window.title == *title);
        for content in titled.filter_map(|window| window.rect) {
            match fit(content, outlines) {
                Some(origin) => return Known::Fits(origin),
                None => known = Known::Doubtful,
            }
        }
    }
    known
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
    active: Atom,
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
        let shown = self.shown()?;
        Ok(shown.into_iter().map(|(_, window)| window).collect())
    }

    /// Asks the window manager to give a window the focus, or gives it where there is none, and waits
    /// until it has it.
    fn focus(&self, title: &str) -> Result<bool, ReplyError> {
        let shown = self.shown()?;
        let found = shown
            .iter()
            .find(|(_, window)| window.title.contains(title));
        let Some((id, _)) = found else {
            return Ok(false);
        };
        if self.manager()?.is_none() {
            let raised = ConfigureWindowAux::new().stack_mode(StackMode::ABOVE);
            self.x.configure_window(*id, &raised)?;
            self.x
                .set_input_focus(InputFocus::PARENT, *id, CURRENT_TIME)?
                .check()?;
            return Ok(true);
        }
        let changes = ChangeWindowAttributesAux::new().event_mask(EventMask::PROPERTY_CHANGE);
        self.x.change_window_attributes(self.root, &changes)?;
        let message = ClientMessageEvent::new(32, *id, self.atoms.active, [PAGER, 0, 0, 0, 0]);
        let mask = EventMask::SUBSTRUCTURE_REDIRECT | EventMask::SUBSTRUCTURE_NOTIFY;
        self.x.send_event(false, self.root, mask, message)?;
        loop {
            let active = self.property(self.root, self.atoms.active)?.reply()?;
            if numbers(&active).is_some_and(|active| active.first() == Some(id)) {
                return Ok(true);
            }
            while !matches!(self.x.wait_for_event()?, Event::PropertyNotify(_)) {}
        }
    }

    /// Goes down from the root to the first window at `point` that a program has named or signed: the
    /// window manager's frames are neither.
    fn window_at(&self, point: Point) -> Result<Option<Window>, ReplyError> {
        let (Ok(x), Ok(y)) = (i16::try_from(point.x), i16::try_from(point.y)) else {
            return Ok(None);
        };
        let mut parent = self.root;
        for _ in 0..DEEPEST {
            let found = self.x.translate_coordinates(self.root, parent, x, y)?;
            let child = found.reply()?.child;
            if child == NONE {
                return Ok(None);
            }
            let Some(told) = Asked::about(self, child)?.answers()? else {
                return Ok(None);
            };
            if told.window.pid.is_some() || !told.window.title.is_empty() {
                return Ok(Some(told.window));
            }
            parent = child;
        }
        Ok(None)
    }

    /// Returns the windows that show, with what the server calls them.
    fn shown(&self) -> Result<Vec<(Id, Window)>, ReplyError> {
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
            .map(|(id, is_managed)| Ok((id, is_managed, Asked::about(self, id)?)))
            .collect();
        let mut found = Vec::new();
        for (id, is_managed, asked) in asked? {
            let Some(told) = asked.answers()? else {
                continue;
            };
            // The window manager's frames around managed windows have no titles; its own
            // windows lie outside the screen.
            let counts = managed.is_none() || (told.passes_by && !told.window.title.is_empty());
            let is_on_screen = told.rect.intersects(self.screen);
            if told.is_viewable && (is_managed || (counts && is_on_screen)) {
                found.push((id, told.window));
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

/// Who asks for the focus as a pager gets it: a window manager may refuse what programs ask for
/// themselves.
const PAGER: u32 = 2;

/// Windows lie in each other no deeper than this.
const DEEPEST: usize = 20;

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
        let active = ask("_NET_ACTIVE_WINDOW")?;
        let (title, pid) = (ask("_NET_WM_NAME")?, ask("_NET_WM_PID")?);
        Ok(Self {
            manager: manager.reply()?.atom,
            clients: clients.reply()?.atom,
            active: active.reply()?.atom,
            title: title.reply()?.atom,
            pid: pid.reply()?.atom,
        })
    }
}
