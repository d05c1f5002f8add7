//! The guest itself fails: its kernel, its disk, its network.

use crate::vms::{
    fleet::{Desktop, Fleet},
    world::{LONG, World, as_root},
};
use mosdat::{
    driver::qemu::Limits,
    model::{FormatName, Package, Verdict},
    port::{Command, ProviderError},
};
use std::{fs, path::Path, process};

#[test]
fn a_kernel_that_panics_blocks_the_cell_and_its_last_words_are_kept() {
    let fleet = Fleet::prepared(Desktop::None);
    let panic = "  - shell: echo c | sudo tee /proc/sysrq-trigger\n    timeout: 600\n";
    fleet.scenario("panics", panic);
    let key = fleet.exercise("panics");
    let told = fleet.apply().ended_with(1);
    let (verdict, detail) = told.end(&key);
    assert_eq!(verdict, Verdict::Blocked, "{detail}");
    assert!(detail.contains("the guest's kernel panicked"), "{detail}");
    assert_eq!(told.attempts(&key), 3);
    let texts = told.texts(&key);
    assert!(texts.contains("sysrq triggered crash"), "{texts}");
    fleet.assert_nothing_left();
}

#[test]
fn an_ssh_server_that_is_gone_blocks_the_cell() {
    let fleet = Fleet::prepared(Desktop::None);
    let kill = "  - shell: sudo pkill -KILL -x sshd; sleep 60\n    timeout: 600\n";
    fleet.scenario("mute", kill);
    let key = fleet.exercise("mute");
    let told = fleet.apply().ended_with(1);
    let (verdict, detail) = told.end(&key);
    assert_eq!(verdict, Verdict::Blocked, "{detail}");
    assert_eq!(told.attempts(&key), 3);
    fleet.assert_nothing_left();
}

#[tokio::test]
async fn a_full_disk_says_nothing_about_the_package() {
    let world = World::new(Limits::default(), |_, _| {});
    let guest = world.open(&world.layer("restore"), 1).await.unwrap();
    let (package, file) = (package(&world), large_package(&world));
    // None is left to bring the package there, or too little to unpack it.
    let fill =
        "free=$(df --output=avail -B1 / | tail -n 1); fallocate -l $((free - 2000000)) /filler";
    for (left, more) in [("none", "cat /dev/zero > /more"), ("little", "true")] {
        let fill = format!("{fill} && {{ {more}; df / >&2; }}");
        let filled = as_root(&*guest, &fill).await.unwrap();
        assert!(filled.text.contains("100%"), "{}", filled.text);
        let err = guest.install(&package, &file).await.unwrap_err();
        assert!(
            matches!(&err, ProviderError::Install { .. }),
            "{left}: {err}"
        );
        assert!(err.to_string().contains("space"), "{left}: {err}");
        as_root(&*guest, "rm -f /filler /more").await.unwrap();
    }
    let outcome = guest.install(&package, &file).await.unwrap();
    assert_eq!(outcome.verdict, Verdict::Passed, "{}", outcome.detail);
    guest.close().await.unwrap();
    world.assert_nothing_left();
}

#[tokio::test]
async fn a_connection_that_is_lost_in_an_upload_says_nothing_about_the_package() {
    let world = World::new(Limits::default(), |_, _| {});
    let guest = world.open(&world.layer("restore"), 1).await.unwrap();
    let file = world.fleet.path().join("endless_1_all.deb");
    fs::File::create(&file).unwrap().set_len(512 << 20).unwrap();
    // As soon as a part of it is there.
    let cut = "until [ -n \"$(find /tmp -name '.mosdat-*' -size +1M)\" ]; do :; done\n\
        exec sudo -n pkill -KILL -x sshd";
    let _cutting = guest.start(&Command::shell(cut)).await.unwrap();
    let err = guest.install(&package(&world), &file).await.unwrap_err();
    assert!(err.is_transient(), "{err}");
    assert!(!matches!(&err, ProviderError::Install { .. }), "{err}");
    let err = guest.run(&Command::shell("true"), LONG).await.unwrap_err();
    assert!(matches!(&err, ProviderError::Lost { .. }), "{err}");
    guest.close().await.unwrap();
    world.assert_nothing_left();
}

fn package(world: &World) -> Package {
    world.machine.packages[&FormatName::from("deb")].clone()
}

/// Makes a package that is small and needs much room.
fn large_package(world: &World) -> std::path::PathBuf {
    let tree = world.fleet.path().join("large");
    let write = |name: &str, text: &[u8]| {
        let path = tree.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let control = fs::read(world.fleet.path().join("app/control")).unwrap();
    write("DEBIAN/control", &control);
    write("usr/bin/greeter", b"#!/bin/sh\n");
    write("usr/share/greeter/zeros", &vec![0; 8 << 20]);
    let file = world.fleet.path().join("large_1_all.deb");
    pack(&tree, &file);
    file
}

fn pack(tree: &Path, file: &Path) {
    let mut pack = process::Command::new("dpkg-deb");
    pack.args(["--root-owner-group", "-b"]).arg(tree).arg(file);
    assert!(
        pack.stdout(process::Stdio::null())
            .status()
            .unwrap()
            .success()
    );
}
