//! Trees of processes on this computer: started, watched, and ended as a whole.
//!
//! Knows nothing of desktops, packages or builds, and keeps no list of what runs: whoever holds a
//! [`ProcessTree`] owns it, and dropping it ends it.
//!
//! A tree is more than a process group. Programs that put themselves into a session of their own
//! and let go of their parent are found by a mark in their environment, which children inherit.
//! What clears its environment, leaves its group and lets go of its parent all at once, between
//! two looks, is not found.

mod members;
mod output;
mod place;
mod spawn;
mod tree;

pub use members::{end_marked, end_naming, start_time};
pub use output::{OnLine, Tail};
pub use place::{LONGEST_SOCKET, create_shared_root, shared_root, short_place};
pub use spawn::{LEASE_VARIABLE, Spawn, SpawnError, find_program, spawn};
pub use tree::ProcessTree;
