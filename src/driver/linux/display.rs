//! What shows the windows of a session, and how it is asked about them.

use super::{
    remote::Remote,
    session::{KnownSession, Variables},
    xauthority,
};
use crate::{
    driver::windows::{SeenWindows, SwayDesktop, WaylandDisplay, XDesktop},
    model::{Point, Session},
    port::{ProviderError, Screen, SocketName, Sockets, Window, WindowOrigin},
};
use std::{io, path::Path, sync::Arc, time::Duration};
use tokio::time::timeout;

/// What shows the windows of a session.
#[derive(Clone, Debug)]
pub(super) enum Display {
    /// Nothing.
    Nothing,
    /// An X server.
    X11(XDesktop),
    /// A compositor; one that tells its windows as well.
    Wayland(WaylandDisplay, Option<SwayDesktop>),
}

impl Display {
    /// Returns what the session's variables lead to.
    pub(super) fn of(
        session: Session,
        known: &KnownSession,
        remote: &Remote,
    ) -> Result<Self, ProviderError> {
        let variables = &known.variables;
        let sockets: Arc<dyn Sockets> = Arc::clone(&remote.shell) as _;
        match session {
            Session::None => Ok(Self::Nothing),
            Session::X11 => {
                let number = own_display(variables, remote)?;
                let socket = SocketName::File(format!("/tmp/.X11-unix/X{number}").into());
                let secret = known.x_secret.clone();
                Ok(Self::X11(XDesktop::new(sockets, socket, secret)))
            }
            Session::Wayland => {
                let socket = wayland_socket(variables)
                    .ok_or_else(|| remote.unable("say where its compositor listens"))?;
                let wayland = WaylandDisplay::new(Arc::clone(&sockets), socket);
                let sway = variables.get("SWAYSOCK").map(|path| {
                    let socket = SocketName::File(path.into());
                    SwayDesktop::new(sockets, socket)
                });
                Ok(Self::Wayland(wayland, sway))
            }
        }
    }

    /// Returns once it has answered.
    pub(super) async fn answers(&self) -> io::Result<()> {
        match self {
            Self::Nothing => Ok(()),
            Self::X11(desktop) => desktop.answers().await,
            Self::Wayland(wayland, None) => wayland.answers().await,
            Self::Wayland(_, Some(sway)) => sway.answers().await,
        }
    }

    /// Waits until somebody takes care of windows, where that can be seen, but not for ever: a
    /// session may do without.
    pub(super) async fn managed(&self, limit: Duration) -> io::Result<()> {
        let Self::X11(desktop) = self else {
            return Ok(());
        };
        let managed = timeout(limit, desktop.await_window_manager()).await;
        managed.unwrap_or_else(|_| {
            tracing::debug!("no window manager announced itself");
            Ok(())
        })
    }

    /// Returns the windows that show; `None` when nobody can be asked.
    pub(super) async fn windows(&self) -> Option<io::Result<Vec<Window>>> {
        match self {
            Self::Nothing | Self::Wayland(_, None) => None,
            Self::X11(desktop) => Some(desktop.windows().await),
            Self::Wayland(_, Some(sway)) => Some(sway.windows().await),
        }
    }

    /// Returns the window that lies on top at a point of the screen, where that can be told.
    pub(super) async fn window_at(&self, point: Point) -> io::Result<Option<Window>> {
        match self {
            Self::Nothing | Self::Wayland(..) => Ok(None),
            Self::X11(desktop) => desktop.window_at(point).await,
        }
    }

    /// Gives the focus to the first window whose title has `title` in it, and returns whether there is
    /// one; `None` when nobody can be asked.
    pub(super) async fn focus(&self, title: &str) -> Option<io::Result<bool>> {
        match self {
            Self::Nothing | Self::Wayland(_, None) => None,
            Self::X11(desktop) => Some(desktop.focus(title).await),
            Self::Wayland(_, Some(sway)) => Some(sway.focus(title).await),
        }
    }

    /// Returns who knows where windows are, when their programs do not; `screen` may show it.
    pub(super) fn origins(&self, screen: Option<Arc<dyn Screen>>) -> Option<Arc<dyn WindowOrigin>> {
        match self {
            Self::Nothing => None,
            Self::X11(desktop) => Some(Arc::new(desktop.clone())),
            Self::Wayland(_, sway) => {
                let told = sway.clone().map(|sway| Arc::new(sway) as _);
                Some(Arc::new(SeenWindows::new(told, screen)))
            }
        }
    }
}

fn own_display(variables: &Variables, remote: &Remote) -> Result<u32, ProviderError> {
    let display = variables.get("DISPLAY").map_or("", String::as_str);
    display_number(display).ok_or_else(|| remote.unable(format!("show windows on `{display}`")))
}

/// Returns the number of a display of the machine itself, as in `:0` and `:0.1`.
fn display_number(display: &str) -> Option<u32> {
    let (host, number) = display.rsplit_once(':')?;
    let number = number.split('.').next()?;
    (host.is_empty() || host == "unix").then_some(number.parse().ok()?)
}

fn wayland_socket(variables: &Variables) -> Option<SocketName> {
    let name = variables.get("WAYLAND_DISPLAY")?;
    let folder = variables.get("XDG_RUNTIME_DIR").map_or("", String::as_str);
    let path = Path::new(folder).join(name);
    path.is_absolute().then_some(SocketName::File(path))
}

/// Returns the secret that the session's X server lets programs in with, where there is one.
pub(super) async fn x_secret(
    variables: &Variables,
    remote: &Remote,
    limit: Duration,
) -> Result<Option<Vec<u8>>, ProviderError> {
    let number = own_display(variables, remote)?;
    let file = match (variables.get("XAUTHORITY"), variables.get("HOME")) {
        (Some(file), _) => file.clone(),
        (None, Some(home)) => format!("{home}/.Xauthority"),
        (None, None) => return Ok(None),
    };
    let script = format!("cat {}", super::quote::quoted(&file));
    let what = "read the X server's secret";
    let output = remote.ask(what, &script, limit).await?;
    // Without one, the server may still let in the user whose session it is.
    Ok(xauthority::cookie(&output.stdout, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_displays_of_the_machine_itself_have_a_socket() {
        assert_eq!(display_number(":0"), Some(0));
        assert_eq!(display_number(":12.3"), Some(12));
        assert_eq!(display_number("unix:1"), Some(1));
        for elsewhere in ["localhost:10.0", "example.org:0", "", ":", "0"] {
            assert_eq!(display_number(elsewhere), None, "{elsewhere}");
        }
    }

    #[test]
    fn a_compositors_socket_lies_in_the_users_folder_unless_it_says_where() {
        let check = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter();
            let variables = pairs.map(|(name, value)| ((*name).into(), (*value).into()));
            wayland_socket(&variables.collect())
        };
        let file = |path: &str| Some(SocketName::File(path.into()));
        let folder = ("XDG_RUNTIME_DIR", "/run/user/7");
        let name = ("WAYLAND_DISPLAY", "wayland-1");
        assert_eq!(check(&[folder, name]), file("/run/user/7/wayland-1"));
        let path = ("WAYLAND_DISPLAY", "/tmp/w");
        assert_eq!(check(&[folder, path]), file("/tmp/w"));
        assert_eq!(check(&[name]), None);
        assert_eq!(check(&[folder]), None);
    }
}
