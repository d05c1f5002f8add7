//! One step of a scenario: carried out, watched, recorded.

use super::{
    Halt, apps, field, hand, launch, record::slug, shell, stage::Stage, wait, wait::Sighting,
};
use crate::{
    model::{Event, Frame, Verdict},
    scenario::{Action, Check, Instruction, Quantifier},
};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// How long after its time-out a step that does not come back is given up.
const GRACE: Duration = Duration::from_secs(10);

/// How long ending a text that does not want to end may take: it is asked to, then made to, and
/// looked for until nothing of it is left.
const ENDING: Duration = Duration::from_secs(30);

/// How a step was found to hold.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Which way of looking answered, with its score.
    pub(super) rung: String,
    /// The picture it was seen on.
    pub(super) frame: Option<Frame>,
}

/// Carries out a step, tells how it went and keeps evidence of it.
pub(super) async fn perform(
    stage: &mut Stage<'_>,
    number: usize,
    instruction: &Instruction,
) -> Result<(), Halt> {
    let instruction = instruction.filled(&stage.variables);
    let started = stage.watcher.clock.now();
    let watched = stage.apps.clone();
    let result = if let Action::Shell(_) = instruction.action {
        // It may be what ends a program; what that meant is judged when it is done.
        attempt(stage, &instruction).await
    } else {
        let last_shell = stage.last_shell;
        tokio::select! {
            biased;
            halt = apps::death(&watched, last_shell) => Err(halt),
            result = attempt(stage, &instruction) => result,
        }
    };
    let result = result.and_then(|found| stage.judge_ends().map(|()| found));
    keep_evidence(stage, number, &instruction, &result).await;
    tell(stage, number, &instruction.label, started, &result);
    let place = format!(
        "step {number}, {} (line {})",
        instruction.label, instruction.line
    );
    result.map(drop).map_err(|halt| halt.within(&place))
}

/// Carries out a step of the cleanup.
pub(super) async fn perform_cleanup(
    stage: &mut Stage<'_>,
    number: usize,
    instruction: &Instruction,
) {
    let instruction = instruction.filled(&stage.variables);
    let started = stage.watcher.clock.now();
    let result = attempt(stage, &instruction).await;
    if let Err(halt) = &result {
        let (label, why) = (&instruction.label, halt.why());
        stage
            .watcher
            .log(&format!("cleanup did not {label}: {why}"));
    }
    let label = format!("cleanup: {}", instruction.label);
    tell(stage, number, &label, started, &result);
}

/// Carries out a step, within its time and a little more.
async fn attempt(stage: &mut Stage<'_>, instruction: &Instruction) -> Result<Found, Halt> {
    let limit = stage.context.time(instruction.timeout);
    let deadline = Instant::now() + limit;
    let is_shell = matches!(instruction.action, Action::Shell(_));
    let grace = if is_shell { ENDING } else { GRACE };
    let given_up = deadline + stage.context.time(grace);
    let acted = Box::pin(act(stage, instruction, limit, deadline));
    match timeout_at(given_up, acted).await {
        Ok(result) => result,
        Err(_) => Err(Halt::passing("the machine did not answer in time")),
    }
}

async fn act(
    stage: &mut Stage<'_>,
    instruction: &Instruction,
    limit: Duration,
    deadline: Instant,
) -> Result<Found, Halt> {
    match &instruction.action {
        Action::Shell(text) => shell::run(stage, text, limit).await,
        Action::Launch { words, window } => {
            launch::launch(stage, words, window.as_deref(), deadline).await
        }
        Action::Key { chord, .. } => hand::press(stage, chord).await,
        Action::Type(text) => field::type_text(stage, text, deadline).await,
        Action::Wait(time) => {
            sleep(*time).await;
            Ok(Found::default())
        }
        Action::Click {
            target,
            button,
            is_double,
        } => {
            let times = if *is_double { 2 } else { 1 };
            hand::click(stage, target, *button, times, deadline).await
        }
        Action::Verify(check) => {
            verify(
                stage,
                Quantifier::All,
                std::slice::from_ref(check),
                deadline,
            )
            .await
        }
        Action::WaitFor { quantifier, checks } => {
            verify(stage, *quantifier, checks, deadline).await
        }
    }
}

async fn verify(
    stage: &mut Stage<'_>,
    quantifier: Quantifier,
    checks: &[Check],
    deadline: Instant,
) -> Result<Found, Halt> {
    let Sighting { rung, frame, .. } = wait::until(stage, quantifier, checks, deadline).await?;
    Ok(Found { rung, frame })
}

/// Keeps a picture of every step that has to do with the screen, and of every failure; of
/// failures the accessibility tree as well.
async fn keep_evidence(
    stage: &mut Stage<'_>,
    number: usize,
    instruction: &Instruction,
    result: &Result<Found, Halt>,
) {
    let label = &instruction.label;
    let name = format!("{number:02}-{}", slug(label));
    let name = name.trim_end_matches('-');
    let is_blind = matches!(instruction.action, Action::Shell(_) | Action::Wait(_));
    if is_blind && result.is_ok() {
        return;
    }
    let seen = result.as_ref().ok().and_then(|found| found.frame.clone());
    let frame = match seen {
        Some(frame) => Ok(frame),
        None => newest(stage).await,
    };
    match frame {
        Ok(frame) => stage.record.frame(name, label, &frame),
        Err(halt) => stage
            .watcher
            .log(&format!("no picture was kept: {}", halt.why())),
    }
    if result.is_err()
        && let Some(tree) = stage.last_tree().await
    {
        stage.record.tree(name, label, &tree);
    }
}

async fn newest(stage: &mut Stage<'_>) -> Result<Frame, Halt> {
    const SOON: Duration = Duration::from_secs(5);
    let screen = tokio::time::timeout(SOON, stage.screen());
    let screen = screen
        .await
        .map_err(|_| Halt::passing("the screen does not answer"))??;
    Ok(screen.frame().await?)
}

fn tell(
    stage: &Stage<'_>,
    number: usize,
    label: &str,
    started: crate::model::Timestamp,
    result: &Result<Found, Halt>,
) {
    let now = stage.watcher.clock.now();
    let (verdict, detail, rung) = match result {
        Ok(found) => (Verdict::Passed, String::new(), found.rung.clone()),
        Err(halt) => (halt.verdict(), halt.why().to_owned(), String::new()),
    };
    stage.watcher.tell(Event::Instruction {
        key: stage.watcher.key.clone(),
        at: now,
        number: number as u32,
        label: label.into(),
        verdict,
        detail,
        rung,
        duration_ms: now.since(started).as_millis() as u64,
    });
}
