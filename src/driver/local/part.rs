//! A part of a desktop: a program that runs for as long as the desktop does.
//!
//! Knows how to wait until it is ready and to say why it is not; what "ready" means is told by
//! whoever starts it.

#![expect(
    clippy::disallowed_methods,
    reason = "who listens on which socket is read from `/proc`"
)]

use super::folder::User;
use crate::{
    driver::process::{self, ProcessTree, Spawn},
    model::MachineName,
    port::{ProviderError, with_causes},
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{sync::mpsc, time};

/// Only so many lines of a part's output are shown.
const SHOWN_LINES: usize = 12;

/// How often a socket is looked for.
const PACE: Duration = Duration::from_millis(3);

/// What all programs of one desktop have in common.
#[derive(Clone, Debug)]
pub(super) struct Ground {
    /// The machine, for messages.
    pub(super) machine: MachineName,
    /// The user they run as; mosdat's own when missing.
    pub(super) user: Option<User>,
    /// What they are found by after a crash.
    pub(super) marker: String,
    /// The folder they start in.
    pub(super) dir: PathBuf,
    /// How long each has until it is ready.
    pub(super) limit: Duration,
}

impl Ground {
    /// Returns a program with everything it is given.
    pub(super) fn spawn(&self, argv: Vec<String>, env: &BTreeMap<String, String>) -> Spawn {
        Spawn {
            argv,
            env: env.clone(),
            dir: Some(self.dir.clone()),
            uid_gid: self.user,
            marker: Some(self.marker.clone()),
        }
    }

    /// Returns the error that `what` did not start.
    pub(super) fn not_started(&self, what: &str, why: impl Into<String>) -> ProviderError {
        ProviderError::Start {
            machine: self.machine.clone(),
            what: what.into(),
            why: why.into(),
        }
    }
}

/// A program that runs for as long as the desktop does.
#[derive(Debug)]
pub(super) struct Part {
    what: &'static str,
    program: String,
    tree: ProcessTree,
}

impl Part {
    /// Starts `program`, which is `what` to the user, and returns the lines it writes.
    pub(super) fn start(
        ground: &Ground,
        what: &'static str,
        program: &Path,
        arguments: &[String],
        env: &BTreeMap<String, String>,
    ) -> Result<(Self, mpsc::UnboundedReceiver<String>), ProviderError> {
        let (sender, lines) = mpsc::unbounded_channel();
        let on_line = move |line: &str| {
            // Once the part is ready nobody reads them any more.
            drop(sender.send(line.to_owned()));
        };
        let mut argv = vec![program.display().to_string()];
        argv.extend_from_slice(arguments);
        let tree = process::spawn(ground.spawn(argv, env), Some(Arc::new(on_line)))
            .map_err(|err| ground.not_started(what, with_causes(&err)))?;
        let program = program.file_name().unwrap_or_default();
        let part = Self {
            what,
            program: program.to_string_lossy().into_owned(),
            tree,
        };
        Ok((part, lines))
    }

    /// Waits until it is `ready`, and says what stood in the way when it ended instead or took
    /// too long.
    pub(super) async fn ready<T>(
        &self,
        ground: &Ground,
        ready: impl Future<Output = T>,
    ) -> Result<T, ProviderError> {
        let why = tokio::select! {
            biased;
            value = ready => return Ok(value),
            exit = self.tree.wait() => exit.to_string(),
            () = time::sleep(ground.limit) => {
                format!("was not ready within {} s", ground.limit.as_secs_f64())
            }
        };
        let why = format!("`{}` {why}{}", self.program, self.last_lines());
        Err(ground.not_started(self.what, why))
    }

    /// Returns what became of it when it does not run any more.
    pub(super) fn lost(&self) -> Option<String> {
        let exit = self.tree.exit()?;
        Some(format!(
            "{}, `{}`, {exit}{}",
            self.what,
            self.program,
            self.last_lines()
        ))
    }

    /// Ends it and all its children.
    pub(super) async fn end(&self) {
        self.tree.end().await;
    }

    fn last_lines(&self) -> String {
        let output = self.tree.output();
        let lines: Vec<&str> = output
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        let shown = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
        let shown: Vec<String> = shown.iter().map(|line| format!("\n  {line}")).collect();
        shown.concat()
    }
}

/// Waits for the first line that `read` can read.
pub(super) async fn line<T>(
    lines: &mut mpsc::UnboundedReceiver<String>,
    read: impl Fn(&str) -> Option<T>,
) -> T {
    loop {
        match lines.recv().await {
            Some(line) => {
                if let Some(value) = read(&line) {
                    return value;
                }
            }
            // It has closed its output. Whether it has ended is noticed elsewhere.
            None => std::future::pending().await,
        }
    }
}

/// Waits until someone listens on `socket`.
pub(super) async fn listening(socket: &Path) {
    seen(|| is_listening(socket).then_some(())).await;
}

/// Whether someone listens on `socket`.
///
/// The system is asked, not the listener: some VNC servers crash when a client connects and
/// leaves at once.
pub(super) fn is_listening(socket: &Path) -> bool {
    const ACCEPTS: u32 = 0x1_0000;
    let table = fs::read_to_string("/proc/net/unix").unwrap_or_default();
    let end = format!(" {}", socket.display());
    // Each line tells address, count, protocol, flags, type, state, inode and path.
    let flags = |line: &str| u32::from_str_radix(line.split_ascii_whitespace().nth(3)?, 16).ok();
    table
        .lines()
        .filter(|line| line.ends_with(&end))
        .any(|line| flags(line).is_some_and(|flags| flags & ACCEPTS != 0))
}

/// Waits until `look` sees something.
pub(super) async fn seen<T>(look: impl Fn() -> Option<T>) -> T {
    loop {
        if let Some(value) = look() {
            return value;
        }
        time::sleep(PACE).await;
    }
}
