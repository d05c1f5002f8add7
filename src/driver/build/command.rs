//! Running one program of a build to its end, or until its time is up.
//!
//! Does not know what the program is for.

use crate::{
    driver::process::{Spawn, SpawnError, spawn},
    port::Exit,
};
use std::sync::Arc;
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

/// How many lines of a failed program are shown.
const TAIL_LINES: usize = 20;

/// When a program is ended before it has ended by itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits<'a> {
    pub(super) deadline: Instant,
    pub(super) cancel: &'a CancellationToken,
}

/// What came of a program that ended by itself.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) exit: Exit,
    /// All of its lines, where they were asked for.
    pub(super) lines: Vec<String>,
    /// The last lines it wrote.
    pub(super) tail: String,
}

/// Why a program did not end by itself.
#[derive(Debug)]
pub(super) enum Stopped {
    Cancelled,
    TimedOut,
    NotStarted(SpawnError),
}

/// Runs a program, hands each line to `log`, and ends what it leaves running.
pub(super) async fn run(
    command: Spawn,
    limits: Limits<'_>,
    log: &(dyn Fn(&str) + Send + Sync),
) -> Result<Finished, Stopped> {
    let (sender, mut received) = mpsc::unbounded_channel::<String>();
    let on_line = Arc::new(move |line: &str| {
        // Nobody listens any more once the program is being ended.
        let _gone = sender.send(line.to_owned());
    });
    let tree = spawn(command, Some(on_line)).map_err(Stopped::NotStarted)?;
    let mut lines = Vec::new();
    let mut take = |line: String| {
        log(&line);
        lines.push(line);
    };
    let end = loop {
        tokio::select! {
            Some(line) = received.recv() => take(line),
            exit = tree.wait() => break Ok(exit),
            () = limits.cancel.cancelled() => break Err(Stopped::Cancelled),
            () = tokio::time::sleep_until(limits.deadline) => break Err(Stopped::TimedOut),
        }
    };
    tree.end().await;
    while let Ok(line) = received.try_recv() {
        take(line);
    }
    let exit = end?;
    let tail = lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n");
    Ok(Finished { exit, lines, tail })
}
