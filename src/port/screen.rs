//! A desktop's screen, keyboard and pointer.

use super::ByteStream;
use crate::model::{Button, Frame, FrameSeq, Keyboard, Point, Rect, Secret, Wheel};
use async_trait::async_trait;
use std::{fmt::Debug, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

/// A screen that can be watched and driven, whatever carries it.
#[async_trait]
pub trait Screen: Debug + Send + Sync {
    /// Returns the newest frame. While a console that broke is being opened again there is none, and
    /// its next picture is waited for: an old one is not what is on it.
    async fn frame(&self) -> Result<Frame, ScreenError>;

    /// Waits for a frame newer than `after` and returns the newest there is then; its damage is
    /// all that changed since `after`. Waits for ever on a still screen: callers bring their own
    /// time-out. "No update" is not "unchanged".
    async fn changed(&self, after: FrameSeq) -> Result<Frame, ScreenError>;

    /// Has the whole picture sent anew, and returns the newest frame once it is there: it shows the
    /// screen as it was after this was called, whether anything changed or not, and has a number of
    /// its own. Slow on some servers, up to a second: for when nothing else is heard.
    async fn confirm(&self) -> Result<Frame, ScreenError>;

    /// Sends input, in order, and returns the newest frame's number at the time when the last of
    /// it was sent: only later frames can show its effect.
    async fn send(&self, inputs: &[Input]) -> Result<FrameSeq, ScreenError>;

    /// Releases every key and button that is held.
    async fn release_all(&self) -> Result<(), ScreenError>;

    /// Returns how keys reach the desktop.
    fn keyboard(&self) -> Keyboard {
        Keyboard::default()
    }
}

/// Opens screens. A provider is given one, so that it need not know what carries them.
#[async_trait]
pub trait ScreenDialer: Debug + Send + Sync {
    /// Connects, and waits for the first whole picture. Only QEMU takes keys by their place.
    async fn dial(
        &self,
        address: &ScreenAddress,
        keyboard: Keyboard,
    ) -> Result<Arc<dyn Screen>, ScreenError>;

    /// Opens a console, and waits for the first whole picture. When its connection breaks it is
    /// opened again, and frames go on being counted.
    async fn dial_console(&self, console: Arc<dyn Console>)
    -> Result<Arc<dyn Screen>, ScreenError>;
}

/// A way to a screen for which each connection is asked anew.
#[async_trait]
pub trait Console: Debug + Send + Sync {
    /// Returns what it is called, for messages.
    fn name(&self) -> String;

    /// Returns how keys reach the desktop. Only QEMU takes them by their place.
    fn keyboard(&self) -> Keyboard;

    /// Asks for a connection.
    async fn connect(&self) -> Result<ConsoleLine, ScreenError>;
}

/// A connection to a console, on which a VNC server is about to greet.
#[derive(Debug)]
pub struct ConsoleLine {
    /// Carries what both sides say.
    pub stream: Box<dyn ByteStream>,
    /// What the server asks for.
    pub password: Option<Secret>,
}

/// Where a VNC server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScreenAddress {
    /// On a port of this computer.
    Tcp(SocketAddr),
    /// On a socket of this computer.
    Unix(PathBuf),
}

/// One thing done to a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The pointer goes to a place.
    Move(Point),
    /// A button goes down where the pointer is.
    Press(Button),
    /// A button goes up.
    Release(Button),
    /// A key, by its X11 keysym, goes down.
    KeyDown(u32),
    /// A key goes up.
    KeyUp(u32),
    /// The wheel turns by a notch where the pointer is.
    Scroll(Wheel),
}

/// A screen could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScreenError {
    /// No server answered.
    #[error("failed to connect to the VNC server at {address}: {why}")]
    Connect {
        /// Where.
        address: String,
        /// What went wrong.
        why: String,
    },
    /// The server did not get through the handshake or send a first frame.
    #[error("the VNC server at {address} sent no picture within {} s", limit.as_secs())]
    Mute {
        /// Where.
        address: String,
        /// How long it had.
        limit: Duration,
    },
    /// The server wants a password that it was not given, or another one.
    #[error("the VNC server at {address} refused the password")]
    Password {
        /// Where.
        address: String,
    },
    /// The connection ended.
    #[error("the VNC server closed the connection")]
    Closed,
    /// The server still holds the connection and answers no more.
    #[error("the VNC server has not answered for {} s", silence.as_secs())]
    Stalled {
        /// For how long.
        silence: Duration,
    },
    /// The server sent something that cannot be read.
    #[error("the VNC server sent something that cannot be read: {0}")]
    Protocol(String),
    /// A place lies outside the screen.
    #[error("{what} lies outside the screen of {}x{}", size.0, size.1)]
    Outside {
        /// What.
        what: Rect,
        /// The screen's size.
        size: (u32, u32),
    },
}

impl ScreenError {
    /// Whether trying again could help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Connect { .. }
            | Self::Mute { .. }
            | Self::Closed
            | Self::Stalled { .. }
            | Self::Protocol(_) => true,
            Self::Password { .. } | Self::Outside { .. } => false,
        }
    }
}
