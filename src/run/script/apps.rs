//! The programs that a scenario launched: which of them died, and whether that was asked for.

use super::{Halt, windows::Census};
use crate::port::{Exit, Process, ProviderError, Window};
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use std::{
    future,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::time::Instant;

/// How long after a shell step a polite end still counts as its doing.
const ECHO: Duration = Duration::from_secs(2);

/// A launched program.
#[derive(Debug)]
pub(super) struct Launched {
    /// What people call it: its file's name.
    pub(super) name: String,
    /// The program.
    pub(super) process: Arc<dyn Process>,
    /// What showed before it was started.
    pub(super) before: Census,
    /// What became of it, decided once: the reason when it died on its own.
    fate: OnceLock<Option<String>>,
}

impl Launched {
    /// Takes a program that was just started.
    pub(super) fn new(program: &str, process: Arc<dyn Process>, before: Census) -> Self {
        let name = program.rsplit('/').next().unwrap_or(program).to_owned();
        let fate = OnceLock::new();
        Self {
            name,
            process,
            before,
            fate,
        }
    }

    /// Decides what an end means, unless that has been decided.
    ///
    /// Ending with 0 is closing. An end by a signal that asks for it, during a shell step or soon
    /// after, is that step's doing. Everything else is dying.
    pub(super) fn judge(&self, exit: Exit, last_shell: Option<Instant>) -> Result<(), Halt> {
        let fate = self.fate.get_or_init(|| {
            let is_echo = last_shell.is_some_and(|at| at.elapsed() < ECHO);
            let is_fine = exit == Exit::Code(0) || is_echo && is_polite(exit);
            (!is_fine).then(|| format!("`{}` {exit}{}", self.name, tail(&self.process.output())))
        });
        match fate {
            None => Ok(()),
            Some(why) => Err(Halt::Failed(why.clone())),
        }
    }

    /// Whether it certainly shows a window.
    pub(super) async fn surely_shows(&self, now: &[Window]) -> Result<bool, ProviderError> {
        let shows = |own: &[u32]| {
            let mut pids = now.iter().filter_map(|window| window.pid);
            pids.any(|pid| own.contains(&pid))
        };
        let own = Vec::from_iter(self.process.pid());
        Ok(shows(&own) || shows(&self.process.family().await?.unwrap_or_default()))
    }
}

/// Waits until one of `apps` dies; for ever, when none does.
pub(super) async fn death(apps: &[Arc<Launched>], last_shell: Option<Instant>) -> Halt {
    let ends = apps
        .iter()
        .map(|app| async move { (app, app.process.wait().await) });
    let mut ends: FuturesUnordered<_> = ends.collect();
    while let Some((app, exit)) = ends.next().await {
        let judged = match exit {
            Ok(exit) => app.judge(exit, last_shell),
            Err(err) => Err(err.into()),
        };
        if let Err(halt) = judged {
            return halt;
        }
    }
    future::pending().await
}

/// Whether the end was asked for by another process: by a signal, or the code that tells of one.
fn is_polite(exit: Exit) -> bool {
    const ASKING: [i32; 4] = [1, 2, 9, 15];
    match exit {
        Exit::Signal(number) => ASKING.contains(&number),
        Exit::Code(code) => ASKING.contains(&(code - 128)),
    }
}

/// Returns the last lines of what a program wrote, to be put behind a sentence.
pub(in crate::run) fn tail(output: &str) -> String {
    const LINES: usize = 10;
    let lines: Vec<&str> = output.trim_end().lines().collect();
    let last = &lines[lines.len().saturating_sub(LINES)..];
    last.iter()
        .fold(String::new(), |text, line| text + "\n" + line)
}
