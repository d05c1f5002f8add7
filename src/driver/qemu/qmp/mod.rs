//! QEMU's control connection: typed commands, each with a limit, and what QEMU tells by itself.
//!
//! QEMU serves one client at a time there, and lets a second one wait without a word: whoever
//! started a machine keeps the connection. Knows nothing of processes and files.

mod commands;
mod error;
mod jobs;
mod migration;
mod owner;
mod signs;
#[cfg(test)]
mod tests;
mod wire;

pub use commands::{Picture, RunState};
pub use error::QmpError;
pub(super) use jobs::DISK;
pub(super) use migration::MemoryIn;
pub use signs::{Shutdown, Signs};

use owner::{Board, Owner, Request};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;
use tokio::{
    net::UnixStream,
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
    time,
};

/// How many commands may wait to be sent.
const COMMANDS: usize = 16;

/// How long QEMU may take for what it does at once. It does nothing else meanwhile, and a busy
/// computer may leave it alone for a while.
const ANSWER: Duration = Duration::from_secs(30);

/// QEMU's control connection. Dropping it ends the connection, and nothing else.
#[derive(Debug)]
pub struct Qmp {
    requests: mpsc::Sender<Request>,
    signs: watch::Receiver<Signs>,
    board: watch::Sender<Signs>,
    /// Holds the owner, which ends with the connection.
    _owner: JoinSet<()>,
}

impl Qmp {
    /// Takes over a fresh connection and makes it ready for commands.
    pub(super) async fn new(stream: UnixStream) -> Result<Self, QmpError> {
        let (requests, inbox) = mpsc::channel(COMMANDS);
        let (board, signs) = watch::channel(Signs::default());
        let mut owner = JoinSet::new();
        owner.spawn(Owner::new(stream, inbox, Board(board.clone())).run());
        let qmp = Self {
            requests,
            signs,
            board,
            _owner: owner,
        };
        qmp.tell("qmp_capabilities", Value::Null).await?;
        Ok(qmp)
    }

    /// Returns what QEMU told by itself so far.
    pub fn signs(&self) -> Signs {
        self.signs.borrow().clone()
    }

    /// Waits until the signs show something, and returns it.
    pub(super) async fn seen<T>(&self, look: impl Fn(&Signs) -> Option<T>) -> Result<T, QmpError> {
        let mut signs = self.signs.clone();
        loop {
            let found = {
                let signs = signs.borrow_and_update();
                look(&signs).map(Ok).or_else(|| signs.lost.clone().map(Err))
            };
            match found {
                Some(found) => return found.map_err(QmpError::Lost),
                // The owner says why it ends before it does.
                None => drop(signs.changed().await),
            }
        }
    }

    /// Sends a command and waits for its answer.
    async fn call<T: DeserializeOwned>(
        &self,
        command: &'static str,
        arguments: Value,
        limit: Duration,
    ) -> Result<T, QmpError> {
        let (reply, answer) = oneshot::channel();
        let request = Request {
            command,
            arguments,
            reply,
        };
        let asking = async {
            self.requests.send(request).await.ok()?;
            answer.await.ok()
        };
        let answer = time::timeout(limit, asking).await;
        let answer = answer.map_err(|_| QmpError::TimedOut {
            what: command,
            limit,
        })?;
        let Some(answer) = answer else {
            return Err(self
                .seen(|_| None::<QmpError>)
                .await
                .unwrap_or_else(|err| err));
        };
        let value = answer.map_err(|refusal| QmpError::Refused {
            what: command,
            class: refusal.class,
            why: refusal.desc,
        })?;
        serde_json::from_value(value).map_err(|err| QmpError::Odd {
            what: command,
            why: err.to_string(),
        })
    }

    /// Sends a command whose answer says nothing.
    async fn tell(&self, command: &'static str, arguments: Value) -> Result<(), QmpError> {
        self.call::<Value>(command, arguments, ANSWER)
            .await
            .map(drop)
    }
}
