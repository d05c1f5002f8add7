//! Pictures of targets that were found before, kept beside the scenario, so that nobody has to read
//! or ask a model again.

use crate::model::{Point, Rect, ScenarioName};
use std::{fmt::Debug, io, path::PathBuf};

/// Remembers pictures of targets.
pub trait Anchors: Debug + Send + Sync {
    /// Returns the picture that is remembered for a target, when there is one.
    fn recall(&self, key: &AnchorKey) -> Result<Option<RememberedAnchor>, AnchorsError>;

    /// Remembers a picture for a target that has none.
    fn remember(&self, key: &AnchorKey, anchor: &RememberedAnchor) -> Result<(), AnchorsError>;

    /// Proposes another picture for a target that has one. It counts for nothing until somebody has
    /// accepted it; a newer proposal takes the place of an older one.
    fn propose(&self, key: &AnchorKey, anchor: &RememberedAnchor) -> Result<(), AnchorsError>;
}

/// Which target, and where it looks the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AnchorKey {
    /// The scenario it is of.
    pub scenario: ScenarioName,
    /// What is looked for, in the words of the scenario.
    pub target: String,
    /// The machine, and the size of its screen: `debian12-x11-1024x768`.
    pub desktop: String,
}

/// A picture of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RememberedAnchor {
    /// The picture, as a PNG file.
    pub png: Vec<u8>,
    /// Where it was on the screen.
    pub rect: Rect,
    /// Where the target was clicked, from the picture's top left corner.
    pub click: Point,
    /// How the target was found: the rung, with its score.
    pub found_by: String,
}

/// Remembered pictures could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("failed to {what} `{path}`")]
pub struct AnchorsError {
    /// What was tried.
    pub what: &'static str,
    /// On which file.
    pub path: PathBuf,
    /// What went wrong.
    #[source]
    pub source: io::Error,
}
