//! What is done to one machine: power, snapshots, configuration, the agent; wherever it moved.

use super::{
    direct,
    world::{cluster, token},
};
use crate::pve::{Cluster, Fault, Paper, Pve};
use mosdat::driver::proxmox::{TaskLimits, Vm, api::Reason};
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::time::Instant;

struct World {
    pve: Arc<Pve>,
    body: Arc<Paper>,
    vm: Vm,
}

fn world() -> World {
    on("local-lvm")
}

fn on(storage: &'static str) -> World {
    let body = Arc::new(Paper::slow(Duration::from_secs(2)));
    let mut cluster = cluster();
    cluster.add(102, "pve1", storage, Arc::clone(&body) as _);
    let pve = Pve::new(cluster);
    let client = Arc::new(direct::client(&pve, token()));
    let vm = Vm::of(client, 102, "pve1", TaskLimits::default());
    World { pve, body, vm }
}

impl World {
    fn config(&self, key: &str) -> Option<String> {
        self.pve.cluster().vms[&102].config.get(key).cloned()
    }

    fn set(&self, key: &str, value: &str) {
        let mut cluster = self.pve.cluster();
        let config = &mut cluster.vms.get_mut(&102).unwrap().config;
        config.insert(key.into(), value.into());
    }
}

#[tokio::test(start_paused = true)]
async fn starting_and_stopping_what_is_so_already_is_no_error() {
    let world = world();
    for _ in 0..2 {
        world.vm.start().await.unwrap();
        assert!(world.vm.power().await.unwrap().is_running);
    }
    for _ in 0..2 {
        world.vm.stop().await.unwrap();
        assert!(!world.vm.power().await.unwrap().is_running);
    }
    world.vm.shut_down().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_guest_that_does_not_shut_down_is_stopped() {
    let world = world();
    world.vm.start().await.unwrap();
    world.body.is_deaf.store(true, Ordering::SeqCst);
    let began = Instant::now();
    world.vm.shut_down().await.unwrap();
    assert!(!world.vm.power().await.unwrap().is_running);
    assert!(
        began.elapsed() >= Duration::from_mins(2),
        "it was given time"
    );
    assert!(began.elapsed() < Duration::from_mins(3));
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_brings_back_what_it_was_made_of() {
    let world = world();
    world.vm.start().await.unwrap();
    world.vm.snapshot("mosdat-disk", false, "x").await.unwrap();
    world.vm.snapshot("mosdat-ram", true, "x").await.unwrap();
    let names = |snapshots: Vec<mosdat::driver::proxmox::Snapshot>| {
        let all = snapshots.into_iter();
        all.map(|one| (one.name, one.has_ram)).collect::<Vec<_>>()
    };
    let want = [("mosdat-disk".into(), false), ("mosdat-ram".into(), true)];
    assert_eq!(names(world.vm.snapshots().await.unwrap()), want);
    world.vm.roll_back("mosdat-disk").await.unwrap();
    assert!(!world.vm.power().await.unwrap().is_running);
    world.vm.roll_back("mosdat-ram").await.unwrap();
    assert!(world.vm.power().await.unwrap().is_running);
    let err = world.vm.roll_back("nothing").await.unwrap_err();
    assert_eq!(err.reason(), Reason::NoSnapshot, "{err}");
    for _ in 0..2 {
        world.vm.remove_snapshot("mosdat-disk").await.unwrap();
    }
    assert_eq!(names(world.vm.snapshots().await.unwrap()).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn storages_that_cannot_are_told_apart() {
    let zfs = on("tank");
    for name in ["one", "two"] {
        zfs.vm.snapshot(name, false, "x").await.unwrap();
    }
    let err = zfs.vm.roll_back("one").await.unwrap_err();
    assert_eq!(err.reason(), Reason::NotNewest, "{err}");
    zfs.vm.roll_back("two").await.unwrap();
    let thick = on("thick");
    let err = thick.vm.snapshot("one", false, "x").await.unwrap_err();
    assert_eq!(err.reason(), Reason::NoSnapshots, "{err}");
}

#[tokio::test(start_paused = true)]
async fn a_machine_with_a_device_is_not_kept_with_its_memory() {
    let world = world();
    {
        let mut cluster = world.pve.cluster();
        let device = ("0000:01:00.0".to_owned(), "10de:2684".to_owned(), 1);
        cluster.nodes.get_mut("pve1").unwrap().devices.push(device);
    }
    world.set("hostpci0", "0000:01:00");
    world.vm.start().await.unwrap();
    world.vm.snapshot("disk", false, "x").await.unwrap();
    let err = world.vm.snapshot("ram", true, "x").await.unwrap_err();
    assert!(err.to_string().contains("non-migratable"), "{err}");
    assert_eq!(world.config("lock"), None);
}

#[tokio::test(start_paused = true)]
async fn what_a_broken_snapshot_left_is_told() {
    let world = world();
    world.vm.snapshot("one", false, "x").await.unwrap();
    world
        .pve
        .cluster()
        .vms
        .get_mut(&102)
        .unwrap()
        .snapshots
        .get_mut("one")
        .unwrap()
        .is_incomplete = true;
    assert!(world.vm.snapshots().await.unwrap()[0].is_incomplete);
    let err = world.vm.roll_back("one").await.unwrap_err();
    assert_eq!(err.reason(), Reason::Incomplete, "{err}");
    assert_eq!(
        world.pve.tasks_of("qmrollback", 102),
        1,
        "it is not tried again"
    );
}

#[tokio::test(start_paused = true)]
async fn a_change_behind_ones_back_is_noticed() {
    let world = world();
    let seen = world.vm.config().await.unwrap();
    world.set("description", "somebody else's");
    let changes = BTreeMap::from([("description", Some("mine".into()))]);
    let err = world.vm.change(&seen, &changes).await.unwrap_err();
    assert_eq!(err.reason(), Reason::Changed, "{err}");
    assert_eq!(world.config("description").unwrap(), "somebody else's");
    let seen = world.vm.config().await.unwrap();
    world.vm.change(&seen, &changes).await.unwrap();
    assert_eq!(world.config("description").unwrap(), "mine");
    let seen = world.vm.config().await.unwrap();
    let gone = BTreeMap::from([("description", None)]);
    world.vm.change(&seen, &gone).await.unwrap();
    assert_eq!(world.config("description"), None);
}

#[tokio::test(start_paused = true)]
async fn a_change_whose_answer_was_lost_is_looked_at() {
    let faults = [
        Fault::DropAfter,
        Fault::StatusAfter(596, "Broken pipe".into()),
        Fault::DropBefore,
        Fault::Status(596, "Connection timed out".into()),
    ];
    for fault in faults {
        let world = world();
        let seen = world.vm.config().await.unwrap();
        world.pve.faults.add("PUT", fault.clone(), 1);
        let changes = BTreeMap::from([("description", Some("mine & yours\né".into()))]);
        let changed = world.vm.change(&seen, &changes).await;
        assert_eq!(changed, Ok(()), "{fault:?}");
        assert_eq!(world.config("description").unwrap(), "mine & yours\né");
    }
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_moved_is_followed() {
    let world = world();
    world.vm.start().await.unwrap();
    let go = |node: &str| {
        world.pve.cluster().vms.get_mut(&102).unwrap().node = node.into();
    };
    go("pve2");
    assert!(world.vm.power().await.unwrap().is_running);
    assert_eq!(world.vm.node(), "pve2");
    go("pve1");
    world.vm.stop().await.unwrap();
    assert_eq!(world.vm.node(), "pve1");
    // A node that is off says nothing, and the machine has been restarted elsewhere.
    go("pve2");
    world.pve.cluster().nodes.get_mut("pve1").unwrap().is_off = true;
    world.vm.start().await.unwrap();
    assert_eq!(world.vm.node(), "pve2");
    // One that is gone for good is.
    world.pve.cluster().vms.remove(&102);
    let err = world.vm.power().await.unwrap_err();
    assert_eq!(err.reason(), Reason::NoMachine, "{err}");
}

#[tokio::test(start_paused = true)]
async fn the_agent_is_waited_for_and_asked() {
    let world = world();
    let err = world
        .vm
        .agent_ready(Duration::from_mins(1))
        .await
        .unwrap_err();
    assert!(err.to_string().contains("not running"), "{err}");
    world.vm.start().await.unwrap();
    world.vm.agent_ready(Duration::from_mins(1)).await.unwrap();
    let addresses = world.vm.addresses().await.unwrap();
    assert_eq!(
        addresses,
        ["127.0.0.9".parse::<std::net::IpAddr>().unwrap()]
    );
    let ran = world
        .vm
        .exec(&["/bin/true"], b"\xff\0", Duration::from_secs(5))
        .await
        .unwrap();
    assert_eq!((ran.code, &*ran.output), (Some(0), &b"ok\n"[..]));
    let asked = world.pve.asked("agent/exec").len();
    let err = world
        .vm
        .exec(&["/bin/echo", "é"], b"", Duration::from_secs(5))
        .await;
    assert!(err.unwrap_err().to_string().contains("ASCII"));
    assert_eq!(
        world.pve.asked("agent/exec").len(),
        asked,
        "it would cost the agent its channel"
    );
    world.set("agent", "0");
    let began = Instant::now();
    let err = world
        .vm
        .agent_ready(Duration::from_mins(5))
        .await
        .unwrap_err();
    assert_eq!(err.reason(), Reason::NoAgent, "{err}");
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "there is nothing to wait for"
    );
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_comes_late_is_waited_for() {
    let world = world();
    world.vm.start().await.unwrap();
    let silent = Fault::Status(500, "QEMU guest agent is not running".into());
    world.pve.faults.add("agent/ping", silent, 20);
    world.vm.agent_ready(Duration::from_mins(5)).await.unwrap();
    assert_eq!(world.pve.asked("agent/ping").len(), 21);
}

#[tokio::test(start_paused = true)]
async fn a_guest_that_died_is_not_running() {
    let world = world();
    world.vm.start().await.unwrap();
    world.body.crash();
    assert!(!world.vm.power().await.unwrap().is_running);
}

#[tokio::test(start_paused = true)]
async fn two_thousand_machines_are_seen_in_one_call() {
    let mut cluster = Cluster::of(&["pve1"]);
    for vmid in 1000..3000 {
        cluster.add(vmid, "pve1", "local-lvm", Arc::new(Paper::default()));
    }
    let pve = Pve::new(cluster);
    let client = Arc::new(direct::client(&pve, token()));
    let census = mosdat::driver::proxmox::census(&client).await.unwrap();
    assert_eq!(census.vms.len(), 2000);
    assert_eq!(pve.asked("").len(), 1);
    assert_eq!(census.find(None, "vm1500").unwrap().vmid, 1500);
    assert!(census.find(None, "nobody").unwrap_err().contains("nobody"));
    assert!(census.find(Some(7), "").unwrap_err().contains("VM.Audit"));
}
