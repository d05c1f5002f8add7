//! What goes over QEMU's control connection: one JSON value a line, and what they mean.
//!
//! No JSON leaves the folder.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The name of one command that was sent, which its answer carries.
pub(super) type CommandId = u64;

/// A command as it is sent.
#[derive(Debug, Serialize)]
pub(super) struct Command<'a> {
    pub(super) execute: &'a str,
    #[serde(skip_serializing_if = "Value::is_null")]
    pub(super) arguments: &'a Value,
    pub(super) id: CommandId,
}

impl Command<'_> {
    /// Returns the bytes to send.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self).expect("it is plain data");
        bytes.push(b'\n');
        bytes
    }
}

/// Why QEMU did not do what it was told.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Refusal {
    pub(super) class: String,
    pub(super) desc: String,
}

/// What QEMU says.
#[derive(Debug)]
pub(super) enum Said {
    /// The first thing it ever says.
    Greeting,
    Answer(CommandId, Result<Value, Refusal>),
    Event {
        name: String,
        data: Value,
    },
}

/// A line, before it is known what it is.
#[derive(Deserialize)]
struct Line {
    #[serde(rename = "QMP")]
    greeting: Option<Value>,
    event: Option<String>,
    #[serde(default)]
    data: Value,
    #[serde(rename = "return")]
    value: Option<Value>,
    error: Option<Refusal>,
    id: Option<CommandId>,
}

impl Said {
    /// Reads a line; says what is wrong with one that is not QEMU's.
    pub(super) fn read(line: &[u8]) -> Result<Self, String> {
        let shown = || String::from_utf8_lossy(&line[..line.len().min(200)]).into_owned();
        let Ok(read) = serde_json::from_slice::<Line>(line) else {
            return Err(format!("`{}` is not QMP", shown()));
        };
        match read {
            Line {
                event: Some(name),
                data,
                ..
            } => Ok(Self::Event { name, data }),
            Line {
                id: Some(id),
                error: Some(refusal),
                ..
            } => Ok(Self::Answer(id, Err(refusal))),
            Line {
                id: Some(id),
                value: Some(value),
                ..
            } => Ok(Self::Answer(id, Ok(value))),
            Line {
                greeting: Some(_), ..
            } => Ok(Self::Greeting),
            Line { .. } => Err(format!("`{}` answers nothing that was asked", shown())),
        }
    }
}
