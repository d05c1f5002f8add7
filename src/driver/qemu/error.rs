//! Why a machine could not be started or used.

use super::{AgentError, Amount, QmpError};
use crate::driver::process::SpawnError;
use std::{io, path::PathBuf, time::Duration};

/// A machine could not be started or used.
#[derive(Debug, thiserror::Error)]
pub enum VmError {
    /// A program is not installed.
    #[error("`{program}` is not installed; it is in the package `{package}`")]
    MissingProgram {
        /// The program.
        program: &'static str,
        /// Debian's package that has it.
        package: &'static str,
    },
    /// A program could not be started.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// A program did not do what it was started for.
    #[error("`{program}` {why}")]
    Program {
        /// The program.
        program: String,
        /// How it ended, with the last lines it wrote.
        why: String,
    },
    /// Nothing came of it in time.
    #[error("{what} took more than {} s", limit.as_secs_f64())]
    TimedOut {
        /// What was awaited.
        what: &'static str,
        /// How long it had.
        limit: Duration,
    },
    /// QEMU did not do what it was told.
    #[error(transparent)]
    Qmp(#[from] QmpError),
    /// The guest agent did not do what it was asked.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// A file or socket could not be used.
    #[error("failed to {what} `{path}`")]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
    /// Hardware virtualization was asked for and does not work.
    #[error("`accel = \"kvm\"` cannot be: {why}")]
    NoKvm {
        /// What was tried, and what came of it.
        why: String,
    },
    /// Templates were asked for, and this QEMU cannot make them.
    #[error("`session_layers = \"template\"` cannot be: this QEMU sends memory along with a state")]
    NoTemplate,
    /// The machine is too large for this computer.
    #[error("the machine needs {needed} of at most {most}")]
    TooLarge {
        /// What it needs.
        needed: Amount,
        /// What all machines together may use.
        most: Amount,
    },
}

impl VmError {
    /// Returns the error that `what` could not be done with the file at `path`.
    pub(super) fn io(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { what, path, source }
    }
}
