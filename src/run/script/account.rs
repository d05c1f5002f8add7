//! What is told of a step, and what is kept as evidence of it.

use super::{Halt, look, path::StepPath, record::slug, stage::Stage, step::Found};
use crate::{
    model::{Event, Frame, InstructionKind, Sight, Timestamp, Verdict},
    scenario::{Action, Instruction, Target, Way},
};
use std::time::Duration;

/// Keeps a picture of every step that has to do with the screen, and of every failure; of
/// failures the accessibility tree as well, and the picture before the last click.
pub(super) async fn keep_evidence(
    stage: &mut Stage<'_>,
    path: &StepPath,
    instruction: &Instruction,
    result: &Result<Found, Halt>,
) {
    let label = &instruction.label;
    let name = file_name(path, label);
    let before = stage.before.take();
    if is_blind(instruction) && result.is_ok() {
        return;
    }
    if let (Some(before), Err(_)) = (before, result) {
        let (name, label) = (format!("{name}-before"), format!("{label}, before"));
        keep_frame(stage, &name, &label, &before);
    }
    let seen = result.as_ref().ok().and_then(|found| found.frame.clone());
    let frame = match seen {
        Some(frame) => Ok(frame),
        None => newest(stage).await,
    };
    match frame {
        Ok(frame) => {
            keep_looked_at(stage, &name, label, &frame, result);
            keep_frame(stage, &name, label, &frame);
        }
        Err(halt) => stage
            .watcher
            .log(&format!("no picture was kept: {}", halt.why())),
    }
    let wants_tree = result.is_err() || instruction.action == Action::Dump;
    if wants_tree && let Some(tree) = stage.last_tree().await {
        stage.record.tree(&name, label, &tree);
    }
}

/// Keeps the picture that a step failed on, where the screen shows something else by now.
fn keep_looked_at(
    stage: &mut Stage<'_>,
    name: &str,
    label: &str,
    newest: &Frame,
    result: &Result<Found, Halt>,
) {
    let Some(seen) = stage.sights.last_frame().cloned() else {
        return;
    };
    if result.is_err() && !look::is_same(&seen, newest) {
        let (name, label) = (
            format!("{name}-seen"),
            format!("{label}, as last looked at"),
        );
        keep_frame(stage, &name, &label, &seen);
    }
}

fn keep_frame(stage: &mut Stage<'_>, name: &str, label: &str, frame: &Frame) {
    if let Some(file) = stage.record.frame(name, label, frame) {
        stage.sights.kept(frame, &file);
    }
}

/// Returns what the names of a step's files begin with.
pub(super) fn file_name(path: &StepPath, label: &str) -> String {
    let name = format!("{}-{}", path.file(), slug(label));
    name.trim_end_matches('-').to_owned()
}

/// Whether the step has nothing to do with the screen.
fn is_blind(instruction: &Instruction) -> bool {
    let acts = !matches!(
        instruction.action,
        Action::Shell { .. }
            | Action::Nothing
            | Action::App { .. }
            | Action::Clipboard(_)
            | Action::Group(_)
            | Action::If { .. }
    );
    !acts && instruction.typing.is_empty() && instruction.expect.is_empty()
}

async fn newest(stage: &mut Stage<'_>) -> Result<Frame, Halt> {
    const SOON: Duration = Duration::from_secs(5);
    let screen = tokio::time::timeout(SOON, stage.screen());
    let screen = screen
        .await
        .map_err(|_| Halt::passing("the screen does not answer"))??;
    Ok(screen.frame().await?)
}

pub(super) fn begin(
    stage: &Stage<'_>,
    path: &StepPath,
    instruction: &Instruction,
    label: &str,
) -> Timestamp {
    let at = stage.watcher.clock.now();
    stage.watcher.tell(Event::InstructionStarted {
        key: stage.watcher.key.clone(),
        at,
        path: path.to_string(),
        label: label.into(),
        kind: kind(&instruction.action),
        of: stage.steps,
    });
    at
}

fn kind(action: &Action) -> InstructionKind {
    let at = |target: &Target| match target.ways.first() {
        Some(Way::Node(_)) => InstructionKind::Widget,
        Some(_) | None => InstructionKind::Point,
    };
    match action {
        Action::Click(click) => at(&click.target),
        Action::Drag { from, .. } => at(from),
        Action::Scroll { .. } => InstructionKind::Point,
        Action::Launch { .. } => InstructionKind::Launch,
        Action::Shell { .. } | Action::App { .. } => InstructionKind::Shell,
        Action::If { .. } | Action::Group(_) | Action::Sweep => InstructionKind::Branch,
        Action::WaitFor { .. } => InstructionKind::Wait,
        Action::Nothing | Action::Screenshot | Action::Dump | Action::Clipboard(_) => {
            InstructionKind::Other
        }
    }
}

pub(super) fn tell(
    stage: &Stage<'_>,
    path: &StepPath,
    instruction: &Instruction,
    (started, sights): (Timestamp, Vec<Sight>),
    result: &Result<Found, Halt>,
) {
    let now = stage.watcher.clock.now();
    let (verdict, detail, rung, attempts) = match result {
        Ok(found) if found.attempts > 1 => {
            let detail = format!("passed at attempt {}", found.attempts);
            (Verdict::Flaky, detail, found.rung.clone(), found.attempts)
        }
        Ok(found) => (Verdict::Passed, String::new(), found.rung.clone(), 1),
        Err(halt) => {
            let attempts = instruction.attempts;
            (
                halt.verdict(),
                halt.why().to_owned(),
                String::new(),
                attempts,
            )
        }
    };
    stage.watcher.tell(Event::Instruction {
        key: stage.watcher.key.clone(),
        at: now,
        number: path.first() as u32,
        path: path.to_string(),
        label: instruction.label.clone(),
        verdict,
        detail,
        rung,
        attempts,
        duration_ms: now.since(started).as_millis() as u64,
        limit_ms: limit(stage, instruction).as_millis() as u64,
        sights,
    });
}

/// Returns how long the step may take at one attempt; nothing where what is within has its own.
fn limit(stage: &Stage<'_>, instruction: &Instruction) -> Duration {
    if let Action::Group(_) | Action::If { .. } = instruction.action {
        return Duration::ZERO;
    }
    let acts = instruction.action != Action::Nothing || !instruction.typing.is_empty();
    let acting = if acts {
        instruction.timeout
    } else {
        Duration::ZERO
    };
    let looking = if instruction.expect.is_empty() {
        Duration::ZERO
    } else {
        instruction.expect.timeout
    };
    stage.context.time(acting + looking) + instruction.pause
}
