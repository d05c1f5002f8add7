//! What became of a step, in one word.
//!
//! More than a verdict: it tells what was learned now from what was learned earlier, and what was
//! never tried from what nobody knows the end of.

use crate::model::Verdict;

/// What became of a step, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It ended in this run.
    Finished(Verdict),
    /// An earlier run's verdict still holds.
    Kept(Verdict),
    /// It began, and the run goes on.
    Running,
    /// It began and the run is over without an end of it: what it did is not known.
    Unfinished,
    /// It should have run and did not.
    NotRun,
    /// The plan file leaves it out.
    LeftOut,
}

impl Standing {
    /// Returns the verdict, when there is one.
    pub fn verdict(self) -> Option<Verdict> {
        match self {
            Self::Finished(verdict) | Self::Kept(verdict) => Some(verdict),
            Self::Running | Self::Unfinished | Self::NotRun | Self::LeftOut => None,
        }
    }

    /// Whether the app did what was expected of it.
    pub fn holds(self) -> bool {
        self.verdict().is_some_and(Verdict::holds)
    }

    /// Whether something was learned about the app.
    pub fn was_tested(self) -> bool {
        self.holds() || self.verdict() == Some(Verdict::Failed)
    }

    /// Whether the verdict is from an earlier run.
    pub fn is_kept(self) -> bool {
        matches!(self, Self::Kept(_))
    }

    /// Returns the word people read. Kept verdicts read like fresh ones.
    pub fn word(self) -> &'static str {
        match self {
            Self::Finished(verdict) | Self::Kept(verdict) => verdict.as_str(),
            Self::Running => "running",
            Self::Unfinished => "unfinished",
            Self::NotRun => "not run",
            Self::LeftOut => "left out",
        }
    }

    /// Whether a person should have a look: it did not hold, or only at a second try.
    pub fn is_notable(self) -> bool {
        match self {
            Self::Finished(verdict) | Self::Kept(verdict) => {
                matches!(verdict, Verdict::Failed | Verdict::Blocked | Verdict::Flaky)
            }
            Self::Running | Self::Unfinished => true,
            Self::NotRun | Self::LeftOut => false,
        }
    }

    /// Returns 0 for what most needs a look, and more for what needs less.
    pub fn urgency(self) -> u8 {
        match self {
            Self::Finished(Verdict::Failed) | Self::Kept(Verdict::Failed) => 0,
            Self::Finished(Verdict::Blocked) | Self::Kept(Verdict::Blocked) => 1,
            Self::Unfinished => 2,
            Self::Running => 3,
            Self::Finished(Verdict::Flaky) | Self::Kept(Verdict::Flaky) => 4,
            Self::Finished(Verdict::Expected) | Self::Kept(Verdict::Expected) => 5,
            Self::NotRun => 6,
            Self::Finished(Verdict::Passed) => 7,
            Self::Kept(Verdict::Passed) => 8,
            Self::Finished(Verdict::Skipped) | Self::Kept(Verdict::Skipped) => 9,
            Self::LeftOut => 10,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_not_tested_holds() {
        for standing in [
            Standing::Running,
            Standing::Unfinished,
            Standing::NotRun,
            Standing::LeftOut,
            Standing::Finished(Verdict::Skipped),
            Standing::Finished(Verdict::Blocked),
        ] {
            assert!(!standing.holds() && !standing.was_tested(), "{standing:?}");
        }
    }
}
