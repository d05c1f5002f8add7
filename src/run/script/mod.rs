//! Carries out a scenario on an open session and says what came of it.
//!
//! ```text
//! exercise -> story (one step after the other) -> step (one of them, watched and recorded)
//!               |- act (launch, shell, click, ..)       |- typing (keys, in their order)
//!               '- bug (what the end says)              '- expect -> wait -> look (once, at a target)
//! ```
//!
//! Every wait is for an event; what is seen before the last input could take effect counts for
//! nothing; and whoever could not look says so instead of deciding. It opens no sessions and keeps
//! no records: that is for the caller.

mod account;
mod act;
mod apps;
mod bug;
mod click;
mod clipboard;
mod doubt;
mod expect;
mod eyes;
mod field;
mod halt;
mod hand;
mod launch;
mod look;
mod path;
mod programs;
mod provided;
mod record;
mod remember;
mod rescue;
mod settle;
mod shell;
mod stage;
mod step;
mod story;
mod sweep;
mod typed;
mod typing;
mod variables;
mod views;
mod wait;
mod windows;

use crate::{
    model::{App, BuildName, ContentHash, MachineName, Motion, Outcome, Package},
    port::{Guest, Watcher},
    scenario::Script,
};
use std::{sync::Arc, time::Duration};

pub use eyes::Eyes;
pub use provided::{Password, Provided};

pub(super) use apps::tail;
pub(super) use halt::Halt;
pub(super) use record::Record;
pub(super) use views::Views;
pub(super) use windows::{Census, listed as listed_windows};

/// Where a scenario is carried out, and on what.
#[derive(Clone, Copy, Debug)]
pub struct Exercise<'a> {
    /// The open session.
    pub guest: &'a dyn Guest,
    /// The app under test.
    pub app: &'a App,
    /// The package it was installed from.
    pub package: &'a Package,
    /// The digest of that package, where it is known.
    pub artifact: Option<ContentHash>,
    /// The machine's name, for texts.
    pub machine: &'a MachineName,
    /// The build's name, for texts.
    pub build: &'a BuildName,
    /// What it sees with besides the screen and the tree.
    pub eyes: &'a Eyes,
    /// Values of variables that are not the scenario's own.
    pub provided: &'a Provided,
    /// How the pointer moves, where a step does not say.
    pub cursor: Motion,
    /// How long it may take, without what is done to clean up.
    pub limit: Duration,
}

impl Exercise<'_> {
    /// Returns what `time`, which somebody set for machines in general, is on this one.
    pub(super) fn time(&self, time: Duration) -> Duration {
        time.saturating_mul(self.guest.slowness())
    }
}

impl Exercise<'_> {
    /// Returns the path of the app's program, as the machine knows it.
    pub(super) fn app_path(&self) -> String {
        let path = self.package.app_path.as_ref();
        self.guest.program_path(path.unwrap_or(&self.app.binary))
    }
}

/// Carries out `script`. Whatever comes of it, its cleanup is done, every key is let go and every
/// program it launched is ended before this returns; dropping it leaves that to the guest.
pub async fn exercise(script: &Script, context: &Exercise<'_>, watcher: &Watcher) -> Outcome {
    if let Some(why) = provided::missing(script, context) {
        return Outcome::blocked(why);
    }
    let watcher = Watcher {
        secrets: Arc::new(watcher.secrets.and(provided::secrets(script, context))),
        ..watcher.clone()
    };
    let mut outcome = Box::pin(story::tell(script, context, &watcher)).await;
    outcome.detail = watcher.secrets.mask(&outcome.detail);
    outcome
}
