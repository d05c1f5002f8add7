//! Having PowerShell carry out a script over SSH, and hearing what it says.

use super::powershell::{LONGEST, Said, command, said};
use crate::port::{Shell, ShellError, TreeError, with_causes};
use std::{sync::Arc, time::Duration};

/// Runs scripts.
#[derive(Debug)]
pub(super) struct Exchange {
    shell: Arc<dyn Shell>,
    limit: Duration,
}

/// What a script said, with nothing gone wrong.
#[derive(Debug)]
pub(super) struct Answered {
    /// Which of the words that the script knows.
    pub(super) word: String,
    /// What comes with it.
    pub(super) text: String,
}

impl Exchange {
    pub(super) fn new(shell: Arc<dyn Shell>, limit: Duration) -> Self {
        Self { shell, limit }
    }

    /// Runs a script that waits for nothing.
    pub(super) async fn run(&self, script: &str) -> Result<Answered, TreeError> {
        self.run_for(script, Duration::ZERO).await
    }

    /// Runs a script that may wait for so long by itself.
    pub(super) async fn run_for(
        &self,
        script: &str,
        waits: Duration,
    ) -> Result<Answered, TreeError> {
        let command = command(script);
        debug_assert!(command.len() < LONGEST, "a command of {}", command.len());
        let limit = self.limit + waits;
        let output = self.shell.run(&command, b"", limit).await;
        let output = output.map_err(|err| lost(&err))?;
        if output.exit.is_none() {
            return Err(TreeError::TimedOut { limit });
        }
        match said(&output) {
            Said::Word(word, text) => Ok(Answered { word, text }),
            Said::Error(why) => Err(TreeError::NoBus(why)),
            Said::Nothing(why) => Err(TreeError::Protocol(why)),
        }
    }
}

impl Answered {
    /// Returns the text, where the word is `wanted`.
    pub(super) fn of(self, wanted: &str) -> Result<String, TreeError> {
        if self.word == wanted {
            Ok(self.text)
        } else {
            Err(self.unexpected())
        }
    }

    pub(super) fn unexpected(&self) -> TreeError {
        let word = &self.word;
        TreeError::Protocol(format!("PowerShell said `{word}`, which nobody asked for"))
    }
}

fn lost(err: &ShellError) -> TreeError {
    TreeError::Lost(with_causes(err))
}
