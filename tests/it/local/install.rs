//! Packages and layers.

use super::world::{LONG, World, machine, shell, write_script};
use crate::package::package;
use mosdat::{
    model::{ContentHash, Layer, LayerKind, LayerName, MachineName, Presence, Session, Verdict},
    port::{Command, Exit, Guest, Keeper, Provider, ProviderError, Wanted},
};
use std::{collections::BTreeSet, fs, path::PathBuf, process, time::Duration};

#[tokio::test]
async fn a_deb_is_unpacked_and_its_program_found() {
    for session in [Session::None, Session::X11, Session::Wayland] {
        let world = World::new();
        let guest = world.open(session).await;
        let outcome = guest.install(&package("deb"), &deb(&world)).await.unwrap();
        assert_eq!(outcome.verdict, Verdict::Passed, "{}", outcome.detail);
        let path = guest.program_path("/usr/bin/notes");
        assert_ne!(path, "/usr/bin/notes");
        for program in [path.as_str(), "notes"] {
            let output = shell(&*guest, program).await;
            assert_eq!(
                (output.exit, output.text.as_str()),
                (Some(Exit::Code(0)), "notes here\n")
            );
        }
        assert_eq!(guest.program_path("/usr/bin/env"), "/usr/bin/env");
        guest.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_corrupt_deb_is_a_failed_outcome() {
    let world = World::new();
    let guest = world.open(Session::None).await;
    let whole = deb(&world);
    let bytes = fs::read(&whole).unwrap();
    let cases = [&b"not a package"[..], &bytes[..bytes.len() / 2], b""];
    for (number, content) in cases.into_iter().enumerate() {
        let file = world.dir.path().join(format!("corrupt-{number}.deb"));
        fs::write(&file, content).unwrap();
        let outcome = guest.install(&package("deb"), &file).await.unwrap();
        assert_eq!(outcome.verdict, Verdict::Failed, "case {number}");
        assert!(
            outcome.detail.starts_with("`dpkg-deb` exited with 2\n"),
            "{}",
            outcome.detail
        );
        assert!(
            outcome.detail.contains("dpkg-deb: error"),
            "{}",
            outcome.detail
        );
    }
    guest.close().await.unwrap();
}

#[tokio::test]
async fn a_package_that_is_not_there_is_an_error() {
    let world = World::new();
    let guest = world.open(Session::None).await;
    let file = world.dir.path().join("missing.deb");
    for format in ["deb", "appimage", "other"] {
        let err = guest.install(&package(format), &file).await.unwrap_err();
        assert!(matches!(err, ProviderError::Install { .. }), "{err}");
    }
    guest.close().await.unwrap();
}

#[tokio::test]
async fn an_archive_and_a_single_program_are_installed() {
    let world = World::new();
    let guest = world.open(Session::None).await;
    let tree = world.dir.path().join("tree");
    write_script(&tree.join("opt/notes/notes"), "echo from an archive");
    let archive = world.dir.path().join("notes.tar.gz");
    tool("tar", &["-czf", text(&archive), "-C", text(&tree), "."]);
    let single = world.dir.path().join("Notes.AppImage");
    write_script(&single, "echo from one file");
    fs::set_permissions(&single, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    for (format, file, program, wanted) in [
        ("tar.gz", &archive, "/opt/notes/notes", "from an archive\n"),
        (
            "appimage",
            &single,
            "/usr/bin/Notes.AppImage",
            "from one file\n",
        ),
    ] {
        let outcome = guest.install(&package(format), file).await.unwrap();
        assert_eq!(outcome.verdict, Verdict::Passed, "{}", outcome.detail);
        let output = shell(&*guest, &guest.program_path(program)).await;
        assert_eq!(output.text, wanted);
    }
    guest.close().await.unwrap();
}

#[tokio::test]
async fn an_install_command_takes_the_place_of_unpacking() {
    for session in [Session::None, Session::Wayland] {
        let world = World::new();
        let guest = world.open(session).await;
        let file = world.dir.path().join("it's a package");
        fs::write(&file, "echo by command\n").unwrap();
        let mut package = package("other");
        package.install =
            "mkdir -p $PREFIX/usr/bin && cp {file} $PREFIX/usr/bin/notes && chmod +x $PREFIX/usr/bin/notes".into();
        let outcome = guest.install(&package, &file).await.unwrap();
        assert_eq!(outcome.verdict, Verdict::Passed, "{}", outcome.detail);
        assert_eq!(shell(&*guest, "notes").await.text, "by command\n");
        package.install = "echo refused; exit 3".into();
        let outcome = guest.install(&package, &file).await.unwrap();
        assert_eq!(outcome.verdict, Verdict::Failed);
        assert_eq!(
            outcome.detail,
            "`echo refused; exit 3` exited with 3\nrefused"
        );
        guest.close().await.unwrap();
    }
}

#[tokio::test]
async fn an_install_command_that_hangs_is_an_error_and_ended() {
    let world = World::with(|config| config.limits.install = Duration::from_millis(300));
    let guest = world.open(Session::None).await;
    let mut package = package("deb");
    package.install = "sleep 1003 & setsid -f sleep 1003; wait".into();
    let err = guest.install(&package, &deb(&world)).await.unwrap_err();
    assert!(matches!(err, ProviderError::TimedOut { .. }), "{err}");
    let left = world.processes();
    assert!(!left.iter().any(|(_, name)| name == "sleep"), "{left:?}");
    guest.close().await.unwrap();
}

#[tokio::test]
async fn a_layer_is_kept_listed_opened_and_removed() {
    let world = World::new();
    let layer = installed_layer(&world, "one").await;
    assert_eq!(layers(&world).await, BTreeSet::from([layer.clone()]));
    // It outlives the desktop that it came from, and serves several at once.
    let from = Layer::Kept(layer.clone());
    let (first, second) = (
        world.open_from(&from, 2).await,
        world.open_from(&from, 3).await,
    );
    for guest in [&first, &second] {
        assert_eq!(shell(&**guest, "notes").await.text, "notes here\n");
    }
    assert!(first.program_path("/usr/bin/notes").contains("layers"));
    first.close().await.unwrap();
    second.close().await.unwrap();
    let name = MachineName::new("here");
    world.provider.remove_layer(&name, &layer).await.unwrap();
    world.provider.remove_layer(&name, &layer).await.unwrap();
    assert_eq!(layers(&world).await, BTreeSet::new());
    let err = world
        .provider
        .open(&Wanted::plain(
            &machine(Session::None),
            &from,
            &super::world::lease(4),
        ))
        .await
        .unwrap_err();
    assert!(matches!(err, ProviderError::NoLayer { .. }), "{err}");
    world.assert_nothing_left();
}

#[tokio::test]
async fn installing_on_top_of_a_layer_leaves_the_layer_as_it_was() {
    let world = World::new();
    let layer = installed_layer(&world, "one").await;
    let guest = world.open_from(&Layer::Kept(layer.clone()), 2).await;
    let mut package = package("other");
    package.install = "echo 'echo changed' >> $PREFIX/usr/bin/notes".into();
    let outcome = guest.install(&package, &deb(&world)).await.unwrap();
    assert_eq!(outcome.verdict, Verdict::Passed, "{}", outcome.detail);
    assert_eq!(shell(&*guest, "notes").await.text, "notes here\nchanged\n");
    guest.close().await.unwrap();
    let guest = world.open_from(&Layer::Kept(layer), 3).await;
    assert_eq!(shell(&*guest, "notes").await.text, "notes here\n");
    guest.close().await.unwrap();
}

#[tokio::test]
async fn a_layer_works_for_a_desktop_of_another_user() {
    let world = World::new();
    let layer = Layer::Kept(installed_layer(&world, "one").await);
    let machine = machine(Session::Wayland);
    let lease = super::world::lease(2);
    let guest = world
        .provider
        .open(&Wanted::plain(&machine, &layer, &lease))
        .await
        .unwrap();
    let output = guest.run(&Command::shell("notes"), LONG).await.unwrap();
    assert_eq!(output.text, "notes here\n");
    guest.close().await.unwrap();
    world.assert_nothing_left();
}

/// Installs the package, keeps it, and closes the desktop.
async fn installed_layer(world: &World, name: &str) -> LayerName {
    let guest: Box<dyn Guest> = world.open(Session::None).await;
    let outcome = guest.install(&package("deb"), &deb(world)).await.unwrap();
    assert_eq!(outcome.verdict, Verdict::Passed, "{}", outcome.detail);
    let layer = LayerName::of(ContentHash::of(name.as_bytes()));
    guest.keep(&layer, LayerKind::Disk).await.unwrap();
    guest.keep(&layer, LayerKind::Disk).await.unwrap();
    guest.close().await.unwrap();
    layer
}

async fn layers(world: &World) -> BTreeSet<LayerName> {
    let seen = world.provider.observe(&machine(Session::None)).await;
    let Presence::Present { layers, .. } = seen else {
        panic!("{seen:?}");
    };
    layers
}

/// Makes a package with one program.
fn deb(world: &World) -> PathBuf {
    let tree = world.dir.path().join("deb");
    write_script(&tree.join("usr/bin/notes"), "echo notes here");
    fs::create_dir_all(tree.join("DEBIAN")).unwrap();
    let control = "Package: notes\nVersion: 1\nArchitecture: all\n\
        Maintainer: Nobody <nobody@example.org>\nDescription: a test\n";
    fs::write(tree.join("DEBIAN/control"), control).unwrap();
    let file = world.dir.path().join("notes.deb");
    tool("dpkg-deb", &["--build", text(&tree), text(&file)]);
    file
}

fn tool(name: &str, arguments: &[&str]) {
    let output = process::Command::new(name)
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn text(path: &std::path::Path) -> &str {
    path.to_str().unwrap()
}
