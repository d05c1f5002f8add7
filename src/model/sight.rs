//! What one look for one target came to, in numbers: enough to draw it on its picture, and to judge
//! the picture anew.

use super::{Answer, Rect};
use serde::{Deserialize, Serialize};

/// What one look for one target came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sight {
    /// What sort of target.
    pub kind: SightKind,
    /// What was looked for, in full: a text, a statement, a description, an anchor's path.
    pub what: String,
    /// Whether the step wanted it not to be there.
    #[serde(default)]
    pub is_absent: bool,
    /// Whether it is there, or true. Never whether that was wanted.
    pub answer: Answer,
    /// What was seen instead, or why it cannot be told; empty when it is there.
    #[serde(default)]
    pub why: String,
    /// Which way of looking measured the numbers: `exact`, `like`, `text`, `model`, `tree`,
    /// `window`.
    pub by: String,
    /// How alike the place is, in thousandths: the share of equal pixels of `exact`, the
    /// correlation of `like`, how sure the reader is of `text`. The others have no number.
    #[serde(default)]
    pub score: Option<i32>,
    /// The place, or the nearest to it where it is not there.
    #[serde(default)]
    pub place: Option<Rect>,
    /// The next best place.
    #[serde(default)]
    pub second: Option<Candidate>,
    /// The part of the screen that was searched; all of it when missing.
    #[serde(default)]
    pub area: Option<Rect>,
    /// Whether a picture that is only like the anchor did not count.
    #[serde(default)]
    pub is_exact_only: bool,
    /// How many letters of a text may be other ones.
    #[serde(default)]
    pub slack: usize,
    /// Whether a text's upper and lower case are the same.
    #[serde(default)]
    pub ignores_case: bool,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// The picture that was looked at, relative to the run's folder; empty when it was not kept.
    #[serde(default)]
    pub picture: String,
    /// The anchor's picture, likewise.
    #[serde(default)]
    pub anchor: String,
    /// The lines of text that were read, likewise: a JSON list of [`ReadLine`].
    #[serde(default)]
    pub read: String,
}

/// A place that might have been it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The place.
    pub place: Rect,
    /// How alike it is, in thousandths.
    pub score: i32,
}

/// A line of text that was read in a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadLine {
    /// The line.
    pub text: String,
    /// Where it is.
    pub rect: Rect,
    /// How sure the reader is of its least sure character, 0 to 1.
    pub confidence: f32,
}

/// Sorts of targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SightKind {
    /// A picture.
    Anchor,
    /// A text in the picture.
    Text,
    /// A thing that is described in words.
    Thing,
    /// A statement that is true or not.
    Statement,
    /// A widget of the accessibility tree.
    Widget,
    /// A window.
    Window,
}

impl SightKind {
    /// Returns the word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anchor => "anchor",
            Self::Text => "text",
            Self::Thing => "thing",
            Self::Statement => "statement",
            Self::Widget => "widget",
            Self::Window => "window",
        }
    }
}
