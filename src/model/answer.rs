//! What looking at a picture can come to: the answer of a model, and text that was read.

use super::{Point, Rect};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Whether a statement about a picture is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// That cannot be told. Never the same as no: a check that something is gone would pass.
    Unclear,
}

impl Answer {
    /// Returns the word for people and documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unclear => "unclear",
        }
    }
}

/// How an answer of a model came about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The model that answered.
    pub model: String,
    /// What it wrote, as it came.
    pub raw: String,
    /// How long that took; how long it took then, where the answer was remembered.
    pub latency: Duration,
    /// Whether the answer was remembered, so that nobody was asked.
    pub is_cached: bool,
}

/// What a model says of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Whether the statement is true.
    pub answer: Answer,
    /// What the model saw that made it answer so, in its words; empty when it did not say.
    pub why: String,
    /// How the answer came about.
    pub asked: Asked,
}

/// What a model says of where something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// Where.
    pub spot: Spot,
    /// How the answer came about.
    pub asked: Asked,
}

/// Where something is on a frame, as far as somebody who looked can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spot {
    /// There, in pixels of the frame.
    At {
        /// Its middle.
        point: Point,
        /// All of it, where that was said.
        area: Option<Rect>,
    },
    /// Nowhere.
    Absent,
    /// That cannot be told, for this reason.
    Unclear(String),
}

/// What was read in a picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// The lines of text, from top to bottom; those side by side from left to right. More than that
    /// the order does not tell: what belongs together may have something else between.
    pub lines: Vec<TextLine>,
    /// Who read them: `PP-OCRv6`, `tesseract`.
    pub engine: String,
}

/// A line of text in a picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextLine {
    /// Its words, with blanks between.
    pub text: String,
    /// Its words, from left to right.
    pub words: Vec<TextWord>,
    /// Where it is, in pixels of the frame.
    pub rect: Rect,
    /// How sure the reader is of its least sure character, 0 to 1.
    pub confidence: f32,
}

/// A word of text in a picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextWord {
    /// The word.
    pub text: String,
    /// Where it is, in pixels of the frame.
    pub rect: Rect,
}
