//! Why QEMU did not do what it was told.

use std::time::Duration;

/// QEMU did not do what it was told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QmpError {
    /// It refused.
    #[error("QEMU refused `{what}`: {why}")]
    Refused {
        /// The command.
        what: &'static str,
        /// QEMU's name for the kind of error.
        class: String,
        /// QEMU's reason.
        why: String,
    },
    /// It began, and broke off.
    #[error("QEMU failed to {what}: {why}")]
    Failed {
        /// What it was to do.
        what: String,
        /// QEMU's reason.
        why: String,
    },
    /// It did not answer in time. What it was told it may still do.
    #[error("QEMU did not answer `{what}` within {} s", limit.as_secs_f64())]
    TimedOut {
        /// The command.
        what: &'static str,
        /// How long it had.
        limit: Duration,
    },
    /// Its answer cannot be understood.
    #[error("QEMU's answer to `{what}` cannot be understood: {why}")]
    Odd {
        /// The command.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The connection ended.
    #[error("{0}")]
    Lost(String),
}
