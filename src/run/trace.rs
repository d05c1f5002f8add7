//! Finds out what keys do in an app: each is pressed in a freshly started one, and the picture before
//! is compared with the picture after.
//!
//! What changes by itself, such as a caret that blinks, is watched first and counts for nothing. Where
//! it cannot be told, that is what is said.

use super::script::Census;
use crate::{
    judge::{Change, change, differs, is_small},
    model::{Chord, Frame, KeyEffect, Rect, keysym},
    port::{Command, Guest, Input, Process, ProviderError, Screen},
};
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// The keys that are tried, as fallbacks of routines write them.
pub const TRACED: [&str; 9] = [
    "alt+f", "alt+e", "alt+v", "alt+w", "alt+h", "f10", "ctrl+,", "ctrl+f", "ctrl+r",
];

/// How long an app may take to show a window.
const SHOWING: Duration = Duration::from_secs(30);

/// How often windows are asked for while the picture stands still.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// How long a picture is watched for what changes by itself: longer than carets take to blink.
const WATCH: Duration = Duration::from_millis(1500);

/// How long an app may take to come to rest.
const RESTING: Duration = Duration::from_secs(15);

/// How long after a key nothing more must happen for the picture to count.
const QUIET: Duration = Duration::from_secs(1);

/// An app of which keys cannot be tried.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The machine could not be used.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// It showed no window.
    #[error("the app showed no window within {} s\n{output}", limit.as_secs())]
    NoWindow {
        /// How long it had.
        limit: Duration,
        /// What it wrote.
        output: String,
    },
    /// It ended before a key was pressed.
    #[error("the app {exit} before a key was pressed\n{output}")]
    Ended {
        /// How, as a phrase.
        exit: String,
        /// What it wrote.
        output: String,
    },
    /// The keyboard has no such key.
    #[error("`{0}` cannot be pressed on the machine's keyboard")]
    Key(String),
}

impl From<crate::port::ScreenError> for TraceError {
    fn from(err: crate::port::ScreenError) -> Self {
        Self::Provider(err.into())
    }
}

/// Presses `key` in an app that is started with `command`, and ends the app.
pub async fn trace(
    guest: &dyn Guest,
    command: &Command,
    key: &str,
) -> Result<KeyEffect, TraceError> {
    let chord = Chord::parse(key).map_err(|_| TraceError::Key(key.into()))?;
    let screen = guest.screen().await?;
    let keyboard = screen.keyboard();
    let presses = Input::pressing(&chord, keyboard).map_err(|_| TraceError::Key(key.into()))?;
    let before = Census::new(guest.windows().await?);
    let app = guest.start(command).await?;
    let probed = probe(guest, &*screen, (&*app, &before), &presses).await;
    app.end().await;
    let changed = probed?;
    Ok(match changed {
        None | Some(Change::Small) => KeyEffect::Unknown,
        Some(Change::Large) => KeyEffect::Open,
        Some(Change::Nothing) if opens_menus(&chord) => KeyEffect::Swallowed,
        Some(Change::Nothing) => KeyEffect::NoAccel,
    })
}

/// Whether desktops have the keys open menus.
fn opens_menus(chord: &Chord) -> bool {
    let is_f10 = Some(chord.key) == keysym::of_name("f10") && chord.modifiers.is_empty();
    let alt = keysym::of_name("alt");
    is_f10 || alt.is_some_and(|alt| chord.modifiers.contains(&alt))
}

/// Returns what came of the keys; nothing when it cannot be told.
async fn probe(
    guest: &dyn Guest,
    screen: &dyn Screen,
    (app, before): (&dyn Process, &Census),
    presses: &[Input],
) -> Result<Option<Change>, TraceError> {
    let slowness = guest.slowness();
    shown(guest, screen, (app, before), SHOWING * slowness).await?;
    let rest = rest(screen, WATCH * slowness, RESTING * slowness).await?;
    if let Some(exit) = app.exit() {
        let (exit, output) = (exit.to_string(), app.output());
        return Err(TraceError::Ended { exit, output });
    }
    let Some((still, noise)) = rest else {
        return Ok(None);
    };
    screen.send(&Input::waking()).await?;
    screen.send(presses).await?;
    let after = quiet(screen, noise, QUIET * slowness, RESTING * slowness).await?;
    // What quit, or closed its window, opened nothing.
    let windows = guest.windows().await?;
    let is_gone = app.exit().is_some() || before.strangers(&windows, app).await?.is_empty();
    Ok(after
        .filter(|_| !is_gone)
        .map(|after| change(&still, &after, noise)))
}

/// Waits until the app shows a window.
async fn shown(
    guest: &dyn Guest,
    screen: &dyn Screen,
    (app, before): (&dyn Process, &Census),
    limit: Duration,
) -> Result<(), TraceError> {
    let deadline = Instant::now() + limit;
    loop {
        let frame = screen.frame().await?;
        let windows = guest.windows().await?;
        if !before.strangers(&windows, app).await?.is_empty() {
            return Ok(());
        }
        let output = app.output();
        if let Some(exit) = app.exit() {
            let exit = exit.to_string();
            return Err(TraceError::Ended { exit, output });
        }
        if Instant::now() >= deadline {
            return Err(TraceError::NoWindow { limit, output });
        }
        if let Ok(changed) = timeout(LOOK_AGAIN, screen.changed(frame.seq)).await {
            changed?;
        }
    }
}

/// Watches until nothing but little changes, and returns the picture then and where it does; nothing
/// when it never comes to rest.
async fn rest(
    screen: &dyn Screen,
    watch: Duration,
    limit: Duration,
) -> Result<Option<(Frame, Option<Rect>)>, TraceError> {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        let still = screen.confirm().await?;
        let mut noise: Option<Rect> = None;
        let (mut seen, until) = (still.seq, Instant::now() + watch);
        while let Ok(changed) = timeout_at(until, screen.changed(seen)).await {
            let frame = changed?;
            seen = frame.seq;
            let moved = differs(&still, &frame);
            noise = noise.into_iter().chain(moved).reduce(Rect::union);
        }
        if noise.is_none_or(is_small) {
            return Ok(Some((still, noise)));
        }
    }
    Ok(None)
}

/// Waits until nothing has changed for a while but what does by itself, and returns the picture then;
/// nothing when that does not come.
async fn quiet(
    screen: &dyn Screen,
    noise: Option<Rect>,
    quiet: Duration,
    limit: Duration,
) -> Result<Option<Frame>, TraceError> {
    let deadline = Instant::now() + limit;
    let mut last = screen.frame().await?;
    let (mut seen, mut until) = (last.seq, Instant::now() + quiet);
    while Instant::now() < deadline {
        let Ok(changed) = timeout_at(until, screen.changed(seen)).await else {
            return Ok(Some(screen.confirm().await?));
        };
        let frame = changed?;
        seen = frame.seq;
        if change(&last, &frame, noise) != Change::Nothing {
            until = Instant::now() + quiet;
            last = frame;
        }
    }
    Ok(None)
}
