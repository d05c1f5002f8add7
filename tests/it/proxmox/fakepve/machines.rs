//! Machines: found, switched, kept, changed, and asked by their agents.

use super::{password, vm, world, world_of};
use mosdat::driver::proxmox::{Cloning, Snapshot, api::Reason, census};
use serde_json::json;
use std::{collections::BTreeMap, net::IpAddr, time::Duration};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machines_are_found_by_number_and_by_name_on_any_node() {
    let world = world().await;
    let locked = json!({"vmid": 100, "template": true, "lock": "backup"});
    world.fake.call("set", locked).await;
    let seen = census(&world.client).await.unwrap();
    let debian = seen.find(None, "debian").unwrap();
    assert_eq!((debian.vmid, &*debian.node), (100, "pve1"));
    assert_eq!(debian.status, "stopped");
    assert!(debian.is_template);
    assert_eq!(debian.lock.as_deref(), Some("backup"));
    let fedora = seen.find(Some(101), "").unwrap();
    assert_eq!((&*fedora.name, &*fedora.node), ("fedora", "pve2"));
    assert_eq!(fedora.status, "running");
    assert!(!fedora.is_template && fedora.lock.is_none());
    let tags: Vec<&str> = fedora.tags.iter().map(String::as_str).collect();
    assert_eq!(tags, ["ci", "rpm"]);
    assert_eq!(seen.storages["local-lvm"], "lvmthin");
    let nodes = [("pve1".to_owned(), true), ("pve2".to_owned(), true)];
    assert_eq!(seen.nodes, BTreeMap::from(nodes));
    assert!(seen.find(None, "windows").is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_is_not_there_is_told_and_one_that_moved_is_followed() {
    let world = world().await;
    let missing = vm(&world.client, 999, "pve1");
    let asked = [
        missing.power().await.map(drop),
        missing.config().await.map(drop),
        missing.start().await,
        missing.snapshots().await.map(drop),
        missing.ping().await,
    ];
    for asked in asked {
        assert_eq!(asked.unwrap_err().reason(), Reason::NoMachine);
    }
    let elsewhere = vm(&world.client, 101, "pve1");
    assert!(elsewhere.power().await.unwrap().is_running);
    assert_eq!(elsewhere.node(), "pve2");
    let target = json!({"vmid": 101, "target": "pve1"});
    world.fake.call("migrate", target).await;
    elsewhere.stop().await.unwrap();
    assert_eq!(elsewhere.node(), "pve1");
    assert!(!elsewhere.power().await.unwrap().is_running);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machines_are_started_shut_down_and_stopped() {
    let world = world_of(password()).await;
    let vm = &world.debian;
    for _ in 0..2 {
        vm.start().await.unwrap();
        assert!(vm.power().await.unwrap().is_running);
    }
    let paused = json!({"vmid": 100, "qmpstatus": "paused"});
    world.fake.call("set", paused).await;
    assert_eq!(vm.power().await.unwrap().state, "paused");
    for _ in 0..2 {
        vm.shut_down().await.unwrap();
        assert!(!vm.power().await.unwrap().is_running);
    }
    assert_eq!(world.ends("qmshutdown").await, ["OK"]);
    assert_eq!(world.ends("qmstop").await.len(), 0, "it went by itself");
    // A guest that does not listen is stopped.
    let deaf = json!({"vmid": 100, "acpi": false});
    world.fake.call("set", deaf).await;
    vm.start().await.unwrap();
    vm.shut_down().await.unwrap();
    assert!(!vm.power().await.unwrap().is_running);
    vm.start().await.unwrap();
    for _ in 0..2 {
        vm.stop().await.unwrap();
        assert!(!vm.power().await.unwrap().is_running);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn snapshots_are_made_listed_returned_to_and_removed() {
    let world = world().await;
    let vm = &world.debian;
    vm.snapshot("cold", false, "for tests & more")
        .await
        .unwrap();
    vm.start().await.unwrap();
    vm.snapshot("warm", true, "").await.unwrap();
    let of = |all: &[Snapshot]| -> Vec<(String, bool)> {
        all.iter()
            .map(|one| (one.name.clone(), one.has_ram))
            .collect()
    };
    let all = vm.snapshots().await.unwrap();
    assert_eq!(of(&all), [("cold".into(), false), ("warm".into(), true)]);
    assert!(all.iter().all(|one| one.time > 0 && !one.is_incomplete));
    vm.roll_back("cold").await.unwrap();
    assert!(!vm.power().await.unwrap().is_running);
    let err = vm.snapshot("cold", false, "").await.unwrap_err();
    assert_eq!(err.reason(), Reason::SnapshotExists, "{err}");
    let err = vm.roll_back("nothing").await.unwrap_err();
    assert_eq!(err.reason(), Reason::NoSnapshot, "{err}");
    for _ in 0..2 {
        vm.remove_snapshot("cold").await.unwrap();
    }
    let broken = json!({"vmid": 100, "name": "warm"});
    world.fake.call("break_snapshot", broken).await;
    let all = vm.snapshots().await.unwrap();
    assert_eq!(of(&all), [("warm".into(), true)]);
    assert!(all[0].is_incomplete);
    let err = vm.roll_back("warm").await.unwrap_err();
    assert_eq!(err.reason(), Reason::Incomplete, "{err}");
    let raw = json!({"vmid": 101, "config": {"scsi0": "local:101/vm-101-disk-0.raw"}});
    world.fake.call("set", raw).await;
    let err = world.fedora.snapshot("cold", false, "").await.unwrap_err();
    assert_eq!(err.reason(), Reason::NoSnapshots, "{err}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_behind_ones_back_is_noticed() {
    let world = world().await;
    let vm = &world.debian;
    let text = "mine & yours = 1+1\né%41";
    let mine = BTreeMap::from([("description", Some(text.to_owned()))]);
    let seen = vm.config().await.unwrap();
    assert_eq!(seen.get("name"), Some("debian"));
    vm.change(&seen, &mine).await.unwrap();
    let now = vm.config().await.unwrap();
    assert_eq!(now.description(), text);
    assert_ne!(now.digest, seen.digest);
    let gone = BTreeMap::from([("description", None)]);
    let err = vm.change(&seen, &gone).await.unwrap_err();
    assert_eq!(err.reason(), Reason::Changed, "{err}");
    assert_eq!(vm.config().await.unwrap().description(), text);
    vm.change(&now, &gone).await.unwrap();
    assert_eq!(vm.config().await.unwrap().get("description"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_agent_is_waited_for() {
    let world = world().await;
    let err = world.debian.ping().await.unwrap_err();
    assert_eq!(err.reason(), Reason::AgentSilent, "{err}");
    let vm = &world.fedora;
    vm.ping().await.unwrap();
    let hangs = json!({"vmid": 101, "agent_hangs": true});
    world.fake.call("set", hangs).await;
    let err = vm.ping().await.unwrap_err();
    assert_eq!(err.reason(), Reason::AgentSilent, "{err}");
    let (ready, ()) = tokio::join!(vm.agent_ready(Duration::from_mins(1)), async {
        world.fake.comes("POST", "/101/agent/ping", 3).await;
        let wakes = json!({"vmid": 101, "agent_hangs": false});
        world.fake.call("set", wakes).await;
    });
    ready.unwrap();
    assert_eq!(world.fake.asked("POST", "/101/agent/ping").await, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_agent_tells_addresses() {
    let world = world().await;
    let address =
        |address: &str| json!({"ip-address": address, "ip-address-type": "x", "prefix": 8});
    let outer = ["fe80::1", "2001:db8::7", "169.254.0.1", "192.0.2.7"].map(address);
    let interfaces = json!([
        {"name": "lo", "ip-addresses": [address("127.0.0.1")]},
        {"name": "down"},
        {"name": "ens18", "hardware-address": "bc:24:11:00:00:01", "ip-addresses": outer},
    ]);
    let agent = json!({"vmid": 101, "agent": {"interfaces": interfaces}});
    world.fake.call("set", agent).await;
    let want = ["192.0.2.7", "2001:db8::7"].map(|text| text.parse::<IpAddr>().unwrap());
    assert_eq!(world.fedora.addresses().await.unwrap(), want);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_agent_runs_programs_and_hands_files_over() {
    let world = world().await;
    let (vm, fake) = (&world.fedora, &world.fake);
    let runs = json!({"exec": {"/bin/sort -r": {"exited": false}}});
    fake.call("set", json!({"vmid": 101, "agent": runs})).await;
    let (ran, ()) = tokio::join!(
        vm.exec(&["/bin/sort", "-r"], b"a&b\0\xff", Duration::from_mins(1)),
        async {
            fake.comes("GET", "/agent/exec-status", 2).await;
            let ended =
                json!({"exited": true, "exitcode": 3, "out-data": "b\u{ff}", "err-data": "?"});
            let agent = json!({
                "exec": {"/bin/sort -r": ended},
                "files": {"/tmp/a b&c": "a\u{0}\u{ff}"},
            });
            fake.call("set", json!({"vmid": 101, "agent": agent})).await;
        }
    );
    let ran = ran.unwrap();
    assert_eq!((ran.code, ran.is_truncated), (Some(3), false));
    assert_eq!((&*ran.output, &*ran.errors), (&b"b\xff"[..], &b"?"[..]));
    let asked = |command: &str| fake.call("agent_asked", json!({"vmid": 101, "command": command}));
    let want = json!({"command": ["/bin/sort", "-r"], "input-data": "a&b\u{0}\u{ff}"});
    assert_eq!(asked("exec").await, want);
    assert_eq!(vm.read_file("/tmp/a b&c").await.unwrap(), b"a\0\xff");
    vm.write_file("/tmp/a b&c", b"a\0\xff").await.unwrap();
    let written = asked("file-write").await;
    assert_eq!(written["file"], "/tmp/a b&c");
    // Encoded here already, in base64.
    assert_eq!(written["content"], "YQD/");
    assert!(
        written["encode"] == 0 || written["encode"] == false,
        "{written}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clones_are_made_of_a_template_and_removed() {
    let world = world().await;
    let role = [
        "VM.Audit",
        "VM.PowerMgmt",
        "VM.Allocate",
        "VM.Clone",
        "Datastore.AllocateSpace",
    ];
    let acl = json!({"mosdat@pve": [["/", role]]});
    world.fake.call("set", json!({"acl": acl})).await;
    world.debian.make_template().await.unwrap();
    assert!(world.debian.is_template().await.unwrap());
    let wanted = Cloning {
        vmid: 200,
        name: "clone",
        description: "made for a step & gone after",
        pool: None,
        is_linked: true,
    };
    world.debian.clone_as(&wanted).await.unwrap();
    let err = world.debian.clone_as(&wanted).await.unwrap_err();
    assert_eq!(err.reason(), Reason::NumberTaken, "{err}");
    let seen = census(&world.client).await.unwrap();
    assert_eq!(seen.find(None, "clone").unwrap().vmid, 200);
    let clone = vm(&world.client, 200, "pve1");
    let config = clone.config().await.unwrap();
    assert_eq!(config.description(), wanted.description);
    let disk = config.get("scsi0").unwrap();
    assert!(disk.contains("vm-200-disk-0"), "{disk}");
    assert!(!clone.is_template().await.unwrap());
    for _ in 0..2 {
        clone.destroy().await.unwrap();
    }
    let seen = census(&world.client).await.unwrap();
    assert!(!seen.vms.contains_key(&200));
}
