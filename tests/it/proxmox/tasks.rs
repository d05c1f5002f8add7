//! Tasks: started once, awaited, and told about when they fail.

use super::{
    direct,
    world::{cluster, token},
};
use crate::pve::{Fault, Pve};
use mosdat::driver::proxmox::api::{ApiError, Call, Client, Ending, Errand, Reason};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

fn start() -> Errand {
    errand("start", "qmstart")
}

fn errand(what: &str, kind: &'static str) -> Errand {
    Errand {
        call: Call::post(format!("/nodes/pve1/qemu/100/status/{what}")),
        node: "pve1".into(),
        vmid: 100,
        kind,
        limit: Duration::from_mins(2),
    }
}

fn world() -> (Arc<Pve>, Client) {
    let pve = Pve::new(cluster());
    let client = direct::client(&pve, token());
    (pve, client)
}

#[tokio::test(start_paused = true)]
async fn a_task_is_awaited_and_its_end_is_the_result() {
    let (pve, client) = world();
    let slow = Fault::SlowTask(Duration::from_secs(40));
    pve.faults.add("qmstart", slow, 1);
    let began = Instant::now();
    assert_eq!(client.run(&start()).await, Ok(Ending::Ok));
    assert!(began.elapsed() >= Duration::from_secs(40));
    assert!(pve.cluster().vms[&100].is_running);
    let err = client.run(&start()).await.unwrap_err();
    assert_eq!(err.reason(), Reason::Running, "{err}");
    let warned = Fault::FailTask("WARNINGS: 2".into());
    pve.faults.add("qmstop", warned, 1);
    let ended = client.run(&errand("stop", "qmstop")).await;
    assert_eq!(ended, Ok(Ending::Warnings("2".into())));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_fails_tells_the_end_of_its_log() {
    let (pve, client) = world();
    let fault = Fault::FailTask("start failed: QEMU exited with code 1".into());
    pve.faults.add("qmstart", fault, 1);
    let err = client.run(&start()).await.unwrap_err();
    let words = err.to_string();
    for part in [
        "qmstart",
        "100",
        "pve1",
        "QEMU exited with code 1",
        "TASK ERROR",
    ] {
        assert!(words.contains(part), "{words}");
    }
    assert!(!err.is_transient());
    assert_eq!(pve.tasks_of("qmstart", 100), 1);
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_name_was_lost_is_found_and_not_started_again() {
    let faults = [
        Fault::DropAfter,
        Fault::StatusAfter(596, "Broken pipe".into()),
        Fault::StatusAfter(599, "Too many redirections".into()),
    ];
    for fault in faults {
        let (pve, client) = world();
        pve.faults.add("POST", fault.clone(), 1);
        assert_eq!(client.run(&start()).await, Ok(Ending::Ok), "{fault:?}");
        assert_eq!(pve.tasks_of("qmstart", 100), 1, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_was_never_started_is_started_once_more() {
    let faults = [
        Fault::DropBefore,
        Fault::Status(596, "Connection timed out".into()),
    ];
    for fault in faults {
        let (pve, client) = world();
        pve.faults.add("POST", fault.clone(), 2);
        assert_eq!(client.run(&start()).await, Ok(Ending::Ok), "{fault:?}");
        assert_eq!(pve.tasks_of("qmstart", 100), 1, "{fault:?}");
        assert_eq!(pve.asked("POST").len(), 3, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_earlier_task_of_the_same_kind_is_not_taken_for_the_lost_one() {
    let (pve, client) = world();
    client.run(&start()).await.unwrap();
    client.run(&errand("stop", "qmstop")).await.unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    pve.faults.add("POST", Fault::DropBefore, 1);
    client.run(&start()).await.unwrap();
    assert_eq!(pve.tasks_of("qmstart", 100), 2);
    assert!(pve.cluster().vms[&100].is_running);
    // Nor is one that ended a moment ago.
    client.run(&errand("stop", "qmstop")).await.unwrap();
    pve.faults.add("POST", Fault::DropBefore, 1);
    client.run(&start()).await.unwrap();
    assert!(pve.cluster().vms[&100].is_running);
}

#[tokio::test(start_paused = true)]
async fn a_task_may_take_a_moment_to_be_listed() {
    let (pve, client) = world();
    pve.faults.add("qmstart", Fault::HideTask, 3);
    assert_eq!(client.run(&start()).await, Ok(Ending::Ok));
    // One that never shows up is an error in the end.
    pve.faults.add("qmstop", Fault::HideTask, 100_000);
    let err = client.run(&errand("stop", "qmstop")).await.unwrap_err();
    assert_eq!(err.status(), Some(400), "{err}");
}

#[tokio::test(start_paused = true)]
async fn looking_at_a_task_survives_servers_that_do_not_answer() {
    let (pve, client) = world();
    pve.faults
        .add("qmstart", Fault::SlowTask(Duration::from_secs(5)), 1);
    for fault in [
        Fault::DropAfter,
        Fault::Status(599, "Too many redirections".into()),
    ] {
        pve.faults.add("/status", fault, 2);
    }
    pve.faults.add("POST", Fault::Status(200, String::new()), 0);
    assert_eq!(client.run(&start()).await, Ok(Ending::Ok));
    assert_eq!(pve.tasks_of("qmstart", 100), 1);
}

#[tokio::test(start_paused = true)]
async fn a_locked_machine_is_waited_for_and_in_the_end_told() {
    let (pve, client) = world();
    let lock = |kind: Option<&str>| {
        let mut cluster = pve.cluster();
        let config = &mut cluster.vms.get_mut(&100).unwrap().config;
        match kind {
            Some(kind) => drop(config.insert("lock".into(), kind.into())),
            None => drop(config.remove("lock")),
        }
    };
    lock(Some("backup"));
    let errand = start();
    let (ended, ()) = tokio::join!(client.run(&errand), async {
        tokio::time::sleep(Duration::from_mins(1)).await;
        lock(None);
    });
    assert_eq!(ended, Ok(Ending::Ok));
    lock(Some("snapshot"));
    let began = Instant::now();
    let err = client.run(&errand).await.unwrap_err();
    assert_eq!(err.reason(), Reason::Busy("snapshot".into()), "{err}");
    assert!(began.elapsed() <= Duration::from_mins(6));
}

#[tokio::test(start_paused = true)]
async fn the_lock_of_a_file_is_waited_for() {
    let (pve, client) = world();
    let file = Arc::clone(&pve.cluster().vms[&100].file);
    let held = file.lock_owned().await;
    let errand = start();
    let (ended, ()) = tokio::join!(client.run(&errand), async {
        tokio::time::sleep(Duration::from_secs(25)).await;
        drop(held);
    });
    assert_eq!(ended, Ok(Ending::Ok));
    assert!(
        pve.tasks_of("qmstart", 100) > 1,
        "the first did not get the lock"
    );
}

#[tokio::test(start_paused = true)]
async fn a_task_that_takes_too_long_goes_on_and_is_named() {
    let (pve, client) = world();
    pve.faults
        .add("qmstart", Fault::SlowTask(Duration::from_mins(10)), 1);
    let err = client.run(&start()).await.unwrap_err();
    let ApiError::Slow { upid, .. } = &err else {
        panic!("{err}")
    };
    assert_eq!(upid.kind, "qmstart");
    assert!(
        pve.asked("DELETE").is_empty(),
        "what is broken off leaves a lock"
    );
}
