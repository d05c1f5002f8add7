//! Desktops that do not start, die, or are left behind.

use super::world::{LONG, World, machine, whole_lease};
use mosdat::{
    model::{Presence, Session},
    port::{Command, Guest, Keeper, ProviderError},
};
use std::{
    os::unix::fs::{MetadataExt, symlink},
    path::PathBuf,
    time::Duration,
};

#[tokio::test]
async fn a_part_that_exits_at_once_is_named_with_its_last_words() {
    for (session, program, what) in [
        (Session::X11, "Xtigervnc", "the X server"),
        (Session::X11, "openbox", "the window manager"),
        (Session::X11, "dbus-daemon", "the message bus"),
        (Session::Wayland, "sway", "the compositor"),
        (Session::Wayland, "wayvnc", "the VNC server"),
    ] {
        let (_bin, path_var) = World::fake(program, "echo no luck today >&2; exit 1");
        let world = world_with(path_var, LONG);
        let err = world.try_open(session).await.unwrap_err();
        assert_eq!(
            err.to_string(),
            format!("failed to start {what} of `here`: `{program}` exited with 1\n  no luck today")
        );
        assert!(err.is_transient());
        world.assert_nothing_left();
    }
}

#[tokio::test]
async fn a_part_that_hangs_is_named_and_ended() {
    for (session, program, what) in [
        (Session::X11, "Xtigervnc", "the X server"),
        (Session::X11, "openbox", "the window manager"),
        (Session::Wayland, "sway", "the compositor"),
    ] {
        let (_bin, path_var) = World::fake(
            program,
            "echo thinking; setsid -f sleep 1000; wait; sleep 1000",
        );
        let world = world_with(path_var, Duration::from_millis(800));
        let err = world.try_open(session).await.unwrap_err();
        let text = err.to_string();
        let wanted =
            format!("failed to start {what} of `here`: `{program}` was not ready within 0.8 s");
        assert!(
            text.starts_with(&wanted) && text.contains("thinking"),
            "{text}"
        );
        world.assert_nothing_left();
    }
}

#[tokio::test]
async fn an_x_server_whose_socket_another_one_removed_is_started_again() {
    // The first says that it listens on a display whose socket is gone.
    let (_bin, path_var) = World::fake(
        "Xtigervnc",
        "mkdir \"$(dirname \"$0\")/first\" && echo 4242 && exec sleep 1000; \
         exec /usr/bin/Xtigervnc \"$@\"",
    );
    let world = world_with(path_var, LONG);
    let guest = world.try_open(Session::X11).await.unwrap();
    drop(guest);
    let (_bin, path_var) = World::fake("Xtigervnc", "echo 4242; exec sleep 1000");
    let world = world_with(path_var, LONG);
    let err = world.try_open(Session::X11).await.unwrap_err();
    assert_eq!(
        err.to_string(),
        "failed to start the X server of `here`: its socket is removed as soon as it is made"
    );
    assert!(err.is_transient());
    world.assert_nothing_left();
}

#[tokio::test]
async fn a_missing_program_names_its_package() {
    for (session, missing, package) in [
        (Session::X11, "Xtigervnc", "tigervnc-standalone-server"),
        (Session::X11, "openbox", "openbox"),
        (Session::Wayland, "sway", "sway"),
        (Session::Wayland, "wayvnc", "wayvnc"),
        (Session::None, "dbus-daemon", "dbus"),
        (Session::None, "dpkg-deb", "dpkg"),
    ] {
        let bin = bin_without(missing);
        let world = world_with(bin.path().display().to_string(), LONG);
        let err = world.try_open(session).await.unwrap_err();
        assert!(
            matches!(&err, ProviderError::MissingProgram { program, package: found }
                if program == missing && found == package),
            "{err}"
        );
        let Presence::Absent { why } = world.provider.observe(&machine(session)).await else {
            panic!("{missing} is not missed");
        };
        assert_eq!(
            why,
            format!("`{missing}` is not installed; apt install {package}")
        );
        world.assert_nothing_left();
    }
}

/// A folder with every program but one.
fn bin_without(missing: &str) -> tempfile::TempDir {
    let bin = tempfile::tempdir().unwrap();
    for name in [
        "Xtigervnc",
        "openbox",
        "sway",
        "wayvnc",
        "dbus-daemon",
        "dpkg-deb",
    ] {
        if name != missing {
            symlink(format!("/usr/bin/{name}"), bin.path().join(name)).unwrap();
        }
    }
    bin
}

