//! GPUs: one holder at a time, taken from others only if that was agreed to, and always given back.

use super::{
    fleet::{Fleet, complaints, verdicts},
    runs::{assert_given_back, passed, server},
};
use crate::pve::{Paper, Pve};
use mosdat::{
    model::{Event, Gpu},
    port::Keeper as _,
    run::Stop,
};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

/// A server whose machines are all on one node, which has a card.
fn with_card(count: u32) -> (Arc<Pve>, Vec<u32>) {
    let (pve, vmids) = server(count, Duration::from_secs(5));
    {
        let mut cluster = pve.cluster();
        for vm in cluster.vms.values_mut() {
            vm.node = "pve1".into();
        }
        let address = "0000:01:00.0".to_owned();
        let device = (address.clone(), "10de:2684".to_owned(), 12);
        cluster.nodes.get_mut("pve1").unwrap().devices.push(device);
        let mapped = ("pve1".to_owned(), address, "10de:2684".to_owned());
        cluster.mappings.insert("card".into(), vec![mapped]);
    }
    (pve, vmids)
}

fn card() -> Gpu {
    Gpu {
        name: "card".into(),
        pci: None,
        mapping: Some("card".into()),
        is_primary: false,
        take_over: false,
    }
}

/// No machine of the plan has a device in its configuration.
fn assert_no_device(pve: &Pve, vmids: &[u32]) {
    let cluster = pve.cluster();
    for vmid in vmids {
        let config = &cluster.vms[vmid].config;
        let device = config.keys().find(|key| key.starts_with("hostpci"));
        assert_eq!(device, None, "{vmid}");
    }
}

/// Starts a machine that is in no plan, with the card; `claim` is who has it.
async fn stranger(pve: &Arc<Pve>, claim: Option<&str>) {
    add_stranger(pve, claim);
    pve.start("pve1", 900).await.unwrap();
}

fn add_stranger(pve: &Pve, claim: Option<&str>) {
    let mut cluster = pve.cluster();
    cluster.add(900, "pve1", "local-lvm", Arc::new(Paper::default()));
    let config = &mut cluster.vms.get_mut(&900).unwrap().config;
    config.insert("hostpci0".into(), "mapping=card,pcie=1".into());
    if let Some(claim) = claim {
        config.insert("description".into(), claim.into());
    }
}

#[tokio::test(start_paused = true)]
async fn cells_with_a_gpu_have_it_and_the_others_do_not() {
    let (pve, vmids) = with_card(3);
    let mut fleet = Fleet::new(&pve, &vmids, &["a", "b"]).with_gpu(card());
    let (applied, events) = fleet.apply().await;
    assert_eq!(verdicts(&applied), passed(12), "{:?}", complaints(&events));
    assert_given_back(&pve);
    assert_no_device(&pve, &vmids);
    let (applied, _) = fleet.apply().await;
    assert_eq!(applied.summary.cached, 12);
}

#[tokio::test(start_paused = true)]
async fn a_card_that_the_guest_does_not_see_blocks() {
    let body = Arc::new(Paper::default());
    body.is_blind.store(true, Ordering::SeqCst);
    let (pve, _) = with_card(0);
    {
        let mut cluster = pve.cluster();
        cluster.add(300, "pve1", "local-lvm", Arc::clone(&body) as _);
        cluster.add_snapshot(300, "clean", 1);
    }
    let mut fleet = Fleet::new(&pve, &[300], &["a"]).with_gpu(card());
    let (_, events) = fleet.apply().await;
    let said = complaints(&events).join("\n");
    assert!(said.contains("the guest does not see 10de:2684"), "{said}");
    assert_given_back(&pve);
    assert_no_device(&pve, &[300]);
}

