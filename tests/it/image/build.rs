//! Making images: once, and only what is due.

use super::tools::{BUILD, World, files_below, lives};
use rustix::process::{Pid, Signal, kill_process};
use std::{fs, io::Read, os::unix::fs::PermissionsExt};

#[test]
fn an_image_is_made_once_and_found_afterwards() {
    let world = World::new();
    let told = world.build();
    assert!(told.starts_with("made the image `debian12` in "), "{told}");
    assert_eq!(
        world.calls(),
        [
            "update",
            "fetch",
            "got one",
            "got two",
            "got three",
            "root",
            "disk",
            "convert"
        ]
    );
    let told = world.build();
    assert!(
        told.starts_with("the image `debian12` is there already: "),
        "{told}"
    );
    assert_eq!(world.calls(), [""; 0], "nothing is done twice");
    let images = world.list();
    assert_eq!(images.len(), 1);
    assert_eq!(images[0]["name"], "debian12");
    assert_eq!(images[0]["current"], true);
    assert_eq!(images[0]["boot"], "kernel");
    assert_eq!(images[0]["user"], "tester");
    assert_eq!(images[0]["agent"], true);
    assert_eq!(
        images[0]["sessions"].to_string(),
        r#"["x11","wayland","none"]"#
    );
}

#[test]
fn an_image_has_everything_that_starting_it_takes() {
    let world = World::new();
    world.build();
    let dir = world.list()[0]["folder"].as_str().unwrap().to_owned();
    let read = |name: &str| fs::read_to_string(format!("{dir}/{name}")).unwrap();
    let mode = |name: &str| {
        let data = fs::metadata(format!("{dir}/{name}")).unwrap();
        data.permissions().mode() & 0o777
    };
    assert_eq!(read("vmlinuz"), "vmlinuz\n");
    assert!(read("id_ed25519").starts_with("-----BEGIN OPENSSH PRIVATE KEY-----"));
    assert!(read("id_ed25519.pub").starts_with("ssh-ed25519 AAAA"));
    assert_eq!(mode("id_ed25519"), 0o600);
    assert_eq!(mode("disk.qcow2"), 0o444);
    let manifest: serde_json::Value = serde_json::from_str(&read("image.json")).unwrap();
    assert_eq!(manifest["host_key"], "ssh-ed25519 AAAAhost");
    let arguments = manifest["arguments"].as_str().unwrap();
    assert!(
        arguments.contains("root=/dev/vda console=ttyS0"),
        "{arguments}"
    );
    assert!(!arguments.contains("mosdat.session"), "{arguments}");
    // What it was made with is gone, but for what keeps two from making it at once.
    let left = files_below(&world.images().join(".build"));
    assert_eq!(left, [world.images().join(".build/debian12.lock")]);
}

#[test]
fn another_recipe_makes_another_image_and_the_first_one_stays() {
    let world = World::new();
    world.build();
    world.calls();
    let more = [&BUILD[..], &["--packages", "mousepad,git"]].concat();
    assert!(world.ok(&more).starts_with("made"));
    assert!(world.calls().contains(&"root".to_owned()));
    let images = world.list();
    let current: Vec<_> = images.iter().map(|image| &image["current"]).collect();
    assert_eq!(current, [false, true]);
    // The first recipe is asked for again: its image is still there.
    assert!(world.build().contains("is there already"));
    assert_eq!(world.calls(), [""; 0]);
    let images = world.list();
    let current: Vec<_> = images.iter().map(|image| &image["current"]).collect();
    assert_eq!(current, [true, false]);
    let told = world.ok(&["prune"]);
    assert_eq!(told, "removed 1 replaced images\n");
    assert_eq!(world.list().len(), 1);
}

#[test]
fn by_force_it_is_made_anew_and_has_other_keys() {
    let world = World::new();
    world.build();
    let first = world.list()[0]["identity"].clone();
    let anew = [&BUILD[..], &["--force"]].concat();
    assert!(world.ok(&anew).starts_with("made"));
    let images = world.list();
    assert_eq!(images.len(), 2);
    let current = images
        .iter()
        .find(|image| image["current"] == true)
        .unwrap();
    assert_ne!(current["identity"], first);
}

#[test]
fn a_damaged_image_is_made_anew() {
    let world = World::new();
    world.build();
    let dir = world.list()[0]["folder"].as_str().unwrap().to_owned();
    fs::remove_file(format!("{dir}/vmlinuz")).unwrap();
    let ran = world.run(&["list"]);
    assert_eq!(ran.code, Some(1), "{}", ran.out);
    assert!(ran.out.contains("`vmlinuz` is missing"), "{}", ran.out);
    assert!(world.build().starts_with("made"));
    assert_eq!(world.run(&["prune"]).code, Some(0));
    assert_eq!(world.list().len(), 1);
}

