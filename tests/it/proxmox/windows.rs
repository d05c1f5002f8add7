//! Machines with Windows: their widgets are asked for by PowerShell, and nothing is asked in the
//! words of another system.

use super::{
    fleet::{Fleet, complaints, verdicts},
    runs::{assert_given_back, server},
};
use async_trait::async_trait;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use mosdat::{
    driver::uia,
    model::{Layer, LeaseId, Platform, Verdict},
    port::{
        ByteStream, Command, Exit, Login, Provider as _, ProviderError, RemoteProcess, Shell,
        ShellDialer, ShellError, ShellOutput, SocketName, Sockets, Wanted,
    },
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::{
    io,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

/// Logins on machines with Windows that are only written about.
#[derive(Debug, Default)]
struct Logins(Arc<Mutex<Vec<String>>>);

#[async_trait]
impl ShellDialer for Logins {
    async fn dial(&self, _: &Login) -> Result<Arc<dyn Shell>, ShellError> {
        Ok(Arc::new(PaperWindows(Arc::clone(&self.0))))
    }
}

/// Takes scripts of PowerShell only, and remembers them.
#[derive(Debug)]
struct PaperWindows(Arc<Mutex<Vec<String>>>);

impl PaperWindows {
    fn answer(script: &str) -> (&'static str, String) {
        if script.contains("say 'digest'") {
            let digest = Sha256::digest(uia::program().as_bytes());
            let digits = digest.iter().map(|byte| format!("{byte:02X}"));
            return ("digest", digits.collect());
        }
        if let Some((_, rest)) = script.split_once("\"$q.part\",[Convert]::FromBase64String('") {
            let (text, _) = rest.split_once('\'').unwrap();
            let request = BASE64_STANDARD.decode(text).unwrap();
            return ("reply", reply(&serde_json::from_slice(&request).unwrap()));
        }
        let is_known = script.contains("Register-ScheduledTask")
            || script.contains("Unregister-ScheduledTask");
        assert!(is_known, "nobody expects this:\n{script}");
        ("ok", String::new())
    }
}

/// What a worker replies that sees an empty window.
fn reply(request: &Value) -> String {
    let widget = json!({
        "id": "70/42", "depth": 0, "control": "Window", "name": "Notes", "class": "",
        "offscreen": false, "enabled": true, "focusable": false, "focused": false,
        "password": false, "extents": { "x": 0, "y": 0, "width": 9, "height": 9 }, "actions": [],
    });
    let window = json!({ "program": "notes", "title": "Notes", "widgets": [widget] });
    let sight = json!({
        "session": 1, "interactive": true, "locked": false, "windows": 1, "aware": true,
    });
    let results = json!({ "t": { "ok": true, "windows": [window] } });
    let nonce = &request["nonce"];
    json!({ "ok": true, "results": results, "nonce": nonce, "sight": sight }).to_string()
}

#[async_trait]
impl Sockets for PaperWindows {
    async fn open(&self, _: &SocketName) -> io::Result<Box<dyn ByteStream>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

#[async_trait]
impl Shell for PaperWindows {
    async fn run(&self, command: &str, _: &[u8], _: Duration) -> Result<ShellOutput, ShellError> {
        let script = uia::decoded(command).unwrap_or_else(|| panic!("not for Windows: {command}"));
        let (word, text) = Self::answer(&script);
        self.0.lock().unwrap().push(script);
        Ok(ShellOutput {
            exit: Some(Exit::Code(0)),
            stdout: format!("mosdat:{word} {}\r\n", BASE64_STANDARD.encode(text)).into_bytes(),
            stderr: String::new(),
        })
    }

    async fn start(
        &self,
        script: &str,
        _: Duration,
    ) -> Result<(String, Box<dyn RemoteProcess>), ShellError> {
        panic!("not for Windows: {script}")
    }

    async fn upload(
        &self,
        _: &Path,
        to: &str,
        _: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<(), ShellError> {
        panic!("not for Windows: {to}")
    }

    async fn download(
        &self,
        from: &str,
        _: &Path,
        _: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<(), ShellError> {
        panic!("not for Windows: {from}")
    }

    fn lost(&self) -> Option<String> {
        None
    }

    async fn close(&self) {}
}

#[tokio::test(start_paused = true)]
async fn widgets_of_a_machine_with_windows_are_asked_for_and_what_it_cannot_do_is_said() {
    let (pve, vmids) = server(1, Duration::from_secs(5));
    let mut fleet = Fleet::new(&pve, &vmids, &["a"]);
    let logins = Logins::default();
    let scripts = Arc::clone(&logins.0);
    fleet.shells = Some(Arc::new(logins));
    let machine = fleet.desired.machines.values_mut().next().unwrap();
    machine.platform = Platform::Windows;
    let machine = machine.clone();
    let lease = LeaseId::named("one");
    let wanted = Wanted::plain(&machine, &Layer::Base, &lease);
    let guest = fleet.provider().open(&wanted).await.unwrap();
    let tree = guest.tree().await.unwrap().read().await.unwrap();
    assert_eq!(tree.apps, ["notes (Notes)"]);
    let refused = guest
        .run(&Command::shell("true"), Duration::from_secs(1))
        .await;
    let err = refused.unwrap_err();
    assert!(matches!(err, ProviderError::Unable { .. }), "{err:?}");
    assert!(
        err.to_string()
            .contains("run commands: its system is Windows"),
        "{err}"
    );
    guest.close().await.unwrap();
    let scripts = scripts.lock().unwrap();
    assert!(
        scripts.last().unwrap().contains("Unregister-ScheduledTask"),
        "{scripts:#?}"
    );
    assert_given_back(&pve);
}

#[tokio::test(start_paused = true)]
async fn a_plan_for_windows_is_blocked_and_never_failed_or_passed() {
    let (pve, vmids) = server(1, Duration::from_secs(5));
    let mut fleet = Fleet::new(&pve, &vmids, &["a"]);
    fleet.shells = Some(Arc::new(Logins::default()));
    let machine = fleet.desired.machines.values_mut().next().unwrap();
    machine.platform = Platform::Windows;
    let (applied, events) = fleet.apply().await;
    let verdicts = verdicts(&applied);
    let others = verdicts.keys().filter(|it| **it != Verdict::Blocked);
    assert_eq!(others.count(), 0, "{verdicts:?}");
    let complaints = complaints(&events);
    assert!(
        format!("{complaints:?}").contains("its system is Windows"),
        "{complaints:?}"
    );
    assert_given_back(&pve);
}