#[tokio::test(start_paused = true)]
async fn a_card_that_a_machine_outside_the_plan_has_is_refused_by_name() {
    let (pve, vmids) = with_card(1);
    stranger(&pve, None).await;
    let mut fleet = Fleet::new(&pve, &vmids, &["a"]).with_gpu(card());
    let (_, events) = fleet.apply().await;
    let said = complaints(&events).join("\n");
    assert!(
        said.contains("machine 900 (`vm900`) on pve1 has it"),
        "{said}"
    );
    assert!(said.contains("take_over = true"), "{said}");
    assert!(pve.cluster().vms[&900].is_running, "it is left alone");
}

#[tokio::test(start_paused = true)]
async fn a_card_is_taken_over_when_that_was_agreed_to_and_its_holder_restored() {
    let (pve, vmids) = with_card(2);
    stranger(&pve, None).await;
    let gpu = Gpu {
        take_over: true,
        ..card()
    };
    let mut fleet = Fleet::new(&pve, &vmids, &["a"]).with_gpu(gpu);
    let (applied, events) = fleet.apply().await;
    assert_eq!(verdicts(&applied), passed(4), "{:?}", complaints(&events));
    let cluster = pve.cluster();
    let holder = &cluster.vms[&900];
    assert!(holder.is_running && holder.devices.contains("0000:01:00.0"));
    assert_eq!(holder.config.get("description"), None);
    drop(cluster);
    assert_eq!(
        pve.tasks_of("qmshutdown", 900),
        1,
        "it was asked, not killed"
    );
    assert_eq!(pve.tasks_of("qmstop", 900), 0);
    assert_no_device(&pve, &vmids);
}

/// A fleet that crashed while 200 had the card, which was 900's.
async fn crashed_with_the_card(pve: &Arc<Pve>, vmids: &[u32]) -> Fleet {
    stranger(pve, None).await;
    let gpu = Gpu {
        take_over: true,
        ..card()
    };
    let mut fleet = Fleet::new(pve, vmids, &["a"]).with_gpu(gpu);
    fleet.pace = Duration::from_hours(1);
    let has_it = || pve.cluster().vms[&200].devices.contains("0000:01:00.0");
    let mut ended = pve.task_ends();
    tokio::select! {
        _ = fleet.apply() => panic!("it takes an hour"),
        () = async { while !has_it() { ended.changed().await.unwrap(); } } => {}
    }
    assert!(!pve.cluster().vms[&900].is_running);
    fleet.pace = Duration::from_secs(1);
    fleet
}

