//! What mosdat wrote down about earlier runs.

use super::{
    ContentHash, Ingredient, LayerName, Lease, LeaseId, MachineName, RunId, StepKey, Timestamp,
    Verdict,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Counts the records of one state. Grows with each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Serial(pub u64);

/// The last recorded state: what all [`Record`]s so far add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// How many records led here.
    pub serial: Serial,
    /// The last result of each step.
    pub steps: BTreeMap<StepKey, StepRecord>,
    /// Steps that started and never finished: what they did is not known.
    pub unfinished: BTreeMap<StepKey, RunId>,
    /// Machines that were in use when the last record was written.
    pub leases: BTreeMap<LeaseId, Lease>,
    /// Layers that mosdat made and has not removed, with the machine each is on.
    pub layers: BTreeSet<(MachineName, LayerName)>,
}

/// How a step went when it last ran, and from what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRecord {
    /// What went into it.
    pub hash: ContentHash,
    /// The same, part by part.
    pub ingredients: Vec<Ingredient>,
    /// What came of it. Never [`Verdict::Expected`]: whether a failure was expected is up to the
    /// plan file, which may change its mind.
    pub verdict: Verdict,
    /// In words, when it did not pass.
    pub detail: String,
    /// How often it was tried in that run.
    pub attempts: u32,
    /// When it ended.
    pub finished: Timestamp,
    /// How long the last attempt took, in milliseconds.
    pub duration_ms: u64,
    /// What it made, when it makes something.
    pub output: Option<ContentHash>,
    /// What else it remembered, such as the files of a source.
    pub notes: Vec<Ingredient>,
    /// The run that it was part of.
    pub run: RunId,
    /// Its latest verdicts, this one last.
    pub history: History,
}

/// The latest verdicts of a step, oldest first; at most [`History::LENGTH`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct History(pub Vec<Verdict>);

impl History {
    /// How many verdicts are remembered.
    pub const LENGTH: usize = 10;

    /// Adds the newest verdict and forgets the oldest beyond the length.
    pub fn push(&mut self, verdict: Verdict) {
        self.0.push(verdict);
        let surplus = self.0.len().saturating_sub(Self::LENGTH);
        self.0.drain(..surplus);
    }
}

/// One thing worth remembering. State is the sum of all records, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A step is about to act.
    Started {
        /// Which step.
        key: StepKey,
        /// In which run.
        run: RunId,
    },
    /// A step has ended.
    Finished {
        /// Which step.
        key: StepKey,
        /// How. Its history holds this verdict last.
        step: Box<StepRecord>,
    },
    /// A machine is about to be used.
    Leased(Lease),
    /// A machine is no longer in use.
    Released(LeaseId),
    /// A layer is about to be made.
    LayerMade(MachineName, LayerName),
    /// A layer was removed.
    LayerRemoved(MachineName, LayerName),
    /// A step is forgotten: `state rm`, or it left the plan file long ago.
    Forgotten(StepKey),
    /// A step goes by another name: `state mv`.
    Renamed(StepKey, StepKey),
}

impl Recorded {
    /// Adds one record.
    pub fn apply(&mut self, record: Record) {
        self.serial.0 += 1;
        match record {
            Record::Started { key, run } => {
                self.unfinished.insert(key, run);
            }
            Record::Finished { key, step } => {
                self.unfinished.remove(&key);
                self.steps.insert(key, *step);
            }
            Record::Leased(lease) => {
                self.leases.insert(lease.id.clone(), lease);
            }
            Record::Released(id) => {
                self.leases.remove(&id);
            }
            Record::LayerMade(machine, layer) => {
                self.layers.insert((machine, layer));
            }
            Record::LayerRemoved(machine, layer) => {
                self.layers.remove(&(machine, layer));
            }
            Record::Forgotten(key) => {
                self.steps.remove(&key);
                self.unfinished.remove(&key);
            }
            Record::Renamed(from, to) => {
                if let Some(step) = self.steps.remove(&from) {
                    self.steps.insert(to.clone(), step);
                }
                if let Some(run) = self.unfinished.remove(&from) {
                    self.unfinished.insert(to, run);
                }
            }
        }
    }
}
