//! Machines that are lost, hang, or have nothing to tell.

use super::machine::{LONG, Machine};
use mosdat::{
    model::Session,
    port::{Command, ProviderError},
};
use std::time::Duration;

#[track_caller]
fn is_lost<T: std::fmt::Debug>(asked: Result<T, ProviderError>) {
    match asked {
        Err(ProviderError::Lost { why, .. }) => assert_eq!(why, "the line is dead"),
        other => panic!("not lost: {other:?}"),
    }
}

#[tokio::test]
async fn on_a_machine_that_is_lost_every_call_says_so() {
    let there = Machine::with_desktop(Session::X11).await.log_in().await;
    let guest = &there.guest;
    let program = guest.start(&Command::shell("sleep 1021")).await.unwrap();
    there.shell.lose();
    is_lost(program.wait().await);
    is_lost(program.family().await);
    assert_eq!(program.exit(), None);
    program.end().await;
    is_lost(guest.answers().await);
    is_lost(guest.run(&Command::shell("true"), LONG).await);
    is_lost(guest.start(&Command::shell("true")).await.map(drop));
    is_lost(guest.windows().await);
    is_lost(guest.tree().await.map(drop));
    is_lost(guest.sync().await);
    let package = crate::package::package("deb");
    is_lost(guest.install(&package, "/dev/null".as_ref()).await);
    let evidence = guest.evidence().await;
    assert!(
        evidence.iter().any(|it| it.name == "missing.txt"),
        "{evidence:?}"
    );
    std::process::Command::new("kill")
        .arg(program.pid().unwrap().to_string())
        .status()
        .unwrap();
}

#[tokio::test]
async fn a_machine_that_is_lost_while_a_command_runs_tells_nothing_of_it() {
    let there = Machine::plain().log_in().await;
    let command = Command::shell("echo $$ > pid; exec sleep 1022");
    let pid = there.machine.dir.path().join("home/pid");
    let lose = async {
        while !pid.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        there.shell.lose();
    };
    let (ran, ()) = tokio::join!(there.guest.run(&command, LONG), lose);
    is_lost(ran);
    let pid = std::fs::read_to_string(pid).unwrap();
    std::process::Command::new("kill")
        .arg(pid.trim())
        .status()
        .unwrap();
}

#[tokio::test]
async fn a_display_that_is_gone_takes_what_a_command_did_with_it() {
    let there = Machine::with_desktop(Session::X11).await.log_in().await;
    let display = there.guest.environment()["DISPLAY"].clone();
    // The X server is who listens on the display; it is found by what it is, not by its name.
    let server = there.machine.display_server();
    let text = format!("kill -s KILL {server}; while kill -0 {server} 2>&-; do :; done");
    let err = there
        .guest
        .run(&Command::shell(&text), LONG)
        .await
        .unwrap_err();
    assert!(
        matches!(err, ProviderError::Lost { .. }),
        "{display}: {err}"
    );
}

#[tokio::test]
async fn evidence_is_collected_and_nothing_secret_with_it() {
    let machine = Machine::plain();
    machine.program("journalctl", "echo it crashed");
    machine.program("coredumpctl", "echo notes SIGSEGV");
    machine.program("dmesg", "echo oom");
    machine.tell(
        &[
            ("API_TOKEN".into(), "hidden".into()),
            ("A".into(), "1".into()),
        ]
        .into(),
    );
    let logs = machine.dir.path().join("home/.config/notes/logs");
    std::fs::create_dir_all(&logs).unwrap();
    std::fs::write(logs.join("main one"), "started\n").unwrap();
    let there = machine.log_in().await;
    let evidence = there.guest.evidence().await;
    let text = |name: &str| {
        let found = evidence.iter().find(|it| it.name == name);
        let found = found.unwrap_or_else(|| panic!("no {name}"));
        String::from_utf8(found.bytes.clone()).unwrap()
    };
    let environment = text("environment.txt");
    assert!(environment.contains("A=1\n") && !environment.contains("hidden"));
    assert_eq!(text("journal.txt"), "it crashed\n");
    assert_eq!(text("kernel.txt"), "oom\n");
    assert_eq!(text("crashes.txt"), "notes SIGSEGV\n");
    assert!(text("processes.txt").contains("PID"));
    assert_eq!(text("log-config-notes-logs-main-one.log"), "started\n");
}

#[tokio::test]
async fn evidence_that_does_not_come_is_not_waited_for() {
    let mut machine = Machine::plain();
    machine.limits.evidence = Duration::from_secs(3);
    machine.program("journalctl", "exec sleep 1023");
    machine.program("ps", "echo all");
    let there = machine.log_in().await;
    let started = tokio::time::Instant::now();
    let evidence = there.guest.evidence().await;
    assert!(started.elapsed() < LONG);
    let names: Vec<&str> = evidence.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["environment.txt", "processes.txt"]);
}
