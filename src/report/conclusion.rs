//! What a run as a whole says, and every reason not to take it for a success.
//!
//! It is worked out from the steps rather than taken from the run's own summary, and the two have
//! to agree: a stream with holes in it must not read as a pass.

use super::{RunStatus, RunView, Standing, StepView, words};
use crate::model::Verdict;

/// What a run as a whole says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// It goes on.
    Running,
    /// It is over without having told its end.
    Unfinished,
    /// The app misbehaved somewhere.
    Failed,
    /// Not everything could be tested, or something does not add up.
    Blocked,
    /// Nothing was tested.
    Empty,
    /// Everything that should be tested was, and holds.
    Passed,
}

impl Conclusion {
    /// Returns the words people read.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Unfinished => "did not finish",
            Self::Failed => "failed",
            Self::Blocked => "blocked",
            Self::Empty => "nothing was tested",
            Self::Passed => "passed",
        }
    }
}

/// How many cells stand where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// How many cells share a word, what most needs a look first.
    by_word: Vec<(Standing, usize)>,
    /// How many of them are kept from earlier runs.
    pub kept: usize,
    /// How many there are, those left out among them.
    pub all: usize,
    /// How many say something about the app.
    pub tested: usize,
}

impl Counts {
    /// Counts `steps`.
    pub fn of<'a>(view: &RunView, steps: impl Iterator<Item = &'a StepView>) -> Self {
        let mut counts = Self::default();
        for step in steps {
            counts.add(view.standing(step));
        }
        counts
            .by_word
            .sort_by_key(|(standing, _)| standing.urgency());
        counts
    }

    /// Returns each standing that occurs with its number, what most needs a look first. Kept
    /// verdicts are counted with the fresh ones.
    pub fn by_standing(&self) -> &[(Standing, usize)] {
        &self.by_word
    }

    /// Returns how many stand at `wanted`.
    pub fn of_standing(&self, wanted: Standing) -> usize {
        let found = self.by_word.iter().find(|(one, _)| *one == wanted);
        found.map_or(0, |(_, number)| *number)
    }

    /// Returns how many have this verdict, kept ones among them.
    pub fn of_verdict(&self, verdict: Verdict) -> usize {
        self.of_standing(Standing::Finished(verdict))
    }

    /// Says the counts in words: `2 failed, 1 blocked, 40 passed`.
    pub fn to_text(&self) -> String {
        let parts = self
            .by_word
            .iter()
            .map(|(standing, number)| format!("{} {}", words::grouped(*number), standing.word()));
        parts.collect::<Vec<_>>().join(", ")
    }

    fn add(&mut self, standing: Standing) {
        self.all += 1;
        self.kept += usize::from(standing.is_kept());
        self.tested += usize::from(standing.was_tested());
        let fresh = match standing {
            Standing::Kept(verdict) => Standing::Finished(verdict),
            Standing::Finished(_)
            | Standing::Running
            | Standing::Unfinished
            | Standing::NotRun
            | Standing::LeftOut => standing,
        };
        match self.by_word.iter_mut().find(|(one, _)| *one == fresh) {
            Some((_, number)) => *number += 1,
            None => self.by_word.push((fresh, 1)),
        }
    }
}

impl RunView {
    /// Counts the cells.
    pub fn counts(&self) -> Counts {
        Counts::of(self, self.cells())
    }

    /// Returns what the run as a whole says.
    pub fn conclusion(&self) -> Conclusion {
        match self.status() {
            RunStatus::Waiting | RunStatus::Running => return Conclusion::Running,
            RunStatus::BrokenOff => return Conclusion::Unfinished,
            RunStatus::Finished => {}
        }
        let standings = || self.steps.values().map(|step| self.standing(step));
        if standings().any(|one| one.verdict() == Some(Verdict::Failed)) {
            return Conclusion::Failed;
        }
        let is_hole = |one: Standing| {
            one.verdict() == Some(Verdict::Blocked)
                || matches!(one, Standing::Unfinished | Standing::NotRun)
        };
        if standings().any(is_hole) {
            return Conclusion::Blocked;
        }
        if self.counts().tested == 0 {
            return Conclusion::Empty;
        }
        if self.doubts().is_empty() {
            Conclusion::Passed
        } else {
            Conclusion::Blocked
        }
    }

    /// Returns every reason, apart from the verdicts of its steps, not to take the run for a
    /// success. Each is a sentence without a full stop.
    pub fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        if self.started.is_none() {
            doubts.push("the beginning of the run is missing".to_owned());
        }
        if self.end.is_none() {
            doubts.push("the run did not finish: its events stop without an end".to_owned());
        }
        if self.stopping.is_some() {
            doubts.push("the run was stopped by the user".to_owned());
        }
        let counts = self.counts();
        if counts.tested == 0 {
            doubts.push("nothing was tested: no cell has a verdict about the app".to_owned());
        }
        let lost = self
            .steps
            .values()
            .filter(|step| self.standing(step) == Standing::Unfinished);
        match lost.count() {
            0 => {}
            number => doubts.push(format!(
                "{} began and never ended, so what came of it is not known",
                words::count(number, "step", "steps")
            )),
        }
        match counts.of_standing(Standing::NotRun) {
            0 => {}
            number => doubts.push(format!(
                "{} should have run and did not",
                words::count(number, "cell", "cells")
            )),
        }
        doubts.extend(self.disagreement(&counts));
        doubts
    }

    /// Returns where the run's own summary says something else than its events.
    fn disagreement(&self, counts: &Counts) -> Vec<String> {
        let Some(end) = &self.end else {
            return Vec::new();
        };
        let mut doubts = Vec::new();
        let told = end.summary.verdicts.get(&Verdict::Passed).copied();
        let (told, seen) = (told.unwrap_or(0), counts.of_verdict(Verdict::Passed));
        if told != seen {
            doubts.push(format!(
                "the run counted {told} passed, its events show {seen}: some are missing"
            ));
        }
        let is_bad = |step: &StepView| {
            let standing = self.standing(step);
            !standing.holds() && standing != Standing::LeftOut
        };
        if end.exit_code != 0 && !self.steps.values().any(is_bad) && counts.tested > 0 {
            doubts.push(format!(
                "the run ended with exit code {}, which no step explains",
                end.exit_code
            ));
        }
        doubts
    }
}
