//! What a run tells whoever is watching: the terminal, the page, the recorder.
//!
//! The stream says everything explicitly: a run's start and end, totals, heartbeats, verdicts.
//! Replaying a finished run is reading the same events again.

use super::{
    Cause, ContentHash, Latency, LeaseId, Reason, RunId, Secrets, Sight, StepKey, Timestamp,
    Verdict,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the labels of instructions that clean up begin with.
pub const CLEANUP: &str = "cleanup: ";

/// One thing that happened, in the order it happened. One line of `events.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// First of every stream: what it is written in.
    Version {
        /// Counts incompatible changes.
        format_version: u32,
        /// The program that wrote it.
        mosdat: String,
    },
    /// A run began.
    RunStarted {
        /// Which.
        run: RunId,
        /// Of what.
        matrix: String,
        /// Carrying out which plan.
        plan_id: ContentHash,
        /// When.
        at: Timestamp,
        /// How much there is to do.
        totals: Totals,
    },
    /// A step whose last result still holds: shown in reports as cached.
    StepKept {
        /// Which.
        key: StepKey,
        /// The verdict that holds.
        verdict: Verdict,
        /// The run it is from.
        run: RunId,
        /// How long it took then, in milliseconds.
        duration_ms: u64,
        /// Whether this turned out during the run: a build came out the same as before.
        cut_off: bool,
    },
    /// A step began, or began again.
    StepStarted {
        /// Which.
        key: StepKey,
        /// Why it has to run.
        reason: Reason,
        /// Counted from 1.
        attempt: u32,
        /// When.
        at: Timestamp,
        /// The machine it holds.
        lease: Option<LeaseId>,
    },
    /// A line of what a step's programs wrote.
    Log {
        /// Which step.
        key: StepKey,
        /// When.
        at: Timestamp,
        /// The line.
        text: String,
    },
    /// One instruction of a scenario began. Exactly one [`Event::Instruction`] with the same path
    /// follows, unless the run breaks off.
    InstructionStarted {
        /// Which step.
        key: StepKey,
        /// When.
        at: Timestamp,
        /// Its number, and behind dots those within it: `3.1`.
        path: String,
        /// What it says, in words.
        label: String,
        /// What sort of thing it does.
        #[serde(default)]
        kind: InstructionKind,
        /// How many instructions its scenario has, without those within others; 0 where nothing
        /// says.
        #[serde(default)]
        of: u32,
    },
    /// One instruction of a scenario ended.
    Instruction {
        /// Which step.
        key: StepKey,
        /// When.
        at: Timestamp,
        /// Its number in the scenario, counted from 1; of one within another, that one's.
        number: u32,
        /// Its number, and behind dots those within it: `3.1`.
        #[serde(default)]
        path: String,
        /// What it says, in words.
        label: String,
        /// How it went.
        verdict: Verdict,
        /// What was seen instead; empty when it passed.
        detail: String,
        /// Which way of looking found the target, with its score: `exact 1.000`, `tree`.
        rung: String,
        /// How often it was done.
        #[serde(default)]
        attempts: u32,
        /// How long it took, in milliseconds.
        duration_ms: u64,
        /// How long it may take at one attempt, in milliseconds; 0 where nothing says.
        #[serde(default)]
        limit_ms: u64,
        /// What it looked for, the newest look for each target, in order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        sights: Vec<Sight>,
    },
    /// Something to look at later.
    Evidence {
        /// Which step.
        key: StepKey,
        /// When.
        at: Timestamp,
        /// What sort of thing.
        kind: EvidenceKind,
        /// What it shows, in words.
        label: String,
        /// Where it lies, relative to the run's folder.
        file: String,
    },
    /// One attempt ended and another follows.
    StepRetried {
        /// Which.
        key: StepKey,
        /// The attempt that ended.
        attempt: u32,
        /// How.
        verdict: Verdict,
        /// What was seen.
        detail: String,
        /// How long it took, in milliseconds.
        duration_ms: u64,
    },
    /// A failed step was tried again from the same start, only to learn more about the failure: its
    /// verdict was settled before.
    Reran {
        /// Which.
        key: StepKey,
        /// The attempt that ended.
        attempt: u32,
        /// How.
        verdict: Verdict,
        /// What was seen.
        detail: String,
        /// How long it took, in milliseconds.
        duration_ms: u64,
    },
    /// An instruction of a scenario usually takes nearly as long as it may. Comes before the end of
    /// the step.
    NearLimit {
        /// Which step.
        key: StepKey,
        /// How long it takes, and may take.
        latency: Latency,
    },
    /// What several attempts from the same start tell about a failure. Comes before the end of the
    /// step, and has no part in its verdict.
    CauseSuspected {
        /// Which step.
        key: StepKey,
        /// What they tell.
        cause: Cause,
    },
    /// A step ended.
    StepFinished {
        /// Which.
        key: StepKey,
        /// How, as the plan file sees it.
        verdict: Verdict,
        /// In words, when it did not pass.
        detail: String,
        /// How often it was tried.
        attempts: u32,
        /// When.
        at: Timestamp,
        /// How long the last attempt took, in milliseconds.
        duration_ms: u64,
    },
    /// A step will not run: one it needs did not pass, or the run was stopped.
    StepSkipped {
        /// Which.
        key: StepKey,
        /// Why.
        why: String,
    },
    /// A cell that the plan file leaves out.
    CellSkipped {
        /// The exercise that does not happen.
        key: StepKey,
        /// Why.
        why: String,
    },
    /// Something that earlier runs left was given back, or could not be.
    Released {
        /// What.
        what: String,
        /// What went wrong; empty when it was given back.
        error: String,
    },
    /// The run is alive.
    Heartbeat {
        /// When.
        at: Timestamp,
        /// How many steps run just now.
        running: usize,
        /// How many are done.
        done: usize,
        /// How many steps wait for each full pool.
        waiting: BTreeMap<String, usize>,
        /// How much longer, in milliseconds, as far as earlier durations tell.
        remaining_ms: u64,
    },
    /// The user asked to stop.
    Stopping {
        /// When.
        at: Timestamp,
        /// Whether running steps are cut short rather than awaited.
        at_once: bool,
    },
    /// Last of every finished stream.
    RunFinished {
        /// Which run.
        run: RunId,
        /// When.
        at: Timestamp,
        /// What came of it.
        summary: Summary,
        /// What `apply` exits with.
        exit_code: u8,
    },
}

