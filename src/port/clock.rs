//! The clock, so that a run can be replayed and a simulated one takes no time.

use crate::model::Timestamp;
use std::fmt::Debug;

/// Tells the time. Waiting is left to `tokio::time`, which a simulated run pauses.
pub trait Clock: Debug + Send + Sync {
    /// Returns the time now.
    fn now(&self) -> Timestamp;
}
