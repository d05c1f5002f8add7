//! One step of a scenario: carried out, watched, recorded.

use super::{
    Halt,
    account::{begin, file_name, keep_evidence, tell},
    act, apps, click, doubt, expect,
    path::StepPath,
    remember, rescue,
    stage::Stage,
    typing,
};
use crate::{
    model::{CLEANUP, Frame},
    scenario::{Action, Instruction},
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
    /// How often it was done.
    pub(super) attempts: u32,
}

/// Carries out a step, tells how it went and keeps evidence of it.
pub(super) async fn perform(
    stage: &mut Stage<'_>,
    path: &StepPath,
    instruction: &Instruction,
) -> Result<(), Halt> {
    let instruction = stage.filled(instruction);
    let started = begin(stage, path, &instruction, &instruction.label);
    // What an earlier step clicked says nothing about this one.
    stage.pointed = None;
    let around = std::mem::take(&mut stage.sights);
    let result = attempts(stage, path, &instruction).await;
    let mut result = result.and_then(|found| stage.judge_ends().map(|()| found));
    if let Err(Halt::Failed(why)) = &result
        && let Some(doubt) = click::doubt(stage, &instruction).await
    {
        result = Err(Halt::passing(format!("{doubt}; what was seen then: {why}")));
    }
    if let Err(Halt::Failed(why)) = &result
        && let Some(doubt) = doubt::doubt(stage, &instruction).await
    {
        result = Err(Halt::passing(format!("{doubt}; what was seen then: {why}")));
    }
    if let (Err(Halt::Failed(why)), Some(help)) = (&result, &instruction.rescue) {
        let why = why.clone();
        result = rescue::rescue(stage, help, &why).await;
    }
    if let Ok(found) = &result
        && found.attempts > 1
    {
        let times = found.attempts;
        let note = format!(
            "step {path}, {}, passed at attempt {times}",
            instruction.label
        );
        stage.flaky.push(note);
    }
    match &result {
        Ok(_) if is_confirmed(&instruction) => remember::confirm(stage),
        Ok(_) | Err(_) => remember::forget(stage),
    }
    keep_evidence(stage, path, &instruction, &result).await;
    let looked = std::mem::replace(&mut stage.sights, around);
    let sights = looked.finish(stage.record, &file_name(path, &instruction.label));
    tell(stage, path, &instruction, (started, sights), &result);
    let place = format!(
        "step {path}, {} ({})",
        instruction.label, instruction.origin
    );
    result.map(drop).map_err(|halt| halt.within(&place))
}

/// Whether the step says what has to come of its click.
fn is_confirmed(instruction: &Instruction) -> bool {
    let care = if let Action::Click(click) = &instruction.action {
        Some(&click.care)
    } else {
        None
    };
    !instruction.expect.is_empty()
        || care.is_some_and(|care| care.verify.is_some() || care.diff.is_some())
}

/// Carries out a step of the cleanup, or of what follows a failure.
pub(super) async fn perform_cleanup(
    stage: &mut Stage<'_>,
    path: &StepPath,
    instruction: &Instruction,
) {
    let mut instruction = stage.filled(instruction);
    let label = format!("{CLEANUP}{}", instruction.label);
    let started = begin(stage, path, &instruction, &label);
    let result = once(stage, path, &instruction, true).await;
    if let Err(halt) = &result {
        let (label, why) = (&instruction.label, halt.why());
        stage
            .watcher
            .log(&format!("cleanup did not {label}: {why}"));
    }
    instruction.label = label;
    let looked = std::mem::take(&mut stage.sights);
    let sights = looked.finish(stage.record, &file_name(path, &instruction.label));
    tell(stage, path, &instruction, (started, sights), &result);
}

/// Carries out steps within another one.
pub(super) async fn all(
    stage: &mut Stage<'_>,
    path: &StepPath,
    steps: &[Instruction],
) -> Result<(), Halt> {
    for (index, instruction) in steps.iter().enumerate() {
        let result = Box::pin(perform(stage, &path.within(index + 1), instruction)).await;
        if instruction.must_pass {
            result?;
        }
    }
    Ok(())
}

