//! The backward pass: what the steps that run need to find on their machines.
//!
//! A step starts from the nearest layer that exists. Where the layer right before it is gone, the
//! step that makes it runs again, although its own result holds. Where a provider keeps no layers,
//! what lies between is redone within the step itself.

use super::{PlanInput, dirty, expand::Draft};
use crate::model::{
    Action, ContentHash, Layer, LayerName, Phase, Presence, Reason, StepIndex, StepKey,
};
use std::collections::BTreeSet;

/// Adds what the running steps need, and says for each what it starts from.
pub(super) fn decide(input: &PlanInput<'_>, drafts: &mut [Draft]) {
    // A package that is gone makes its build run, after which nothing below it is known: decided
    // at most once for each build, so this ends.
    let mut selection = input.selection.clone();
    let mut needed = Vec::new();
    while let Some(build) = demand(input, drafts) {
        selection.also_replace(&build);
        let again = PlanInput {
            selection: &selection,
            ..*input
        };
        for draft in &mut *drafts {
            let inherited = draft.inherits.len();
            let own = draft.step.ingredients.len() - inherited;
            draft.step.ingredients.truncate(own);
        }
        dirty::decide(&again, drafts);
        needed.push(build);
    }
    for build in &needed {
        mark_needed(drafts, build);
    }
    let anchored: Vec<_> = (0..drafts.len()).map(|at| start(drafts, at)).collect();
    for (draft, (from, redo)) in drafts.iter_mut().zip(anchored) {
        draft.step.from = from;
        draft.step.redo = redo;
    }
}

/// Makes steps run whose layer is needed and missing. Returns a build whose package is needed and
/// gone, when there is one.
fn demand(input: &PlanInput<'_>, drafts: &mut [Draft]) -> Option<StepKey> {
    for at in (0..drafts.len()).rev() {
        if !drafts[at].step.will_run() {
            continue;
        }
        let by = drafts[at].step.key.clone();
        for (_, index) in drafts[at].inherits.clone() {
            let is_booted_anew = drafts[at].step.phase == Phase::AttachGpu;
            let upstream = &mut drafts[index.get()];
            if upstream.step.will_run() || input.done.contains(&upstream.step.key) {
                continue;
            }
            if upstream.step.phase == Phase::Build {
                if is_lost(input, &upstream.step.key) {
                    return Some(upstream.step.key.clone());
                }
            } else if upstream.layers
                && !is_booted_anew
                && let Some(layer) = upstream.layer()
                && !exists(input, upstream, &layer)
            {
                upstream.step.action = Action::Run(Reason::NeededBy { step: by.clone() });
            }
        }
    }
    None
}

fn is_lost(input: &PlanInput<'_>, build: &StepKey) -> bool {
    let lost: &BTreeSet<ContentHash> = &input.observed.lost_artifacts;
    let output = input.recorded.steps.get(build).and_then(|step| step.output);
    output.is_none_or(|output| lost.contains(&output))
}

/// Whether the machine has the layer. When it keeps silent it is taken not to.
fn exists(input: &PlanInput<'_>, draft: &Draft, layer: &LayerName) -> bool {
    let machine = draft.step.machine.as_ref();
    match machine.and_then(|name| input.observed.machines.get(name)) {
        Some(Presence::Present { layers, .. }) => layers.contains(layer),
        Some(Presence::Absent { .. } | Presence::Unknown { .. }) | None => false,
    }
}

/// Says of a build that was made to run that it is needed, rather than asked for.
fn mark_needed(drafts: &mut [Draft], build: &StepKey) {
    let at = drafts.iter().position(|draft| draft.step.key == *build);
    let at = at.expect("the build was found among the drafts");
    let needs_it = |draft: &&Draft| draft.inherits.iter().any(|(_, index)| index.get() == at);
    let user = drafts
        .iter()
        .find(|draft| needs_it(draft) && draft.step.will_run());
    if let Some(step) = user.map(|draft| draft.step.key.clone()) {
        drafts[at].step.action = Action::Run(Reason::NeededBy { step });
    }
}

/// Returns what a step starts from, and what it redoes on that.
fn start(drafts: &[Draft], at: usize) -> (Option<Layer>, Vec<StepIndex>) {
    let draft = &drafts[at];
    if !draft.step.will_run() || draft.step.machine.is_none() {
        return (None, Vec::new());
    }
    let mut redo = Vec::new();
    let mut is_given = draft.step.phase == Phase::AttachGpu;
    let mut below = draft.step.needs.first().copied();
    while let Some(index) = below {
        let upstream = &drafts[index.get()];
        match upstream.step.phase {
            // A machine boots with its GPU: it cannot go on from a session without one.
            Phase::Restore if is_given => {}
            Phase::Restore | Phase::Install | Phase::Checkpoint if upstream.layers => {
                return (upstream.layer().map(Layer::Kept), redo);
            }
            Phase::Install | Phase::Checkpoint => redo.insert(0, index),
            Phase::AttachGpu => {
                is_given = true;
                redo.insert(0, index);
            }
            Phase::Build | Phase::Restore | Phase::Exercise => {}
        }
        below = upstream.step.needs.first().copied();
    }
    (Some(Layer::Base), redo)
}
