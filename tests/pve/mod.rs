//! A Proxmox VE server to test against: it answers as real ones were seen to, and refuses what they
//! refuse.
//!
//! ```text
//! front    HTTPS, limits of the server, WebSockets      faults   what goes wrong, on demand
//! schema   every parameter of every method              access   who may do what
//! vms      machines: power, snapshots, clones, config    body     what a machine is made of
//! tasks    UPIDs, ends, logs                             agent    the guest agent
//!                                                        guest    what it knows where nothing is real
//! ```

mod access;
mod agent;
mod body;
mod clones;
mod cluster;
mod config;
mod console;
mod devices;
mod faults;
mod front;
mod guest;
mod lists;
mod request;
mod schema;
mod server;
mod snapshots;
mod tasks;
mod vms;

pub(crate) use body::{Body, Paper};
pub(crate) use cluster::Cluster;
pub(crate) use faults::Fault;
pub(crate) use front::{Front, certificate};
pub(crate) use server::{Ask, Pve};
