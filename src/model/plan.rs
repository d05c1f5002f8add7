//! A plan: every step, what will be done about it, and why.

use super::{
    BuildName, Cell, ContentHash, FormatName, GpuName, Ingredient, Layer, LayerName, Lease,
    MachineName, MatrixName, Phase, PoolName, Serial, StepKey,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// What would be done to bring the world to what is desired. Changes nothing by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Whose state it is about.
    pub matrix: MatrixName,
    /// The recorded state this was made from.
    pub base: Serial,
    /// Every step, those to keep among them; each comes after what it needs.
    pub steps: Vec<Step>,
    /// What earlier runs left and nothing needs any more.
    pub releases: Vec<Release>,
    /// Cells that are left out, and why.
    pub skips: Vec<Skip>,
    /// Stands for every step's hash and action: the same plan has the same id.
    pub id: ContentHash,
}

/// Where a step stands in [`Plan::steps`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepIndex(pub u32);

impl StepIndex {
    /// Returns the index as one of a slice.
    pub fn get(self) -> usize {
        self.0 as usize
    }
}

/// One step of a plan. Specific enough that carrying it out leaves nothing to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it is.
    pub key: StepKey,
    /// What it does.
    pub phase: Phase,
    /// Where; `None` for a build.
    pub machine: Option<MachineName>,
    /// With which GPU; `None` for a build and a restore.
    pub gpu: Option<GpuName>,
    /// Of which version; `None` before the install.
    pub build: Option<BuildName>,
    /// In which package format; `None` before the install.
    pub format: Option<FormatName>,
    /// The square of the matrix; only an exercise has one.
    pub cell: Option<Box<Cell>>,
    /// What goes into it.
    pub hash: StepHash,
    /// The same, part by part.
    pub ingredients: Vec<Ingredient>,
    /// What to do about it.
    pub action: Action,
    /// Steps that must have passed first, the one whose layer it starts from at the front.
    pub needs: Vec<StepIndex>,
    /// What it occupies while it runs.
    pub pools: Vec<PoolName>,
    /// The state its machine is brought to first; `None` for a build, for a step to keep, and while
    /// the hash that names the layer is pending.
    pub from: Option<Layer>,
    /// What has to be done again on that state before the step's own work, in order.
    pub redo: Vec<StepIndex>,
    /// The layer it leaves behind when it passes; `None` too while its hash is pending.
    pub leaves: Option<LayerName>,
    /// How long it will probably take, in milliseconds.
    pub estimate_ms: u64,
}

/// The hash of what goes into a step, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepHash {
    /// Everything is known.
    Known(ContentHash),
    /// A build that it rests on will run, and may come out the same as before. The step's
    /// ingredients hold a gap for each; once the builds are done, the hash is worked out and a
    /// step that already holds under it is cut off.
    Pending,
}

/// What to do about a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Its last result still holds.
    Keep,
    /// It has to run.
    Run(Reason),
}

/// Why a step has to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reason {
    /// It never has.
    New,
    /// What goes into it has changed.
    InputsChanged {
        /// The first part that differs, such as `snapshot` or `file open.yaml`.
        ingredient: String,
        /// What it was when the step last ran; empty when there was no such part.
        was: String,
        /// What it is now; empty when there is no such part any more.
        now: String,
        /// The step that the change comes from, which may be this one.
        root: StepKey,
    },
    /// It did not pass.
    DidNotPass {
        /// What happened, in words.
        detail: String,
    },
    /// A step it rests on will run, and what comes out may differ.
    Upstream {
        /// That step.
        root: StepKey,
    },
    /// Its own result holds, but a step that will run needs what it leaves on the machine.
    NeededBy {
        /// That step.
        step: StepKey,
    },
    /// The user asked for it.
    Forced,
    /// It started and never finished: what it did is not known.
    UnknownOutcome,
    /// The plan file does not ask for it any more. Only releases have this reason.
    Gone,
}

impl Reason {
    /// Returns the word that `--json` counts reasons by.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::New => "new",
            Self::InputsChanged { .. } => "inputs_changed",
            Self::DidNotPass { .. } => "did_not_pass",
            Self::Upstream { .. } => "upstream",
            Self::NeededBy { .. } => "needed_by",
            Self::Forced => "forced",
            Self::UnknownOutcome => "unknown_outcome",
            Self::Gone => "gone",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New => f.write_str("never run"),
            Self::InputsChanged {
                ingredient,
                was,
                now,
                ..
            } => match (was.is_empty(), now.is_empty()) {
                (true, _) => write!(f, "{ingredient} is new: {now}"),
                (false, true) => write!(f, "{ingredient} is gone, was {was}"),
                (false, false) => write!(f, "{ingredient} changed: {was} -> {now}"),
            },
            Self::DidNotPass { detail } if detail.is_empty() => f.write_str("did not pass"),
            Self::DidNotPass { detail } => write!(f, "did not pass: {detail}"),
            Self::Upstream { root } => write!(f, "rests on `{root}`, which will run"),
            Self::NeededBy { step } => write!(f, "needed by `{step}`"),
            Self::Forced => f.write_str("asked for"),
            Self::UnknownOutcome => f.write_str("started and never finished"),
            Self::Gone => f.write_str("no longer asked for"),
        }
    }
}

/// Something to give back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Release {
    /// A layer that no desired step can reach.
    Layer(MachineName, LayerName),
    /// A machine that a crashed run was using.
    Lease(Lease),
}

/// A cell that is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// The exercise that will not happen.
    pub key: StepKey,
    /// Why.
    pub why: String,
}

/// One thing that a plan rests on, by name: a hash, a presence, a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What, for instance `` scenario `open-note` ``.
    pub name: String,
    /// Its value when the plan was made.
    pub value: String,
}

/// A plan that someone agreed to. Only this can be applied.
#[derive(Debug)]
pub struct ApprovedPlan(Plan);

impl Plan {
    /// Whether applying this would do anything.
    pub fn is_empty(&self) -> bool {
        self.releases.is_empty() && self.runs().next().is_none()
    }

    /// Returns the steps that would run.
    pub fn runs(&self) -> impl Iterator<Item = (&Step, &Reason)> {
        self.steps.iter().filter_map(|step| match &step.action {
            Action::Run(reason) => Some((step, reason)),
            Action::Keep => None,
        })
    }

    /// Returns how many steps would run for each kind of reason.
    pub fn by_reason(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for (_, reason) in self.runs() {
            *counts.entry(reason.kind()).or_default() += 1;
        }
        counts
    }

    /// Returns the step at `index`.
    pub fn step(&self, index: StepIndex) -> &Step {
        &self.steps[index.get()]
    }

    /// Finds a step by its key.
    pub fn find(&self, key: &StepKey) -> Option<&Step> {
        self.steps.iter().find(|step| step.key == *key)
    }

    /// Agrees to the plan.
    pub fn approve(self) -> ApprovedPlan {
        ApprovedPlan(self)
    }
}

impl Step {
    /// Whether it will run.
    pub fn will_run(&self) -> bool {
        matches!(self.action, Action::Run(_))
    }
}

impl ApprovedPlan {
    /// Returns the plan that was agreed to.
    pub fn plan(&self) -> &Plan {
        &self.0
    }
}
