//! What came of a step. A failed test is a result, not an error.

use super::{ContentHash, Ingredient};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What was learned about the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It did what was expected, at the first try.
    Passed,
    /// It did what was expected, but only when tried again.
    Flaky,
    /// It ran and did something else, as the plan file says it would.
    Expected,
    /// It ran and did something else.
    Failed,
    /// Nothing was learned: the environment or mosdat failed.
    Blocked,
    /// It was not tried, and nobody wanted it to be.
    Skipped,
}

impl Verdict {
    /// Every verdict, best first.
    pub const ALL: [Self; 6] = [
        Self::Passed,
        Self::Flaky,
        Self::Expected,
        Self::Failed,
        Self::Blocked,
        Self::Skipped,
    ];

    /// Whether the step need not be done again while its inputs stay the same.
    pub fn holds(self) -> bool {
        matches!(self, Self::Passed | Self::Flaky | Self::Expected)
    }

    /// Returns the word people read.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Flaky => "flaky",
            Self::Expected => "expected",
            Self::Failed => "failed",
            Self::Blocked => "blocked",
            Self::Skipped => "skipped",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How one attempt at a step ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// What was learned.
    pub verdict: Verdict,
    /// In words: what was seen instead, or what stood in the way. Empty when it passed.
    pub detail: String,
    /// What the step made: a build's artifact.
    pub output: Option<ContentHash>,
    /// Whether trying again could help: a time-out of the network rather than a wrong picture.
    pub is_transient: bool,
    /// What else is worth remembering, such as the files of a source with their digests.
    pub notes: Vec<Ingredient>,
}

impl Outcome {
    /// Returns the outcome of a step that went well.
    pub fn passed() -> Self {
        Self::new(Verdict::Passed, "")
    }

    /// Returns the outcome of a step in which the app misbehaved.
    pub fn failed(seen: impl Into<String>) -> Self {
        Self::new(Verdict::Failed, seen)
    }

    /// Returns the outcome of a step in which the app did what it should only when asked again.
    pub fn flaky(how: impl Into<String>) -> Self {
        Self::new(Verdict::Flaky, how)
    }

    /// Returns the outcome of a step that could not be carried out.
    pub fn blocked(why: impl Into<String>) -> Self {
        Self::new(Verdict::Blocked, why)
    }

    fn new(verdict: Verdict, detail: impl Into<String>) -> Self {
        Self {
            verdict,
            detail: detail.into(),
            output: None,
            is_transient: false,
            notes: Vec::new(),
        }
    }

    /// Says that trying again could help.
    #[must_use]
    pub fn transient(mut self) -> Self {
        self.is_transient = true;
        self
    }
}
