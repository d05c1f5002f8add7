//! Files of a guest, by its agent: whole, or not at all.

use super::{direct, world::cluster};
use crate::pve::{Fault, Paper, Pve};
use mosdat::{
    driver::proxmox::{
        TaskLimits, Vm,
        api::{ApiError, Call, Client, Credentials, Reason},
    },
    model::Secret,
};
use std::{sync::Arc, time::Duration};

/// What the server takes in one call.
const MOST: usize = 45 << 10;

const UNRESTRICTED: &[&str] = &["VM.GuestAgent.Unrestricted"];

struct World {
    pve: Arc<Pve>,
    body: Arc<Paper>,
    client: Arc<Client>,
    vm: Vm,
}

/// A machine that runs, for somebody who has these privileges on it.
async fn world(privileges: &[&str]) -> World {
    let body = Arc::new(Paper::default());
    let mut cluster = cluster();
    cluster.add(102, "pve1", "local-lvm", Arc::clone(&body) as _);
    cluster.access.add_token("ci@pve!ci", "s");
    cluster.access.grant("ci@pve!ci", "/vms/102", privileges);
    let pve = Pve::new(cluster);
    pve.start("pve1", 102).await.unwrap();
    let credentials = Credentials::Token {
        id: "ci@pve!ci".into(),
        secret: Secret::new("s"),
    };
    let client = Arc::new(direct::client(&pve, credentials));
    let vm = Vm::of(Arc::clone(&client), 102, "pve1", TaskLimits::default());
    World {
        pve,
        body,
        client,
        vm,
    }
}

#[tokio::test(start_paused = true)]
async fn every_byte_comes_back() {
    let world = world(UNRESTRICTED).await;
    let all: Vec<u8> = (0..=255).collect();
    let most: Vec<u8> = all.iter().copied().cycle().take(MOST).collect();
    for bytes in [&all[..], b"", &most, "grüße €\n".as_bytes()] {
        world.vm.write_file("/tmp/a b&c", bytes).await.unwrap();
        let read = world.vm.read_file("/tmp/a b&c").await.unwrap();
        assert!(read == bytes, "{} of {} bytes", read.len(), bytes.len());
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_not_there_is_asked_for_once() {
    let world = world(UNRESTRICTED).await;
    let err = world.vm.read_file("/tmp/VM is locked (x)").await;
    assert_eq!(err.unwrap_err().reason(), Reason::NoFile);
    assert_eq!(world.pve.asked("agent/file-read").len(), 1);
    let err = world.vm.write_file("/no/folder", b"x").await.unwrap_err();
    assert_eq!(err.reason(), Reason::NoFile, "{err}");
    assert_eq!(world.pve.asked("agent/file-write").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_taken_is_not_sent() {
    let world = world(UNRESTRICTED).await;
    let large = vec![7; MOST + 1];
    let err = world.vm.write_file("/tmp/a", &large).await.unwrap_err();
    assert!(err.to_string().contains("takes 46080 at most"), "{err}");
    for err in [
        world.vm.write_file("/tmp/é", b"x").await.unwrap_err(),
        world.vm.read_file("/tmp/é").await.unwrap_err(),
    ] {
        assert!(matches!(err, ApiError::NotSent { .. }), "{err}");
        assert!(err.to_string().contains("ASCII"), "{err}");
    }
    assert!(world.pve.asked("agent/file").is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_ascii_would_cost_the_agent_its_channel() {
    let world = world(UNRESTRICTED).await;
    let call = Call::get("/nodes/pve1/qemu/102/agent/file-read").with("file", "/tmp/é");
    for _ in 0..2 {
        let err = world.client.call(&call).await.unwrap_err();
        assert_eq!(err.reason(), Reason::AgentSilent, "{err}");
        assert!(world.vm.ping().await.is_err(), "it does not recover");
    }
    world.pve.stop("pve1", 102).await.unwrap();
    world.pve.start("pve1", 102).await.unwrap();
    world.vm.ping().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_part_of_a_file_is_no_file() {
    let world = world(UNRESTRICTED).await;
    world.body.guest.put("/tmp/large", vec![b'x'; 17 << 20]);
    let err = world.vm.read_file("/tmp/large").await.unwrap_err();
    assert!(err.to_string().contains("16 MiB"), "{err}");
    world.body.guest.put("/tmp/large", vec![b'x'; 3 << 20]);
    let read = world.vm.read_file("/tmp/large").await.unwrap();
    assert_eq!(read.len(), 3 << 20);
}

#[tokio::test(start_paused = true)]
async fn reading_and_writing_need_privileges_of_their_own() {
    for (privilege, reads, writes) in [
        ("VM.GuestAgent.Unrestricted", true, true),
        ("VM.GuestAgent.FileRead", true, false),
        ("VM.GuestAgent.FileWrite", false, true),
        ("VM.GuestAgent.Audit", false, false),
    ] {
        let world = world(&[privilege]).await;
        world.body.guest.put("/tmp/a", b"x".into());
        let read = world.vm.read_file("/tmp/a").await;
        assert_eq!(read.is_ok(), reads, "{privilege}: {read:?}");
        let written = world.vm.write_file("/tmp/a", b"y").await;
        assert_eq!(written.is_ok(), writes, "{privilege}: {written:?}");
        for err in [read.err(), written.err()].into_iter().flatten() {
            let (path, missing) = err.missing_privilege().unwrap();
            assert_eq!(path, "/vms/102");
            assert!(
                missing.ends_with("|VM.GuestAgent.Unrestricted"),
                "{missing}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_lost_is_asked_for_again_where_it_is_told_again() {
    let world = world(&["VM.GuestAgent.Unrestricted", "VM.Audit"]).await;
    for fault in [Fault::DropBefore, Fault::DropAfter] {
        world.pve.faults.add("agent/file", fault, 1);
        world.vm.write_file("/tmp/a", b"x").await.unwrap();
        assert_eq!(world.vm.read_file("/tmp/a").await.unwrap(), b"x");
    }
    let run = || world.vm.exec(&["/bin/true"], b"", Duration::from_secs(5));
    world
        .pve
        .faults
        .add("agent/exec-status", Fault::DropBefore, 1);
    assert_eq!(run().await.unwrap().code, Some(0));
    // The agent tells once what came of a program.
    world
        .pve
        .faults
        .add("agent/exec-status", Fault::DropAfter, 1);
    let err = run().await.unwrap_err();
    assert!(err.is_unknown(), "{err}");
    assert!(err.to_string().contains("tells once"), "{err}");
}