/// Does it until what must hold does, as often as it may be done.
async fn attempts(
    stage: &mut Stage<'_>,
    path: &StepPath,
    instruction: &Instruction,
) -> Result<Found, Halt> {
    let acts = instruction.action != Action::Nothing || !instruction.typing.is_empty();
    let is_repeatable = instruction.action.is_repeatable();
    let mut attempt = 1;
    loop {
        let result = once(stage, path, instruction, attempt == 1 || is_repeatable).await;
        let why = match result {
            Err(Halt::Failed(why)) if attempt < instruction.attempts => why,
            Ok(found) => {
                // Looking for longer is no other attempt at the app.
                let attempts = if acts && is_repeatable { attempt } else { 1 };
                return Ok(Found { attempts, ..found });
            }
            Err(halt) => return Err(halt),
        };
        // What cannot be done again can only be looked at again, when there is something to see.
        if !is_repeatable && instruction.expect.is_empty() {
            return Err(Halt::Failed(why));
        }
        attempt += 1;
        stage.judge_ends()?;
        let times = instruction.attempts;
        stage.watcher.log(&format!(
            "step {path}: attempt {attempt} of {times}, for {why}"
        ));
        if let Some(found) = expect::holds_already(stage, &instruction.expect).await {
            let attempts = if acts && is_repeatable { attempt } else { 1 };
            return Ok(Found { attempts, ..found });
        }
    }
}

/// Does it once, unless only what must hold is left, and looks whether that holds.
async fn once(
    stage: &mut Stage<'_>,
    path: &StepPath,
    instruction: &Instruction,
    does: bool,
) -> Result<Found, Halt> {
    if let Action::Group(_) | Action::If { .. } = instruction.action {
        // What is within watches over itself.
        sleep(instruction.pause).await;
        let found = act::nested(stage, path, instruction).await?;
        return later(stage, instruction, found).await;
    }
    let watched = stage.apps.clone();
    let last_shell = stage.last_shell;
    let doing = async {
        let mut found = Found::default();
        if does {
            found = limited(stage, instruction).await?;
        }
        sleep(instruction.pause).await;
        later(stage, instruction, found).await
    };
    let found = if let Action::Shell { .. } | Action::App { .. } = instruction.action {
        // It may be what ends a program; what that meant is judged when it is done.
        doing.await?
    } else {
        tokio::select! {
            biased;
            halt = apps::death(&watched, last_shell) => return Err(halt),
            found = doing => found?,
        }
    };
    if does && let Action::Click(click) = &instruction.action {
        all(stage, path, &click.then).await?;
    }
    Ok(found)
}

/// Waits until what must hold does.
async fn later(
    stage: &mut Stage<'_>,
    instruction: &Instruction,
    found: Found,
) -> Result<Found, Halt> {
    if instruction.expect.is_empty() {
        return Ok(found);
    }
    let mut held = expect::all(stage, &instruction.expect).await?;
    held.rung = joined(found.rung, &held.rung);
    Ok(held)
}

/// Says how the parts of a step were found to hold, in their order.
fn joined(first: String, then: &str) -> String {
    match (first.is_empty(), then.is_empty()) {
        (_, true) => first,
        (true, false) => then.to_owned(),
        (false, false) => format!("{first}; then {then}"),
    }
}

/// Acts and types, within the time for that and a little more.
async fn limited(stage: &mut Stage<'_>, instruction: &Instruction) -> Result<Found, Halt> {
    let limit = stage.context.time(instruction.timeout);
    let deadline = Instant::now() + limit;
    let is_shell = matches!(instruction.action, Action::Shell { .. });
    let grace = if is_shell { ENDING } else { GRACE };
    let asks = act::asks_model(instruction);
    let grace = if asks { act::ANSWERING } else { grace };
    let given_up = deadline + stage.context.time(grace);
    let acted = Box::pin(async {
        if let Some(title) = &instruction.focus {
            act::focus(stage, title, deadline).await?;
        }
        let mut found = act::act(stage, instruction, limit, deadline).await?;
        let typed = typing::type_all(stage, instruction, deadline).await?;
        found.rung = joined(found.rung, &typed);
        Ok(found)
    });
    match timeout_at(given_up, acted).await {
        Ok(result) => result,
        Err(_) => Err(Halt::passing("the machine did not answer in time")),
    }
}
