//! What attempts at an exercise tell when they are laid beside each other: how long instructions
//! take, who has to look into a failure, and what passes and fails without a reason.
//!
//! Changes no verdict.

mod cause;
mod latency;
mod unsteady;

pub use cause::cause;
pub use latency::{is_near, latencies};
pub use unsteady::{Record, record};
