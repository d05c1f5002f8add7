//! Whole runs on machines that are only written about, in virtual time.

use super::fleet::{Fleet, complaints, verdicts};
use crate::pve::{Cluster, Paper, Pve};
use mosdat::{
    model::{Event, LiveLayers, MachineName, Presence, Verdict},
    port::Keeper as _,
    run::{RunError, Stop},
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// A server with machines from 200 on, each with a snapshot `clean`.
pub(super) fn server(count: u32, pace: Duration) -> (Arc<Pve>, Vec<u32>) {
    let mut cluster = Cluster::of(&["pve1", "pve2"]);
    let vmids: Vec<u32> = (200..200 + count).collect();
    for vmid in &vmids {
        let node = if vmid % 2 == 0 { "pve1" } else { "pve2" };
        cluster.add(*vmid, node, "local-lvm", Arc::new(Paper::slow(pace)));
        cluster.add_snapshot(*vmid, "clean", 1_795_000_000 + u64::from(*vmid));
    }
    (Pve::new(cluster), vmids)
}

/// Nobody has a machine, none runs, and nothing is locked.
pub(super) fn assert_given_back(pve: &Pve) {
    for (vmid, vm) in &pve.cluster().vms {
        assert!(!vm.is_running, "{vmid} runs");
        assert_eq!(vm.lock(), None, "{vmid}");
        assert_eq!(vm.config.get("description"), None, "{vmid}");
    }
}

pub(super) fn passed(count: usize) -> BTreeMap<Verdict, usize> {
    BTreeMap::from([(Verdict::Passed, count)])
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_carried_out_and_what_did_not_change_is_kept() {
    let (pve, vmids) = server(4, Duration::from_secs(5));
    let mut fleet = Fleet::new(&pve, &vmids, &["a", "b"]);
    let (applied, events) = fleet.apply().await;
    assert_eq!(verdicts(&applied), passed(8), "{:?}", complaints(&events));
    assert_given_back(&pve);
    let before = pve.asked("").len();
    let (applied, _) = fleet.apply().await;
    assert_eq!((verdicts(&applied), applied.summary.cached), (passed(8), 8));
    let asked = pve.asked("").len() - before;
    assert_eq!(
        asked,
        1 + 2 * 4,
        "one look at the cluster, two at each machine"
    );
}

#[tokio::test(start_paused = true)]
async fn a_storage_that_returns_to_its_newest_snapshot_only_gets_no_layers() {
    let mut cluster = Cluster::of(&["pve1"]);
    cluster.add(200, "pve1", "tank", Arc::new(Paper::default()));
    cluster.add_snapshot(200, "clean", 1);
    let pve = Pve::new(cluster);
    let mut fleet = Fleet::new(&pve, &[200], &["a", "b"]);
    let (applied, events) = fleet.apply().await;
    assert_eq!(verdicts(&applied), passed(2), "{:?}", complaints(&events));
    assert_eq!(pve.tasks_of("qmsnapshot", 200), 0);
    assert_given_back(&pve);
}

#[tokio::test(start_paused = true)]
async fn a_machine_whose_base_has_a_device_is_never_kept_with_its_memory() {
    for (device, wanted) in [
        (None, LiveLayers::WithoutGpu),
        (Some("mapping=sound"), LiveLayers::Never),
    ] {
        let (pve, vmids) = server(1, Duration::ZERO);
        if let Some(device) = device {
            let mut cluster = pve.cluster();
            let clean = cluster
                .vms
                .get_mut(&200)
                .unwrap()
                .snapshots
                .get_mut("clean");
            let config = &mut clean.unwrap().config;
            config.insert("hostpci0".into(), device.into());
        }
        let fleet = Fleet::new(&pve, &vmids, &["a"]);
        let machine = fleet.desired.machines.values().next().unwrap();
        let presence = fleet.provider().observe(machine).await;
        let Presence::Present { abilities, .. } = presence else {
            panic!("{presence:?}")
        };
        let live = abilities.unwrap().live_layers;
        assert_eq!(live, wanted);
    }
}

#[tokio::test(start_paused = true)]
async fn what_somebody_does_with_a_machine_meanwhile_does_not_change_the_plan() {
    let (pve, vmids) = server(1, Duration::ZERO);
    let mut fleet = Fleet::new(&pve, &vmids, &["a"]);
    fleet.apply().await;
    let set = |value: Option<&str>| {
        let mut cluster = pve.cluster();
        let config = &mut cluster.vms.get_mut(&200).unwrap().config;
        match value {
            Some(value) => drop(config.insert("hostpci0".into(), value.into())),
            None => drop(config.remove("hostpci0")),
        }
    };
    // With a device it could not be kept with its memory; the base has none.
    set(Some("mapping=sound"));
    let (applied, _) = fleet.apply().await;
    assert_eq!(applied.summary.cached, 1);
    set(None);
}

#[tokio::test(start_paused = true)]
async fn a_base_that_was_taken_anew_makes_everything_on_it_due() {
    let (pve, vmids) = server(1, Duration::ZERO);
    let mut fleet = Fleet::new(&pve, &vmids, &["a"]);
    fleet.apply().await;
    let retake = |time| {
        let mut cluster = pve.cluster();
        let vm = cluster.vms.get_mut(&200).unwrap();
        vm.snapshots.get_mut("clean").unwrap().time = time;
    };
    retake(1_800_000_000);
    let (applied, _) = fleet.apply().await;
    assert_eq!(applied.summary.cached, 0);
    let (applied, _) = fleet.apply().await;
    assert_eq!(applied.summary.cached, 1);
}

#[tokio::test(start_paused = true)]
async fn machines_of_a_node_that_is_off_are_left_alone_and_the_others_tested() {
    let (pve, vmids) = server(2, Duration::from_secs(1));
    let switch = |is_off| pve.cluster().nodes.get_mut("pve2").unwrap().is_off = is_off;
    let mut fleet = Fleet::new(&pve, &vmids, &["a"]);
    switch(true);
    for (vmid, is_off) in [(200, false), (201, true)] {
        let name = MachineName::new(format!("vm{vmid}"));
        let presence = fleet
            .provider()
            .observe(&fleet.desired.machines[&name])
            .await;
        let why = format!("{presence:?}");
        assert_eq!(why.contains("its node `pve2` is off"), is_off, "{why}");
    }
    assert!(pve.asked("/nodes/pve2/").is_empty());
    let (applied, events) = fleet.apply().await;
    let apart = BTreeMap::from([(Verdict::Passed, 1), (Verdict::Blocked, 1)]);
    assert_eq!(verdicts(&applied), apart, "{:?}", complaints(&events));
    switch(false);
    let (applied, events) = fleet.apply().await;
    assert_eq!(verdicts(&applied), passed(2), "{:?}", complaints(&events));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_cannot_be_written_down_gives_back_what_it_has() {
    let mut refused = 0;
    for room in 0.. {
        let (pve, vmids) = server(2, Duration::from_secs(5));
        let mut fleet = Fleet::new(&pve, &vmids, &["a"]);
        let applied = fleet.apply_within(room).await;
        assert_given_back(&pve);
        let Err(err) = applied else { break };
        assert!(matches!(err, RunError::Store(_)), "{err}");
        refused += 1;
    }
    assert!(refused >= 10, "{refused}");
}

#[tokio::test(start_paused = true)]
async fn two_controllers_never_have_a_machine_at_once() {
    let (pve, vmids) = server(2, Duration::from_secs(5));
    let mut one = Fleet::new(&pve, &vmids, &["a", "b"]);
    let mut two = Fleet::new(&pve, &vmids, &["c", "d"]);
    two.holder = "ci@elsewhere".into();
    let ((first, said), (second, also)) = tokio::join!(one.apply(), two.apply());
    assert_eq!(verdicts(&first), passed(4), "{:?}", complaints(&said));
    assert_eq!(verdicts(&second), passed(4), "{:?}", complaints(&also));
    assert_given_back(&pve);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_ran_out_is_taken_over_and_one_that_holds_is_not() {
    let (pve, vmids) = server(1, Duration::ZERO);
    let claim = |until: u64| {
        let text = format!(
            "mine\nmosdat-lease: {{\"holder\":\"ci@gone\",\"lease\":\"r-1\",\"marker\":\"x\",\"until\":{until}}}"
        );
        let mut cluster = pve.cluster();
        let config = &mut cluster.vms.get_mut(&200).unwrap().config;
        config.insert("description".into(), text);
    };
    let now = pve.now("pve1") * 1000;
    claim(now + 3_600_000);
    let mut fleet = Fleet::new(&pve, &vmids, &["a"]);
    fleet.limits.turn = Duration::from_mins(2);
    let (applied, events) = fleet.apply().await;
    assert_ne!(verdicts(&applied), passed(1));
    let said = complaints(&events).join("\n");
    assert!(said.contains("in use by ci@gone"), "{said}");
    assert!(
        pve.tasks_of("qmrollback", 200) == 0,
        "nothing was done to it"
    );
    // It runs out while it is waited for.
    claim(pve.now("pve1") * 1000 + 60_000);
    let (applied, events) = fleet.apply().await;
    assert_eq!(verdicts(&applied), passed(1), "{:?}", complaints(&events));
    let description = pve.cluster().vms[&200].config.get("description").cloned();
    assert_eq!(
        description.as_deref(),
        Some("mine"),
        "what people wrote stays"
    );
}

#[tokio::test(start_paused = true)]
async fn a_lease_outlives_long_steps_and_one_that_is_taken_away_blocks() {
    let (pve, vmids) = server(1, Duration::ZERO);
    let mut fleet = Fleet::new(&pve, &vmids, &["a"]);
    fleet.pace = Duration::from_mins(9);
    fleet.limits.lease = Duration::from_mins(3);
    let mut other = Fleet::new(&pve, &vmids, &["b"]);
    other.holder = "ci@elsewhere".into();
    other.limits.turn = Duration::from_hours(2);
    let later = async {
        tokio::time::sleep(Duration::from_mins(5)).await;
        other.apply().await
    };
    let ((first, said), (second, also)) = tokio::join!(fleet.apply(), later);
    assert_eq!(verdicts(&first), passed(1), "{:?}", complaints(&said));
    assert_eq!(verdicts(&second), passed(1), "{:?}", complaints(&also));
    // Somebody writes another name into it.
    let mut fleet = Fleet::new(&pve, &vmids, &["c"]);
    fleet.pace = Duration::from_mins(9);
    fleet.limits.lease = Duration::from_mins(3);
    fleet.limits.turn = Duration::from_secs(10);
    let robber = async {
        tokio::time::sleep(Duration::from_mins(5)).await;
        let until = pve.now("pve1") * 1000 + 36_000_000;
        let text = format!(
            "mosdat-lease: {{\"holder\":\"robber\",\"lease\":\"r-1\",\"marker\":\"x\",\"until\":{until}}}"
        );
        let mut cluster = pve.cluster();
        cluster
            .vms
            .get_mut(&200)
            .unwrap()
            .config
            .insert("description".into(), text);
    };
    let ((applied, events), ()) = tokio::join!(fleet.apply(), robber);
    assert_ne!(verdicts(&applied), passed(1));
    let said = format!("{events:?}");
    assert!(said.contains("robber"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_guest_that_dies_in_mid_run_proves_nothing() {
    let body = Arc::new(Paper::default());
    let mut cluster = Cluster::of(&["pve1"]);
    cluster.add(200, "pve1", "local-lvm", Arc::clone(&body) as _);
    cluster.add_snapshot(200, "clean", 1);
    let pve = Pve::new(cluster);
    let mut fleet = Fleet::new(&pve, &[200], &["a"]);
    fleet.pace = Duration::from_mins(1);
    let crash = async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        body.crash();
    };
    let ((applied, events), ()) = tokio::join!(fleet.apply(), crash);
    assert_eq!(verdicts(&applied), passed(1), "it is tried again");
    let lost = events.iter().any(|event| {
        matches!(event, Event::StepRetried { detail, .. } if detail.contains("lost `vm200`: it has stopped"))
    });
    assert!(lost, "{events:?}");
    assert_given_back(&pve);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_stopped_leaves_nothing() {
    let (pve, vmids) = server(3, Duration::from_secs(5));
    let mut fleet = Fleet::new(&pve, &vmids, &["a", "b"]);
    fleet.pace = Duration::from_hours(1);
    let (sender, stop) = tokio::sync::watch::channel(Stop::No);
    let stopping = async {
        tokio::time::sleep(Duration::from_mins(2)).await;
        sender.send_replace(Stop::AtOnce);
        // Whoever listens must not take a closed channel for news.
        tokio::time::sleep(Duration::from_mins(10)).await;
    };
    let ((applied, _), ()) = tokio::join!(fleet.apply_until(stop), stopping);
    assert!(applied.stopped);
    assert_given_back(&pve);
}

#[tokio::test(start_paused = true)]
async fn what_a_crash_left_is_given_back_by_the_next_run() {
    let (pve, vmids) = server(2, Duration::from_secs(5));
    let mut fleet = Fleet::new(&pve, &vmids, &["a"]);
    fleet.pace = Duration::from_hours(1);
    let cut = tokio::time::timeout(Duration::from_mins(2), fleet.apply()).await;
    assert!(cut.is_err());
    let leased = pve
        .cluster()
        .vms
        .values()
        .any(|vm| vm.config.contains_key("description"));
    assert!(leased, "the crash came in the middle");
    fleet.pace = Duration::from_secs(1);
    let (applied, events) = fleet.apply().await;
    assert_eq!(verdicts(&applied), passed(2), "{:?}", complaints(&events));
    assert_given_back(&pve);
}

#[tokio::test(start_paused = true)]
async fn six_hours_with_one_call_in_a_hundred_failing() {
    let (pve, vmids) = server(12, Duration::from_secs(20));
    let names: Vec<String> = (0..40).map(|number| format!("s{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let client = Arc::new(super::direct::client(&pve, super::world::password()));
    let mut fleet = Fleet::new(&pve, &vmids, &names).with_client(client);
    fleet.pace = Duration::from_mins(7);
    pve.faults.set_rate(1000, 42);
    let began = tokio::time::Instant::now();
    let (applied, events) = fleet.apply().await;
    assert!(
        began.elapsed() > Duration::from_hours(4),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(verdicts(&applied), passed(480), "{:?}", complaints(&events));
    pve.faults.set_rate(0, 0);
    assert_given_back(&pve);
    assert!(
        pve.asked("POST /access/ticket").len() >= 3,
        "tickets ran out"
    );
    // No task was started twice: whatever a machine was told came in turn.
    assert_eq!(pve.repeated_tasks(), Vec::<String>::new());
}
