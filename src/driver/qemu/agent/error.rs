//! Why the guest agent did not do what it was asked.

use std::time::Duration;

/// The guest agent did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgentError {
    /// It did not answer in time: it hangs, or was never there. What it was asked it may still do.
    #[error("the guest agent did not answer `{what}` within {} s", limit.as_secs_f64())]
    Silent {
        /// The command.
        what: &'static str,
        /// How long it had.
        limit: Duration,
    },
    /// It answered that it could not.
    #[error("the guest agent refused `{what}`: {why}")]
    Refused {
        /// The command.
        what: &'static str,
        /// Its reason.
        why: String,
    },
    /// Its answer cannot be understood.
    #[error("the guest agent's answer to `{what}` cannot be understood: {why}")]
    Odd {
        /// The command.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The connection ended, and with it the machine.
    #[error("lost the guest agent: {0}")]
    Gone(String),
}
