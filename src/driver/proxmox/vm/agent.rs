//! The guest agent of a machine, reached through the cluster.
//!
//! The server reads arguments as ASCII and breaks the agent's channel on anything else; input and
//! output are bytes, each written as the letter of its number.

use super::Vm;
use crate::driver::proxmox::api::{ApiError, Method, Reason};
use serde::Deserialize;
use serde_json::Value;
use std::{net::IpAddr, time::Duration};
use tokio::time::{Instant, sleep};

/// How often an agent that does not answer yet is asked.
const PACE: Duration = Duration::from_secs(1);

/// What came of a command in the guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub output: Vec<u8>,
    /// What it wrote to standard error.
    pub errors: Vec<u8>,
    /// Whether not all that it wrote is here.
    pub is_truncated: bool,
}

impl Vm {
    /// Whether the agent answers now.
    pub async fn ping(&self) -> Result<(), ApiError> {
        let _pong: Value = self.agent(Method::Post, "ping", &[]).await?;
        Ok(())
    }

    /// Waits until the agent answers. Only silence is waited for: a machine without an agent, or one
    /// that is gone, is an error at once.
    pub async fn agent_ready(&self, limit: Duration) -> Result<(), ApiError> {
        let deadline = Instant::now() + limit;
        loop {
            match self.ping().await {
                Err(err)
                    if (err.reason() == Reason::AgentSilent || err.is_transient())
                        && Instant::now() + PACE < deadline =>
                {
                    sleep(PACE).await;
                }
                done => return done,
            }
        }
    }

    /// Returns the addresses of the guest, without those that only it reaches.
    pub async fn addresses(&self) -> Result<Vec<IpAddr>, ApiError> {
        #[derive(Deserialize)]
        struct Told {
            result: Vec<Interface>,
        }
        #[derive(Deserialize)]
        struct Interface {
            name: String,
            #[serde(default, rename = "ip-addresses")]
            addresses: Vec<Address>,
        }
        #[derive(Deserialize)]
        struct Address {
            #[serde(rename = "ip-address")]
            address: IpAddr,
        }
        let told: Told = self
            .agent(Method::Get, "network-get-interfaces", &[])
            .await?;
        let outer = told.result.into_iter().filter(|one| one.name != "lo");
        let mut addresses: Vec<IpAddr> = outer
            .flat_map(|one| one.addresses)
            .map(|one| one.address)
            .filter(|address| match address {
                IpAddr::V4(address) => !address.is_link_local(),
                IpAddr::V6(address) => !address.is_loopback() && !address.is_unicast_link_local(),
            })
            .collect();
        addresses.sort_by_key(IpAddr::is_ipv6);
        Ok(addresses)
    }

    /// Runs a program in the guest and waits for its end, at most for `limit`. It has no shell, and
    /// arguments must be ASCII; `input` may be anything, up to 64 KiB.
    pub async fn exec(
        &self,
        argv: &[&str],
        input: &[u8],
        limit: Duration,
    ) -> Result<Ran, ApiError> {
        #[derive(Deserialize)]
        struct Started {
            pid: i64,
        }
        for word in argv {
            check_ascii("agent/exec", word)?;
        }
        let mut params: Vec<(&str, String)> = argv
            .iter()
            .map(|word| ("command", (*word).to_owned()))
            .collect();
        if !input.is_empty() {
            params.push(("input-data", letters(input)));
        }
        let started: Started = self.agent(Method::Post, "exec", &params).await?;
        self.exec_end(started.pid, limit).await
    }

    async fn exec_end(&self, pid: i64, limit: Duration) -> Result<Ran, ApiError> {
        #[derive(Deserialize)]
        struct Told {
            exited: Value,
            #[serde(default)]
            exitcode: Option<i32>,
            #[serde(default, rename = "out-data")]
            output: String,
            #[serde(default, rename = "err-data")]
            errors: String,
            #[serde(default, rename = "out-truncated")]
            output_truncated: Value,
            #[serde(default, rename = "err-truncated")]
            errors_truncated: Value,
        }
        let deadline = Instant::now() + limit;
        let mut pause = Duration::from_millis(50);
        loop {
            let pid = [("pid", pid.to_string())];
            let told = self.agent(Method::Get, "exec-status", &pid).await;
            let told: Told = told.map_err(told_once)?;
            if is_true(&told.exited) {
                return Ok(Ran {
                    code: told.exitcode,
                    output: bytes(&told.output),
                    errors: bytes(&told.errors),
                    is_truncated: is_true(&told.output_truncated)
                        || is_true(&told.errors_truncated),
                });
            }
            if Instant::now() >= deadline {
                return Err(ApiError::Lost {
                    call: "agent/exec".into(),
                    why: format!("the program did not end within {} s", limit.as_secs()),
                });
            }
            sleep(pause).await;
            pause = (pause * 2).min(PACE);
        }
    }
}

/// Refuses a word that is not ASCII: sent, it would cost the agent its channel until the machine is
/// started again.
pub(super) fn check_ascii(call: &str, word: &str) -> Result<(), ApiError> {
    if word.is_ascii() {
        return Ok(());
    }
    Err(ApiError::NotSent {
        call: call.into(),
        why: format!("`{word}` is not ASCII, which the guest agent does not survive"),
    })
}

/// Whether a flag is set: the server has numbers for it, the agent has truth.
pub(super) fn is_true(value: &Value) -> bool {
    *value == Value::Bool(true) || *value == 1
}

/// The agent tells of an end once: whoever asks again after that answer was lost hears that there is
/// no such process.
fn told_once(err: ApiError) -> ApiError {
    if err.reason() != Reason::NoProcess {
        return err;
    }
    ApiError::Lost {
        call: "agent/exec".into(),
        why: "the agent tells once what came of a program, and that answer is gone".into(),
    }
}

/// Writes each byte as the letter of its number.
fn letters(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// Reads letters as the bytes of their numbers; what is no byte was not one.
fn bytes(letters: &str) -> Vec<u8> {
    let bytes = letters.chars().map(|c| u8::try_from(u32::from(c)));
    bytes.map(|byte| byte.unwrap_or(b'?')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_pass_as_letters() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(bytes(&letters(&all)), all);
        assert_eq!(bytes("a€"), b"a?");
    }
}
