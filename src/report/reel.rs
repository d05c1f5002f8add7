//! The pictures of an attempt in the order of their times, and how long each is shown in a video.
//!
//! Pictures are named, not read: whether two are the same is for the caller to say.

use super::{Attempt, EvidenceView};
use crate::model::EvidenceKind;
use std::time::Duration;

/// No picture is shown for longer: nobody needs to watch a test wait.
pub const LONGEST: Duration = Duration::from_secs(2);

/// No picture is shown for less, as nobody would see it: some are kept at the same moment, such as
/// that before a click and that after it.
pub const SHORTEST: Duration = Duration::from_millis(200);

/// A picture of a video.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shot {
    /// Where it lies, relative to the run's folder.
    pub file: String,
    /// How long it is shown: until the next one that differs, as far as the bounds allow.
    pub held: Duration,
}

/// Returns the pictures of `attempt`, none that `is_missing`. Those that are the same as the one before
/// are that one, which stands for longer.
pub fn of(
    attempt: &Attempt,
    is_missing: &dyn Fn(&str) -> bool,
    is_same: &dyn Fn(&str, &str) -> bool,
) -> Vec<Shot> {
    let is_picture =
        |one: &&EvidenceView| one.kind == EvidenceKind::Frame && !is_missing(&one.file);
    let mut shown: Vec<&EvidenceView> = Vec::new();
    for one in attempt.evidence.iter().filter(is_picture) {
        if shown
            .last()
            .is_none_or(|last| !is_same(&last.file, &one.file))
        {
            shown.push(one);
        }
    }
    let shots = shown.iter().enumerate().map(|(index, one)| {
        let next = shown.get(index + 1);
        let held = next.map_or(LONGEST, |next| next.at.since(one.at));
        Shot {
            file: one.file.clone(),
            held: held.clamp(SHORTEST, LONGEST),
        }
    });
    shots.collect()
}