#[tokio::test(start_paused = true)]
async fn nothing_is_given_back_to_machines_that_were_removed_meanwhile() {
    let (pve, vmids) = with_card(1);
    let mut fleet = crashed_with_the_card(&pve, &vmids).await;
    pve.cluster()
        .vms
        .retain(|vmid, _| ![200, 900].contains(vmid));
    let (_, events) = fleet.apply().await;
    let complaints = complaints(&events);
    assert!(
        complaints.iter().all(|it| it.starts_with("vm200")),
        "its own steps cannot be done, nothing else: {complaints:?}"
    );
    fleet.provider().wind_up().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_a_crash_left_without_its_card_is_restored_by_the_next_run() {
    let (pve, vmids) = with_card(1);
    let mut fleet = crashed_with_the_card(&pve, &vmids).await;
    let left = [
        "the GPU of machine 200",
        "machine 900, which was shut down because of its GPU",
    ];
    assert_eq!(fleet.provider().left_over(), left);
    let (applied, events) = fleet.apply().await;
    assert_eq!(verdicts(&applied), passed(2), "{:?}", complaints(&events));
    assert!(pve.cluster().vms[&900].is_running);
    assert_no_device(&pve, &vmids);
    assert!(fleet.provider().left_over().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_card_that_another_pipeline_tests_with_is_waited_for_and_never_taken() {
    let (pve, vmids) = with_card(1);
    let until = pve.now("pve1") * 1000 + 600_000;
    let claim = format!(
        "mosdat-lease: {{\"holder\":\"ci@elsewhere\",\"lease\":\"r-1\",\"marker\":\"x\",\"until\":{until}}}"
    );
    stranger(&pve, Some(&claim)).await;
    let gpu = Gpu {
        take_over: true,
        ..card()
    };
    let mut fleet = Fleet::new(&pve, &vmids, &["a"]).with_gpu(gpu);
    let done = async {
        tokio::time::sleep(Duration::from_mins(3)).await;
        assert!(pve.cluster().vms[&900].is_running);
        pve.stop("pve1", 900).await.unwrap();
    };
    let ((applied, events), ()) = tokio::join!(fleet.apply(), done);
    assert_eq!(verdicts(&applied), passed(2), "{:?}", complaints(&events));
    assert_eq!(pve.tasks_of("qmshutdown", 900), 0);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_stopped_gives_the_card_back() {
    let (pve, vmids) = with_card(2);
    stranger(&pve, None).await;
    let gpu = Gpu {
        take_over: true,
        ..card()
    };
    let mut fleet = Fleet::new(&pve, &vmids, &["a"]).with_gpu(gpu);
    fleet.pace = Duration::from_hours(1);
    let (sender, stop) = tokio::sync::watch::channel(Stop::No);
    let has_it = || {
        let cluster = pve.cluster();
        [200, 201]
            .iter()
            .any(|vmid| cluster.vms[vmid].devices.contains("0000:01:00.0"))
    };
    let mut ended = pve.task_ends();
    let stopping = async {
        while !has_it() {
            ended.changed().await.unwrap();
        }
        sender.send_replace(Stop::AtOnce);
        // Whoever listens must not take a closed channel for news.
        tokio::time::sleep(Duration::from_mins(10)).await;
    };
    let ((applied, _), ()) = tokio::join!(fleet.apply_until(stop), stopping);
    assert!(applied.stopped);
    assert!(pve.cluster().vms[&900].is_running);
    assert_no_device(&pve, &vmids);
}

#[tokio::test(start_paused = true)]
async fn one_of_several_cards_is_waited_for() {
    let (pve, vmids) = with_card(1);
    {
        let mut cluster = pve.cluster();
        let second = "0000:02:00.0".to_owned();
        let device = (second.clone(), "10de:2684".to_owned(), 13);
        cluster.nodes.get_mut("pve1").unwrap().devices.push(device);
        let mapped = ("pve1".to_owned(), second, "10de:2684".to_owned());
        cluster.mappings.get_mut("card").unwrap().push(mapped);
        for vmid in [901, 902] {
            cluster.add(vmid, "pve1", "local-lvm", Arc::new(Paper::default()));
            let config = &mut cluster.vms.get_mut(&vmid).unwrap().config;
            config.insert("hostpci0".into(), "mapping=card".into());
        }
    }
    for vmid in [901, 902] {
        pve.start("pve1", vmid).await.unwrap();
    }
    let mut fleet = Fleet::new(&pve, &vmids, &["a"]).with_gpu(card());
    let done = async {
        tokio::time::sleep(Duration::from_mins(3)).await;
        pve.stop("pve1", 902).await.unwrap();
    };
    let ((applied, events), ()) = tokio::join!(fleet.apply(), done);
    assert_eq!(verdicts(&applied), passed(2), "{:?}", complaints(&events));
    assert!(pve.cluster().vms[&901].is_running);
}

#[tokio::test(start_paused = true)]
async fn a_card_changes_hands_as_seldom_as_can_be() {
    let (pve, vmids) = with_card(4);
    let mut fleet = Fleet::new(&pve, &vmids, &["a", "b", "c"]).with_gpu(card());
    fleet.desired.cells.retain(|cell| !cell.gpu.is_none());
    let (applied, events) = fleet.apply().await;
    assert_eq!(verdicts(&applied), passed(12), "{:?}", complaints(&events));
    let holders: Vec<&str> = events
        .iter()
        .filter_map(|event| match event {
            Event::StepStarted { key, .. } if key.as_str().contains("/card") => {
                key.as_str().split('/').next()
            }
            _ => None,
        })
        .collect();
    let moves = 1 + holders.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert_eq!(moves, 4, "{holders:?}");
}
