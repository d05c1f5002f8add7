//! The live block: how far the run is, what runs just now, and what is waited for.

use super::{line, style};
use crate::{
    model::Timestamp,
    report::{RunView, Standing, StepState, StepView, words},
};

/// How many running steps are named.
const NAMED: usize = 6;

/// Draws the block for a terminal that is `width` characters wide. Each line ends with a line
/// break and none is wider, so that whoever draws it again knows how many lines to go back.
pub fn draw(view: &RunView, now: Timestamp, width: usize, color: bool) -> String {
    let width = width.max(20);
    let mut lines = vec![bar(view, width)];
    let mut running: Vec<(&StepView, Timestamp)> =
        view.steps.values().filter_map(since_when).collect();
    running.sort_by_key(|(step, since)| (*since, step.key.clone()));
    for (step, since) in running.iter().take(NAMED) {
        lines.push(running_line(
            step,
            now.since(*since).as_millis() as u64,
            width,
            color,
        ));
    }
    if running.len() > NAMED {
        let more = format!("  and {} more running", running.len() - NAMED);
        lines.push(style::faint(&words::cut(&more, width), color));
    }
    lines.extend(
        outlook(view, now)
            .map(|text| style::faint(&words::cut(&format!("  {text}"), width), color)),
    );
    lines.join("\n") + "\n"
}

/// `[#####-----] 30/60  1 failed, 12 passed`.
fn bar(view: &RunView, width: usize) -> String {
    const CELLS: usize = 24;
    let done = view.done();
    let total = view.totals.run.max(done);
    let filled = (CELLS * done).checked_div(total).unwrap_or(0);
    let bar = format!("[{}{}]", "#".repeat(filled), "-".repeat(CELLS - filled));
    let results = results(view);
    words::cut(
        &format!(
            "{bar} {}/{}{results}",
            words::grouped(done),
            words::grouped(total)
        ),
        width,
    )
}

/// The cells of this run that have a verdict; running ones and cached ones are not news.
fn results(view: &RunView) -> String {
    let fresh = view.cells().filter(|step| {
        !matches!(
            step.state,
            StepState::Open | StepState::Kept { .. } | StepState::LeftOut { .. }
        )
    });
    let counts = crate::report::Counts::of(view, fresh);
    if counts.all == 0 {
        String::new()
    } else {
        format!("  {}", counts.to_text())
    }
}

fn since_when(step: &StepView) -> Option<(&StepView, Timestamp)> {
    let attempt = step.attempts.last()?;
    let is_open = step.state == StepState::Open && attempt.verdict.is_none();
    attempt
        .started
        .filter(|_| is_open)
        .map(|since| (step, since))
}

/// The name, how long it has been running, and what it did last.
fn running_line(step: &StepView, elapsed: u64, width: usize, color: bool) -> String {
    let attempt = step.attempts.last();
    let mut text = format!(" {:>12}  {}", words::duration(elapsed), step.key);
    if let Some(again) = attempt.filter(|attempt| attempt.number > 1) {
        text = format!("{text} (attempt {})", again.number);
    }
    if let Some(last) = attempt.and_then(|attempt| attempt.instructions.last()) {
        text = format!(
            "{text}: {}. {}",
            last.number,
            words::one_line(&last.label, width)
        );
    }
    // The sign and the word before it take ten columns.
    let text = words::cut(&text, width.saturating_sub("▸ running".chars().count()));
    format!("{}{text}", style::standing(Standing::Running, 0, color))
}

/// What is waited for, and how much longer it takes.
fn outlook(view: &RunView, now: Timestamp) -> Option<String> {
    let mut parts = Vec::new();
    if view.stopping.is_some() {
        parts.push("stopping".to_owned());
    }
    if let Some(pulse) = &view.pulse {
        if !pulse.waiting.is_empty() {
            parts.push(format!("waiting: {}", line::pools(&pulse.waiting)));
        }
        let passed = now.since(pulse.at).as_millis() as u64;
        let remaining = pulse.remaining_ms.saturating_sub(passed);
        if remaining > 0 {
            parts.push(format!("about {} left", words::duration(remaining)));
        }
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}
