//! Running a command to its end.

use super::{
    channel::{Channel, Outlet},
    connection::{Connection, remote},
    ending::and_wait,
    tender::Inbound,
};
use crate::{
    driver::process::Tail,
    port::{Exit, ShellError, ShellOutput},
};
use std::{sync::Arc, time::Duration};
use tokio::{
    pin,
    time::{Instant, sleep, sleep_until, timeout},
};

/// How much of standard output is kept.
const MOST: usize = 16 * 1024 * 1024;

/// What a command left running may write on for so many times as long as it has to be silent
/// otherwise, before what came is all. What the command itself wrote was on its way when it ended.
const MOST_RESTS: u32 = 10;

/// Runs a command to its end, or ends it when `limit` has passed.
pub(super) async fn run(
    connection: &Arc<Connection>,
    script: &str,
    input: &[u8],
    limit: Duration,
) -> Result<ShellOutput, ShellError> {
    let mut channel = connection.command(script, limit).await?;
    let mut collected = Collected::default();
    let feed = feed(channel.outlet(), input.to_vec());
    let ended = timeout(limit, collected.until_over(&mut channel, feed)).await;
    if ended.is_ok() || collected.exit.is_some() {
        return collected.result(&channel);
    }
    channel.end();
    collected.rest(&mut channel).await;
    match connection.loss().error() {
        Some(err) => Err(err),
        // Whatever it answered to being ended is not how it ended.
        None => Ok(ShellOutput {
            exit: None,
            ..collected.output()
        }),
    }
}

/// Runs one of mosdat's own short commands, which has to succeed, and returns what it wrote.
pub(super) async fn ask(
    connection: &Arc<Connection>,
    what: &str,
    script: &str,
    limit: Duration,
) -> Result<String, ShellError> {
    let output = run(connection, script, b"", limit).await?;
    if output.is_success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    match output.exit {
        None => Err(ShellError::TimedOut {
            what: what.into(),
            limit,
        }),
        Some(exit) if output.stderr.trim().is_empty() => Err(remote(what, &format!("it {exit}"))),
        Some(_) => Err(remote(what, &output.stderr)),
    }
}

/// Returns the command that has a plain shell run `script` with arguments, whatever the user's
/// login shell is.
pub(super) fn plain(script: &str, arguments: &[&str]) -> String {
    let words = ["sh", "-c", script, "mosdat"]
        .into_iter()
        .chain(arguments.iter().copied());
    let quoted: Vec<String> = words.map(quote).collect();
    quoted.join(" ")
}

/// Returns `word` so that a shell takes it as it is.
pub(super) fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Sends the input. A command need not read all of it, or any.
async fn feed(outlet: Outlet, input: Vec<u8>) {
    let sent = async {
        outlet.send(input).await?;
        outlet.finish().await
    };
    // When the connection is lost, whoever waits for the command learns of it.
    drop(sent.await);
}

/// What came of a command so far.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) exit: Option<Exit>,
    /// When that was told.
    ended: Option<Instant>,
    stdout: Vec<u8>,
    stderr: Tail,
    /// Whether the machine said that no more output comes.
    has_all: bool,
    is_flooded: bool,
}

impl Collected {
    /// Takes in what comes until the command is over, while `feed` sends. May be given up and
    /// called again.
    pub(super) async fn until_over(
        &mut self,
        channel: &mut Channel,
        feed: impl Future<Output = ()>,
    ) {
        let feed = and_wait(feed);
        pin!(feed);
        loop {
            let connection = Arc::clone(channel.connection());
            let longest = self
                .ended
                .map(|at| at + connection.limits().rest * MOST_RESTS);
            let inbound = tokio::select! {
                biased;
                () = sleep_until(longest.unwrap_or_else(Instant::now)), if longest.is_some() => None,
                inbound = channel.next() => inbound,
                () = &mut feed => unreachable!("it waits for ever"),
                () = that_was_all(&connection), if self.exit.is_some() => None,
            };
            match inbound {
                Some(inbound) => self.take(inbound),
                None => return,
            }
        }
    }

    /// Takes in what comes until the channel is closed, which a tender sees to.
    async fn rest(&mut self, channel: &mut Channel) {
        while let Some(inbound) = channel.next().await {
            self.take(inbound);
        }
    }

    fn take(&mut self, inbound: Inbound) {
        match inbound {
            Inbound::Output(bytes) => {
                let room = MOST - self.stdout.len();
                self.stdout
                    .extend_from_slice(&bytes[..bytes.len().min(room)]);
            }
            Inbound::Errors(bytes) => self.stderr.push(&bytes),
            Inbound::Exit(exit) => {
                self.exit = Some(exit);
                self.ended = Some(Instant::now());
            }
            Inbound::Eof => self.has_all = true,
            Inbound::Flooded => self.is_flooded = true,
            Inbound::Granted | Inbound::Denied => {}
        }
    }

    /// Returns what came of it, once it is over. Output that was cut off by a loss is none.
    pub(super) fn result(self, channel: &Channel) -> Result<ShellOutput, ShellError> {
        if self.is_flooded {
            return Err(remote(
                "run a command",
                "it wrote faster than could be read",
            ));
        }
        let is_lost = channel.connection().loss().why().is_some();
        if self.exit.is_none() || (is_lost && !self.has_all) {
            return Err(channel.closed("run a command"));
        }
        Ok(self.output())
    }

    fn output(self) -> ShellOutput {
        ShellOutput {
            exit: self.exit,
            stdout: self.stdout,
            stderr: self.stderr.text(),
        }
    }
}

/// Waits until a command that has ended certainly has no more to tell. What it left running may hold
/// its output open for ever.
pub(super) async fn that_was_all(connection: &Connection) {
    sleep(connection.limits().rest).await;
    connection.round_trips().await;
}
