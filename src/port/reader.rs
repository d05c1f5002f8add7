//! Reading text in pictures.

use crate::model::{Frame, Reading, Rect};
use async_trait::async_trait;
use std::{fmt::Debug, sync::Arc};

/// Makes readers.
pub trait Readers: Debug + Send + Sync {
    /// Returns a reader for one screen.
    fn open(&self) -> Arc<dyn Reader>;
}

/// Reads the text on one screen. It remembers what it has read, so that what did not change since
/// the last frame is not read again.
#[async_trait]
pub trait Reader: Debug + Send + Sync {
    /// Returns the lines whose middle is in `area`, or all of them, from top to bottom.
    async fn read(&self, frame: &Frame, area: Option<Rect>) -> Result<Reading, ReaderError>;
}

/// Text could not be read. Never the same as "there is no text".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReaderError {
    /// There is no model and no program that reads.
    #[error("text in pictures cannot be read here: {why}")]
    Missing {
        /// What is missing, and how to get it.
        why: String,
    },
    /// Reading went wrong.
    #[error("failed to read text in a picture: {0}")]
    Failed(String),
}

impl ReaderError {
    /// Whether trying again could help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Missing { .. } => false,
            Self::Failed(_) => true,
        }
    }
}
