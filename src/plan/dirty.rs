//! The forward pass: which steps no longer hold, and why.
//!
//! A step holds when its hash is the recorded one and its last verdict was good. What went into a
//! step includes the hashes of the steps it rests on, so a change is seen wherever it matters,
//! and traced back to the step that it comes from.

use super::{PlanInput, expand::ARTIFACT, expand::Draft};
use crate::model::{
    Action, Expectation, Ingredient, Phase, Reason, StepHash, StepIndex, StepKey, StepRecord,
    fingerprint,
};

/// Gives every draft its hash, and an action that looks only at what it rests on.
pub(super) fn decide(input: &PlanInput<'_>, drafts: &mut [Draft]) {
    for at in 0..drafts.len() {
        let (before, rest) = drafts.split_at_mut(at);
        let draft = &mut rest[0];
        let pending = inherit(input, before, draft);
        draft.step.hash = match pending {
            None => StepHash::Known(fingerprint(&draft.step.ingredients)),
            Some(_) => StepHash::Pending,
        };
        draft.step.leaves = draft.layer();
        draft.step.action = decide_one(input, before, draft, pending);
    }
}

/// Adds the hashes and outputs that `draft` rests on to its ingredients. Returns the build that
/// has to run before all of them are known, when there is one.
fn inherit(input: &PlanInput<'_>, before: &[Draft], draft: &mut Draft) -> Option<StepIndex> {
    let mut pending = None;
    for (name, index) in &draft.inherits {
        let upstream = &before[index.get()];
        let value = if *name == ARTIFACT {
            artifact(input, upstream).unwrap_or_else(|| {
                pending = Some(*index);
                String::new()
            })
        } else {
            match upstream.step.hash {
                StepHash::Known(hash) => hash.to_hex()[..32].to_owned(),
                StepHash::Pending => {
                    pending = Some(*index);
                    String::new()
                }
            }
        };
        let name = (*name).into();
        let value = value.into();
        draft.step.ingredients.push(Ingredient { name, value });
    }
    pending
}

/// Returns the digest of what a build made, when it need not run again.
fn artifact(input: &PlanInput<'_>, build: &Draft) -> Option<String> {
    if build.step.will_run() {
        return None;
    }
    let record = input.recorded.steps.get(&build.step.key)?;
    record.output.map(|digest| digest.to_string())
}

fn decide_one(
    input: &PlanInput<'_>,
    before: &[Draft],
    draft: &Draft,
    pending: Option<StepIndex>,
) -> Action {
    let key = &draft.step.key;
    if input.done.contains(key) {
        return Action::Keep;
    }
    if input.selection.replaces(key) {
        return Action::Run(Reason::Forced);
    }
    if input.recorded.unfinished.contains_key(key) {
        return Action::Run(Reason::UnknownOutcome);
    }
    let Some(last) = input.recorded.steps.get(key) else {
        return Action::Run(Reason::New);
    };
    if let Some(index) = pending {
        let root = root_of(before, index);
        return Action::Run(Reason::Upstream { root });
    }
    if let StepHash::Known(now) = draft.step.hash
        && last.hash != now
    {
        return Action::Run(what_changed(before, draft, last));
    }
    if !holds(draft.expect.as_ref(), draft.step.phase, last) {
        let detail = last.detail.lines().next().unwrap_or_default().to_owned();
        return Action::Run(Reason::DidNotPass { detail });
    }
    match draft
        .inherits
        .iter()
        .find(|(_, i)| reruns(input, &before[i.get()]))
    {
        Some((_, index)) => Action::Run(Reason::Upstream {
            root: root_of(before, *index),
        }),
        None => Action::Keep,
    }
}

/// Whether a recorded result is good enough to keep.
fn holds(expect: Option<&Expectation>, phase: Phase, last: &StepRecord) -> bool {
    let has_output = phase != Phase::Build || last.output.is_some();
    Expectation::judge(expect, last.verdict).holds() && has_output
}

/// Whether what rests on `upstream` has to run because it does. A build that runs again is
/// judged by what comes out of it.
fn reruns(input: &PlanInput<'_>, upstream: &Draft) -> bool {
    upstream.step.phase != Phase::Build
        && upstream.step.will_run()
        && !input.done.contains(&upstream.step.key)
}

/// Finds the first part that differs, and follows it to the step where the change began.
fn what_changed(before: &[Draft], draft: &Draft, last: &StepRecord) -> Reason {
    let (ingredient, was, now) = first_difference(&last.ingredients, &draft.step.ingredients);
    let upstream = draft.inherits.iter().find(|(name, _)| *name == ingredient);
    if let Some((_, index)) = upstream
        && let Action::Run(reason @ Reason::InputsChanged { .. }) = &before[index.get()].step.action
    {
        return reason.clone();
    }
    let root = upstream.map_or(&draft.step.key, |(_, index)| &before[index.get()].step.key);
    Reason::InputsChanged {
        root: root.clone(),
        ingredient,
        was,
        now,
    }
}

/// Returns the name and both values of the first part that is not the same in both lists.
fn first_difference(was: &[Ingredient], now: &[Ingredient]) -> (String, String, String) {
    let value = |list: &[Ingredient], name: &str| {
        let part = list.iter().find(|part| *part.name == *name);
        part.map(|part| part.value.to_string())
    };
    // What the step itself says comes first: it explains more than the hash of another step.
    let names = now.iter().chain(was).map(|part| &part.name);
    for name in names {
        let (before, after) = (value(was, name), value(now, name));
        if before != after {
            let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
            return (name.to_string(), before, after);
        }
    }
    ("order of inputs".into(), String::new(), String::new())
}

/// Follows a step to the one that made it run.
fn root_of(before: &[Draft], index: StepIndex) -> StepKey {
    let step = &before[index.get()].step;
    match &step.action {
        Action::Run(Reason::Upstream { root } | Reason::InputsChanged { root, .. }) => root.clone(),
        Action::Run(_) | Action::Keep => step.key.clone(),
    }
}
