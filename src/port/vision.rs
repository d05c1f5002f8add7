//! Vision language models: questions about pictures, in words.

use crate::model::{Frame, Judged, Located, Rect};
use async_trait::async_trait;
use std::{fmt::Debug, time::Duration};

/// A vision language model, or several of which one answers.
#[async_trait]
pub trait Vision: Debug + Send + Sync {
    /// Asks where `phrase`, which describes one thing, is.
    async fn locate(&self, view: &View<'_>, phrase: &str) -> Result<Located, VisionError>;

    /// Asks whether `statement` about the picture is true.
    async fn judge(&self, view: &View<'_>, statement: &str) -> Result<Judged, VisionError>;

    /// Asks something else, and returns what was written. Never remembered.
    async fn ask(&self, view: &View<'_>, text: &str) -> Result<String, VisionError>;
}

/// What a model gets to see.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The picture. Places in answers are in its pixels, whatever was sent.
    pub frame: &'a Frame,
    /// The part of it that counts; all of it when missing.
    pub area: Option<Rect>,
    /// Parts that are painted over before anything is sent: secrets.
    pub hidden: &'a [Rect],
    /// Which of several answers to the same question is wanted: 0 is the one without chance in it,
    /// and each other is another one.
    pub sample: u32,
}

impl<'a> View<'a> {
    /// Shows all of a frame.
    pub fn of(frame: &'a Frame) -> Self {
        Self {
            frame,
            area: None,
            hidden: &[],
            sample: 0,
        }
    }
}

/// A model could not be asked, or did not answer. Never the same as "no".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VisionError {
    /// None is set up.
    #[error("this needs a vision model, and the plan file has no `[vlm]` table")]
    None,
    /// One is set up, and not in a way that it could be asked.
    #[error("the vision model cannot be asked: {why}")]
    Unusable {
        /// What is wrong with the settings.
        why: String,
    },
    /// No endpoint answered.
    #[error("no vision model answered: {why}")]
    Unreachable {
        /// What each endpoint said.
        why: String,
    },
    /// An endpoint refused the question for good.
    #[error("the vision model at {endpoint} refused the question: {why}")]
    Refused {
        /// Which.
        endpoint: String,
        /// What it said.
        why: String,
    },
    /// An answer did not come in time.
    #[error("the vision model at {endpoint} did not answer within {} s", limit.as_secs())]
    TimedOut {
        /// Which.
        endpoint: String,
        /// How long it had.
        limit: Duration,
    },
    /// What was answered cannot be read, however often it was asked.
    #[error("the vision model `{model}` answers what cannot be read: {raw}")]
    Malformed {
        /// Which.
        model: String,
        /// The beginning of what it wrote.
        raw: String,
    },
    /// The run may ask no more.
    #[error(
        "the run has asked the vision model {limit} times, which is all that `[vlm] budget` allows"
    )]
    Budget {
        /// How often it may ask.
        limit: u32,
    },
    /// Nobody may be asked, and the answer is not remembered.
    #[error("the vision model may not be asked offline, and the answer is not in its cache")]
    Offline,
}

impl VisionError {
    /// Whether trying again could help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::TimedOut { .. } => true,
            Self::None
            | Self::Unusable { .. }
            | Self::Refused { .. }
            | Self::Malformed { .. }
            | Self::Budget { .. }
            | Self::Offline => false,
        }
    }
}
