//! What a stream of events adds up to.
//!
//! The same code follows a run that is going on and replays one that ended. It never looks at a
//! clock: a run is over when its stream says so, or when whoever reads it says that no more comes.

use super::{Standing, StepState, StepView};
use crate::model::{ContentHash, Event, Phase, RunId, StepKey, Summary, Timestamp, Totals};
use std::collections::BTreeMap;

/// A run, as far as its events tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunView {
    /// Which run.
    pub run: Option<RunId>,
    /// Of what.
    pub matrix: String,
    /// The plan it carries out.
    pub plan_id: Option<ContentHash>,
    /// The program that wrote the events.
    pub mosdat: String,
    /// When it began.
    pub started: Option<Timestamp>,
    /// The latest time that any event bears.
    pub last_seen: Option<Timestamp>,
    /// How much there was to do.
    pub totals: Totals,
    /// Every step that was spoken of.
    pub steps: BTreeMap<StepKey, StepView>,
    /// What could not be given back, and why.
    pub release_errors: Vec<(String, String)>,
    /// How many things were given back.
    pub released: usize,
    /// The last sign of life.
    pub pulse: Option<Pulse>,
    /// Whether the user asked to stop, and since when.
    pub stopping: Option<Timestamp>,
    /// How it ended.
    pub end: Option<RunEnd>,
    stream_has_ended: bool,
}

/// How a run ended, in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunEnd {
    /// When.
    pub at: Timestamp,
    /// What it says came of it.
    pub summary: Summary,
    /// What `apply` exits with.
    pub exit_code: u8,
}

/// A sign of life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulse {
    /// When.
    pub at: Timestamp,
    /// How many steps wait for each full pool.
    pub waiting: BTreeMap<String, usize>,
    /// How much longer, in milliseconds, as far as earlier durations tell.
    pub remaining_ms: u64,
}

/// Whether more is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunStatus {
    /// Nothing has been told yet.
    Waiting,
    /// It goes on.
    Running,
    /// It told its end.
    Finished,
    /// Its events stop without an end.
    BrokenOff,
}

impl RunView {
    /// Reads a whole stream after which nothing comes.
    pub fn replay<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut view = Self::default();
        for event in events {
            view.apply(event);
        }
        view.stream_ended();
        view
    }

    /// Says that no more events come. Without an end of the run it has then been broken off.
    pub fn stream_ended(&mut self) {
        self.stream_has_ended = true;
    }

    /// Returns whether more is to come.
    pub fn status(&self) -> RunStatus {
        match (&self.end, self.stream_has_ended, self.started) {
            (Some(_), _, _) => RunStatus::Finished,
            (None, true, _) => RunStatus::BrokenOff,
            (None, false, Some(_)) => RunStatus::Running,
            (None, false, None) => RunStatus::Waiting,
        }
    }

    /// Returns what became of a step.
    pub fn standing(&self, step: &StepView) -> Standing {
        match &step.state {
            StepState::Finished { verdict, .. } => Standing::Finished(*verdict),
            StepState::Kept { verdict, .. } => Standing::Kept(*verdict),
            StepState::NotRun { .. } => Standing::NotRun,
            StepState::LeftOut { .. } => Standing::LeftOut,
            StepState::Open => match self.status() {
                RunStatus::Waiting | RunStatus::Running => Standing::Running,
                RunStatus::Finished | RunStatus::BrokenOff => Standing::Unfinished,
            },
        }
    }

    /// Returns the cells: every exercise, those left out among them.
    pub fn cells(&self) -> impl Iterator<Item = &StepView> {
        let is_cell = |step: &&StepView| step.key.phase() == Some(Phase::Exercise);
        self.steps.values().filter(is_cell)
    }

    /// Returns the steps that are no exercises: builds, installs and the like.
    pub fn preparations(&self) -> impl Iterator<Item = &StepView> {
        let is_other = |step: &&StepView| step.key.phase() != Some(Phase::Exercise);
        self.steps.values().filter(is_other)
    }

    /// Returns how many of the steps to run are over, however they ended.
    pub fn done(&self) -> usize {
        let is_done = |step: &&StepView| match step.state {
            StepState::Finished { .. } | StepState::NotRun { .. } => true,
            StepState::Kept { cut_off, .. } => cut_off,
            StepState::Open | StepState::LeftOut { .. } => false,
        };
        self.steps.values().filter(is_done).count()
    }

    /// Returns how long it took, or has taken so far, in milliseconds.
    pub fn duration_ms(&self) -> Option<u64> {
        if let Some(end) = &self.end {
            return Some(end.summary.duration_ms);
        }
        let elapsed = self.last_seen?.since(self.started?);
        Some(elapsed.as_millis() as u64)
    }
}
