//! Machines that start from others: from a template, from a snapshot, from a whole state.

use super::vm_world::{Kept, LONG, World, agent};
use mosdat::{
    driver::qemu::{Engine, Picture, Proof, Ram, RunState, Spec, Start, Vm},
    port::Exit,
};
use std::{
    fs,
    io::Read,
    net::TcpStream,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

#[tokio::test]
async fn clones_of_a_template_run_at_once_and_apart() {
    let world = World::new().await;
    let kept = world.template().await;
    let saved = fs::read(&kept.template.state).unwrap();
    let one = timed_clone(&world, &kept).await;
    let two = timed_clone(&world, &kept).await;
    assert_ne!(one.ssh(), two.ssh());
    for vm in [&one, &two] {
        assert_eq!(vm.qmp().run_state().await, Ok(RunState::Running));
        // The file system is what the template's was, and each writes to its own.
        let script = "test ! -e /root/was-here && echo it > /root/was-here && sync";
        assert_eq!(shell(vm, script).await, (Exit::Code(0), String::new()));
        let picture = vm.folder().file("screen.png");
        vm.qmp().screendump(&picture, Picture::Png).await.unwrap();
        assert!(fs::read(picture).unwrap().starts_with(b"\x89PNG"));
    }
    assert_eq!(greeting_of(&one), "SSH-");
    one.quit().await;
    assert!(one.lost().await.unwrap().contains("host-qmp-quit"));
    assert_eq!(two.lost().await, None);
    assert_eq!(shell(&two, "cat /root/was-here").await.1, "it\n");
    two.quit().await;
    assert!(fs::read(&kept.template.state).unwrap() == saved);
}

#[tokio::test]
async fn a_clone_lives_in_the_present() {
    let world = World::new().await;
    let vm = world.clone_of(&world.template().await).await;
    // As it is when the template is a day old.
    let yesterday = SystemTime::now() - Duration::from_hours(24);
    for now in [yesterday, SystemTime::now()] {
        let now = now.duration_since(UNIX_EPOCH).unwrap();
        let begun = Instant::now();
        agent(&vm).set_time(now).await.unwrap();
        let told = shell(&vm, "date +%s").await.1.trim().parse().unwrap();
        let took = begun.elapsed() + Duration::from_secs(1);
        eprintln!("clock set: {took:.2?}");
        let told = Duration::from_secs(told);
        assert!(told.abs_diff(now) <= took, "{told:?} is not {now:?}");
    }
}

#[tokio::test]
async fn a_machine_goes_back_to_its_snapshot() {
    let world = World::new().await;
    let vm = world.clone_of(&world.template().await).await;
    shell(&vm, "echo kept > /run/mark").await;
    let begun = Instant::now();
    vm.save_snapshot("live", LONG).await.unwrap();
    eprintln!("snapshot saved: {:.2?}", begun.elapsed());
    assert_eq!(vm.qmp().run_state().await, Ok(RunState::Running));
    shell(&vm, "echo changed > /run/mark").await;
    let begun = Instant::now();
    vm.load_snapshot("live", LONG).await.unwrap();
    eprintln!("snapshot loaded in place: {:.2?}", begun.elapsed());
    assert_eq!(shell(&vm, "cat /run/mark").await.1, "kept\n");
    vm.quit().await;
    // In another process, with its memory in no file.
    let begun = Instant::now();
    let spec = Spec {
        ram: Ram::Anonymous,
        start: Start::Snapshot("live".into()),
        ..vm.spec().clone()
    };
    let again = world.start(spec.clone(), world.folder()).await;
    agent(&again).ready(LONG).await.unwrap();
    eprintln!("started from a snapshot: {:.2?}", begun.elapsed());
    assert_eq!(shell(&again, "cat /run/mark").await.1, "kept\n");
    again.delete_snapshot("live", LONG).await.unwrap();
    let err = again.load_snapshot("live", LONG).await.unwrap_err();
    assert!(err.to_string().contains("does not exist"), "{err}");
    again.quit().await;
    let err = world.try_start(spec, world.folder()).await.unwrap_err();
    assert!(err.to_string().contains("does not exist"), "{err}");
}

#[tokio::test]
async fn a_state_of_another_machine_is_refused_with_the_reason() {
    let world = World::new().await;
    let kept = world.template().await;
    let folder = world.folder();
    let disk = world.disk(&kept.template.disk, &folder).await;
    let spec = Spec {
        session: mosdat::model::Session::None,
        ..kept.template.clone_of(&kept.spec, disk)
    };
    let err = world.try_start(spec, folder).await.unwrap_err().to_string();
    assert!(err.contains("exited with 1"), "{err}");
    assert!(
        err.contains("Unknown ramblock") || err.contains("load of migration failed"),
        "{err}"
    );
}

#[tokio::test]
async fn the_images_kernel_proves_that_it_runs() {
    let world = World::new().await;
    let proof = Proof::of(&world.image, &world.marker()).unwrap();
    let holds = proof.holds(&world.qemu, Engine::Tcg, LONG).await;
    assert_eq!(holds.unwrap(), Ok(()));
}

/// A clone that is measured, for whoever reads the test's output.
#[expect(clippy::print_stderr, reason = "the figures are the output")]
async fn timed_clone(world: &World, kept: &Kept) -> Vm {
    let begun = Instant::now();
    let vm = world.clone_of(kept).await;
    let runs = begun.elapsed();
    agent(&vm).ready(LONG).await.unwrap();
    let answers = begun.elapsed();
    eprintln!(
        "a clone runs: {runs:.2?}, its agent answers: {answers:.2?}, {}",
        memory_of(&vm)
    );
    vm
}

/// Runs a script in the guest.
async fn shell(vm: &Vm, script: &str) -> (Exit, String) {
    let ran = agent(vm)
        .run(&["/bin/sh", "-c", script], LONG)
        .await
        .unwrap();
    (ran.exit, String::from_utf8(ran.stdout).unwrap())
}

fn greeting_of(vm: &Vm) -> String {
    let mut stream = TcpStream::connect(vm.ssh()).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    let mut start = [0; 4];
    stream.read_exact(&mut start).unwrap();
    String::from_utf8_lossy(&start).into_owned()
}

/// What the process of a machine uses.
fn memory_of(vm: &Vm) -> String {
    let text = fs::read_to_string(format!("/proc/{}/smaps_rollup", vm.pid())).unwrap();
    let wanted = ["Rss:", "Private_Clean:", "Private_Dirty:"];
    let parts = text.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let name = words.next().filter(|name| wanted.contains(name))?;
        let kib: u64 = words.next()?.parse().ok()?;
        Some(format!("{name} {} MiB", kib / 1024))
    });
    parts.collect::<Vec<_>>().join(", ")
}
