//! Why a scenario does not go on: the app misbehaved, or nothing could be learned.

use crate::{
    model::{Outcome, Verdict},
    port::{ProviderError, ReaderError, ScreenError, TreeError, VisionError},
};
use std::time::Duration;

/// Why a scenario does not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::run) enum Halt {
    /// The app did something else than it should.
    Failed(String),
    /// Nothing was learned about the app.
    Blocked {
        /// What stood in the way.
        why: String,
        /// Whether trying again could help.
        is_transient: bool,
    },
}

impl Halt {
    /// Returns that nothing was learned, and would not be the next time.
    pub(in crate::run) fn blocked(why: impl Into<String>) -> Self {
        let (why, is_transient) = (why.into(), false);
        Self::Blocked { why, is_transient }
    }

    /// Returns that nothing was learned this time.
    pub(in crate::run) fn passing(why: impl Into<String>) -> Self {
        let (why, is_transient) = (why.into(), true);
        Self::Blocked { why, is_transient }
    }

    /// Returns that the run was stopped.
    pub(in crate::run) fn stopped() -> Self {
        Self::blocked("stopped")
    }

    /// Returns that the time of the whole exercise was up.
    pub(in crate::run) fn too_long(limit: Duration) -> Self {
        Self::blocked(format!("took longer than {} s", limit.as_secs_f64()))
    }

    /// Returns the same with the place where it happened.
    pub(super) fn within(self, place: &str) -> Self {
        match self {
            Self::Failed(why) => Self::Failed(format!("{place}: {why}")),
            Self::Blocked { why, is_transient } => {
                let why = format!("{place}: {why}");
                Self::Blocked { why, is_transient }
            }
        }
    }

    /// Returns the same for what came before the test: nothing is learned from that.
    pub(super) fn beforehand(self) -> Self {
        let why = format!("the fixture was not set up: {}", self.why());
        match self {
            Self::Failed(_) => Self::blocked(why),
            Self::Blocked { is_transient, .. } => Self::Blocked { why, is_transient },
        }
    }

    /// Returns what it is called.
    pub(in crate::run) fn verdict(&self) -> Verdict {
        match self {
            Self::Failed(_) => Verdict::Failed,
            Self::Blocked { .. } => Verdict::Blocked,
        }
    }

    /// Returns the reason in words.
    pub(in crate::run) fn why(&self) -> &str {
        match self {
            Self::Failed(why) | Self::Blocked { why, .. } => why,
        }
    }

    /// Returns what the step that was halted came to.
    pub(in crate::run) fn into_outcome(self) -> Outcome {
        match self {
            Self::Failed(why) => Outcome::failed(why),
            Self::Blocked {
                why,
                is_transient: true,
            } => Outcome::blocked(why).transient(),
            Self::Blocked { why, .. } => Outcome::blocked(why),
        }
    }
}

impl From<ProviderError> for Halt {
    fn from(err: ProviderError) -> Self {
        let (why, is_transient) = (err.to_string(), err.is_transient());
        Self::Blocked { why, is_transient }
    }
}

impl From<ScreenError> for Halt {
    fn from(err: ScreenError) -> Self {
        ProviderError::Screen(err).into()
    }
}

impl From<TreeError> for Halt {
    fn from(err: TreeError) -> Self {
        ProviderError::Tree(err).into()
    }
}

impl From<VisionError> for Halt {
    fn from(err: VisionError) -> Self {
        let (why, is_transient) = (err.to_string(), err.is_transient());
        Self::Blocked { why, is_transient }
    }
}

impl From<ReaderError> for Halt {
    fn from(err: ReaderError) -> Self {
        let (why, is_transient) = (err.to_string(), err.is_transient());
        Self::Blocked { why, is_transient }
    }
}
