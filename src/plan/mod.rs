//! Decides what to do. Pure: the same three states always give the same plan.
//!
//! Every choice is made here rather than while running, so that it can be tested without a
//! machine. In order: [`expand`] turns what is desired into steps and says what goes into each,
//! [`dirty`] decides forwards which no longer hold, [`demand`] decides backwards what those need,
//! [`release`] finds what nothing needs. [`select`] narrows a plan, [`facts`] binds it to what it
//! read, [`why`] explains it, [`graph`] draws it.

mod demand;
mod dirty;
mod expand;
mod facts;
pub mod graph;
mod release;
pub mod select;
pub mod why;

pub use facts::{facts, first_difference};

use crate::model::{
    Action, ContentHash, Desired, Observed, Plan, Recorded, Skip, Step, StepHash, StepKey,
};
use select::Selection;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;

/// Everything a plan depends on.
#[derive(Clone, Copy, Debug)]
pub struct PlanInput<'a> {
    /// What should hold.
    pub desired: &'a Desired,
    /// What held when mosdat last wrote it down.
    pub recorded: &'a Recorded,
    /// What was seen just now.
    pub observed: &'a Observed,
    /// What part of it the user asked for.
    pub selection: &'a Selection,
    /// Steps that have been started already under the approved plan that is being carried out,
    /// and so are not asked for again; a build is among them only once it has ended. Empty when a
    /// plan is made to be shown.
    pub done: &'a BTreeSet<StepKey>,
}

/// Plans the steps that take the world from what is recorded to what is desired.
pub fn plan(input: &PlanInput<'_>) -> Plan {
    let mut steps = expand::expand(input);
    dirty::decide(input, &mut steps);
    demand::decide(input, &mut steps);
    let releases = release::releases(input);
    let steps: Vec<Step> = steps.into_iter().map(|draft| draft.step).collect();
    Plan {
        matrix: input.desired.name.clone(),
        base: input.recorded.serial,
        id: identify(&steps),
        releases,
        skips: skips(input),
        steps,
    }
}

fn skips(input: &PlanInput<'_>) -> Vec<Skip> {
    let left_out = input.desired.cells.iter().filter_map(|cell| {
        let why = cell.skip.clone()?;
        let key = StepKey::exercise(
            &cell.machine,
            &cell.gpu,
            &cell.build,
            &cell.format,
            &cell.scenario,
        );
        Some(Skip { key, why })
    });
    left_out
        .filter(|skip| input.selection.admits(&skip.key))
        .collect()
}

/// Hashes what would be done: the same decisions about the same inputs have the same id.
fn identify(steps: &[Step]) -> ContentHash {
    let mut hasher = Sha256::new();
    for step in steps {
        hasher.update(step.key.as_str());
        match &step.hash {
            StepHash::Known(hash) => hasher.update(hash.as_bytes()),
            StepHash::Pending => hasher.update(b"pending"),
        }
        match &step.action {
            Action::Keep => hasher.update(b"keep"),
            Action::Run(reason) => hasher.update(reason.kind()),
        }
    }
    ContentHash::from_bytes(hasher.finalize().into())
}
