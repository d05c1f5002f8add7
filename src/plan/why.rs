//! Explains a decision: the chain of causes, down to the ingredient with its old and new value.

use super::PlanInput;
use crate::model::{
    Action, ContentHash, Ingredient, Plan, Reason, SourceSeen, Step, StepKey, StepRecord,
};
use std::collections::BTreeMap;

/// One line of an explanation, and the lines under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// In words.
    pub text: String,
    /// What lies behind it.
    pub because: Vec<Self>,
}

impl Cause {
    fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            because: Vec::new(),
        }
    }
}

/// Explains why `step` will or will not run.
pub fn why(input: &PlanInput<'_>, plan: &Plan, step: &Step) -> Cause {
    explain(input, plan, step, 0)
}

fn explain(input: &PlanInput<'_>, plan: &Plan, step: &Step, depth: usize) -> Cause {
    let last = input.recorded.steps.get(&step.key);
    let mut cause = match &step.action {
        Action::Keep => Cause::new(format!("`{}` is kept", step.key)),
        Action::Run(reason) => Cause::new(format!("`{}` will run: {reason}", step.key)),
    };
    match &step.action {
        Action::Run(Reason::InputsChanged { root, .. }) => {
            if *root == step.key {
                cause
                    .because
                    .extend(last.into_iter().flat_map(|last| changes(input, step, last)));
            } else {
                follow(input, plan, root, depth, &mut cause);
            }
        }
        Action::Run(Reason::Upstream { root }) => follow(input, plan, root, depth, &mut cause),
        Action::Run(Reason::NeededBy { step: by }) => {
            let machine = step
                .machine
                .as_ref()
                .map_or("its package", |name| name.as_str());
            cause.because.push(Cause::new(match &step.leaves {
                Some(layer) => format!("`{machine}` has no layer `{layer}` to start from"),
                None => "what it made is no longer kept".into(),
            }));
            // What needs it may be what is being explained: the way back is not gone.
            if depth == 0 {
                follow(input, plan, by, depth, &mut cause);
            }
        }
        Action::Run(Reason::UnknownOutcome) => {
            let run = input.recorded.unfinished.get(&step.key);
            cause.because.extend(
                run.map(|run| Cause::new(format!("run {run} started it and ended before it did"))),
            );
        }
        Action::Keep | Action::Run(Reason::DidNotPass { .. }) => {
            cause.because.extend(last.map(held));
        }
        Action::Run(Reason::New | Reason::Forced | Reason::Gone) => {}
    }
    cause
}

/// Goes on to another step; never in circles, whatever the plan says.
fn follow(input: &PlanInput<'_>, plan: &Plan, key: &StepKey, depth: usize, cause: &mut Cause) {
    if depth < 8
        && let Some(step) = plan.find(key)
    {
        cause.because.push(explain(input, plan, step, depth + 1));
    }
}

fn held(last: &StepRecord) -> Cause {
    let mut text = format!("{} in run {}", last.verdict, last.run);
    if !last.detail.is_empty() {
        text = format!("{text}: {}", last.detail);
    }
    Cause::new(text)
}

/// Every ingredient that differs, and for a source the files that do.
fn changes(input: &PlanInput<'_>, step: &Step, last: &StepRecord) -> Vec<Cause> {
    let (was, now) = (by_name(&last.ingredients), by_name(&step.ingredients));
    let mut causes: Vec<Cause> = differing(&was, &now)
        .map(|(name, was, now)| Cause::new(format!("{name}: {was} -> {now}")))
        .collect();
    let seen = step
        .build
        .as_ref()
        .and_then(|build| input.observed.sources.get(build));
    if let (Some(SourceSeen::Known { files, .. }), false) = (seen, last.notes.is_empty()) {
        let now: BTreeMap<_, _> = files
            .iter()
            .map(|(file, digest)| (file.as_str(), digest.short()))
            .collect();
        let was = by_name(&last.notes);
        let was: BTreeMap<_, _> = was
            .iter()
            .map(|(file, digest)| (*file, short(digest)))
            .collect();
        let changed = differing(&was, &now);
        causes.extend(
            changed.map(|(file, was, now)| Cause::new(format!("file {file}: {was} -> {now}"))),
        );
    }
    causes
}

fn short(digest: &str) -> String {
    let parsed = digest.parse::<ContentHash>();
    parsed.map_or_else(|_| digest.into(), |digest| digest.short())
}

fn by_name(list: &[Ingredient]) -> BTreeMap<&str, String> {
    list.iter()
        .map(|part| (&*part.name, part.value.to_string()))
        .collect()
}

/// The names whose values differ, with both values; `nothing` where there is none.
fn differing<'a>(
    was: &'a BTreeMap<&str, String>,
    now: &'a BTreeMap<&str, String>,
) -> impl Iterator<Item = (&'a str, &'a str, &'a str)> {
    let value = |map: &'a BTreeMap<&str, String>, name: &str| {
        map.get(name).map_or("nothing", String::as_str)
    };
    let gone = was.keys().filter(|name| !now.contains_key(*name));
    now.keys().chain(gone).filter_map(move |name| {
        let (before, after) = (value(was, name), value(now, name));
        (before != after).then_some((*name, before, after))
    })
}
