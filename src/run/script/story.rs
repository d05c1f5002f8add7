//! A scenario from its first step to the end of everything it started.

use super::{Exercise, Halt, bug, path::StepPath, stage::Stage, step};
use crate::{
    model::Outcome,
    port::Watcher,
    scenario::{Instruction, Kind, Script},
};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How long cleaning up may take.
const CLEANUP: Duration = Duration::from_mins(1);

/// How long it may still take once the run was stopped.
const HURRIED_CLEANUP: Duration = Duration::from_secs(5);

/// How long ending a program may take.
const ENDING: Duration = Duration::from_secs(10);

/// How long a program whose windows are gone has to come to its end: writing a core dump takes a
/// while.
const LINGER: Duration = Duration::from_secs(2);

/// Carries out `script` and cleans up behind it.
pub(super) async fn tell(script: &Script, context: &Exercise<'_>, watcher: &Watcher) -> Outcome {
    if script.steps.is_empty() {
        return Outcome::blocked("the scenario has no steps, so it tests nothing");
    }
    let mut stage = Stage::new(script, context, watcher);
    let mut ended = tokio::select! {
        biased;
        () = watcher.stop.cancelled() => Err(Halt::stopped()),
        () = sleep(context.limit) => Err(Halt::too_long(context.limit)),
        ended = all(&mut stage, script) => ended,
    };
    stage.let_go().await;
    if ended.is_ok() {
        ended = tokio::select! {
            biased;
            () = watcher.stop.cancelled() => Err(Halt::stopped()),
            ended = judge_the_dead(&stage) => ended,
        };
    }
    let done = script.setup.len() + script.steps.len();
    clean_up(&mut stage, &script.cleanup, done).await;
    end_apps(&stage).await;
    match ended {
        Ok(()) if stage.flaky.is_empty() => Outcome::passed(),
        Ok(()) => Outcome::flaky(stage.flaky.join("; ")),
        Err(halt) => halt.into_outcome(),
    }
}

/// Carries out every step, up to the first that has to pass and does not, and then says what the end
/// of the scenario says. Of a part only its steps are carried out.
async fn all(stage: &mut Stage<'_>, script: &Script) -> Result<(), Halt> {
    set_up(stage, &script.setup).await?;
    let is_wanted = |number: usize| script.only.is_none_or(|part| part.has(number));
    for (index, instruction) in script.steps.iter().enumerate() {
        let number = index + 1;
        if !is_wanted(number) {
            continue;
        }
        let path = StepPath::top(script.setup.len() + number);
        let ended = step::perform(stage, &path, instruction).await;
        if instruction.must_pass {
            ended?;
        }
    }
    match &script.kind {
        Kind::Functional => Ok(()),
        // A part that ends before is not where the bug would show.
        Kind::BugConfirmation(_) if !is_wanted(script.steps.len()) => Ok(()),
        Kind::BugConfirmation(bug) => bug::confirm(stage, bug).await,
    }
}

/// Carries out what comes before. That it does not pass says nothing about what is tested, nor that
/// it passed at a second attempt only.
async fn set_up(stage: &mut Stage<'_>, setup: &[Instruction]) -> Result<(), Halt> {
    for (index, instruction) in setup.iter().enumerate() {
        let ended = step::perform(stage, &StepPath::top(index + 1), instruction).await;
        if instruction.must_pass {
            ended.map_err(Halt::beforehand)?;
        }
    }
    stage.flaky.clear();
    Ok(())
}

/// Fails when a launched program has died, or is just about to: its windows are gone.
async fn judge_the_dead(stage: &Stage<'_>) -> Result<(), Halt> {
    let running = stage.apps.iter().filter(|app| app.process.exit().is_none());
    let running: Vec<_> = running.cloned().collect();
    if !running.is_empty() {
        let windows = timeout(LINGER, stage.context.guest.windows()).await;
        let silent = || Halt::passing("the desktop did not tell its windows in time");
        let windows = windows.map_err(|_| silent())??;
        for app in &running {
            let shows = timeout(LINGER, app.surely_shows(&windows)).await;
            if !shows.map_err(|_| silent())??
                // That it goes on without a window is no failure.
                && let Ok(ended) = timeout(LINGER, app.process.wait()).await
            {
                ended?;
            }
        }
    }
    stage.judge_ends()
}

/// Carries out the cleanup, step after step, whatever comes of each. What it comes to is told and
/// changes no verdict.
async fn clean_up(stage: &mut Stage<'_>, cleanup: &[Instruction], done: usize) {
    if cleanup.is_empty() {
        return;
    }
    let watcher = stage.watcher;
    let hurried = async {
        watcher.stop.cancelled().await;
        sleep(HURRIED_CLEANUP).await;
    };
    let each = async {
        for (index, instruction) in cleanup.iter().enumerate() {
            let path = StepPath::top(done + index + 1);
            step::perform_cleanup(stage, &path, instruction).await;
        }
        stage.let_go().await;
    };
    tokio::select! {
        biased;
        () = each => {}
        () = hurried => watcher.log("cleanup was cut short: the run was stopped"),
        () = sleep(CLEANUP) => watcher.log("cleanup was cut short: it took too long"),
    }
}

/// Ends what was launched and keeps what it wrote.
async fn end_apps(stage: &Stage<'_>) {
    for helper in &stage.helpers {
        if timeout(ENDING, helper.end()).await.is_err() {
            let text = "a program that steps needed could not be ended; the session's end will";
            stage.watcher.log(text);
        }
    }
    for (index, app) in stage.apps.iter().enumerate() {
        if timeout(ENDING, app.process.end()).await.is_err() {
            let name = &app.name;
            stage.watcher.log(&format!(
                "`{name}` could not be ended; the session's end will"
            ));
        }
        let name = format!("app-{}-{}", index + 1, super::record::slug(&app.name));
        let label = format!("what `{}` wrote", app.name);
        stage.record.output(&name, &label, &app.process.output());
    }
}
