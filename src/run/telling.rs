//! What a run says of itself: how it begins, what is kept, what came of it.

use super::{
    apply::ApplyOptions,
    schedule::{Schedule, StepState},
};
use crate::model::{
    Event, Expectation, Ingredient, Observed, Phase, Plan, Recorded, SourceSeen, Step, StepIndex,
    StepRecord, Summary, Timestamp, Totals, Verdict,
};
use std::collections::BTreeMap;

/// The events that a run begins with: all that is known before anything is done.
pub(super) fn opening(
    plan: &Plan,
    recorded: &Recorded,
    options: &ApplyOptions,
    at: Timestamp,
) -> Vec<Event> {
    let run = plan.runs().count();
    let mut events = vec![
        Event::Version {
            format_version: 1,
            mosdat: env!("CARGO_PKG_VERSION").into(),
        },
        Event::RunStarted {
            run: options.run.clone(),
            matrix: plan.matrix.to_string(),
            plan_id: plan.id,
            at,
            totals: Totals {
                run,
                keep: plan.steps.len() - run,
                release: plan.releases.len(),
                skipped: plan.skips.len(),
            },
        },
    ];
    events.extend(plan.skips.iter().map(|skip| Event::CellSkipped {
        key: skip.key.clone(),
        why: skip.why.clone(),
    }));
    let kept_steps = plan.steps.iter().filter(|step| !step.will_run());
    events.extend(kept_steps.filter_map(|step| {
        let last = recorded.steps.get(&step.key)?;
        Some(kept(step, last, false))
    }));
    events
}

/// The event of a step whose last result still holds.
pub(super) fn kept(step: &Step, last: &StepRecord, cut_off: bool) -> Event {
    Event::StepKept {
        key: step.key.clone(),
        verdict: recorded_verdict(step, Some(last)),
        run: last.run.clone(),
        duration_ms: last.duration_ms,
        cut_off,
    }
}

/// The verdict of an earlier run, as the plan file sees it now.
fn recorded_verdict(step: &Step, last: Option<&StepRecord>) -> Verdict {
    let expect = step.cell.as_ref().and_then(|cell| cell.expect.as_ref());
    last.map_or(Verdict::Blocked, |last| {
        Expectation::judge(expect, last.verdict)
    })
}

/// The files that a build was made from, so that a later run can say which of them changed.
/// Sources of very many files are remembered by their identity alone: the state stays small.
pub(super) fn files(observed: &Observed, step: &Step) -> Vec<Ingredient> {
    const MOST: usize = 500;
    let seen = step
        .build
        .as_ref()
        .and_then(|build| observed.sources.get(build));
    match seen {
        Some(SourceSeen::Known { files, .. }) if files.len() <= MOST => {
            let notes = files.iter().map(|(file, digest)| Ingredient {
                name: file.as_str().into(),
                value: digest.to_string().into(),
            });
            notes.collect()
        }
        Some(SourceSeen::Known { .. } | SourceSeen::Unknown { .. }) | None => Vec::new(),
    }
}

/// Says how a verdict came about when the plan file expects something else than a pass.
pub(super) fn in_words(expect: Option<&Expectation>, raw: Verdict, detail: String) -> String {
    match expect {
        Some(known) if known.verdict == raw => format!("{}: {detail}", known.why),
        Some(known) if raw.holds() => format!(
            "{raw}, though the plan file expects it to be {}: {}",
            known.verdict, known.why
        ),
        Some(_) | None => detail,
    }
}

/// Counts what came of a run, what holds from earlier runs included.
pub(super) fn summary(
    plan: &Plan,
    schedule: &Schedule,
    verdicts: &BTreeMap<StepIndex, Verdict>,
    recorded: &Recorded,
) -> Summary {
    let mut summary = Summary::default();
    for (at, step) in plan.steps.iter().enumerate() {
        let index = StepIndex(at as u32);
        let is_exercise = step.phase == Phase::Exercise;
        let verdict = match (schedule.state(index), verdicts.get(&index)) {
            (_, Some(verdict)) => *verdict,
            (StepState::Done, None) => {
                summary.cached += usize::from(is_exercise);
                recorded_verdict(step, recorded.steps.get(&step.key))
            }
            _ => {
                summary.not_run += usize::from(is_exercise);
                continue;
            }
        };
        if is_exercise || !verdict.holds() {
            *summary.verdicts.entry(verdict).or_default() += 1;
        }
    }
    if !plan.skips.is_empty() {
        summary.verdicts.insert(Verdict::Skipped, plan.skips.len());
    }
    summary
}

/// 0 when what is desired holds, 3 when tests failed, 1 when something could not be done, 130
/// when the user stopped it.
pub(super) fn exit_code(summary: &Summary, stopped: bool) -> u8 {
    let has = |verdict| summary.verdicts.contains_key(&verdict);
    match () {
        () if stopped => 130,
        () if has(Verdict::Failed) => 3,
        () if has(Verdict::Blocked) || summary.not_run > 0 => 1,
        () => 0,
    }
}
