//! Events as lines of text.

use super::style;
use crate::{
    model::{Event, Summary, Totals, Verdict},
    report::{Standing, words},
};
use std::collections::BTreeMap;

const DETAIL_LENGTH: usize = 300;

/// The width of the longest verdict, so that names stand below each other.
const WORD_WIDTH: usize = 8;

/// Returns what a log of a run says about `event`, without colour: one line for each step that
/// ended, and for what concerns the run as a whole.
pub fn line(event: &Event) -> Option<String> {
    match event {
        Event::RunStarted {
            run,
            matrix,
            totals,
            ..
        } => Some(format!("run {run} of {matrix}: {}", planned(totals))),
        Event::StepKept {
            key,
            verdict,
            cut_off: true,
            run,
            ..
        } => {
            let word = style::standing(Standing::Kept(*verdict), WORD_WIDTH, false);
            Some(format!(
                "{word} {key} (cached from run {run}: its build came out the same)"
            ))
        }
        Event::StepRetried { .. } | Event::Reran { .. } => attempt_line(event),
        Event::NearLimit { key, latency } => {
            Some(format!("! {key}: {}", words::near_limit(latency)))
        }
        Event::CauseSuspected { key, cause } => Some(format!(
            "? {:WORD_WIDTH$} {key} ({})",
            cause.suspect, cause.why
        )),
        Event::StepFinished { .. } | Event::StepSkipped { .. } => step_line(event, false),
        Event::Released { what, error } if !error.is_empty() => {
            Some(format!("! could not give back {what}: {}", tidy(error)))
        }
        Event::Heartbeat {
            running,
            done,
            waiting,
            remaining_ms,
            ..
        } => Some(heartbeat(*running, *done, waiting, *remaining_ms)),
        Event::Stopping { at_once, .. } => Some(stopping(*at_once).into()),
        Event::RunFinished {
            run,
            summary,
            exit_code,
            ..
        } => Some(format!(
            "run {run} ended: {}, exit code {exit_code}",
            results(summary)
        )),
        Event::Version { .. }
        | Event::StepKept { .. }
        | Event::StepStarted { .. }
        | Event::Log { .. }
        | Event::InstructionStarted { .. }
        | Event::Instruction { .. }
        | Event::Evidence { .. }
        | Event::CellSkipped { .. }
        | Event::Released { .. } => None,
    }
}

/// The line of an attempt that is not the one that counts.
fn attempt_line(event: &Event) -> Option<String> {
    let (Event::StepRetried {
        key,
        attempt,
        verdict,
        detail,
        ..
    }
    | Event::Reran {
        key,
        attempt,
        verdict,
        detail,
        ..
    }) = event
    else {
        return None;
    };
    let is_rerun = matches!(event, Event::Reran { .. });
    let word = if is_rerun { "rerun" } else { "again" };
    let detail = colon(detail);
    Some(format!(
        "↻ {word:WORD_WIDTH$} {key} (attempt {attempt} {verdict}{detail})"
    ))
}

/// Returns the line that stays above a live block: only of what needs a look.
pub(super) fn lasting(event: &Event, color: bool) -> Option<String> {
    match event {
        Event::StepFinished { verdict, .. } => {
            let is_news = matches!(verdict, Verdict::Failed | Verdict::Blocked | Verdict::Flaky);
            if is_news {
                step_line(event, color)
            } else {
                None
            }
        }
        Event::RunStarted { .. }
        | Event::Stopping { .. }
        | Event::Released { .. }
        | Event::CauseSuspected { .. }
        | Event::RunFinished { .. } => line(event),
        Event::Version { .. }
        | Event::StepKept { .. }
        | Event::StepStarted { .. }
        | Event::Log { .. }
        | Event::InstructionStarted { .. }
        | Event::Instruction { .. }
        | Event::Evidence { .. }
        | Event::StepRetried { .. }
        | Event::Reran { .. }
        | Event::NearLimit { .. }
        | Event::StepSkipped { .. }
        | Event::CellSkipped { .. }
        | Event::Heartbeat { .. } => None,
    }
}

fn step_line(event: &Event, color: bool) -> Option<String> {
    if let Event::StepSkipped { key, why } = event {
        let word = style::standing(Standing::NotRun, WORD_WIDTH, color);
        return Some(format!("{word} {key}{}", colon(why)));
    }
    let Event::StepFinished {
        key,
        verdict,
        detail,
        attempts,
        duration_ms,
        ..
    } = event
    else {
        return None;
    };
    let word = style::standing(Standing::Finished(*verdict), WORD_WIDTH, color);
    let took = words::duration(*duration_ms);
    let tries = if *attempts > 1 {
        format!(", {attempts} attempts")
    } else {
        String::new()
    };
    Some(format!("{word} {key} ({took}{tries}){}", colon(detail)))
}

/// What waits for which pool: `2 for gpu:rtx3060`.
pub(super) fn pools(waiting: &BTreeMap<String, usize>) -> String {
    let mut pools: Vec<(&String, &usize)> = waiting.iter().collect();
    pools.sort_by_key(|(_, number)| std::cmp::Reverse(**number));
    let named = pools
        .iter()
        .take(3)
        .map(|(pool, number)| format!("{number} for {pool}"));
    let mut parts: Vec<String> = named.collect();
    if pools.len() > 3 {
        parts.push(words::count(pools.len() - 3, "more pool", "more pools"));
    }
    parts.join(", ")
}

/// What happens after the user asked to stop.
pub(super) fn stopping(at_once: bool) -> &'static str {
    if at_once {
        "stopping: running steps are cut short"
    } else {
        "stopping: no step begins any more; asking again cuts the running ones short"
    }
}

fn heartbeat(
    running: usize,
    done: usize,
    waiting: &BTreeMap<String, usize>,
    remaining_ms: u64,
) -> String {
    let mut parts = vec![
        format!("{} done", words::grouped(done)),
        format!("{running} running"),
    ];
    if !waiting.is_empty() {
        parts.push(format!("waiting: {}", pools(waiting)));
    }
    if remaining_ms > 0 {
        parts.push(format!("about {} left", words::duration(remaining_ms)));
    }
    format!("… {}", parts.join(", "))
}

fn planned(totals: &Totals) -> String {
    let mut parts = vec![format!(
        "{} to run",
        words::count(totals.run, "step", "steps")
    )];
    for (number, word) in [
        (totals.keep, "cached"),
        (totals.release, "to give back"),
        (totals.skipped, "left out"),
    ] {
        if number > 0 {
            parts.push(format!("{} {word}", words::grouped(number)));
        }
    }
    parts.join(", ")
}

fn results(summary: &Summary) -> String {
    let verdicts = summary.verdicts.iter().filter(|(_, number)| **number > 0);
    let mut parts: Vec<String> = verdicts
        .map(|(verdict, number)| format!("{} {verdict}", words::grouped(*number)))
        .collect();
    if parts.is_empty() {
        parts.push("nothing was tested".into());
    }
    for (number, word) in [(summary.cached, "cached"), (summary.not_run, "not run")] {
        if number > 0 {
            parts.push(format!("{} {word}", words::grouped(number)));
        }
    }
    parts.push(format!("took {}", words::duration(summary.duration_ms)));
    parts.join(", ")
}

fn colon(detail: &str) -> String {
    if detail.is_empty() {
        String::new()
    } else {
        format!(": {}", tidy(detail))
    }
}

fn tidy(text: &str) -> String {
    words::one_line(text, DETAIL_LENGTH)
}
