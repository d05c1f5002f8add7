//! A running desktop: its parts, in the order they are needed, and whether all of them still run.
//!
//! Dropping it kills its parts.

use super::{
    bus,
    folder::Folder,
    part::{self, Ground, Part},
    sockets::LocalSockets,
    sway, variables,
    x_server::{self, Litter},
};
use crate::{
    driver::windows::{SeenWindows, SwayDesktop, XDesktop},
    model::{Point, Session},
    port::{ProviderError, Screen, SocketName, Window, WindowOrigin},
};
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::time;

/// How long a part that answers no more has until it must have ended.
const LAST_BREATH: Duration = Duration::from_millis(500);

/// A running desktop.
#[derive(Debug)]
pub(super) struct Desktop {
    parts: Vec<Part>,
    /// Dropped after the parts: a server that lives puts its things back.
    _litter: Option<Litter>,
    display: Display,
    /// What programs see, apart from what is installed.
    pub(super) variables: BTreeMap<String, String>,
}

/// What shows windows.
#[derive(Debug)]
enum Display {
    Nothing,
    X11 {
        desktop: XDesktop,
        socket: PathBuf,
        vnc: PathBuf,
    },
    Wayland {
        desktop: SwayDesktop,
        socket: PathBuf,
        vnc: PathBuf,
    },
}

impl Desktop {
    /// Starts a desktop in `folder` and waits until it is ready for programs.
    pub(super) async fn start(
        ground: &Ground,
        folder: &Folder,
        session: Session,
        geometry: (u32, u32),
        path_var: &str,
    ) -> Result<Self, ProviderError> {
        let variables = variables::of_session(session, folder, path_var);
        match session {
            Session::X11 => Self::start_x11(ground, folder, geometry, variables).await,
            Session::Wayland => Self::start_wayland(ground, folder, geometry, variables).await,
            Session::None => {
                let (bus, address) = bus::start(ground, folder, &variables).await?;
                let desktop = Self::new(vec![bus], None, Display::Nothing, variables);
                Ok(desktop.with_bus(address))
            }
        }
    }

    async fn start_x11(
        ground: &Ground,
        folder: &Folder,
        geometry: (u32, u32),
        mut variables: BTreeMap<String, String>,
    ) -> Result<Self, ProviderError> {
        let server = x_server::start(ground, folder, geometry, &variables).await?;
        variables.extend(server.variables);
        // The bus starts programs that need the display, so it comes later.
        let (manager, (bus, bus_address)) = tokio::try_join!(
            x_server::start_manager(ground, &server.desktop, &variables),
            bus::start(ground, folder, &variables),
        )?;
        let parts = vec![server.part, manager, bus];
        let display = Display::X11 {
            desktop: server.desktop,
            socket: server.socket,
            vnc: server.vnc,
        };
        let desktop = Self::new(parts, Some(server.litter), display, variables);
        Ok(desktop.with_bus(bus_address))
    }

    async fn start_wayland(
        ground: &Ground,
        folder: &Folder,
        geometry: (u32, u32),
        mut variables: BTreeMap<String, String>,
    ) -> Result<Self, ProviderError> {
        let sway = sway::start(ground, folder, geometry, &variables).await?;
        variables.extend(sway.variables);
        let ((shower, vnc), (bus, bus_address)) = tokio::try_join!(
            sway::start_vnc(ground, folder, &variables),
            bus::start(ground, folder, &variables),
        )?;
        let socket = sway.socket;
        let parts = vec![sway.part, shower, bus];
        let name = SocketName::File(socket.clone());
        let display = Display::Wayland {
            desktop: SwayDesktop::new(Arc::new(LocalSockets), name),
            socket,
            vnc,
        };
        let desktop = Self::new(parts, None, display, variables);
        Ok(desktop.with_bus(bus_address))
    }

    fn new(
        parts: Vec<Part>,
        litter: Option<Litter>,
        display: Display,
        variables: BTreeMap<String, String>,
    ) -> Self {
        Self {
            parts,
            _litter: litter,
            display,
            variables,
        }
    }

    fn with_bus(mut self, address: String) -> Self {
        let name = "DBUS_SESSION_BUS_ADDRESS";
        self.variables.insert(name.into(), address);
        self
    }

    /// Returns the socket on which its screen is shown, when it has one.
    pub(super) fn vnc(&self) -> Option<&Path> {
        match &self.display {
            Display::Nothing => None,
            Display::X11 { vnc, .. } | Display::Wayland { vnc, .. } => Some(vnc),
        }
    }

    /// Returns the address of its message bus.
    pub(super) fn bus(&self) -> &str {
        &self.variables["DBUS_SESSION_BUS_ADDRESS"]
    }

    /// Returns who knows where windows are: the compositor, since their programs do not; `screen`
    /// may show it where the compositor cannot tell.
    pub(super) fn origins(&self, screen: Option<Arc<dyn Screen>>) -> Option<Arc<dyn WindowOrigin>> {
        match &self.display {
            Display::Nothing => None,
            Display::X11 { desktop, .. } => Some(Arc::new(desktop.clone())),
            Display::Wayland { desktop, .. } => {
                let told = Some(Arc::new(desktop.clone()) as _);
                Some(Arc::new(SeenWindows::new(told, screen)))
            }
        }
    }

    /// Returns the windows that show; `None` when it has no display.
    pub(super) async fn windows(&self) -> Option<io::Result<Vec<Window>>> {
        match &self.display {
            Display::Nothing => None,
            Display::X11 { desktop, .. } => Some(desktop.windows().await),
            Display::Wayland { desktop, .. } => Some(desktop.windows().await),
        }
    }

    /// Returns the window that lies on top at a point of the screen, where that can be told.
    pub(super) async fn window_at(&self, point: Point) -> io::Result<Option<Window>> {
        match &self.display {
            Display::Nothing | Display::Wayland { .. } => Ok(None),
            Display::X11 { desktop, .. } => desktop.window_at(point).await,
        }
    }

    /// Gives the focus to the first window whose title has `title` in it, and returns whether there is
    /// one; `None` when it has no display.
    pub(super) async fn focus(&self, title: &str) -> Option<io::Result<bool>> {
        match &self.display {
            Display::Nothing => None,
            Display::X11 { desktop, .. } => Some(desktop.focus(title).await),
            Display::Wayland { desktop, .. } => Some(desktop.focus(title).await),
        }
    }

    /// Returns what became of it, when not all of it runs any more.
    ///
    /// A program learns that its display is gone a moment before mosdat learns that the display
    /// has ended. So the display is asked as well: it stops listening first of all.
    pub(super) async fn lost(&self) -> Option<String> {
        let ended = || self.parts.iter().find_map(Part::lost);
        if let Some(why) = ended() {
            return Some(why);
        }
        let socket = match &self.display {
            Display::Nothing => return None,
            Display::X11 { socket, .. } | Display::Wayland { socket, .. } => socket,
        };
        if part::is_listening(socket) {
            return None;
        }
        let reason = time::timeout(LAST_BREATH, part::seen(ended)).await;
        Some(reason.unwrap_or_else(|_| "its display takes no programs any more".into()))
    }

    /// Ends all parts, the last one first, and waits until they are gone.
    pub(super) async fn end(&self) {
        for part in self.parts.iter().rev() {
            part.end().await;
        }
    }
}
