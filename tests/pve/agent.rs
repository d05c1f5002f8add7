//! The guest agent, as the server hands it on: bytes as letters, one answer for each process.

use super::server::{Answer, Pve, Refusal, Request};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// How long a silent agent is waited for.
const PING: Duration = Duration::from_secs(3);

impl Pve {
    pub(super) async fn agent(
        &self,
        request: &Request,
        verb: &str,
        what: &str,
        node: &str,
        vmid: u32,
    ) -> Answer {
        let (body, is_running, has_agent) = {
            let mut cluster = self.cluster();
            let vm = cluster.on(node, vmid).map_err(Refusal::failed)?;
            let agent = vm.config.get("agent").map_or("0", String::as_str);
            (
                Arc::clone(&vm.body),
                vm.is_running,
                agent.starts_with('1') || agent.contains("enabled=1"),
            )
        };
        if !has_agent {
            return Err(Refusal::failed("No QEMU guest agent configured"));
        }
        if !is_running {
            return Err(Refusal::failed(format!("VM {vmid} is not running")));
        }
        let (command, arguments) = translate(request, verb, what)?;
        let Some(answer) = body.agent(&command, arguments).await else {
            tokio::time::sleep(PING).await;
            return Err(Refusal::failed("QEMU guest agent is not running"));
        };
        let answer = answer.map_err(|why| {
            // Words that are not plain letters break the answer itself.
            if why.is_ascii() {
                Refusal::failed(format!("Agent error: {why}"))
            } else {
                Refusal {
                    is_bare: true,
                    ..Refusal::new(596, "Broken pipe")
                }
            }
        })?;
        Ok(match what {
            "/agent/exec" | "/agent/file-read" | "/agent/file-write" => answer,
            "/agent/exec-status" => exec_status(&answer),
            _ => json!({"result": answer}),
        })
    }
}

fn translate(request: &Request, verb: &str, what: &str) -> Result<(String, Value), Refusal> {
    let plain = |name: &str| Ok((format!("guest-{name}"), json!({})));
    match (verb, what) {
        ("POST", "/agent") => plain(request.text("command")),
        ("POST", "/agent/exec") => {
            let argv: Vec<&String> = request
                .params
                .iter()
                .filter(|(key, _)| key == "command")
                .map(|(_, value)| value)
                .collect();
            if argv.iter().any(|word| !word.is_ascii()) {
                return Err(Refusal::failed(
                    "VM qga command 'guest-exec' failed - got timeout",
                ));
            }
            let mut arguments = json!({"path": argv[0], "arg": argv[1..], "capture-output": true});
            if let Some(input) = request.get("input-data") {
                let bytes: Option<Vec<u8>> = input
                    .chars()
                    .map(|c| u8::try_from(u32::from(c)).ok())
                    .collect();
                let bytes = bytes.ok_or_else(|| Refusal::failed("Wide character in subroutine entry at /usr/share/perl5/PVE/QemuServer/Agent.pm line 135."))?;
                arguments["input-data"] = json!(STANDARD.encode(bytes));
            }
            Ok(("guest-exec".into(), arguments))
        }
        ("GET", "/agent/exec-status") => {
            let pid: i64 = request.text("pid").parse().unwrap();
            Ok(("guest-exec-status".into(), json!({"pid": pid})))
        }
        ("GET" | "POST", what) => plain(what.trim_start_matches("/agent/")),
        _ => Err(Refusal::new(501, "no such command")),
    }
}

/// Each byte becomes the letter of its number, and truth a number.
fn exec_status(answer: &Value) -> Value {
    let mut told = serde_json::Map::new();
    for (key, value) in answer.as_object().into_iter().flatten() {
        let value = match (key.as_str(), value) {
            ("out-data" | "err-data", Value::String(data)) => {
                let bytes = STANDARD.decode(data).unwrap_or_default();
                json!(bytes.into_iter().map(char::from).collect::<String>())
            }
            (_, Value::Bool(truth)) => json!(u8::from(*truth)),
            (_, other) => other.clone(),
        };
        told.insert(key.clone(), value);
    }
    Value::Object(told)
}
