//! Smoke checks: the app is started in one display environment and watched until its time-out.
//!
//! It passes when a window of it appeared, and it ran for the app's time-out from then on or ended
//! with 0 by itself. Everything else that it can do is a failure, and whatever keeps us from seeing what it
//! does makes the check blocked. There is no passing early.

use crate::{
    model::{Event, Outcome, Session, Timestamp, Verdict},
    port::{Command, Exit, Process, Watcher, Window},
    run::script::{Census, Exercise, Halt, Record, Views, listed_windows, tail},
    scenario::SmokeCheck,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// How long the look at the end of the time may take, and everything that is done for evidence.
const LAST_LOOK: Duration = Duration::from_secs(30);

/// A window may take so many times as long to show as it is watched then: a machine that is emulated,
/// or busy, is slow, and that is not the app's fault.
const PATIENCE: u32 = 10;

/// How long ending the app may take.
const ENDING: Duration = Duration::from_secs(10);

/// Starts the app as `check` says and watches it.
pub async fn smoke(check: SmokeCheck, context: &Exercise<'_>, watcher: &Watcher) -> Outcome {
    let env = match environment(check, context) {
        Ok(env) => env,
        Err(halt) => return halt.into_outcome(),
    };
    let started = watcher.clock.now();
    let mut app: Option<App> = None;
    let result = tokio::select! {
        biased;
        () = watcher.stop.cancelled() => Err(Halt::stopped()),
        () = sleep(context.limit) => Err(Halt::too_long(context.limit)),
        result = start_and_watch(context, env, &mut app) => result,
    };
    let record = Record::new(watcher);
    let name = check.name().replace('/', "-");
    if !watcher.stop.is_cancelled() {
        keep_frame(context, record, &name, watcher).await;
    }
    if let Some(app) = app {
        if timeout(ENDING, app.process.end()).await.is_err() {
            watcher.log("the app could not be ended; the session's end will");
        }
        record.output(&name, "what the app wrote", &app.process.output());
    }
    tell(context, watcher, started, &result);
    match result {
        Ok(()) => Outcome::passed(),
        Err(halt) => halt.into_outcome(),
    }
}

/// The app, running.
#[derive(Debug)]
struct App {
    process: Arc<dyn Process>,
    /// What showed before it was started.
    before: Census,
}

fn environment(
    check: SmokeCheck,
    context: &Exercise<'_>,
) -> Result<BTreeMap<String, Option<String>>, Halt> {
    let session = context.guest.session();
    if let Some(needed) = check.needs_session()
        && needed != session
    {
        let (needed, session) = (needed.as_str(), session.as_str());
        let why = format!(
            "`{}` needs a session of {needed}, and this is {session}",
            check.name()
        );
        return Err(Halt::blocked(why));
    }
    let environment = check.environment(&context.guest.environment());
    environment.map_err(Halt::blocked)
}

async fn start_and_watch(
    context: &Exercise<'_>,
    env: BTreeMap<String, Option<String>>,
    app: &mut Option<App>,
) -> Result<(), Halt> {
    let guest = context.guest;
    // A new window changes the picture; who cannot see it has to ask again and again.
    let screen = guest.screen().await.ok();
    let before = Census::new(windows(context).await?);
    let mut argv = vec![context.app_path()];
    argv.extend(context.app.args.iter().cloned());
    let process: Arc<dyn Process> = Arc::from(guest.start(&Command { argv, env }).await?);
    let app = app.insert(App { process, before });
    watch(context, Views::new(screen, None, true), app).await
}

/// Watches the app until it ends or its time is up.
async fn watch(context: &Exercise<'_>, mut views: Views, app: &App) -> Result<(), Halt> {
    let started = Instant::now();
    let mut sight = Sight::Nothing;
    let mut exit = tokio::select! {
        biased;
        exit = app.process.wait() => Some(exit?),
        () = sleep_until(started + patience(context)) => None,
        shown = await_window(context, &mut views, app, &mut sight) => { shown?; None }
    };
    if exit.is_none() && sight != Sight::Shown {
        // It may have appeared at the last moment.
        last_look(context, app, &mut sight).await?;
    }
    if exit.is_none() && sight == Sight::Shown {
        // It has the same time to fall over, however late it came.
        exit = tokio::select! {
            biased;
            exit = app.process.wait() => Some(exit?),
            () = sleep(watched(context)) => None,
        };
    }
    if exit.is_some() && sight == Sight::Nothing {
        // Who could not look must not say that there was nothing.
        last_look(context, app, &mut sight).await?;
        if sight == Sight::Shown {
            // Nobody saw it while the app ran.
            sight = Sight::Nothing;
        }
    }
    if exit.is_none() {
        exit = end_by_now(app).await?;
    }
    judge(context, app, exit, &sight)
}

async fn last_look(context: &Exercise<'_>, app: &App, sight: &mut Sight) -> Result<(), Halt> {
    let look = timeout(LAST_LOOK, look(context, app, sight)).await;
    look.map_err(|_| Halt::passing("the desktop did not tell its windows in time"))?
}

/// Returns how the app has ended when it has, though nobody told of it yet: a machine that hangs tells
/// of no end, and one that is reached over a network tells late.
async fn end_by_now(app: &App) -> Result<Option<Exit>, Halt> {
    let family = timeout(LAST_LOOK, app.process.family()).await;
    let family = family.map_err(|_| Halt::passing("the machine did not answer at the end"))??;
    let (Some(family), Some(pid)) = (family, app.process.pid()) else {
        return Ok(app.process.exit());
    };
    if family.contains(&pid) {
        return Ok(None);
    }
    let exit = timeout(LAST_LOOK, app.process.wait()).await;
    let exit = exit.map_err(|_| Halt::passing("nobody told how the app ended"))?;
    Ok(Some(exit?))
}

/// What has been seen of the app.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Sight {
    /// Nobody looked yet.
    Nothing,
    /// No window of it; these are there, in words.
    NoWindow(String),
    /// A window of it.
    Shown,
}

