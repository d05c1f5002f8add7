//! What is told while an image is being made.

use super::error::Stage;

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A stage has begun.
    Began(Stage),
    /// A stage is not gone through: an earlier attempt has finished it.
    Kept(Stage),
    /// So many packages of the stage are done.
    Count {
        /// How many.
        done: usize,
        /// Of how many; 0 when that is not known.
        total: usize,
    },
}
