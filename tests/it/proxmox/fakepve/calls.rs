//! Calls and tasks: who may make them, what is repeated, what is waited for, and how they fail.

use super::{Fake, World, limits, password, token, world, world_of};
use mosdat::{
    driver::proxmox::{
        TaskLimits, Vm,
        api::{ApiError, ApiLimits, Call, Credentials, Errand, Reason},
        census,
    },
    model::Secret,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// The machine on the first node.
const DEBIAN: &str = "/nodes/pve1/qemu/100";

impl World {
    /// Returns how the tasks of a kind ended.
    pub(super) async fn ends(&self, kind: &str) -> Vec<String> {
        let ends = self.fake.call("ends", json!({"kind": kind})).await;
        serde_json::from_value(ends).unwrap()
    }

    /// Has the next such request done, and its answer lost.
    async fn lose(&self, method: &str, suffix: &str) {
        let lost = json!({"method": method, "suffix": suffix});
        self.fake.call("lose", lost).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_and_a_password_sign_in_and_others_do_not() {
    let fake = Fake::start().await;
    let rename = Call::put(format!("{DEBIAN}/config")).with("description", "x");
    for credentials in [token(), password()] {
        let client = fake.client(credentials, limits());
        let nodes: Value = client.ask(&Call::get("/nodes")).await.unwrap();
        assert_eq!(nodes.as_array().unwrap().len(), 2);
        client.call(&rename).await.unwrap();
    }
    let secret = Secret::new("wrong");
    let token = Credentials::Token {
        id: "mosdat@pve!ci".into(),
        secret: secret.clone(),
    };
    let password = Credentials::Password {
        user: "mosdat@pve".into(),
        password: secret,
    };
    for credentials in [token, password] {
        let client = fake.client(credentials, limits());
        let err = client.call(&rename).await.unwrap_err();
        assert!(matches!(&err, ApiError::SignIn { .. }), "{err}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_that_ran_out_is_replaced() {
    let world = world_of(password()).await;
    world.debian.start().await.unwrap();
    assert_eq!(world.fake.asked("POST", "/access/ticket").await, 1);
    for over in ["expire_tickets", "revoke_tickets"] {
        world.fake.call(over, json!({})).await;
        world.debian.start().await.unwrap();
        world.debian.stop().await.unwrap();
    }
    assert_eq!(world.fake.asked("POST", "/access/ticket").await, 3);
    // A second factor cannot be given.
    world.fake.call("revoke_tickets", json!({})).await;
    world.fake.call("set", json!({"tfa": true})).await;
    let err = world.debian.power().await.unwrap_err();
    assert!(err.to_string().contains("second factor"), "{err}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_privilege_is_named() {
    let world = world().await;
    let acl = json!({"mosdat@pve": [["/vms/100", ["VM.Audit"]]]});
    world.fake.call("set", json!({"acl": acl})).await;
    let seen = census(&world.client).await.unwrap();
    assert_eq!(seen.vms.keys().collect::<Vec<_>>(), [&100]);
    let vm = &world.debian;
    let missing = |err: ApiError| {
        let (path, privilege) = err.missing_privilege().unwrap();
        assert_eq!(path, "/vms/100", "{err}");
        privilege.to_owned()
    };
    let err = vm.start().await.unwrap_err();
    assert_eq!(missing(err), "VM.PowerMgmt");
    let err = vm.snapshot("one", false, "").await.unwrap_err();
    assert_eq!(missing(err), "VM.Snapshot");
    let err = vm.ping().await.unwrap_err();
    let want = "VM.GuestAgent.Audit|VM.GuestAgent.Unrestricted";
    assert_eq!(missing(err), want);
    let run = vm.exec(&["/bin/true"], b"", Duration::ZERO).await;
    assert_eq!(missing(run.unwrap_err()), "VM.GuestAgent.Unrestricted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_parameter_is_named() {
    let world = world().await;
    let wrong = Call::put(format!("{DEBIAN}/config"))
        .with("cores", "many")
        .with("bogus", 1);
    let err = world.client.call(&wrong).await.unwrap_err();
    assert_eq!(err.status(), Some(400));
    let words = err.to_string();
    for part in ["`cores`: type check", "`bogus`: property is not defined"] {
        assert!(words.contains(part), "{words}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_fails_tells_its_log() {
    let world = world().await;
    let why = "start failed: QEMU exited with code 1";
    let broken = json!({"vmid": 100, "start_error": why});
    world.fake.call("set", broken).await;
    let err = world.debian.start().await.unwrap_err();
    let ApiError::Task {
        kind,
        subject,
        node,
        status,
        log,
    } = &err
    else {
        panic!("{err}")
    };
    assert_eq!((&**kind, &**subject, &**node), ("qmstart", "100", "pve1"));
    assert_eq!(status, why);
    assert_eq!(log.last().unwrap(), &format!("TASK ERROR: {why}"));
    assert!(!err.is_transient(), "{err}");
    assert_eq!(world.ends("qmstart").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_is_awaited_and_its_end_is_the_result() {
    let world = world().await;
    // In real time, a task waits for the lock of the file while it runs.
    let slow = json!({"time_scale": 1, "lock_wait": 3600});
    world.fake.call("set", slow).await;
    let held = json!({"vmid": 100, "secs": null});
    world.fake.call("hold_config_lock", held).await;
    let (started, ()) = tokio::join!(world.debian.start(), async {
        world.fake.comes("GET", ":/status", 3).await;
        let released = json!({"vmid": 100});
        world.fake.call("release_config_lock", released).await;
    });
    started.unwrap();
    assert!(world.debian.power().await.unwrap().is_running);
    let never = json!({"vmid": 100, "stop_secs": 3600});
    world.fake.call("set", never).await;
    let limits = TaskLimits {
        stop: Duration::ZERO,
        ..TaskLimits::default()
    };
    let vm = Vm::of(Arc::clone(&world.client), 100, "pve1", limits);
    let err = vm.stop().await.unwrap_err();
    assert!(matches!(&err, ApiError::Slow { .. }), "{err}");
    assert_eq!(world.fake.asked("DELETE", "").await, 0, "it goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_have_locked_is_waited_for() {
    let world = world().await;
    let lock = json!({"vmid": 100, "lock": "backup"});
    world.fake.call("snapshot_lock", lock).await;
    let (started, ()) = tokio::join!(world.debian.start(), async {
        // That task is over when it is looked at.
        world.fake.comes("GET", ":/status", 1).await;
        world.fake.call("unlock", json!({"vmid": 100})).await;
    });
    started.unwrap();
    assert_eq!(world.ends("qmstart").await, ["VM is locked (backup)", "OK"]);
    let seen = world.debian.config().await.unwrap();
    let held = json!({"vmid": 100, "secs": null});
    world.fake.call("hold_config_lock", held).await;
    let change = BTreeMap::from([("description", Some("x".into()))]);
    let (changed, ()) = tokio::join!(world.debian.change(&seen, &change), async {
        world.fake.comes("PUT", "/100/config", 2).await;
        let released = json!({"vmid": 100});
        world.fake.call("release_config_lock", released).await;
    });
    changed.unwrap();
    assert_eq!(world.debian.config().await.unwrap().description(), "x");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_done_is_not_done_again_when_the_answer_is_lost() {
    let world = world().await;
    world.lose("POST", "/100/status/start").await;
    world.debian.start().await.unwrap();
    assert_eq!(world.ends("qmstart").await, ["OK"]);
    world.lose("POST", "/100/snapshot").await;
    world.debian.snapshot("one", false, "").await.unwrap();
    assert_eq!(world.ends("qmsnapshot").await, ["OK"]);
    world.lose("DELETE", "/100/snapshot/one").await;
    world.debian.remove_snapshot("one").await.unwrap();
    assert_eq!(world.ends("qmdelsnapshot").await, ["OK"]);
    let seen = world.debian.config().await.unwrap();
    let change = BTreeMap::from([("description", Some("x".into()))]);
    world.lose("PUT", "/100/config").await;
    world.debian.change(&seen, &change).await.unwrap();
    assert_eq!(world.fake.asked("PUT", "/100/config").await, 1);
    // Nobody can know what became of a program.
    world.lose("POST", "/101/agent/exec").await;
    let ran = world.fedora.exec(&["/bin/true"], b"", Duration::ZERO).await;
    let err = ran.unwrap_err();
    assert!(err.is_unknown(), "{err}");
    assert_eq!(world.fake.asked("POST", "/101/agent/exec").await, 1);
    // What only reads is asked again.
    world.lose("GET", "/101/status/current").await;
    assert!(world.fedora.power().await.unwrap().is_running);
    assert_eq!(world.fake.asked("GET", "/101/status/current").await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_may_be_slow_but_not_too_slow() {
    let world = world().await;
    world.fake.call("set", json!({"time_scale": 1})).await;
    let slow = |seconds: f64| world.fake.call("slow_network", json!({"latency": seconds}));
    slow(0.05).await;
    world.debian.start().await.unwrap();
    world.debian.snapshot("one", true, "").await.unwrap();
    world.debian.stop().await.unwrap();
    assert!(!world.debian.power().await.unwrap().is_running);
    let hasty = ApiLimits {
        answer: Duration::from_millis(200),
        ..limits()
    };
    let client = world.fake.client(token(), hasty);
    let call = Call::get("/nodes").within(Duration::ZERO);
    slow(3600.0).await;
    let err = client.call(&call).await.unwrap_err();
    assert!(matches!(&err, ApiError::Lost { .. }), "{err}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_off_is_told_and_its_machines_are_found_elsewhere() {
    let world = world().await;
    let off = json!({"node": "pve2"});
    world.fake.call("set_node_offline", off).await;
    let seen = census(&world.client).await.unwrap();
    assert_eq!((seen.nodes["pve1"], seen.nodes["pve2"]), (true, false));
    assert_eq!(seen.vms[&101].status, "unknown");
    let call = Call::get("/nodes/pve2/qemu/101/status/current");
    let err = world.client.call(&call.within(Duration::ZERO)).await;
    let err = err.unwrap_err();
    assert_eq!(err.status(), Some(595), "{err}");
    assert!(err.is_transient(), "{err}");
    world.debian.start().await.unwrap();
    let moved = json!({"vmid": 101, "node": "pve1"});
    world.fake.call("set", moved).await;
    world.fedora.ping().await.unwrap();
    assert_eq!(world.fedora.node(), "pve1");
}

/// What real servers say, by its name in the server's catalogue, which is made from their sources;
/// and what it means.
fn catalogue() -> Vec<(&'static str, &'static str, Reason)> {
    let backup = || Reason::Busy("backup".into());
    let file = || Reason::Busy("file".into());
    vec![
        ("POST /status/start", "already_running", Reason::Running),
        ("POST /status/start", "locked", backup()),
        ("POST /status/start", "config_lock_timeout", file()),
        (
            "POST /status/stop",
            "configuration_file_does_not_exist",
            Reason::NoMachine,
        ),
        (
            "POST /snapshot",
            "snapshot_name_already_used",
            Reason::SnapshotExists,
        ),
        (
            "POST /snapshot",
            "snapshot_feature_not_available",
            Reason::NoSnapshots,
        ),
        (
            "POST /snapshot/one/rollback",
            "unable_rollback_incomplete_snapshot_snapstate",
            Reason::Incomplete,
        ),
        (
            "POST /snapshot/one/rollback",
            "snapshot_does_not_exist",
            Reason::NoSnapshot,
        ),
        (
            "DELETE /snapshot/one",
            "failed_obtain_guest_migration_lock",
            file(),
        ),
        (
            "PUT /config",
            "checksum_mismatch_file_change_other",
            Reason::Changed,
        ),
        ("PUT /config", "locked", backup()),
        (
            "POST /clone",
            "unable_create_config_file_already",
            Reason::NumberTaken,
        ),
        ("DELETE ", "base_volume_still_use_linked", Reason::HasClones),
        (
            "DELETE ",
            "unable_find_configuration_file",
            Reason::NoMachine,
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_words_of_real_servers_are_understood() {
    let fake = Fake::start().await;
    let impatient = ApiLimits {
        locked: Duration::ZERO,
        ..limits()
    };
    let client = fake.client(token(), impatient);
    for (asked, name, reason) in catalogue() {
        let (method, path) = asked.split_once(' ').unwrap();
        let path = format!("{DEBIAN}{path}");
        let fails = json!({"method": method, "suffix": path, "error": name, "times": 1});
        fake.call("fail", fails).await;
        let call = match method {
            "POST" => Call::post(path),
            "PUT" => Call::put(path),
            _ => Call::delete(path),
        };
        let errand = Errand {
            call: call.within(Duration::ZERO),
            node: "pve1".into(),
            vmid: 100,
            kind: "",
            limit: Duration::ZERO,
        };
        let err = client.run(&errand).await.unwrap_err();
        assert_eq!(err.reason(), reason, "{name}: {err}");
    }
}