#[tokio::test]
async fn a_desktop_whose_display_died_is_lost_and_tells_why() {
    for (session, program) in [(Session::X11, "Xtigervnc"), (Session::Wayland, "sway")] {
        let world = World::new();
        let guest = world.open(session).await;
        let pid = world.process(program);
        // The command ends well, only after the display has ended.
        let text = format!("kill -KILL {pid}; while kill -0 {pid} 2>&-; do :; done");
        let err = guest.run(&Command::shell(&text), LONG).await.unwrap_err();
        let text = err.to_string();
        assert!(text.starts_with("lost `here`: the "), "{text}");
        assert!(
            text.contains(&format!("`{program}`, was ended by SIGKILL")),
            "{text}"
        );
        let lost = |err: ProviderError| assert!(matches!(err, ProviderError::Lost { .. }), "{err}");
        lost(guest.run(&Command::shell("true"), LONG).await.unwrap_err());
        lost(guest.start(&Command::shell("true")).await.unwrap_err());
        lost(guest.windows().await.unwrap_err());
        lost(guest.screen().await.unwrap_err());
        lost(guest.tree().await.unwrap_err());
        guest.close().await.unwrap();
        world.assert_nothing_left();
    }
}

#[tokio::test]
async fn a_display_that_hangs_does_not_hang_mosdat() {
    for (session, program) in [(Session::X11, "Xtigervnc"), (Session::Wayland, "sway")] {
        let world = World::with(|config| config.limits.answer = Duration::from_millis(300));
        let guest = world.open(session).await;
        let pid = world.process(program);
        guest
            .run(&Command::shell(&format!("kill -STOP {pid}")), LONG)
            .await
            .unwrap();
        let err = guest.windows().await.unwrap_err();
        assert!(matches!(err, ProviderError::TimedOut { .. }), "{err}");
        guest.close().await.unwrap();
        world.assert_nothing_left();
    }
}

#[tokio::test]
async fn a_desktop_that_is_dropped_leaves_nothing() {
    for session in [Session::X11, Session::Wayland, Session::None] {
        let world = World::new();
        let guest = world.open(session).await;
        let text = "sleep 1000 & setsid -f sleep 1000; trap '' TERM; sleep 1000 &";
        guest.run(&Command::shell(text), LONG).await.unwrap();
        let socket = x_socket(&*guest);
        drop(guest);
        world.assert_no_folder_left();
        world.all_ended().await;
        if let Some((path, inode)) = socket {
            // Another server may have taken the number.
            assert_ne!(path.metadata().map(|now| now.ino()).ok(), Some(inode));
        }
    }
}

/// The X server's socket, which lies outside the desktop's folder, and what tells it from another.
fn x_socket(guest: &dyn Guest) -> Option<(PathBuf, u64)> {
    let environment = guest.environment();
    let number = environment.get("DISPLAY")?.trim_start_matches(':');
    let path = PathBuf::from(format!("/tmp/.X11-unix/X{number}"));
    let inode = path.metadata().unwrap().ino();
    Some((path, inode))
}

#[tokio::test]
async fn opening_that_is_cut_short_leaves_nothing() {
    for session in [Session::X11, Session::Wayland] {
        for millis in [1, 20, 60] {
            let world = World::new();
            let cut = Duration::from_millis(millis);
            drop(tokio::time::timeout(cut, world.try_open(session)).await);
            world.all_ended().await;
            world.assert_no_folder_left();
        }
    }
}

#[tokio::test]
async fn what_a_crash_left_is_given_back() {
    for session in [Session::X11, Session::Wayland] {
        let world = World::new();
        let guest = world.open(session).await;
        let text = "setsid -f sleep 1000; touch \"$HOME/file\"";
        guest.run(&Command::shell(text), LONG).await.unwrap();
        let home = guest.environment()["HOME"].clone();
        // A crash runs no destructors.
        std::mem::forget(guest);
        world.provider.reclaim(&whole_lease(2)).await.unwrap();
        assert!(!world.processes().is_empty(), "another lease was reclaimed");
        world.provider.reclaim(&whole_lease(1)).await.unwrap();
        world.assert_nothing_left();
        assert!(!std::path::Path::new(&home).exists());
        world.provider.reclaim(&whole_lease(1)).await.unwrap();
    }
}

fn world_with(path_var: String, start: Duration) -> World {
    World::with(|config| {
        config.environment.insert("PATH".into(), path_var);
        config.limits.start = start;
    })
}
