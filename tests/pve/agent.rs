//! The guest agent, as the server hands it on: bytes as letters, one answer for each process.

use super::{
    body::Body,
    server::{Answer, Pve, Refusal, Request},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// How long a silent agent is waited for.
const PING: Duration = Duration::from_secs(3);

/// How much of a file the server hands over.
const MOST: usize = 16 << 20;

/// How much of it the agent is asked for at once.
const PIECE: usize = 1 << 20;

/// What text the server cannot hand on as bytes.
const WIDE: &str =
    "Wide character in subroutine entry at /usr/share/perl5/PVE/QemuServer/Agent.pm line 135.";

/// The channel to one machine's agent.
struct Channel<'a> {
    pve: &'a Pve,
    body: Arc<dyn Body>,
    vmid: u32,
}

impl Pve {
    pub(super) async fn agent(
        &self,
        request: &Request,
        verb: &str,
        what: &str,
        node: &str,
        vmid: u32,
    ) -> Answer {
        let channel = self.channel(node, vmid)?;
        let plain = |name: &str| format!("guest-{name}");
        match (verb, what) {
            ("POST", "/agent/exec") => channel.exec(request).await,
            ("GET", "/agent/exec-status") => {
                let pid: i64 = request.text("pid").parse().unwrap();
                let told = channel
                    .ask("guest-exec-status", json!({"pid": pid}))
                    .await?;
                Ok(exec_status(&told))
            }
            ("GET", "/agent/file-read") => channel.read_file(request).await,
            ("POST", "/agent/file-write") => channel.write_file(request).await,
            ("POST", "/agent") => channel.result(&plain(request.text("command"))).await,
            (_, what) => {
                let name = what.trim_start_matches("/agent/");
                channel.result(&plain(name)).await
            }
        }
    }

    fn channel(&self, node: &str, vmid: u32) -> Result<Channel<'_>, Refusal> {
        let mut cluster = self.cluster();
        let vm = cluster.on(node, vmid).map_err(Refusal::failed)?;
        let agent = vm.config.get("agent").map_or("0", String::as_str);
        if !agent.starts_with('1') && !agent.contains("enabled=1") {
            return Err(Refusal::failed("No QEMU guest agent configured"));
        }
        if !vm.is_running {
            return Err(Refusal::failed(format!("VM {vmid} is not running")));
        }
        let body = Arc::clone(&vm.body);
        drop(cluster);
        Ok(Channel {
            pve: self,
            body,
            vmid,
        })
    }
}

impl Channel<'_> {
    /// Has the agent do something.
    async fn ask(&self, command: &str, arguments: Value) -> Answer {
        let is_lost = {
            let cluster = self.pve.cluster();
            cluster
                .vms
                .get(&self.vmid)
                .is_none_or(|vm| vm.is_agent_lost)
        };
        if !is_lost && !arguments.to_string().is_ascii() {
            return Err(self.lose(command));
        }
        let answer = if is_lost {
            None
        } else {
            self.body.agent(command, arguments).await
        };
        let Some(answer) = answer else {
            tokio::time::sleep(PING).await;
            return Err(Refusal::failed("QEMU guest agent is not running"));
        };
        answer.map_err(|why| {
            // Words that are not plain letters break the answer itself.
            if why.is_ascii() {
                Refusal::failed(format!("Agent error: {why}"))
            } else {
                Refusal {
                    is_bare: true,
                    ..Refusal::new(596, "Broken pipe")
                }
            }
        })
    }

    /// What is not ASCII breaks the channel, until the machine starts again.
    fn lose(&self, command: &str) -> Refusal {
        if let Some(vm) = self.pve.cluster().vms.get_mut(&self.vmid) {
            vm.is_agent_lost = true;
        }
        let vmid = self.vmid;
        Refusal::failed(format!(
            "VM {vmid} qga command '{command}' failed - got timeout"
        ))
    }

    async fn result(&self, command: &str) -> Answer {
        let answer = self.ask(command, json!({})).await?;
        Ok(json!({"result": answer}))
    }

    async fn exec(&self, request: &Request) -> Answer {
        let given = request.params.iter().filter(|(key, _)| key == "command");
        let argv: Vec<&String> = given.map(|(_, value)| value).collect();
        let mut arguments = json!({"path": argv[0], "arg": argv[1..], "capture-output": true});
        if let Some(input) = request.get("input-data") {
            arguments["input-data"] = json!(encode(input)?);
        }
        self.ask("guest-exec", arguments).await
    }

    async fn read_file(&self, request: &Request) -> Answer {
        let number = |name: &str, usual: usize| {
            request
                .get(name)
                .map_or(usual, |text| text.parse().unwrap())
        };
        let path = json!({"path": request.text("file")});
        let handle = self.ask("guest-file-open", path).await?;
        if let offset @ 1.. = number("offset", 0) {
            let seek = json!({"handle": handle, "offset": offset, "whence": 0});
            self.ask("guest-file-seek", seek).await?;
        }
        let mut left = number("count", MOST);
        let (mut bytes, mut is_whole) = (Vec::new(), false);
        while left > 0 && !is_whole {
            let piece = json!({"handle": handle, "count": left.min(PIECE)});
            let told = self.ask("guest-file-read", piece).await?;
            let some = STANDARD.decode(told["buf-b64"].as_str().unwrap_or_default());
            let some = some.unwrap();
            left -= some.len();
            bytes.extend(some);
            is_whole = told["eof"] == true;
        }
        self.ask("guest-file-close", json!({"handle": handle}))
            .await?;
        let content = match request.get("decode") {
            Some(_) if !request.flag("decode") => STANDARD.encode(&bytes),
            _ => letters(&bytes),
        };
        let mut told = json!({"content": content, "bytes-read": bytes.len()});
        if !is_whole {
            told["truncated"] = json!(1);
        }
        Ok(told)
    }

    async fn write_file(&self, request: &Request) -> Answer {
        let content = request.text("content");
        let content = match request.get("encode") {
            Some(_) if !request.flag("encode") => content.to_owned(),
            _ => encode(content)?,
        };
        let open = json!({"path": request.text("file"), "mode": "wb"});
        let handle = self.ask("guest-file-open", open).await?;
        let write = json!({"handle": handle, "buf-b64": content});
        self.ask("guest-file-write", write).await?;
        self.ask("guest-file-close", json!({"handle": handle}))
            .await?;
        Ok(Value::Null)
    }
}

/// Takes each letter as the byte of its number.
fn encode(text: &str) -> Result<String, Refusal> {
    let bytes = text.chars().map(|c| u8::try_from(u32::from(c)));
    let bytes: Result<Vec<u8>, _> = bytes.collect();
    let bytes = bytes.map_err(|_| Refusal::failed(WIDE))?;
    Ok(STANDARD.encode(bytes))
}

fn letters(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// Each byte becomes the letter of its number, and truth a number.
fn exec_status(answer: &Value) -> Value {
    let mut told = serde_json::Map::new();
    for (key, value) in answer.as_object().into_iter().flatten() {
        let value = match (key.as_str(), value) {
            ("out-data" | "err-data", Value::String(data)) => {
                json!(letters(&STANDARD.decode(data).unwrap_or_default()))
            }
            (_, Value::Bool(truth)) => json!(u8::from(*truth)),
            (_, other) => other.clone(),
        };
        told.insert(key.clone(), value);
    }
    Value::Object(told)
}