/// Looks until a window of the app was seen.
async fn await_window(
    context: &Exercise<'_>,
    views: &mut Views,
    app: &App,
    sight: &mut Sight,
) -> Result<(), Halt> {
    while *sight != Sight::Shown {
        views.look().await;
        look(context, app, sight).await?;
        if *sight != Sight::Shown {
            views.wake(Instant::now() + context.app.timeout).await?;
        }
    }
    Ok(())
}

/// Returns how long the app is watched. One that falls over later on a slow machine is watched longer.
fn watched(context: &Exercise<'_>) -> Duration {
    context.time(context.app.timeout)
}

/// Returns how long a window may take to show: not so long that nothing can be said before the
/// check's own time is up.
fn patience(context: &Exercise<'_>) -> Duration {
    let watched = watched(context);
    let limit = context.limit.mul_f64(0.75).max(watched);
    limit.min(watched.max(context.app.timeout.saturating_mul(PATIENCE)))
}

/// Returns the windows that show. Where there is no desktop there are none.
async fn windows(context: &Exercise<'_>) -> Result<Vec<Window>, Halt> {
    match context.guest.session() {
        Session::None => Ok(Vec::new()),
        Session::X11 | Session::Wayland => Ok(context.guest.windows().await?),
    }
}

async fn look(context: &Exercise<'_>, app: &App, sight: &mut Sight) -> Result<(), Halt> {
    let windows = windows(context).await?;
    let strangers = app.before.strangers(&windows, &*app.process).await?;
    *sight = if strangers.is_empty() {
        Sight::NoWindow(listed_windows(&windows))
    } else {
        Sight::Shown
    };
    Ok(())
}

fn judge(context: &Exercise<'_>, app: &App, exit: Option<Exit>, sight: &Sight) -> Result<(), Halt> {
    let written = tail(&app.process.output());
    let seconds = patience(context).as_secs_f64();
    let why = match (exit, sight) {
        (None | Some(Exit::Code(0)), Sight::Shown) => return Ok(()),
        (None, Sight::NoWindow(seen)) => {
            format!("ran for {seconds} s and showed no window; {seen}")
        }
        (None, Sight::Nothing) => {
            return Err(Halt::passing(
                "the desktop did not tell its windows in time",
            ));
        }
        (Some(exit), Sight::Shown) => format!("showed a window and then {exit}"),
        (Some(exit), Sight::NoWindow(_) | Sight::Nothing) => {
            format!("{exit} before a window of it was seen")
        }
    };
    Err(Halt::Failed(format!(
        "`{}` {why}{written}",
        context.app.name
    )))
}

async fn keep_frame(context: &Exercise<'_>, record: Record<'_>, name: &str, watcher: &Watcher) {
    let frame = async {
        let screen = context
            .guest
            .screen()
            .await
            .map_err(|err| err.to_string())?;
        screen.frame().await.map_err(|err| err.to_string())
    };
    let frame = timeout(LAST_LOOK, frame).await;
    match frame.unwrap_or_else(|_| Err("the screen does not answer".into())) {
        Ok(frame) => {
            record.frame(name, "the screen at the end", &frame);
        }
        Err(why) => watcher.log(&format!("no picture was kept: {why}")),
    }
}

/// Tells how the check went, as the one step that it has.
fn tell(context: &Exercise<'_>, watcher: &Watcher, started: Timestamp, result: &Result<(), Halt>) {
    let now = watcher.clock.now();
    let (verdict, detail) = match result {
        Ok(()) => (Verdict::Passed, String::new()),
        Err(halt) => (halt.verdict(), halt.why().to_owned()),
    };
    let seconds = watched(context).as_secs_f64();
    watcher.tell(Event::Instruction {
        key: watcher.key.clone(),
        at: now,
        number: 1,
        path: "1".into(),
        label: format!("start `{}` and watch it for {seconds} s", context.app.name),
        verdict,
        detail,
        rung: "window".into(),
        attempts: 1,
        limit_ms: 0,
        sights: Vec::new(),
        duration_ms: now.since(started).as_millis() as u64,
    });
}
