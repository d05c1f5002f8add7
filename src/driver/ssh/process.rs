//! A command on a machine that stays.

use super::{
    channel::Channel,
    command::that_was_all,
    connection::{Connection, remote},
    tender::Inbound,
};
use crate::{
    driver::process::Tail,
    port::{Exit, RemoteProcess, ShellError},
};
use async_trait::async_trait;
use std::{
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};
use tokio::{sync::watch, task::JoinSet, time::timeout};

/// A first line longer than this is none.
const LONGEST_LINE: usize = 64 * 1024;

/// Starts a command, and waits for its first line.
pub(super) async fn start(
    connection: &Arc<Connection>,
    script: &str,
    limit: Duration,
) -> Result<(String, SshProcess), ShellError> {
    let mut channel = connection.command(script, limit).await?;
    // It is given nothing to read. When the connection is lost, waiting for the line says so.
    drop(channel.outlet().finish().await);
    let tail = Tail::default();
    if let Ok(line) = timeout(limit, first_line(&mut channel, &tail)).await {
        return Ok((line?, SshProcess::watch(channel, tail)));
    }
    channel.end();
    while channel.next().await.is_some() {}
    Err(connection.loss().error().unwrap_or(ShellError::TimedOut {
        what: "show the first line of a command".into(),
        limit,
    }))
}

/// Waits for the first line of standard output. All else goes into `tail`.
async fn first_line(channel: &mut Channel, tail: &Tail) -> Result<String, ShellError> {
    let (mut line, mut exit) = (Vec::new(), None);
    while let Some(inbound) = channel.next().await {
        match inbound {
            Inbound::Output(bytes) => {
                line.extend_from_slice(&bytes);
                if let Some(end) = line.iter().position(|byte| *byte == b'\n') {
                    tail.push(&line[end + 1..]);
                    let line = String::from_utf8_lossy(&line[..end]);
                    return Ok(line.trim_end_matches('\r').to_owned());
                }
                if line.len() > LONGEST_LINE {
                    return Err(remote("start a command", "its first line does not end"));
                }
            }
            Inbound::Errors(bytes) => tail.push(&bytes),
            Inbound::Exit(how) => exit = Some(how),
            Inbound::Granted | Inbound::Denied | Inbound::Eof | Inbound::Flooded => {}
        }
    }
    tail.push(&line);
    let Some(exit) = exit else {
        return Err(channel.closed("start a command"));
    };
    let why = format!("it {exit} before its first line: {}", tail.text());
    Err(remote("start a command", why.trim_end_matches([':', ' '])))
}

/// What became of a command.
#[derive(Clone, Debug)]
enum State {
    Runs,
    Ended(Exit),
    Unknown(String),
}

/// A command on a machine that stays.
#[derive(Debug)]
pub(super) struct SshProcess {
    state: watch::Receiver<State>,
    tail: Tail,
    /// Holds the task that takes in what it writes. Dropping it has the command ended.
    _watcher: JoinSet<()>,
}

impl SshProcess {
    fn watch(channel: Channel, tail: Tail) -> Self {
        let (sender, state) = watch::channel(State::Runs);
        let mut watcher = JoinSet::new();
        watcher.spawn(take_in(channel, tail.clone(), sender));
        Self {
            state,
            tail,
            _watcher: watcher,
        }
    }
}

#[async_trait]
impl RemoteProcess for SshProcess {
    async fn wait(&self) -> Result<Exit, ShellError> {
        let mut state = self.state.clone();
        let ended = state.wait_for(|state| !matches!(state, State::Runs)).await;
        match ended.as_deref() {
            Ok(State::Ended(exit)) => Ok(*exit),
            Ok(State::Unknown(why)) => Err(ShellError::Lost(why.clone())),
            Ok(State::Runs) | Err(_) => Err(ShellError::Lost(
                "the task that watches a command broke down".into(),
            )),
        }
    }

    fn exit(&self) -> Option<Exit> {
        match &*self.state.borrow() {
            State::Ended(exit) => Some(*exit),
            State::Runs | State::Unknown(_) => None,
        }
    }

    fn output(&self) -> String {
        self.tail.text()
    }
}

/// Takes in what a command writes. Its end is told once all that it wrote is there; what it left
/// running may still write, and must not hide the end.
async fn take_in(mut channel: Channel, tail: Tail, state: watch::Sender<State>) {
    let (mut exit, mut is_told) = (None, false);
    let connection = Arc::clone(channel.connection());
    let mut last_words = pin!(None);
    loop {
        let inbound = tokio::select! {
            biased;
            () = over(last_words.as_mut()), if !is_told => {
                is_told = true;
                state.send_replace(exit.map_or(State::Runs, State::Ended));
                continue;
            }
            inbound = channel.next() => inbound,
        };
        match inbound {
            Some(Inbound::Output(bytes) | Inbound::Errors(bytes)) => tail.push(&bytes),
            Some(Inbound::Exit(how)) => {
                exit = Some(how);
                last_words.set(Some(that_was_all(&connection)));
            }
            Some(Inbound::Granted | Inbound::Denied | Inbound::Eof) => {}
            Some(Inbound::Flooded) | None => break,
        }
    }
    let lost = || connection.loss().why();
    let unknown = || lost().unwrap_or_else(|| "the server does not say how a command ended".into());
    state.send_replace(exit.map_or_else(|| State::Unknown(unknown()), State::Ended));
}

/// Waits for the end of what may have begun.
async fn over(begun: Pin<&mut Option<impl Future<Output = ()>>>) {
    match begun.as_pin_mut() {
        Some(begun) => begun.await,
        None => std::future::pending().await,
    }
}
