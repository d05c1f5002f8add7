//! Screens over VNC, carried by `vnc-rs`, whose types stay in this folder.
//!
//! It knows nothing of what a picture should look like, and draws no pointer: the server is asked
//! to leave the pointer's shape out of the picture, so that it never covers what is looked for.
//!
//! ```text
//! socket -> line (tells where updates end, from the bytes) -> vnc-rs -> owner -> canvas
//!                                                                        ^        |
//!                                              session: commands --------'        '-> frames
//! ```

mod canvas;
mod dialer;
mod events;
mod handshake;
mod held;
mod keys;
mod line;
mod loss;
mod owner;
mod picture;
mod session;
mod socket;
mod updates;
mod way;

pub use dialer::{VncDialer, VncLimits};
pub use session::VncSession;
