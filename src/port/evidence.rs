//! The folder of one run: events and evidence.

use crate::model::{Event, StepKey};
use std::{fmt::Debug, io, path::PathBuf};

/// Receives what a run leaves behind.
pub trait RunFolder: Debug + Send + Sync {
    /// Appends one event to `events.jsonl`.
    fn event(&self, event: &Event) -> Result<(), EvidenceError>;

    /// Keeps a file about a step and returns its path relative to the run's folder. `name` tells
    /// what it is, with its ending: `03-click-save.png`.
    fn keep(&self, step: &StepKey, name: &str, bytes: &[u8]) -> Result<String, EvidenceError>;

    /// Returns the folder.
    fn path(&self) -> PathBuf;
}

/// Evidence could not be kept.
#[derive(Debug, thiserror::Error)]
#[error("failed to write `{path}`")]
pub struct EvidenceError {
    /// Which file.
    pub path: PathBuf,
    /// What went wrong.
    #[source]
    pub source: io::Error,
}