impl Event {
    /// Returns the event without secrets.
    #[must_use]
    pub fn masked(mut self, secrets: &Secrets) -> Self {
        for text in self.texts() {
            *text = secrets.mask(text);
        }
        self
    }

    /// Returns every text in which there may be something that was seen, or written by somebody.
    fn texts(&mut self) -> Vec<&mut String> {
        match self {
            Self::Log { text, .. } => vec![text],
            Self::InstructionStarted { label, .. } | Self::Evidence { label, .. } => vec![label],
            Self::Instruction {
                label,
                detail,
                rung,
                sights,
                ..
            } => {
                let seen = sights.iter_mut();
                let seen = seen.flat_map(|sight| [&mut sight.what, &mut sight.why]);
                [label, detail, rung].into_iter().chain(seen).collect()
            }
            Self::StepRetried { detail, .. }
            | Self::Reran { detail, .. }
            | Self::StepFinished { detail, .. } => vec![detail],
            Self::NearLimit { latency, .. } => vec![&mut latency.label],
            Self::CauseSuspected { cause, .. } => vec![&mut cause.why],
            Self::StepSkipped { why, .. } => vec![why],
            Self::Version { .. }
            | Self::RunStarted { .. }
            | Self::StepKept { .. }
            | Self::StepStarted { .. }
            | Self::CellSkipped { .. }
            | Self::Released { .. }
            | Self::Heartbeat { .. }
            | Self::Stopping { .. }
            | Self::RunFinished { .. } => Vec::new(),
        }
    }
}

/// Sorts of instructions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstructionKind {
    /// Points at something that is looked for in the picture.
    Point,
    /// Points at something that is looked for in the accessibility tree first.
    Widget,
    /// Starts a program that stays.
    Launch,
    /// Runs commands, or sees to what runs.
    Shell,
    /// Decides whether others are carried out, or holds them together.
    Branch,
    /// Waits until something holds.
    Wait,
    /// Presses keys, verifies, keeps something, or does nothing.
    #[default]
    Other,
}

/// How much there is to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Steps to run.
    pub run: usize,
    /// Steps whose last result holds.
    pub keep: usize,
    /// Things to give back.
    pub release: usize,
    /// Cells left out.
    pub skipped: usize,
}

/// How many exercises ended how; builds, installs and the like count only when they did not pass.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// By verdict; those kept from earlier runs among them.
    pub verdicts: BTreeMap<Verdict, usize>,
    /// How many of these are from earlier runs.
    pub cached: usize,
    /// Exercises that should have run and did not, because something they need did not pass or
    /// the run was stopped.
    pub not_run: usize,
    /// How long the run took, in milliseconds.
    pub duration_ms: u64,
}

/// Sorts of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// A picture of the screen.
    Frame,
    /// Text that a program wrote.
    Log,
    /// The accessibility tree.
    Tree,
}
