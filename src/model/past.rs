//! What earlier attempts at a step were like, and what may have made one fail.

use super::{CLEANUP, ContentHash, RunId, Timestamp, Verdict};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One attempt at an exercise that has ended, as it is remembered: what went into it, how it went,
/// and how long each instruction took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastAttempt {
    /// The run that it was part of.
    pub run: RunId,
    /// Counted from 1 within that run.
    pub attempt: u32,
    /// When it ended.
    pub at: Timestamp,
    /// What went into it.
    pub inputs: Inputs,
    /// How it ended, whatever the plan file expects.
    pub verdict: Verdict,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// The instructions that ended, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instructions: Vec<PastInstruction>,
}

impl PastAttempt {
    /// Returns the instruction at which the attempt ended badly; the innermost, where one is within
    /// another. None where it ended badly outside of all: the app died at the end.
    pub fn broke_at(&self) -> Option<&PastInstruction> {
        if self.verdict.holds() {
            return None;
        }
        let bad = self.instructions.iter();
        let bad = bad.filter(|one| one.verdict == self.verdict && !one.label.starts_with(CLEANUP));
        // What is within an instruction ends before it.
        let mut bad = bad.rev();
        let mut broke = bad.next()?;
        for one in bad {
            if !is_within(&one.path, &broke.path) {
                break;
            }
            broke = one;
        }
        Some(broke)
    }
}

/// Whether the instruction of the first number is within the one of the second.
fn is_within(inner: &str, outer: &str) -> bool {
    let rest = inner.strip_prefix(outer);
    rest.is_some_and(|rest| rest.starts_with('.'))
}

/// One instruction of a scenario, as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastInstruction {
    /// Its number, and behind dots those within it: `3.1`.
    pub path: String,
    /// What it says.
    pub label: String,
    /// How it went.
    pub verdict: Verdict,
    /// How often it was done.
    pub attempts: u32,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// How long it may take at one attempt, in milliseconds; 0 where nothing says.
    pub limit_ms: u64,
}

/// What goes into an exercise, by who answers for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// The package and how it is installed.
    pub product: ContentHash,
    /// The scenario, its anchors, and how the app is started.
    pub test: ContentHash,
    /// The machine's base and its GPU.
    pub machine: ContentHash,
    /// The program that carried it out: mosdat's version.
    pub mosdat: String,
}

/// Who probably has to look into a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Suspect {
    /// The app.
    Product,
    /// The scenario, or what it takes for granted.
    Test,
    /// The machine, or the world around it.
    Environment,
    /// What is known does not tell.
    Unknown,
}

impl fmt::Display for Suspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Product => "product",
            Self::Test => "test",
            Self::Environment => "environment",
            Self::Unknown => "unknown",
        })
    }
}

/// What several attempts from the same start tell about a failure. It never changes a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// Who probably has to look into it.
    pub suspect: Suspect,
    /// Why, in words.
    pub why: String,
}

/// How long an instruction takes, compared with how long it may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    /// Its number, and behind dots those within it: `3.1`.
    pub path: String,
    /// What it says.
    pub label: String,
    /// How many times it passed at once.
    pub times: usize,
    /// Half of these took no longer, in milliseconds.
    pub p50_ms: u64,
    /// 95 in 100 of these took no longer, in milliseconds.
    pub p95_ms: u64,
    /// How long it may take, in milliseconds; 0 where nothing says.
    pub limit_ms: u64,
}
