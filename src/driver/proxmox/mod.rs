//! Machines of a Proxmox VE server or cluster.
//!
//! ```text
//! api      calls, tasks, signing in                 provider   the ports; what a crash left
//! census   all machines in one call                 look       what there is: snapshots, templates
//! storage  what can be done where disks lie         taking     a machine for a step, or a clone
//! vm       one machine, wherever it is              clones     made for a step, or kept as layers
//! lease    who has it, written where all can see    hold       renews that while it is used
//! gpu      devices that are passed through          holders    who has one, and who gets it back
//! console  the screen, through a web_socket         open       base or layer -> open session
//! notes    what has to be given back, on disk       guest      the open session, layers
//! doctor   looks, and changes nothing               reasons    errors in words for the user
//! ```
//!
//! What is worth knowing:
//!
//! * A return to a snapshot reverts the configuration too, but for the description: so a lease is a
//!   line of the description, and a GPU is attached after the machine was brought to its base.
//! * A machine with a passed-through device cannot be kept with its memory.
//! * There is no news of a machine's end: it is asked whenever something goes wrong, and at the end.

pub mod api;
mod census;
mod clones;
mod config;
mod console;
mod doctor;
mod gpu;
mod guest;
mod hold;
mod holders;
mod inside;
mod lease;
mod look;
mod notes;
mod open;
mod provider;
mod reasons;
mod storage;
mod taking;
mod vm;
mod web_socket;

pub use census::{Census, Listed, census};
pub use config::{Limits, ProxmoxConfig};
pub use console::ClusterConsole;
pub use lease::{Claim, claim_of};
pub use provider::ProxmoxProvider;
pub use vm::{Cloning, Config, Power, Ran, Snapshot, TaskLimits, Vm};
