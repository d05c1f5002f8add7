//! Taking in a disk that somebody else made.

use super::tools::World;
use std::{fs, path::Path, process::Command};

/// Runs the real `qemu-img`.
fn qemu_img(arguments: &[&str]) -> String {
    let output = Command::new("qemu-img").args(arguments).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {err}");
    String::from_utf8(output.stdout).unwrap()
}

/// Makes a raw disk of a megabyte that a PC would take for one that it can start from.
pub(super) fn raw_disk(path: &Path, content: u8) -> String {
    let mut bytes = vec![content; 1 << 20];
    bytes[510..512].copy_from_slice(&[0x55, 0xAA]);
    fs::write(path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Makes a qcow2 disk.
pub(super) fn disk(world: &World, name: &str, content: u8) -> String {
    let raw = raw_disk(&world.path(&format!("{name}.raw")), content);
    let path = world
        .path(&format!("{name}.qcow2"))
        .to_str()
        .unwrap()
        .to_owned();
    qemu_img(&["convert", "-f", "raw", "-O", "qcow2", &raw, &path]);
    path
}

/// Returns a disk's content, whatever its format.
fn content(world: &World, path: &str) -> Vec<u8> {
    let raw = world.path("content.raw");
    qemu_img(&["convert", "-O", "raw", path, raw.to_str().unwrap()]);
    fs::read(raw).unwrap()
}

fn imported(world: &World) -> String {
    format!("{}/disk.qcow2", world.list()[0]["folder"].as_str().unwrap())
}

#[test]
fn a_disk_is_copied_and_described() {
    let world = World::new();
    let file = disk(&world, "mine", 1);
    let before = fs::read(&file).unwrap();
    fs::write(world.path("key"), "-----BEGIN OPENSSH PRIVATE KEY-----\n").unwrap();
    let told = world.ok(&[
        "import",
        &file,
        "--name",
        "mine",
        "--user",
        "ada",
        "--key",
        "key",
        "--session",
        "wayland",
        "--no-agent",
    ]);
    assert!(told.starts_with("took in the image `mine`: "), "{told}");
    assert_eq!(fs::read(&file).unwrap(), before);
    let images = world.list();
    assert_eq!(images[0]["user"], "ada");
    assert_eq!(images[0]["boot"], "disk");
    assert_eq!(images[0]["agent"], false);
    assert_eq!(images[0]["sessions"].to_string(), r#"["wayland"]"#);
    assert_eq!(content(&world, &imported(&world)), content(&world, &file));
}

#[test]
fn the_same_disk_is_the_same_image_and_another_one_replaces_it() {
    let world = World::new();
    let one = disk(&world, "one", 1);
    let import = |file: &str, user: &str| {
        world.ok(&["import", file, "--name", "mine", "--user", user]);
        world.list().len()
    };
    assert_eq!(import(&one, "ada"), 1);
    assert_eq!(import(&one, "ada"), 1);
    assert_eq!(import(&one, "bob"), 2);
    assert_eq!(import(&disk(&world, "two", 2), "ada"), 3);
    assert_eq!(import(&one, "ada"), 3);
}

#[test]
fn other_formats_become_qcow2_and_rest_on_nothing() {
    let world = World::new();
    let raw = raw_disk(&world.path("a.raw"), 3);
    world.ok(&["import", &raw, "--name", "raw", "--user", "ada"]);
    assert_eq!(content(&world, &imported(&world)), fs::read(&raw).unwrap());
    world.ok(&["rm", "raw"]);

    let base = disk(&world, "base", 4);
    let top = world.path("top.qcow2").to_str().unwrap().to_owned();
    qemu_img(&[
        "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", &base, &top,
    ]);
    world.ok(&["import", &top, "--name", "top", "--user", "ada"]);
    let wanted = content(&world, &base);
    fs::remove_file(base).unwrap();
    assert_eq!(content(&world, &imported(&world)), wanted);
}

#[test]
fn what_is_no_disk_is_refused_and_leaves_nothing() {
    let world = World::new();
    fs::write(world.path("text"), "just words").unwrap();
    fs::write(world.path("long"), vec![b'x'; 4096]).unwrap();
    fs::write(world.path("empty"), "").unwrap();
    let torn = disk(&world, "torn", 5);
    // The table that says where everything lies points into nowhere.
    let mut bytes = fs::read(&torn).unwrap();
    bytes[0x30_000..0x30_100].fill(0xFF);
    bytes[40..48].copy_from_slice(&(1_u64 << 40).to_be_bytes());
    fs::write(&torn, bytes).unwrap();
    for (file, wanted) in [
        ("text", "no raw disk with a boot sector"),
        ("long", "no raw disk with a boot sector"),
        ("empty", "it is empty"),
        ("nowhere", "No such file or directory"),
        ("torn.qcow2", "failed to make the disk"),
    ] {
        let ran = world.run(&["import", file, "--name", "mine", "--user", "ada"]);
        assert_eq!(ran.code, Some(1), "{file}: {}", ran.out);
        assert!(ran.err.contains(wanted), "{file}: {}", ran.err);
        assert_eq!(world.list().len(), 0, "{file}");
    }
    let good = disk(&world, "good", 6);
    let ran = world.run(&[
        "import", &good, "--name", "mine", "--user", "ada", "--key", "text",
    ]);
    assert!(ran.err.contains("it is no private key"), "{}", ran.err);
    assert_eq!(world.list().len(), 0);
}