#[test]
fn a_second_one_who_makes_the_same_image_is_told_who_is_at_it() {
    let world = World::new();
    let (mut child, _) = world.held_at("root");
    let ran = world.run(&BUILD);
    assert_eq!(ran.code, Some(1));
    let wanted = format!("is being made already, by `mosdat` (pid {})", child.id());
    assert!(ran.err.contains(&wanted), "{}", ran.err);
    let ran = world.run(&["rm", "debian12"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("in use"), "{}", ran.err);
    // One of another name is not in the way.
    world.release("root");
    let other = [&BUILD[..], &["--name", "other"]].concat();
    assert!(world.ok(&other).starts_with("made the image `other`"));
    child.kill().unwrap();
    child.wait().unwrap();
    world.build();
}

#[test]
fn an_interrupt_ends_everything_and_what_was_finished_is_kept() {
    let world = World::new();
    let (child, inner) = world.held_at("root");
    assert!(lives(inner));
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{err}");
    assert!(err.contains("goes on from here"), "{err}");
    assert!(!lives(inner));
    assert_eq!(world.list().len(), 0);
    world.release("root");
    world.calls();
    let ran = world.run(&BUILD);
    assert!(
        ran.err
            .contains("fetching packages: done by an earlier attempt"),
        "{}",
        ran.err
    );
    assert_eq!(world.calls(), ["root", "disk", "convert"]);
}

#[test]
fn a_failure_shows_the_end_of_what_was_said_and_what_to_do() {
    let world = World::new();
    for (point, words, hint) in [
        (
            "update",
            "Err:1 http://m.invalid\n  Could not resolve 'm.invalid'\n",
            "the mirror cannot be reached",
        ),
        (
            "one",
            "E: Unable to locate package moussepad\n",
            "has no package `moussepad`",
        ),
        (
            "root",
            "dpkg: error: No space left on device\n",
            "make room",
        ),
        ("mkfs", "mkfs.ext4: out of luck\n", ""),
    ] {
        world.fail(point, words);
        let ran = world.run(&BUILD);
        assert_eq!(ran.code, Some(1), "{point}");
        let last = words.lines().last().unwrap();
        assert!(
            ran.err.contains(last) && ran.err.contains(hint),
            "{}",
            ran.err
        );
        let (_, rest) = ran.err.split_once("whole log is in `").unwrap();
        let log = fs::read_to_string(rest.split_once('`').unwrap().0).unwrap();
        assert!(log.contains(last), "{log}");
        assert_eq!(world.list().len(), 0);
        world.mend(point);
    }
    // The last failure was in the last stage; what came before is not done again.
    world.calls();
    world.build();
    assert_eq!(world.calls(), ["disk", "convert"]);
}

#[test]
fn a_changed_recipe_starts_anew_and_fetches_only_what_is_missing() {
    let world = World::new();
    world.fail("mkfs", "no");
    assert_eq!(world.run(&BUILD).code, Some(1));
    world.mend("mkfs");
    world.calls();
    let more = [&BUILD[..], &["--packages", "git"]].concat();
    world.ok(&more);
    assert_eq!(
        world.calls(),
        ["update", "fetch", "root", "disk", "convert"]
    );
}

#[test]
fn a_build_says_where_it_stands() {
    let world = World::new();
    let mut child = world
        .command(&BUILD)
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut err = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut err)
        .unwrap();
    child.wait().unwrap();
    let stages: Vec<_> = err
        .lines()
        .map(|line| line.split(',').next().unwrap())
        .collect();
    assert_eq!(
        stages,
        [
            "debian12: fetching packages",
            "debian12: installing packages",
            "debian12: making the disk",
            "debian12: keeping the image"
        ]
    );
}

#[test]
fn what_apt_is_told_of_the_network_reaches_the_build() {
    let world = World::new();
    let (mut child, _) = world.held_at("root");
    let settings = fs::read_to_string(world.images().join(".build/debian12/apt/apt.conf")).unwrap();
    assert!(settings.contains("proxy.invalid:3128"), "{settings}");
    assert!(!settings.contains("APT::Other"), "{settings}");
    let sources = fs::read_to_string(world.images().join(".build/debian12/apt/sources.list"));
    assert!(
        sources
            .unwrap()
            .contains("] http://m.invalid/debian bookworm main")
    );
    child.kill().unwrap();
    child.wait().unwrap();
    world.release("root");
    world.build();
}
