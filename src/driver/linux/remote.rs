//! The login on a machine, and what its failures mean for whoever uses the machine.

use super::quote::quoted;
use crate::{
    model::MachineName,
    port::{ProviderError, RemoteProcess, Shell, ShellError, ShellOutput, with_causes},
};
use std::{sync::Arc, time::Duration};

/// What a script writes before everything else. What comes before it is the login shell's.
const BEGIN: &str = "mosdat begins";

/// The login on a machine.
#[derive(Clone, Debug)]
pub(super) struct Remote {
    pub(super) machine: MachineName,
    pub(super) shell: Arc<dyn Shell>,
}

impl Remote {
    /// Fails when the connection is lost.
    pub(super) fn alive(&self) -> Result<(), ProviderError> {
        self.shell.lost().map_or(Ok(()), |why| Err(self.lost(why)))
    }

    /// Runs `script` with `sh` and returns what it wrote. `what` it does is for messages, as in
    /// `list its processes`. How it ended is for the caller to judge.
    pub(super) async fn ask(
        &self,
        what: &str,
        script: &str,
        limit: Duration,
    ) -> Result<ShellOutput, ProviderError> {
        let output = self.ask_in_part(what, script, limit).await?;
        match output.exit {
            Some(_) => Ok(output),
            None => Err(self.timed_out(what, limit)),
        }
    }

    /// Like [`ask`](Self::ask); when the time is up, what it wrote so far will do.
    pub(super) async fn ask_in_part(
        &self,
        what: &str,
        script: &str,
        limit: Duration,
    ) -> Result<ShellOutput, ProviderError> {
        self.alive()?;
        let script = format!("echo; echo '{BEGIN}'\n{script}");
        let ran = self.shell.run(&for_login(&script), b"", limit).await;
        let mut output = ran.map_err(|err| self.error(what, &err))?;
        // A connection that ends while a command runs may end the command first.
        self.alive()?;
        let mark = format!("\n{BEGIN}\n");
        let mut windows = output.stdout.windows(mark.len());
        match windows.position(|window| window == mark.as_bytes()) {
            Some(at) => {
                output.stdout.drain(..at + mark.len());
                Ok(output)
            }
            None if output.exit.is_none() => {
                output.stdout.clear();
                Ok(output)
            }
            None => Err(self.no_shell(&output)),
        }
    }

    /// Starts `script`, which tells one line and stays.
    pub(super) async fn start(
        &self,
        program: &str,
        script: &str,
        limit: Duration,
    ) -> Result<(String, Box<dyn RemoteProcess>), ProviderError> {
        self.alive()?;
        let started = self.shell.start(&for_login(script), limit).await;
        started.map_err(|err| self.error(&format!("start `{program}`"), &err))
    }

    /// Returns that the machine was lost.
    pub(super) fn lost(&self, why: impl Into<String>) -> ProviderError {
        ProviderError::Lost {
            machine: self.machine.clone(),
            why: why.into(),
        }
    }

    /// Returns that the machine cannot do something.
    pub(super) fn unable(&self, what: impl Into<String>) -> ProviderError {
        ProviderError::Unable {
            machine: self.machine.clone(),
            what: what.into(),
        }
    }

    /// Returns that something took too long.
    pub(super) fn timed_out(&self, what: &str, limit: Duration) -> ProviderError {
        ProviderError::TimedOut {
            machine: self.machine.clone(),
            what: what.into(),
            seconds: limit.as_secs(),
        }
    }

    /// Returns that a program could not be run.
    pub(super) fn not_run(&self, program: &str, why: impl Into<String>) -> ProviderError {
        ProviderError::Run {
            machine: self.machine.clone(),
            program: program.into(),
            why: why.into(),
        }
    }

    /// Returns what a failure of the login means when it was to do `what`.
    pub(super) fn error(&self, what: &str, err: &ShellError) -> ProviderError {
        if let Err(lost) = self.alive() {
            return lost;
        }
        match err {
            ShellError::Lost(why) => self.lost(why),
            ShellError::TimedOut { limit, .. } => self.timed_out(what, *limit),
            ShellError::Connect { .. }
            | ShellError::HostKey { .. }
            | ShellError::Refused { .. } => self.lost(with_causes(err)),
            ShellError::Damaged { .. } => self.lost(format!("failed to {what}: {err}")),
            ShellError::Remote { .. } | ShellError::Local { .. } => {
                self.not_run("sh", format!("failed to {what}: {}", with_causes(err)))
            }
        }
    }

    fn no_shell(&self, output: &ShellOutput) -> ProviderError {
        let stdout = String::from_utf8_lossy(&output.stdout);
        let why = match output.exit {
            Some(exit) => format!("the login shell {exit}"),
            None => "the login shell did not run it".to_owned(),
        };
        let words = format!("{}\n{}", stdout.trim(), output.stderr.trim());
        self.not_run("sh", format!("{why}\n{}", words.trim()))
    }
}

/// Has whatever shell the user has run `script` with `sh`.
fn for_login(script: &str) -> String {
    format!("exec sh -c {}", quoted(script))
}
