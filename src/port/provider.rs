//! Providers: who keeps machines.

use super::{Check, Guest};
use crate::model::{Gpu, Layer, LayerName, Lease, LeaseId, Machine, MachineName, Presence};
use async_trait::async_trait;
use std::fmt::Debug;

/// Something whose machines can be looked at and cleaned up.
#[async_trait]
pub trait Keeper: Debug + Send + Sync {
    /// Looks at a machine without changing it. Silence is [`Presence::Unknown`].
    async fn observe(&self, machine: &Machine) -> Presence;

    /// Removes a layer that mosdat made. Removing one that is gone is no error.
    async fn remove_layer(
        &self,
        machine: &MachineName,
        layer: &LayerName,
    ) -> Result<(), ProviderError>;

    /// Gives back what a crashed run was using: ends its processes, removes its folders.
    /// Reclaiming what is already gone is no error.
    async fn reclaim(&self, lease: &Lease) -> Result<(), ProviderError>;

    /// Looks at what all its machines need of it. Changes nothing.
    async fn examine(&self) -> Vec<Check> {
        Vec::new()
    }

    /// Looks whether a machine can be tested on. Changes nothing, and starts nothing.
    async fn examine_machine(&self, machine: &Machine) -> Vec<Check> {
        vec![match self.observe(machine).await {
            Presence::Present { base, .. } => Check::good("machine", format!("its base is {base}")),
            Presence::Absent { why } => Check::bad("machine", why),
            Presence::Unknown { why } => Check::doubtful("machine", why),
        }]
    }

    /// Says what a machine does just now, in a few words, where its provider knows that.
    async fn activity(&self, _machine: &Machine) -> Option<String> {
        None
    }

    /// Says what earlier runs have kept and not given back, in words; [`Self::wind_up`] does.
    fn left_over(&self) -> Vec<String> {
        Vec::new()
    }

    /// Gives back what the run has kept for its later steps, and waits for what was dropped without
    /// a good-bye. Called once at the end of each run, however it ends.
    async fn wind_up(&self) -> Result<(), ProviderError> {
        Ok(())
    }
}

/// What a machine is opened for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Which machine.
    pub machine: &'a Machine,
    /// The GPU that it has meanwhile; `None` for none.
    pub gpu: Option<&'a Gpu>,
    /// The state it is brought to first.
    pub from: &'a Layer,
    /// What everything that is started for it is marked with.
    pub lease: &'a LeaseId,
}

impl<'a> Wanted<'a> {
    /// Wants a machine without a GPU.
    pub fn plain(machine: &'a Machine, from: &'a Layer, lease: &'a LeaseId) -> Self {
        Self {
            machine,
            gpu: None,
            from,
            lease,
        }
    }
}

/// Something that keeps machines on which sessions can be opened.
#[async_trait]
pub trait Provider: Keeper {
    /// Brings a machine to the wanted state and opens its session.
    async fn open(&self, wanted: &Wanted<'_>) -> Result<Box<dyn Guest>, ProviderError>;
}

/// A machine could not be used as asked.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// A program that the provider needs is not installed.
    #[error("`{program}` is not installed; it is in the package `{package}`")]
    MissingProgram {
        /// The program.
        program: String,
        /// Debian's package that has it.
        package: String,
    },
    /// A machine did not start.
    #[error("failed to start {what} of `{machine}`: {why}")]
    Start {
        /// Which machine.
        machine: MachineName,
        /// Which part: `the VNC server`, `the window manager`.
        what: String,
        /// What went wrong, with the last lines it wrote.
        why: String,
    },
    /// The layer to start from is not there.
    #[error("`{machine}` has no layer `{layer}`")]
    NoLayer {
        /// Which machine.
        machine: MachineName,
        /// Which layer.
        layer: Layer,
    },
    /// The layer to start from is not what was kept; it was removed.
    #[error(
        "the layer `{layer}` of `{machine}` is damaged and was removed: {why}; apply again to make it anew"
    )]
    DamagedLayer {
        /// Which machine.
        machine: MachineName,
        /// Which layer.
        layer: LayerName,
        /// What is wrong with it.
        why: String,
    },
    /// A package could not be installed for a reason that is not its own.
    #[error("failed to install on `{machine}`: {why}")]
    Install {
        /// Which machine.
        machine: MachineName,
        /// What went wrong.
        why: String,
    },
    /// The machine cannot do this.
    #[error("`{machine}` cannot {what}")]
    Unable {
        /// Which machine.
        machine: MachineName,
        /// What was asked: `show a screen`.
        what: String,
    },
    /// A program on the machine could not be run.
    #[error("failed to run `{program}` on `{machine}`: {why}")]
    Run {
        /// Which machine.
        machine: MachineName,
        /// Which program.
        program: String,
        /// What went wrong.
        why: String,
    },
    /// Somebody else has the machine, or the GPU that it should have.
    #[error("{what} of `{machine}` is in use by {by}")]
    InUse {
        /// Which machine.
        machine: MachineName,
        /// What of it: `the virtual machine`, `the GPU`.
        what: String,
        /// Who has it, and until when as far as is known.
        by: String,
    },
    /// The machine did not do it in time.
    #[error("`{machine}` did not {what} within {seconds} s")]
    TimedOut {
        /// Which machine.
        machine: MachineName,
        /// What it was to do.
        what: String,
        /// How long it had.
        seconds: u64,
    },
    /// The machine was lost.
    #[error("lost `{machine}`: {why}")]
    Lost {
        /// Which machine.
        machine: MachineName,
        /// What was noticed.
        why: String,
    },
    /// At the end of a run something could not be given back.
    #[error("not everything was given back: {0}")]
    Unwound(String),
    /// The login could not be used.
    #[error(transparent)]
    Shell(#[from] super::ShellError),
    /// The screen could not be used.
    #[error(transparent)]
    Screen(#[from] super::ScreenError),
    /// The accessibility tree could not be used.
    #[error(transparent)]
    Tree(#[from] super::TreeError),
}

impl ProviderError {
    /// Whether trying again could help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Start { .. } | Self::InUse { .. } | Self::TimedOut { .. } | Self::Lost { .. } => {
                true
            }
            Self::Shell(err) => err.is_transient(),
            Self::Screen(err) => err.is_transient(),
            Self::Tree(err) => err.is_transient(),
            Self::MissingProgram { .. }
            | Self::NoLayer { .. }
            | Self::DamagedLayer { .. }
            | Self::Install { .. }
            | Self::Unable { .. }
            | Self::Unwound(_)
            | Self::Run { .. } => false,
        }
    }
}
