//! What is left of clones, whatever happens: nothing.

use super::{
    clones::{assert_no_clones, clones, fleet, in_pool, server},
    fleet::{Fleet, complaints, verdicts},
    runs::passed,
};
use crate::pve::{Fault, Paper, Pve};
use mosdat::{model::LayerName, port::Keeper as _, run::Stop};
use std::{sync::Arc, time::Duration};

/// Has a run end in the middle of its work, without a good-bye.
async fn crash(fleet: &mut Fleet, after: Duration) {
    let pace = std::mem::replace(&mut fleet.pace, Duration::from_hours(1));
    let cut = tokio::time::timeout(after, fleet.apply()).await;
    assert!(cut.is_err(), "it takes an hour");
    fleet.pace = pace;
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_lost_leave_no_clone_behind() {
    for fault in [
        Fault::DropBefore,
        Fault::DropAfter,
        Fault::StatusAfter(596, "Broken pipe".into()),
        Fault::Status(599, "Too many redirections".into()),
        Fault::FailTask("got signal 15".into()),
    ] {
        for what in [
            "/clone ",
            "qmclone",
            "/template",
            "qmtemplate",
            "DELETE",
            "qmdestroy",
        ] {
            // The server itself clears up after a clone that failed: another test.
            if matches!((what, &fault), ("qmclone", Fault::FailTask(_))) {
                continue;
            }
            let pve = server("local-lvm", Duration::from_secs(2));
            let mut fleet = fleet(&pve, &["a", "b"], 2);
            pve.faults.add(what, fault.clone(), 1);
            fleet.apply().await;
            let (applied, events) = fleet.apply().await;
            let said = complaints(&events);
            assert_eq!(verdicts(&applied), passed(2), "{fault:?} {what}: {said:?}");
            assert_no_clones(&pve, 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_number_that_somebody_takes_meanwhile_is_left_to_him() {
    let pve = server("local-lvm", Duration::from_secs(2));
    let mut fleet = fleet(&pve, &["a"], 1);
    // Whoever was told that 101 is free comes too late.
    let taken = Fault::Status(
        500,
        "unable to create VM 101: config file already exists".into(),
    );
    pve.faults.add("/clone newid=101&", taken, 1);
    let (applied, events) = fleet.apply().await;
    assert_eq!(verdicts(&applied), passed(1), "{:?}", complaints(&events));
    assert_no_clones(&pve, 1);
}

#[tokio::test(start_paused = true)]
async fn two_controllers_clone_from_one_template_at_once() {
    let pve = server("local-lvm", Duration::from_secs(5));
    let mut one = fleet(&pve, &["a", "b"], 2);
    let mut two = fleet(&pve, &["c", "d"], 2);
    two.holder = "ci@elsewhere".into();
    let ((first, said), (second, also)) = tokio::join!(one.apply(), two.apply());
    assert_eq!(verdicts(&first), passed(2), "{:?}", complaints(&said));
    assert_eq!(verdicts(&second), passed(2), "{:?}", complaints(&also));
    // Both have made the layer, at the same time, or the second has found the first one's.
    let layers = pve.cluster().vms.len() - 2;
    assert!((1..=2).contains(&layers), "{layers}");
    assert_no_clones(&pve, layers);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_stopped_removes_its_clones() {
    let pve = server("local-lvm", Duration::from_secs(5));
    let mut fleet = fleet(&pve, &["a", "b"], 2);
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
    assert_no_clones(&pve, 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_crash_cloned_is_removed_by_the_next_run() {
    // In the middle of a step, and in the middle of the cloning itself.
    for after in [Duration::from_mins(2), Duration::from_secs(3)] {
        let pve = server("local-lvm", Duration::from_secs(5));
        let mut fleet = fleet(&pve, &["a"], 1);
        crash(&mut fleet, after).await;
        assert!(clones(&pve) > 0, "the crash came in the middle");
        let left = fleet.provider().left_over();
        assert!(
            left.iter()
                .any(|it| it.starts_with("the clone 101 of `vm900`")),
            "{left:?}"
        );
        let (applied, events) = fleet.apply().await;
        assert_eq!(verdicts(&applied), passed(1), "{:?}", complaints(&events));
        assert_no_clones(&pve, 1);
        assert!(fleet.provider().left_over().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_clone_that_somebody_removed_after_a_crash_is_forgotten() {
    let pve = server("local-lvm", Duration::from_secs(5));
    // Whoever may act on a pool may not even ask about what is not in it.
    let mut fleet = in_pool(&pve, &["a"], 1);
    crash(&mut fleet, Duration::from_mins(2)).await;
    {
        let mut cluster = pve.cluster();
        let is_clone = |vmid: &u32| ![100, 900].contains(vmid);
        let clones: Vec<u32> = cluster.vms.keys().copied().filter(is_clone).collect();
        assert!(!clones.is_empty());
        for vmid in clones {
            cluster.vms.remove(&vmid);
            cluster.access.take_out_of_pool(vmid);
        }
    }
    fleet.provider().wind_up().await.unwrap();
    let (applied, events) = fleet.apply().await;
    assert_eq!(verdicts(&applied), passed(1), "{:?}", complaints(&events));
    assert_eq!(complaints(&events), Vec::<String>::new());
    assert_no_clones(&pve, 1);
}

#[tokio::test(start_paused = true)]
async fn a_number_that_is_somebody_elses_by_now_is_left_to_him() {
    let pve = server("local-lvm", Duration::from_secs(5));
    let mut fleet = fleet(&pve, &["a"], 1);
    crash(&mut fleet, Duration::from_mins(2)).await;
    // Somebody removed the clone, and made a machine of his own with its number.
    let vmid = {
        let mut cluster = pve.cluster();
        let vmids = cluster.vms.keys().copied();
        let vmid = vmids.filter(|vmid| ![100, 900].contains(vmid)).max();
        let vmid = vmid.unwrap();
        cluster.vms.remove(&vmid);
        cluster.add(vmid, "pve1", "local-lvm", Arc::new(Paper::default()));
        vmid
    };
    fleet.provider().wind_up().await.unwrap();
    let (applied, events) = fleet.apply().await;
    assert_eq!(verdicts(&applied), passed(1), "{:?}", complaints(&events));
    let cluster = pve.cluster();
    assert!(cluster.vms.contains_key(&vmid));
    assert_eq!(cluster.vms[&vmid].config.get("tags"), None);
}

#[tokio::test(start_paused = true)]
async fn what_a_controller_that_is_gone_cloned_is_removed_when_its_lease_is_over() {
    let pve = server("local-lvm", Duration::from_secs(5));
    let mut gone = fleet(&pve, &["a"], 1);
    crash(&mut gone, Duration::from_mins(2)).await;
    drop(gone);
    let running = |pve: &Pve| {
        pve.cluster()
            .vms
            .values()
            .filter(|vm| vm.is_running)
            .count()
    };
    assert_eq!(running(&pve), 1);
    let mut next = fleet(&pve, &["b"], 1);
    next.apply().await;
    assert_eq!(running(&pve), 1, "it may still live");
    tokio::time::sleep(Duration::from_mins(11)).await;
    let (applied, events) = next.apply().await;
    assert_eq!(verdicts(&applied), passed(1), "{:?}", complaints(&events));
    assert_no_clones(&pve, 1);
}

#[tokio::test(start_paused = true)]
async fn only_what_mosdat_made_is_ever_removed() {
    let pve = server("local-lvm", Duration::ZERO);
    let mut fleet = fleet(&pve, &["a"], 1);
    fleet.apply().await;
    let (layer, vmid) = {
        let cluster = pve.cluster();
        let (vmid, vm) = cluster
            .vms
            .iter()
            .find(|(id, _)| ![100, 900].contains(*id))
            .unwrap();
        (LayerName::parse(&vm.config["name"]).unwrap(), *vmid)
    };
    // Somebody has taken it for himself: without the tag it is his.
    let tag = |tags: Option<&str>| {
        let mut cluster = pve.cluster();
        let config = &mut cluster.vms.get_mut(&vmid).unwrap().config;
        match tags {
            Some(tags) => drop(config.insert("tags".into(), tags.into())),
            None => drop(config.remove("tags")),
        }
    };
    tag(None);
    let provider = fleet.provider();
    provider
        .remove_layer(&"vm900".into(), &layer)
        .await
        .unwrap();
    assert!(pve.cluster().vms.contains_key(&vmid));
    tag(Some("mine;mosdat"));
    let provider = fleet.provider();
    provider
        .remove_layer(&"vm900".into(), &layer)
        .await
        .unwrap();
    assert!(!pve.cluster().vms.contains_key(&vmid));
    assert!(pve.cluster().vms.contains_key(&900));
}
