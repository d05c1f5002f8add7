//! A simulated cluster in virtual time: seeded durations and faults, no side effects but a file
//! that remembers which layers its machines have.
//!
//! Strict: a step that starts from a layer its machine does not have is blocked, a machine that
//! is used twice at once is a mistake of mosdat and panics.

mod chance;
mod cluster;
mod world;

pub use cluster::{SimClock, SimCluster};
pub use world::{SimWorld, WorldError};
