//! What a step does before any keys follow.

use super::{
    Halt, click, clipboard, hand, launch,
    look::{self, Look, Purpose},
    path::StepPath,
    programs, shell,
    stage::Stage,
    step::{self, Found},
    sweep,
    views::Views,
    wait,
};
use crate::{
    model::Point,
    port::Window,
    scenario::{Action, Check, Group, GroupWay, Instruction, Target},
};
use std::time::Duration;
use tokio::time::Instant;

/// How long a model may take that is asked where to click.
pub(super) const ANSWERING: Duration = Duration::from_mins(5);

/// Carries out the action.
pub(super) async fn act(
    stage: &mut Stage<'_>,
    instruction: &Instruction,
    limit: Duration,
    deadline: Instant,
) -> Result<Found, Halt> {
    match &instruction.action {
        Action::Shell { text, is_strict } => shell::run(stage, text, *is_strict, limit).await,
        Action::Launch { words, window } => {
            launch::launch(stage, words, window.as_deref(), deadline).await
        }
        Action::Click(click) => {
            let looking = instruction.expect.timeout;
            click::click(stage, click, deadline, looking).await
        }
        Action::Drag { from, to, aim } => {
            let from = placed(stage, from, deadline).await?;
            let to = placed(stage, to, deadline).await?;
            hand::drag(stage, from, to, *aim).await?;
            Ok(Found::default())
        }
        Action::Scroll {
            over,
            direction,
            notches,
        } => {
            let over = match over {
                Some(over) => Some(placed(stage, over, deadline).await?),
                None => None,
            };
            hand::scroll(stage, over, *direction, *notches).await?;
            Ok(Found::default())
        }
        Action::WaitFor { quantifier, checks } => {
            let seen = wait::until(stage, *quantifier, checks, deadline).await?;
            Ok(seen.into())
        }
        Action::Sweep => sweep::sweep(stage, deadline).await,
        Action::App { name, state } => programs::see_to(stage, name, *state, deadline).await,
        Action::Clipboard(text) => clipboard::copy(stage, text, deadline).await,
        // What is kept is kept as evidence of the step, and steps within have their own turn.
        Action::Nothing
        | Action::Group(_)
        | Action::If { .. }
        | Action::Screenshot
        | Action::Dump => Ok(Found::default()),
    }
}

/// Carries out the steps within.
pub(super) async fn nested(
    stage: &mut Stage<'_>,
    path: &StepPath,
    instruction: &Instruction,
) -> Result<Found, Halt> {
    let mut found = Found::default();
    if let Action::Group(group) = &instruction.action {
        let way = group.way(stage.context.artifact);
        tell_way(stage, group, way);
        let ended = step::all(stage, path, &way.steps).await;
        if ended.is_err() {
            let done = way.steps.len();
            for (index, instruction) in group.on_failure.iter().enumerate() {
                let path = path.within(done + index + 1);
                Box::pin(step::perform_cleanup(stage, &path, instruction)).await;
            }
        }
        ended?;
    }
    if let Action::If { check, then } = &instruction.action {
        let is_there = is_visible(stage, check).await?;
        if is_there {
            step::all(stage, path, then).await?;
        }
        found.rung = if is_there { "is there" } else { "is not there" }.into();
    }
    Ok(found)
}

/// Tells why a routine goes the way it does, where that depends on the package.
fn tell_way(stage: &Stage<'_>, group: &Group, way: &GroupWay) {
    let name = &way.name;
    if let Some(when) = &way.doubt {
        let text = format!("{name}: nobody knows whether `{when}` holds of this package");
        stage.watcher.log(&text);
    } else if *name != group.usual.name {
        stage
            .watcher
            .log(&format!("{name}: as the package was traced"));
    }
}

/// Looks once whether something is there. That it cannot be told is no reason to go on as if it were
/// not.
async fn is_visible(stage: &mut Stage<'_>, check: &Check) -> Result<bool, Halt> {
    const CLEARING: Duration = Duration::from_secs(5);
    let check = check.filled(&stage.variables);
    let deadline = Instant::now() + stage.context.time(CLEARING);
    match wait::once(stage, &check, Purpose::Check, deadline).await? {
        Look::There(_) => Ok(true),
        Look::NotThere(..) => Ok(false),
        Look::Unclear(halt) => Err(halt),
    }
}

async fn placed(stage: &mut Stage<'_>, target: &Target, deadline: Instant) -> Result<Point, Halt> {
    let seen = click::steady(stage, target, deadline).await?;
    seen.point
        .ok_or_else(|| Halt::passing(format!("nobody knows where {target} is")))
}

/// Gives the focus to the window whose title has `title` in it.
pub(super) async fn focus(
    stage: &mut Stage<'_>,
    title: &str,
    deadline: Instant,
) -> Result<(), Halt> {
    let mut views = Views::new(stage.open_screen().cloned(), None, true);
    loop {
        let is_last = Instant::now() >= deadline;
        views.look().await;
        let windows = stage.context.guest.windows().await?;
        let found: Option<&Window> = windows.iter().find(|window| window.title.contains(title));
        if found.is_some() {
            return stage.context.guest.focus(title).await.map_err(Halt::from);
        }
        if is_last {
            let seen = super::windows::listed(&windows);
            return Err(Halt::Failed(format!(
                "no window `{title}` to give the focus: {seen}"
            )));
        }
        views.wake(deadline).await?;
    }
}

/// Whether the step asks a model before anything is expected.
pub(super) fn asks_model(instruction: &Instruction) -> bool {
    match &instruction.action {
        Action::Click(click) => {
            let care = &click.care;
            look::asks_model(&click.target)
                || care.is_prechecked
                || care.is_consistent
                || care.diff.is_some()
                || care.verify.is_some()
        }
        Action::Drag { from, to, .. } => look::asks_model(from) || look::asks_model(to),
        Action::WaitFor { checks, .. } => {
            checks.iter().any(|check| look::asks_model(&check.target))
        }
        Action::Scroll { over, .. } => over.as_ref().is_some_and(look::asks_model),
        Action::Sweep => true,
        Action::Nothing
        | Action::Shell { .. }
        | Action::Launch { .. }
        | Action::If { .. }
        | Action::Group(_)
        | Action::App { .. }
        | Action::Screenshot
        | Action::Dump
        | Action::Clipboard(_) => {
            instruction.typing.verify.is_some() || instruction.typing.canary.is_some()
        }
    }
}
