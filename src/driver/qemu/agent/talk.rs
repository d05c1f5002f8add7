//! The stream to the guest agent: one JSON value a line, answers in the order of the questions.

use super::AgentError;
use crate::driver::qemu::line::Lines;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::{
    io::{AsyncWriteExt, ReadHalf, WriteHalf},
    net::UnixStream,
    time,
};

/// Comes before the answer that brings both ends in step, and has either end forget what of a
/// message it has read so far. It is in no text.
const SENTINEL: u8 = 0xFF;

/// The stream, and whether what comes next on it answers what is asked next.
#[derive(Debug)]
pub(super) struct Talk {
    lines: Lines<ReadHalf<UnixStream>>,
    writer: WriteHalf<UnixStream>,
    pub(super) is_in_step: bool,
}

/// What the agent answers.
#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "return")]
    value: Option<Value>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    desc: String,
}

impl Talk {
    pub(super) fn new(stream: UnixStream) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self {
            lines: Lines::new(reader),
            writer,
            is_in_step: false,
        }
    }

    /// Asks, and waits for the answer. A call that is dropped or that gets no answer leaves the
    /// stream out of step.
    pub(super) async fn ask(
        &mut self,
        what: &'static str,
        arguments: Value,
        limit: Duration,
    ) -> Result<Value, AgentError> {
        let asking = async {
            self.say(what, arguments).await?;
            let line = self.next_line().await?;
            self.is_in_step = true;
            Ok(line)
        };
        let line = time::timeout(limit, asking).await;
        let line = line.unwrap_or(Err(AgentError::Silent { what, limit }))?;
        let odd = |why: String| AgentError::Odd { what, why };
        let answer = serde_json::from_slice(&line).map_err(|err| {
            // Whatever it is, what comes after it is not to be trusted either.
            self.is_in_step = false;
            odd(err.to_string())
        })?;
        match answer {
            Answer {
                error: Some(refusal),
                ..
            } => Err(AgentError::Refused {
                what,
                why: refusal.desc,
            }),
            Answer {
                value: Some(value), ..
            } => Ok(value),
            Answer { .. } => {
                self.is_in_step = false;
                Err(odd("it is no answer".into()))
            }
        }
    }

    /// Says something that is not answered, when all goes well. Leaves the stream out of step.
    pub(super) async fn say(
        &mut self,
        what: &'static str,
        arguments: Value,
    ) -> Result<(), AgentError> {
        if !self.is_in_step {
            self.get_in_step().await?;
        }
        // From here on something may be on its way.
        self.is_in_step = false;
        let mut message = json!({"execute": what});
        if !arguments.is_null() {
            message["arguments"] = arguments;
        }
        self.send(&message, &[]).await
    }

    /// Makes sure that what comes next answers what is asked next.
    pub(super) async fn get_in_step(&mut self) -> Result<(), AgentError> {
        self.is_in_step = false;
        // Numbers that JSON readers of every kind take as they are, and unlike any used before.
        let number = fastrand::u64(1..1 << 53);
        let message = json!({"execute": "guest-sync-delimited", "arguments": {"id": number}});
        self.send(&message, &[SENTINEL]).await?;
        loop {
            let line = self.next_line().await?;
            // All before it is late: answers that nobody waited for, or halves of them.
            let Some(start) = line.iter().rposition(|byte| *byte == SENTINEL) else {
                continue;
            };
            let answer = serde_json::from_slice::<Answer>(&line[start + 1..]);
            if answer.is_ok_and(|answer| answer.value == Some(json!(number))) {
                self.is_in_step = true;
                return Ok(());
            }
        }
    }

    async fn send(&mut self, message: &Value, before: &[u8]) -> Result<(), AgentError> {
        let mut bytes = before.to_vec();
        serde_json::to_writer(&mut bytes, message).expect("it is plain data");
        bytes.push(b'\n');
        let sent = self.writer.write_all(&bytes).await;
        sent.map_err(|err| AgentError::Gone(err.to_string()))
    }

    async fn next_line(&mut self) -> Result<Vec<u8>, AgentError> {
        match self.lines.next().await {
            Ok(Some(line)) => Ok(line),
            Ok(None) => Err(AgentError::Gone("QEMU closed the connection".into())),
            Err(err) => Err(AgentError::Gone(err.to_string())),
        }
    }
}
