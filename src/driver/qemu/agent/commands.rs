//! What the guest agent is asked for.

use super::{Agent, AgentError};
use crate::port::Exit;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{self, Instant};

/// How long the agent may take for what it does at once, on a guest that is busy.
const ANSWER: Duration = Duration::from_mins(1);

/// How long a command runs until it is asked whether it has ended, at first and at most. There is
/// no event for it, and the agent writes a line into the guest's journal for each question, which
/// must neither fill it nor show in a test's evidence.
pub(super) const FIRST_LOOK: Duration = Duration::from_millis(50);
const SLOWEST_LOOK: Duration = Duration::from_secs(1);

/// How far the guest's clock may be off after it was set.
const CLOCK_ERROR: Duration = Duration::from_secs(5);

/// What came of a command that ran in the guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// How it ended.
    pub exit: Exit,
    /// What it wrote to standard output, up to what the agent keeps: 16 MiB.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error, up to the same.
    pub stderr: Vec<u8>,
}

impl Agent {
    /// Makes sure that it answers now.
    pub async fn ping(&self, limit: Duration) -> Result<(), AgentError> {
        self.call::<Value>("guest-ping", Value::Null, limit)
            .await
            .map(drop)
    }

    /// Sets the guest's clock to `now`, the time since the Unix epoch.
    pub async fn set_time(&self, now: Duration) -> Result<(), AgentError> {
        let began = Instant::now();
        // The agent's own way sets the hardware's clock as well, which nobody reads before the next
        // boot, and takes a guest that is translated many times as long.
        let time = format!("@{:.3}", now.as_secs_f64());
        match self.run(&["date", "-u", "-s", &time], ANSWER).await {
            Ok(ran) if ran.exit == Exit::Code(0) => Ok(()),
            Ok(_) | Err(AgentError::Refused { .. }) => {
                self.set_both_clocks(now + began.elapsed()).await
            }
            Err(err) => Err(err),
        }
    }

    async fn set_both_clocks(&self, now: Duration) -> Result<(), AgentError> {
        let began = Instant::now();
        let nanoseconds = now.as_nanos() as u64;
        let set = self.call::<Value>("guest-set-time", json!({"time": nanoseconds}), ANSWER);
        match set.await {
            // It sets the system's clock first and the hardware's then, for which it needs a
            // program that many guests do not have.
            Err(refused @ AgentError::Refused { .. }) => {
                let clock: u64 = self.call("guest-get-time", Value::Null, ANSWER).await?;
                let clock = Duration::from_nanos(clock);
                let is_set = clock.abs_diff(now + began.elapsed()) <= CLOCK_ERROR;
                if is_set { Ok(()) } else { Err(refused) }
            }
            set => set.map(drop),
        }
    }

    /// Has the guest write everything to its disks and write no more, and returns how many file
    /// systems stand still. Until [`Self::thaw`] the agent answers hardly anything.
    pub async fn freeze(&self, limit: Duration) -> Result<u64, AgentError> {
        self.call("guest-fsfreeze-freeze", Value::Null, limit).await
    }

    /// Lets the guest write to its disks again, and returns how many file systems do.
    pub async fn thaw(&self, limit: Duration) -> Result<u64, AgentError> {
        self.call("guest-fsfreeze-thaw", Value::Null, limit).await
    }

    /// Has the guest shut down and switch itself off. Whether it does shows in QEMU's end only:
    /// the agent does not answer.
    pub async fn shut_down(&self) -> Result<(), AgentError> {
        let what = "guest-shutdown";
        let mut talk = self.talk.lock().await;
        let said = time::timeout(ANSWER, talk.say(what, json!({"mode": "powerdown"}))).await;
        said.unwrap_or(Err(AgentError::Silent {
            what,
            limit: ANSWER,
        }))
    }

    /// Runs a program with its arguments as the guest's root, and waits for its end. When `limit`
    /// has passed it runs on: the agent has no way to end it.
    pub async fn run(&self, argv: &[&str], limit: Duration) -> Result<Ran, AgentError> {
        #[derive(Deserialize)]
        struct Started {
            pid: i64,
        }
        let what = "guest-exec";
        let (program, arguments) = argv.split_first().unwrap_or((&"", &[]));
        let command = json!({"path": program, "arg": arguments, "capture-output": true});
        let running = async {
            let started: Started = self.call(what, command, ANSWER).await?;
            let mut pause = FIRST_LOOK;
            loop {
                time::sleep(pause).await;
                let status = json!({"pid": started.pid});
                let status: Status = self.call("guest-exec-status", status, ANSWER).await?;
                if status.exited {
                    return status.ran();
                }
                pause = (pause * 2).min(SLOWEST_LOOK);
            }
        };
        let ran = time::timeout(limit, running).await;
        ran.unwrap_or(Err(AgentError::Silent { what, limit }))
    }

    /// Has the agent do `what`, whatever it knows: the commands above are those that mosdat needs.
    pub async fn call<T: DeserializeOwned>(
        &self,
        what: &'static str,
        arguments: Value,
        limit: Duration,
    ) -> Result<T, AgentError> {
        let value = self.talk.lock().await.ask(what, arguments, limit).await?;
        serde_json::from_value(value).map_err(|err| AgentError::Odd {
            what,
            why: err.to_string(),
        })
    }
}

/// What the agent says of a command it runs.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Status {
    exited: bool,
    exitcode: Option<i32>,
    signal: Option<i32>,
    #[serde(default)]
    out_data: String,
    #[serde(default)]
    err_data: String,
}

impl Status {
    fn ran(self) -> Result<Ran, AgentError> {
        let odd = |why: String| AgentError::Odd {
            what: "guest-exec-status",
            why,
        };
        let exit = match (self.signal, self.exitcode) {
            (Some(signal), _) => Exit::Signal(signal),
            (None, Some(code)) => Exit::Code(code),
            (None, None) => return Err(odd("it does not say how the command ended".into())),
        };
        let bytes = |text: String| {
            let bytes = BASE64_STANDARD.decode(text);
            bytes.map_err(|err| odd(err.to_string()))
        };
        Ok(Ran {
            exit,
            stdout: bytes(self.out_data)?,
            stderr: bytes(self.err_data)?,
        })
    }
}
