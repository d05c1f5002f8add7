//! What a machine is told to do at once.

use super::{ANSWER, Qmp, QmpError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::Path;

/// Whether a machine runs, and why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// It runs.
    Running,
    /// It was stopped.
    Paused,
    /// It waits for its state.
    Inmigrate,
    /// Its state was sent away.
    Postmigrate,
    /// A snapshot is being saved.
    SaveVm,
    /// A snapshot is being loaded, or could not be.
    RestoreVm,
    /// It was switched off.
    Shutdown,
    /// Its kernel panicked.
    GuestPanicked,
    /// Something else, in which it does not run.
    #[serde(other)]
    Other,
}

/// A format for pictures of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    /// PNG: smaller, and 15 ms slower.
    Png,
    /// PPM.
    Ppm,
}

impl Qmp {
    /// Returns whether the machine runs.
    pub async fn run_state(&self) -> Result<RunState, QmpError> {
        #[derive(Deserialize)]
        struct Answer {
            status: RunState,
        }
        let answer: Answer = self.call("query-status", Value::Null, ANSWER).await?;
        Ok(answer.status)
    }

    /// Stops the machine; its time stands still from then on.
    pub async fn stop(&self) -> Result<(), QmpError> {
        self.tell("stop", Value::Null).await
    }

    /// Lets the machine go on. One that runs goes on anyway.
    pub async fn cont(&self) -> Result<(), QmpError> {
        self.tell("cont", Value::Null).await
    }

    /// Resets the machine, as its reset button would.
    pub async fn reset(&self) -> Result<(), QmpError> {
        self.tell("system_reset", Value::Null).await
    }

    /// Asks the guest to switch the machine off, as its power button would. A guest may take no
    /// notice.
    pub async fn power_down(&self) -> Result<(), QmpError> {
        self.tell("system_powerdown", Value::Null).await
    }

    /// Makes QEMU end. The guest is not asked.
    pub async fn quit(&self) -> Result<(), QmpError> {
        match self.tell("quit", Value::Null).await {
            // It may be gone before its answer is.
            Err(QmpError::Lost(_)) => Ok(()),
            other => other,
        }
    }

    /// Writes a picture of the screen to `file`, as QEMU sees paths.
    pub async fn screendump(&self, file: &Path, picture: Picture) -> Result<(), QmpError> {
        let format = match picture {
            Picture::Png => "png",
            Picture::Ppm => "ppm",
        };
        let arguments = json!({"filename": path(file)?, "format": format});
        self.tell("screendump", arguments).await
    }

    /// Returns the port of this computer that leads to the guest's SSH server.
    pub(in super::super) async fn forwarded_port(&self) -> Result<u16, QmpError> {
        const COMMAND: &str = "human-monitor-command";
        // There is no other way to ask. The words are those of every QEMU since 2009.
        let arguments = json!({"command-line": "info usernet"});
        let text: String = self.call(COMMAND, arguments, ANSWER).await?;
        forwarded_port(&text).ok_or_else(|| QmpError::Odd {
            what: COMMAND,
            why: format!("`{text}` names no forwarded port"),
        })
    }
}

/// Returns a path as QEMU takes it.
pub(super) fn path(file: &Path) -> Result<&str, QmpError> {
    file.to_str().ok_or_else(|| QmpError::Failed {
        what: format!("use `{}`", file.display()),
        why: "the path is not UTF-8, which QEMU cannot be told".into(),
    })
}

/// Reads the list of forwarded connections: protocol and state, file descriptor, source address
/// and port, destination address and port, two queues.
fn forwarded_port(text: &str) -> Option<u16> {
    let mut rows = text.lines().map(|line| line.split_ascii_whitespace());
    rows.find_map(|mut row| {
        let is_ours = row.next()? == "TCP[HOST_FORWARD]";
        let port = row.nth(2)?.parse().ok()?;
        is_ours.then_some(port)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forwarded_port_is_read() {
        let text = "Hub -1 (net0):\r\n\
            \x20 Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ\r\n\
            \x20 TCP[ESTABLISHED]   15       127.0.0.1  4157       10.0.2.15    22     0     0\r\n\
            \x20 TCP[HOST_FORWARD]  14       127.0.0.1 41579       10.0.2.15    22     0     0\r\n";
        assert_eq!(forwarded_port(text), Some(41579));
        assert_eq!(forwarded_port(""), None);
    }

    #[test]
    fn an_unknown_state_is_not_running() {
        let state = |word: &str| serde_json::from_value::<RunState>(json!(word)).unwrap();
        assert_eq!(state("running"), RunState::Running);
        assert_eq!(state("save-vm"), RunState::SaveVm);
        assert_eq!(state("inmigrate"), RunState::Inmigrate);
        assert_eq!(state("io-error"), RunState::Other);
    }
}
