//! The guest of a machine that is only written about: what its agent knows.
//!
//! Files stand in memory, in one folder. Programs do nothing, but for `cat`: each ends as was said
//! before.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard},
};

/// The one folder.
const FOLDER: &str = "/tmp/";

/// What is in the guest.
#[derive(Debug, Default)]
pub(crate) struct Guest {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    files: BTreeMap<String, Vec<u8>>,
    /// What is open: its path, and how far it was read or written.
    open: BTreeMap<i64, (String, usize)>,
    /// What the agent says of each program that nobody has asked about since it ended.
    programs: BTreeMap<i64, Value>,
    /// How the next programs end, in the agent's words.
    ends: VecDeque<Value>,
    count: i64,
}

impl Guest {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// Puts a file there.
    pub(crate) fn put(&self, path: &str, bytes: Vec<u8>) {
        self.inner().files.insert(path.into(), bytes);
    }

    /// Returns another with the same files.
    pub(super) fn copy(&self) -> Self {
        let inner = Inner {
            files: self.inner().files.clone(),
            ..Inner::default()
        };
        Self {
            inner: Mutex::new(inner),
        }
    }

    /// Says how the next program ends that has no end yet, in the agent's words.
    pub(crate) fn end_next(&self, end: Value) {
        self.inner().ends.push_back(end);
    }

    /// Answers as the agent does. Programs write `output`, unless something else was said.
    pub(super) fn answer(
        &self,
        command: &str,
        arguments: &Value,
        output: &[u8],
    ) -> Result<Value, String> {
        let mut inner = self.inner();
        match command {
            "guest-exec" => inner.run(arguments, output),
            "guest-exec-status" => inner.told(arguments["pid"].as_i64().unwrap()),
            "guest-file-open" => inner.open(
                arguments["path"].as_str().unwrap(),
                arguments["mode"].as_str().unwrap_or("r"),
            ),
            "guest-file-seek" | "guest-file-read" | "guest-file-write" | "guest-file-close" => {
                inner.on_file(command, arguments)
            }
            _ => known(command),
        }
    }
}

/// What never changes.
fn known(command: &str) -> Result<Value, String> {
    Ok(match command {
        "guest-ping" => json!({}),
        "guest-network-get-interfaces" => json!([
            {"name": "lo", "ip-addresses": [{"ip-address-type": "ipv4", "ip-address": "127.0.0.1", "prefix": 8}]},
            {"name": "eth0", "ip-addresses": [
                {"ip-address-type": "ipv6", "ip-address": "fe80::1", "prefix": 64},
                {"ip-address-type": "ipv4", "ip-address": "127.0.0.9", "prefix": 8}]},
        ]),
        "guest-get-osinfo" => json!({
            "id": "debian", "name": "Debian GNU/Linux", "version": "12 (bookworm)", "version-id": "12",
            "pretty-name": "Debian GNU/Linux 12 (bookworm)", "machine": "x86_64",
            "kernel-release": "6.1.0-1-amd64", "kernel-version": "#1 SMP",
        }),
        "guest-get-time" => json!(1_795_317_177_000_000_000_u64),
        other => return Err(format!("The command {other} has not been found")),
    })
}

impl Inner {
    fn next(&mut self) -> i64 {
        self.count += 1;
        self.count
    }

    fn run(&mut self, arguments: &Value, output: &[u8]) -> Result<Value, String> {
        let path = arguments["path"].as_str().unwrap();
        let folders = ["/bin/", "/usr/bin/"];
        let is_there = folders.iter().any(|folder| path.starts_with(folder));
        if path.contains(' ') || !(is_there || path == "powershell.exe") {
            return Err(format!(
                "Guest agent command failed, error was 'Failed to execute child process \u{201c}{path}\u{201d} (No such file or directory)'"
            ));
        }
        let input = arguments["input-data"].as_str();
        let output = match input {
            Some(input) if path == "/bin/cat" => input.into(),
            _ => STANDARD.encode(output),
        };
        let usual = json!({
            "exited": true, "exitcode": 0, "out-data": output, "out-truncated": false,
        });
        let end = self.ends.pop_front().unwrap_or(usual);
        let pid = self.next();
        self.programs.insert(pid, end);
        Ok(json!({"pid": pid}))
    }

    /// Tells of a program; of one that has ended, once.
    fn told(&mut self, pid: i64) -> Result<Value, String> {
        let end = self.programs.get(&pid).cloned();
        let end = end.ok_or("Invalid parameter 'pid'")?;
        if end["exited"] == true {
            self.programs.remove(&pid);
        }
        Ok(end)
    }

    fn open(&mut self, path: &str, mode: &str) -> Result<Value, String> {
        let is_written = mode.starts_with('w');
        let has_folder = path
            .strip_prefix(FOLDER)
            .is_some_and(|name| !name.contains('/'));
        if (is_written && !has_folder) || (!is_written && !self.files.contains_key(path)) {
            return Err(format!(
                "failed to open file '{path}' (mode: '{mode}'): No such file or directory"
            ));
        }
        if is_written {
            self.files.insert(path.into(), Vec::new());
        }
        let handle = self.next();
        self.open.insert(handle, (path.into(), 0));
        Ok(json!(handle))
    }

    fn on_file(&mut self, command: &str, arguments: &Value) -> Result<Value, String> {
        let handle = arguments["handle"].as_i64().unwrap();
        let number = |name: &str| usize::try_from(arguments[name].as_u64().unwrap()).unwrap();
        let Some((path, at)) = self.open.get_mut(&handle) else {
            return Err(format!("handle '{handle}' has not been found"));
        };
        let file = self.files.get_mut(path).unwrap();
        Ok(match command {
            "guest-file-seek" => {
                *at = number("offset");
                json!({"position": *at, "eof": false})
            }
            "guest-file-read" => {
                let wanted = number("count");
                let left = file.get(*at..).unwrap_or_default();
                let some = &left[..wanted.min(left.len())];
                *at += some.len();
                // The end is noticed by whoever wants more than there is.
                json!({"count": some.len(), "buf-b64": STANDARD.encode(some), "eof": some.len() < wanted})
            }
            "guest-file-write" => {
                let text = arguments["buf-b64"].as_str().unwrap();
                let bytes = STANDARD.decode(text).map_err(|err| err.to_string())?;
                file.truncate(*at);
                file.extend(&bytes);
                *at += bytes.len();
                json!({"count": bytes.len(), "eof": false})
            }
            _ => {
                self.open.remove(&handle);
                json!({})
            }
        })
    }
}
