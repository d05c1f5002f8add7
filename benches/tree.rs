//! Measures how long it takes to find one button in the accessibility tree of a real program.
//!
//! It starts a desktop of its own and asks nothing of the machine's.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on may panic, starts programs, and prints what it measured"
)]

#[path = "tree/form.rs"]
mod form;

use mosdat::{
    driver::atspi::AtspiDialer,
    port::{BusAddress, TreeDialer},
};
use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

/// What it may take.
const TARGET: Duration = Duration::from_millis(30);

/// How often it is measured, for the median.
const ROUNDS: usize = 30;

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let desktop = Desktop::start();
    runtime.block_on(measure(&desktop.bus));
}

async fn measure(bus: &BusAddress) {
    let tree = AtspiDialer.dial(bus).await.unwrap();
    let last_button = form::last_button();
    let limit = Duration::from_mins(1);
    let there = tokio::time::timeout(limit, form::wait_for(&*tree, &last_button));
    there.await.expect("the program shows its form");
    let (mut times, mut nodes) = (Vec::new(), 0);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let (found, whole) = tree.find(&last_button).await.unwrap();
        times.push(start.elapsed());
        assert!(found[0].extents.is_some(), "it was found without its place");
        nodes = whole.nodes.len();
    }
    times.sort();
    let median = times[ROUNDS / 2];
    println!(
        "accessibility lookup, {nodes}-node tree | {:.1} ms | target {} ms | {}",
        median.as_secs_f64() * 1000.0,
        TARGET.as_millis(),
        if median <= TARGET { "ok" } else { "MISS" },
    );
}

/// A private desktop with the form on it.
struct Desktop {
    bus: BusAddress,
    children: Vec<Child>,
    _folder: tempfile::TempDir,
}

impl Desktop {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path();
        fs::set_permissions(home, fs::Permissions::from_mode(0o700)).unwrap();
        fs::write(home.join("form.py"), form::PROGRAM).unwrap();
        let socket = home.join("vnc");
        let mut x_server = Command::new("Xtigervnc");
        x_server.args(["-displayfd", "1", "-geometry", "1024x768", "-localhost"]);
        x_server.args(["-SecurityTypes", "None", "-rfbport", "-1", "-rfbunixpath"]);
        let (x_server, number) = first_line(x_server.arg(socket));
        let display = format!(":{number}");
        let mut daemon = inside(home, "dbus-daemon", &display, "");
        daemon.args(["--session", "--nofork", "--print-address"]);
        let (daemon, session_bus) = first_line(&mut daemon);
        let mut form = inside(home, "/usr/bin/python3", &display, &session_bus);
        let form = form.arg(home.join("form.py")).spawn().unwrap();
        let windows = inside(home, "openbox", &display, &session_bus)
            .spawn()
            .unwrap();
        Self {
            bus: BusAddress {
                sockets: Arc::new(mosdat::driver::local::LocalSockets),
                session_bus,
                uid: rustix::process::geteuid().as_raw(),
            },
            children: vec![form, windows, daemon, x_server],
            _folder: folder,
        }
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        for child in &mut self.children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

fn inside(home: &Path, program: &str, display: &str, bus: &str) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LANG", "C.UTF-8");
    command.env("HOME", home).env("XDG_RUNTIME_DIR", home);
    command
        .env("DISPLAY", display)
        .env("GSETTINGS_BACKEND", "memory");
    command.env("DBUS_SESSION_BUS_ADDRESS", bus);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn first_line(command: &mut Command) -> (Child, String) {
    let quiet = command.stdin(Stdio::null()).stderr(Stdio::null());
    let mut child = quiet.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    lines.read_line(&mut line).unwrap();
    (child, line.trim().to_owned())
}
