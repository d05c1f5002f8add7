//! The one task that reads and writes QEMU's control connection.
//!
//! Whatever ends it, everybody who waits learns why.

use super::{
    Signs,
    wire::{Command, CommandId, Refusal, Said},
};
use crate::driver::qemu::line::Lines;
use serde_json::Value;
use std::collections::BTreeMap;
use tokio::{
    io::{AsyncWriteExt, ReadHalf, WriteHalf},
    net::UnixStream,
    sync::{mpsc, oneshot, watch},
};

/// A command that somebody waits for the answer of.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) command: &'static str,
    pub(super) arguments: Value,
    pub(super) reply: oneshot::Sender<Result<Value, Refusal>>,
}

/// Where the signs are shown. However the owner ends, whoever waits for a sign learns of it.
#[derive(Debug)]
pub(super) struct Board(pub(super) watch::Sender<Signs>);

impl Board {
    /// Says why nothing more will be told. Only the first reason counts.
    fn lose(&self, why: impl Into<String>) {
        self.0.send_modify(|signs| {
            signs.lost.get_or_insert_with(|| why.into());
        });
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        // Only a panic gets here without a reason, and one that nobody is left to hear.
        self.lose("the control connection broke down, which is a mistake in mosdat");
    }
}

/// What the owner has.
pub(super) struct Owner {
    lines: Lines<ReadHalf<UnixStream>>,
    writer: WriteHalf<UnixStream>,
    /// Bytes that QEMU has not taken yet.
    unsent: Vec<u8>,
    /// Who waits for which answer. Who does not wait any more stays until it comes, so that a
    /// late answer is known for what it is.
    waiting: BTreeMap<CommandId, oneshot::Sender<Result<Value, Refusal>>>,
    next: CommandId,
    was_greeted: bool,
    inbox: mpsc::Receiver<Request>,
    board: Board,
}

impl Owner {
    pub(super) fn new(stream: UnixStream, inbox: mpsc::Receiver<Request>, board: Board) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self {
            lines: Lines::new(reader),
            writer,
            unsent: Vec::new(),
            waiting: BTreeMap::new(),
            next: 1,
            was_greeted: false,
            inbox,
            board,
        }
    }

    /// Carries commands and answers until the connection ends or nobody is left to ask.
    pub(super) async fn run(mut self) {
        loop {
            tokio::select! {
                line = self.lines.next() => {
                    let taken = match line {
                        Ok(Some(line)) => self.take(&line),
                        Ok(None) => Err("QEMU closed its control connection".into()),
                        Err(err) => Err(format!("QEMU's control connection broke: {err}")),
                    };
                    if let Err(why) = taken {
                        return self.board.lose(why);
                    }
                }
                request = self.inbox.recv() => match request {
                    Some(request) => self.send(request),
                    None => return,
                },
                written = self.writer.write(&self.unsent), if !self.unsent.is_empty() => {
                    match written {
                        Ok(count) => drop(self.unsent.drain(..count)),
                        Err(err) => {
                            return self.board.lose(format!("QEMU takes no commands: {err}"));
                        }
                    }
                }
            }
        }
    }

    fn send(&mut self, request: Request) {
        let command = Command {
            execute: request.command,
            arguments: &request.arguments,
            id: self.next,
        };
        self.unsent.extend(command.encode());
        self.waiting.insert(self.next, request.reply);
        self.next += 1;
    }

    /// Takes what QEMU said; an error when it cannot be trusted any more.
    fn take(&mut self, line: &[u8]) -> Result<(), String> {
        match Said::read(line)? {
            Said::Greeting if !self.was_greeted => {
                self.was_greeted = true;
                Ok(())
            }
            Said::Greeting => Err("QEMU greets twice".into()),
            _ if !self.was_greeted => Err("QEMU does not greet".into()),
            Said::Event { name, data } => {
                tracing::debug!(name, %data, "QEMU told something");
                self.board.0.send_modify(|signs| signs.add(&name, &data));
                Ok(())
            }
            Said::Answer(id, answer) => {
                let reply = self.waiting.remove(&id);
                let reply =
                    reply.ok_or_else(|| format!("QEMU answers `{id}`, which was not asked"))?;
                // Whoever asked may have given up.
                drop(reply.send(answer));
                Ok(())
            }
        }
    }
}
