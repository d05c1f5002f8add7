//! Window systems, asked which windows there are and where.
//!
//! They are reached through [`Sockets`](crate::port::Sockets), so that it makes no difference
//! whether a desktop runs on this computer or on one far away. Nothing is started, moved or closed
//! here.

mod bridge;
mod fit;
mod seen;
mod sway;
mod wayland;
mod x11;

pub use seen::SeenWindows;
pub use sway::SwayDesktop;
pub use wayland::WaylandDisplay;
pub use x11::XDesktop;
