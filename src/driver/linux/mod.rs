//! A Linux machine on which somebody can log in: its open session, and what can be done in it.
//!
//! It does not know what carries the login, what the machine is made of, or how it was brought to
//! where it is. It leaves the machine as it was but for what it is asked to do, so that dropping it
//! ends nothing: whoever keeps the machine throws it away or restores it.
//!
//! What is worth knowing:
//!
//! * A session's variables come from the session itself: from the user's service manager, and from
//!   the oldest program of the session for what that one does not know.
//! * A program is started by a shell that becomes it, so that its process id, its exit code and the
//!   signal that ended it are told exactly.
//! * What belongs to a program is found by a mark in the environment, by parent and by session, as
//!   on this computer.
//! * An SSH server lets only so many commands stay at once on one connection; OpenSSH's limit,
//!   `MaxSessions`, is 10.

pub mod alive;
mod display;
mod evidence;
mod guest;
mod install;
mod members;
mod program;
mod quote;
mod remote;
mod session;
mod tool;
mod xauthority;

pub use guest::{Limits, LinuxConfig, LinuxGuest};
pub use session::KnownSession;
