//! Launching a program: it has to show a window while it is alive.

use super::{
    Halt,
    apps::{Launched, tail},
    stage::Stage,
    step::Found,
    variables,
    views::Views,
    windows::{Census, listed},
};
use crate::port::{Command, Exit, Process, ProviderError, Window};
use std::{collections::BTreeMap, sync::Arc};
use tokio::time::Instant;

/// Starts a program and waits until it shows a window whose title has `title` in it.
pub(super) async fn launch(
    stage: &mut Stage<'_>,
    words: &[String],
    title: Option<&str>,
    deadline: Instant,
) -> Result<Found, Halt> {
    let guest = stage.context.guest;
    // A new window changes the picture; who cannot see it has to ask again and again.
    let screen = stage.screen().await.ok();
    let mut views = Views::new(screen, None, true);
    let argv = variables::argv(words, stage.context, &stage.variables);
    let before = Census::new(guest.windows().await?);
    let env = BTreeMap::new();
    let command = Command { argv, env };
    let process: Arc<dyn Process> = Arc::from(guest.start(&command).await?);
    let program = command.argv.first().map_or("", String::as_str);
    let app = Arc::new(Launched::new(program, process, before));
    // Whatever happens next, it is ended in the end.
    stage.apps.push(Arc::clone(&app));
    await_window(stage, &mut views, &app, (title, deadline)).await?;
    // A window and a dying program may have been seen in any order.
    match app.process.exit() {
        None => {}
        Some(exit) => ended(&app, exit, title)?,
    }
    let rung = "window".into();
    Ok(Found {
        rung,
        ..Found::default()
    })
}

async fn await_window(
    stage: &Stage<'_>,
    views: &mut Views,
    app: &Launched,
    (title, deadline): (Option<&str>, Instant),
) -> Result<(), Halt> {
    let mut seen: Vec<Window> = Vec::new();
    let mut is_running = true;
    loop {
        let is_last = Instant::now() >= deadline;
        views.look().await;
        let look = async {
            let windows = stage.context.guest.windows().await?;
            if is_there(app, title, &windows).await? {
                return Ok(true);
            }
            seen = windows;
            if !is_last {
                views.wake(deadline).await?;
            }
            Ok::<bool, Halt>(false)
        };
        tokio::select! {
            biased;
            exit = app.process.wait(), if is_running => {
                ended(app, exit?, title)?;
                is_running = false;
            }
            found = look => match found? {
                true => return Ok(()),
                false if is_last => return Err(late(app, title, &seen)),
                false => {}
            },
        }
    }
}

async fn is_there(
    app: &Launched,
    title: Option<&str>,
    windows: &[Window],
) -> Result<bool, ProviderError> {
    let Some(title) = title else {
        let strangers = app.before.strangers(windows, &*app.process).await?;
        return Ok(!strangers.is_empty());
    };
    let new = app.before.newcomers(windows);
    Ok(new.iter().any(|window| window.title.contains(title)))
}

/// Judges an end before the window was seen: only a launcher, whose window is named, may do so,
/// and only in peace.
fn ended(app: &Launched, exit: Exit, title: Option<&str>) -> Result<(), Halt> {
    let name = &app.name;
    let written = tail(&app.process.output());
    match (exit, title) {
        (Exit::Code(0), Some(_)) => Ok(()),
        (Exit::Code(_) | Exit::Signal(_), _) => {
            let why = format!("`{name}` {exit} before it showed a window{written}");
            Err(Halt::Failed(why))
        }
    }
}

fn late(app: &Launched, title: Option<&str>, seen: &[Window]) -> Halt {
    let name = &app.name;
    let wanted = match title {
        Some(title) => format!("window with `{title}` in its title"),
        None => "window".into(),
    };
    let state = match app.process.exit() {
        Some(exit) => format!("`{name}` {exit} and left"),
        None => format!("`{name}` runs and shows"),
    };
    let written = tail(&app.process.output());
    Halt::Failed(format!(
        "{state} no new {wanted}; {}{written}",
        listed(seen)
    ))
}
