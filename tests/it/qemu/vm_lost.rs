//! Machines that do not come up, do not answer, or are lost: each says why.

use super::vm_world::{LONG, World, agent};
use mosdat::{
    driver::{
        process,
        qemu::{AgentError, Folder, Spec, VmError},
    },
    model::{Boot, LeaseId, RunId},
};
use rustix::process::{Pid, Signal, kill_process};
use std::{path::PathBuf, time::Duration};
use tokio::time::timeout;

#[tokio::test]
async fn a_machine_that_is_killed_is_lost() {
    let world = World::new().await;
    let vm = world.clone_of(&world.template().await).await;
    agent(&vm).ready(LONG).await.unwrap();
    assert_eq!(vm.lost().await, None);
    let pid = Pid::from_raw(vm.pid() as i32).unwrap();
    // Whoever waits for an answer at that moment learns of it, too.
    let sleep = agent(&vm).run(&["/bin/sleep", "600"], LONG);
    let kill = async {
        tokio::task::yield_now().await;
        kill_process(pid, Signal::KILL).unwrap();
    };
    let (slept, (), why) = tokio::join!(sleep, kill, vm.gone());
    assert!(matches!(slept, Err(AgentError::Gone(_))), "{slept:?}");
    assert_eq!(why, "QEMU was ended by SIGKILL");
    assert_eq!(vm.lost().await.as_deref(), Some(&*why));
    vm.qmp().run_state().await.unwrap_err();
    // What it was about to write is not on its disk.
    let err = vm.quit_whole().await.unwrap_err();
    assert!(err.to_string().contains("SIGKILL"), "{err}");
}

#[tokio::test]
async fn a_guest_whose_kernel_panics_is_lost() {
    let world = World::new().await;
    let vm = world.clone_of(&world.template().await).await;
    let crash = ["/bin/sh", "-c", "echo c > /proc/sysrq-trigger"];
    let (crashed, why) = tokio::join!(
        agent(&vm).run(&crash, Duration::from_secs(5)),
        timeout(LONG, vm.gone()),
    );
    assert!(
        matches!(crashed, Err(AgentError::Silent { .. })),
        "{crashed:?}"
    );
    let why = why.unwrap();
    let (first, rest) = why.split_once('\n').unwrap();
    assert_eq!(first, "the guest's kernel panicked");
    assert!(
        rest.contains("Kernel panic - not syncing: sysrq triggered crash"),
        "{why}"
    );
    assert!(vm.qmp().signs().panic.is_some(), "it tells QEMU, too");
    assert!(
        vm.serial().contains("sysrq: Trigger a crash"),
        "{}",
        vm.serial()
    );
    assert_eq!(vm.lost().await, Some(why));
    vm.quit().await;
}

#[tokio::test]
async fn a_machine_that_was_stopped_is_lost_though_it_answers() {
    let world = World::new().await;
    let vm = world.clone_of(&world.template().await).await;
    assert_eq!(vm.lost().await, None);
    // As QEMU does by itself when its processor fails.
    vm.qmp().stop().await.unwrap();
    let why = timeout(LONG, vm.gone()).await.unwrap();
    assert_eq!(why, "QEMU has stopped it, and it stands still");
    assert_eq!(vm.lost().await, Some(why));
    assert_eq!(vm.broken().await, None);
    vm.qmp().cont().await.unwrap();
    agent(&vm).ready(LONG).await.unwrap();
    assert_eq!(vm.lost().await, None);
    vm.quit().await;
}

#[tokio::test]
async fn a_guest_that_shuts_down_is_lost_and_its_disk_is_whole() {
    let world = World::new().await;
    let vm = world.clone_of(&world.template().await).await;
    agent(&vm).shut_down().await.unwrap();
    vm.switched_off(LONG).await.unwrap();
    let why = vm.lost().await.unwrap();
    assert_eq!(why, "the guest switched its machine off (guest-shutdown)");
}

#[tokio::test]
async fn a_machine_that_mosdat_left_behind_is_found_and_ended() {
    let world = World::new().await;
    let vm = world.clone_of(&world.template().await).await;
    assert_eq!(process::end_marked(&world.marker()).await, 1);
    let why = timeout(LONG, vm.gone()).await.unwrap();
    assert!(why.contains("QEMU ended (host-signal)"), "{why}");
}

#[tokio::test]
async fn a_guest_without_an_agent_is_silent() {
    let world = World::new().await;
    // There is no boot loader on the image's disk: the machine gets no further than its firmware.
    let spec = |disk: PathBuf| Spec {
        boot: Boot::Disk,
        memory: 128,
        ..world.spec(disk)
    };
    // So deep that no socket's path would be short enough.
    let deep = world.work.join("d".repeat(100));
    let folder = Folder::create(&deep, &LeaseId::new(&RunId::new("deep"), 1)).unwrap();
    let disk = world.disk(&world.image.disk, &folder).await;
    let vm = world.start(spec(disk), folder).await;
    let limit = Duration::from_secs(2);
    let silent = agent(&vm).ready(limit).await;
    assert!(
        matches!(silent, Err(AgentError::Silent { .. })),
        "{silent:?}"
    );
    assert_eq!(vm.lost().await, None, "it runs all the same");
    let resets = vm.qmp().signs().resets;
    vm.reset().await.unwrap();
    assert!(vm.qmp().signs().resets > resets);
    vm.quit().await;
    Folder::remove(&deep, &LeaseId::new(&RunId::new("deep"), 1)).unwrap();

    let folder = world.folder();
    let disk = world.disk(&world.image.disk, &folder).await;
    let spec = Spec {
        has_agent_port: false,
        ..spec(disk)
    };
    let vm = world.start(spec, folder).await;
    assert!(vm.agent().is_none());
    drop(vm);
    assert_eq!(
        process::end_marked(&world.marker()).await,
        0,
        "a drop kills"
    );
}

#[tokio::test]
async fn a_qemu_that_does_not_start_says_why() {
    let world = World::new().await;
    let spec = world.spec("/nowhere/disk.qcow2".into());
    let err = world.try_start(spec, world.folder()).await.unwrap_err();
    let text = err.to_string();
    assert!(matches!(err, VmError::Program { .. }), "{err:?}");
    assert!(text.contains("exited with 1"), "{text}");
    assert!(
        text.contains("Could not open '/nowhere/disk.qcow2'"),
        "{text}"
    );
    let missing = world.work.join("nothing.qcow2");
    let disk = world.work.join("disk.qcow2");
    let err = world
        .qemu
        .create_overlay(&missing, &disk)
        .await
        .unwrap_err();
    let text = err.to_string();
    assert!(text.contains("No such file or directory"), "{text}");
}
