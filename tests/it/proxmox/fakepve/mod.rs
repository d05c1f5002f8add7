//! The driver against `fakepve`, a server that others wrote, so that it agrees not only with ours.
//!
//! Left out is what this server answers otherwise than real ones do: it does not bring a snapshot's
//! memory back, reads missing files as empty, tells a configuration without what waits for the next
//! start, takes no ticket for a password, lets templates go that have clones, and names one
//! privilege where any of several would do to change a configuration.

mod calls;
mod machines;

use super::world::{client_of, endpoint_at, limits};
use crate::pve::certificate;
use mosdat::{
    driver::proxmox::{
        TaskLimits, Vm,
        api::{ApiLimits, CallLog, Client, Credentials},
    },
    model::Secret,
};
use serde_json::{Value, json};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::Mutex,
};

const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

/// A server in a process of its own, which ends with this.
struct Fake {
    port: u16,
    fingerprint: String,
    process: Mutex<Process>,
}

struct Process {
    _child: Child,
    calls: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Fake {
    async fn start() -> Self {
        let (made, fingerprint) = certificate();
        let dir = tempfile::tempdir().unwrap();
        let (cert, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
        fs::write(&cert, made.cert.pem()).unwrap();
        fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let mut command = Command::new(installed().join("bin/python"));
        command
            .arg(Path::new(REPOSITORY).join("tests/pve/fakepve_serves.py"))
            .args([&cert, &key])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut process = Process {
            calls: child.stdin.take().unwrap(),
            answers: BufReader::new(child.stdout.take().unwrap()).lines(),
            _child: child,
        };
        let port = process.answer().await.as_u64().unwrap();
        Self {
            port: u16::try_from(port).unwrap(),
            fingerprint,
            process: Mutex::new(process),
        }
    }

    /// Has the server call one of its methods, and returns what came of it.
    async fn call(&self, name: &str, arguments: Value) -> Value {
        let mut process = self.process.lock().await;
        let line = format!("{}\n", json!([name, arguments]));
        process.calls.write_all(line.as_bytes()).await.unwrap();
        process.answer().await
    }

    /// Counts the requests that there were.
    async fn asked(&self, method: &str, suffix: &str) -> u64 {
        let asked = json!({"method": method, "suffix": suffix});
        self.call("asked", asked).await.as_u64().unwrap()
    }

    /// Waits until there were that many requests.
    async fn comes(&self, method: &str, suffix: &str, times: u64) {
        let awaited = json!({"method": method, "suffix": suffix, "times": times});
        self.call("comes", awaited).await;
    }

    fn client(&self, credentials: Credentials, limits: ApiLimits) -> Arc<Client> {
        let endpoint = endpoint_at(self.port, &self.fingerprint);
        let client = client_of(&endpoint, credentials, limits, CallLog::default());
        Arc::new(client)
    }
}

impl Process {
    async fn answer(&mut self) -> Value {
        let line = self.answers.next_line().await.unwrap();
        let line = line.expect("fakepve has ended; it said why on standard error");
        serde_json::from_str(&line).unwrap()
    }
}

/// Returns where `scripts/setup.sh` has installed the server.
fn installed() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").filter(|dir| !dir.is_empty());
    let target = target.unwrap_or_else(|| "target".into());
    let place = Path::new(REPOSITORY).join(target).join("fakepve");
    let here = fs::read_to_string(place.join("installed.txt")).unwrap_or_default();
    let wanted = include_str!("../../../pve/fakepve.txt");
    assert!(
        here == wanted,
        "fakepve is not in {}, or in another version: `make setup` installs it",
        place.display()
    );
    place
}

/// A server, a client that has the role of `docs/proxmox.md`, and the machines that there are.
struct World {
    fake: Fake,
    client: Arc<Client>,
    /// Stopped, on the first node, without an agent.
    debian: Vm,
    /// Running, on the second node.
    fedora: Vm,
}

async fn world() -> World {
    world_of(token()).await
}

async fn world_of(credentials: Credentials) -> World {
    let fake = Fake::start().await;
    let client = fake.client(credentials, limits());
    World {
        debian: vm(&client, 100, "pve1"),
        fedora: vm(&client, 101, "pve2"),
        fake,
        client,
    }
}

fn vm(client: &Arc<Client>, vmid: u32, node: &str) -> Vm {
    Vm::of(Arc::clone(client), vmid, node, TaskLimits::default())
}

fn token() -> Credentials {
    Credentials::Token {
        id: "mosdat@pve!ci".into(),
        secret: Secret::new("token-secret"),
    }
}

fn password() -> Credentials {
    Credentials::Password {
        user: "mosdat@pve".into(),
        password: Secret::new("a password & more"),
    }
}
