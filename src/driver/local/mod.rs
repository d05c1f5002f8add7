//! Private desktops on this computer.
//!
//! Each is started for one use, in less than half a second: an X server or a Wayland compositor
//! of its own, a home that is empty, a message bus that nobody else hears, a screen that is
//! reached by a socket. No privilege is needed, nothing listens on the network, and nothing of
//! the user's own session reaches it. It is no sandbox: programs run as the user does, and see
//! the user's files.
//!
//! What carries the screen and the accessibility tree is not known here; see
//! [`ScreenDialer`](crate::port::ScreenDialer) and [`TreeDialer`](crate::port::TreeDialer).

mod bus;
mod desktop;
mod folder;
mod folders;
mod guest;
mod install;
mod installed;
mod layers;
mod never_started;
mod package;
mod part;
mod programs;
mod provider;
mod sockets;
mod sway;
mod variables;
mod x_server;

pub use provider::{Limits, LocalConfig, LocalProvider};
pub use sockets::LocalSockets;
