//! Smoke checks: what an app has to do to pass, and what does not count.

use super::{Scene, Told, after, desktop::State, seconds};
use mosdat::{model::Session, port::Exit, run::smoke::smoke, scenario::SmokeCheck};

async fn check(scene: &Scene, check: SmokeCheck, world: impl Future<Output = ()>) -> Told {
    let context = scene.context();
    let (watcher, heard) = scene.watcher();
    scene
        .watch(smoke(check, &context, &watcher), world, heard)
        .await
}

/// Returns a scene in which the app shows its window at once.
fn with_window() -> Scene {
    let scene = Scene::new();
    scene.desktop.state().on_start = Some(|state| state.show("Notes"));
    scene
}

#[tokio::test(start_paused = true)]
async fn an_app_passes_when_it_shows_a_window_and_lasts() {
    let scene = with_window();
    let told = check(&scene, SmokeCheck::X11, async {}).await;
    told.passed();
    assert!(
        told.took >= scene.app.timeout,
        "it passed early: {:?}",
        told.took
    );
    assert!(told.files.contains_key("smoke-x11.png"));
    assert_eq!(
        told.instructions(),
        ["1 start `notes` and watch it for 10 s: passed window"]
    );
    let command = scene.desktop.state().started[0].clone();
    assert_eq!(command.argv, ["/prefix/usr/bin/notes", "--quiet"]);
    assert_eq!(command.env["DISPLAY"], Some(":7".into()));
    assert_eq!(command.env["WAYLAND_DISPLAY"], None);
    assert_eq!(command.env["GDK_BACKEND"], None);
}

#[tokio::test(start_paused = true)]
async fn an_app_is_watched_longer_where_it_falls_over_later() {
    let scene = with_window();
    scene.desktop.state().slowness = 4;
    let world = after(35.0, || {
        scene.desktop.change(|state| state.exit(0, Exit::Code(1)));
    });
    let told = check(&scene, SmokeCheck::X11, world).await;
    told.failed("showed a window and then exited with 1");
    let scene = with_window();
    scene.desktop.state().slowness = 4;
    let told = check(&scene, SmokeCheck::X11, async {}).await;
    told.passed();
    let watched = ["1 start `notes` and watch it for 40 s: passed window"];
    assert_eq!(told.instructions(), watched);
}

#[tokio::test(start_paused = true)]
async fn a_window_that_shows_late_is_watched_as_long() {
    for shown in [1.0, 9.0, 11.0] {
        let scene = Scene::new();
        let world = async {
            after(shown, || scene.desktop.change(|state| state.show("Notes"))).await;
            after(8.0, || {
                scene.desktop.change(|state| state.exit(0, Exit::Code(1)));
            })
            .await;
        };
        let told = check(&scene, SmokeCheck::X11, world).await;
        told.failed("showed a window and then exited with 1");
    }
}

#[tokio::test(start_paused = true)]
async fn an_app_that_is_closed_after_its_window_showed_passes() {
    let scene = with_window();
    let world = after(4.0, || {
        scene.desktop.change(|state| state.exit(0, Exit::Code(0)));
    });
    check(&scene, SmokeCheck::X11, world).await.passed();
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_is_lost_blocks_though_a_window_showed() {
    let scene = with_window();
    let world = after(4.0, || {
        scene
            .desktop
            .change(|state| state.programs[0].is_lost = true);
    });
    let told = check(&scene, SmokeCheck::X11, world).await;
    told.blocked("lost `m`");
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_hangs_at_the_end_blocks_though_a_window_showed() {
    let scene = with_window();
    let world = after(4.0, || {
        scene
            .desktop
            .change(|state| state.programs[0].is_mute = true);
    });
    let told = check(&scene, SmokeCheck::X11, world).await;
    told.blocked("the machine did not answer at the end");
}

#[tokio::test(start_paused = true)]
async fn every_other_end_is_a_failure() {
    for (exit, why) in [
        (Exit::Code(127), "it was not found"),
        (Exit::Code(126), "not executable"),
        (
            Exit::Code(0),
            "exited with 0 before a window of it was seen",
        ),
        (Exit::Code(1), "exited with 1"),
        (Exit::Signal(11), "SIGSEGV"),
        (Exit::Signal(15), "SIGTERM"),
    ] {
        let scene = Scene::new();
        let world = after(2.0, || scene.desktop.change(|state| state.exit(0, exit)));
        check(&scene, SmokeCheck::X11, world).await.failed(why);
        if exit != Exit::Code(0) {
            let scene = with_window();
            let world = after(2.0, || scene.desktop.change(|state| state.exit(0, exit)));
            let told = check(&scene, SmokeCheck::X11, world).await;
            told.failed("showed a window and then");
            assert!(told.took < seconds(3.0), "{:?}", told.took);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_app_that_is_gone_before_anyone_looked_fails() {
    let scene = Scene::new();
    scene.desktop.state().on_start = Some(|state| {
        state.programs[0].output = "cannot open display\n".into();
        state.exit(0, Exit::Code(0));
    });
    let told = check(&scene, SmokeCheck::X11, async {}).await;
    told.failed("exited with 0 before a window of it was seen");
    told.failed("cannot open display");
    assert_eq!(told.files["smoke-x11.log"], b"cannot open display\n");
}

#[tokio::test(start_paused = true)]
async fn an_app_that_runs_and_shows_nothing_fails() {
    let scene = Scene::new();
    scene.desktop.change(|state| state.show_of("Panel", None));
    let told = check(&scene, SmokeCheck::NoDisplay, async {}).await;
    told.failed("ran for 100 s and showed no window; the windows are `Panel`");
}

#[tokio::test(start_paused = true)]
async fn a_window_of_another_program_does_not_count() {
    let scene = Scene::new();
    scene.desktop.state().on_start = Some(|state: &mut State| {
        state.programs[0].family = Some(vec![100]);
        state.show_of("Updates", Some(55));
    });
    check(&scene, SmokeCheck::X11, async {})
        .await
        .failed("showed no window");
}

#[tokio::test(start_paused = true)]
async fn a_window_that_comes_unannounced_at_the_last_moment_counts() {
    let scene = Scene::new();
    let silent = |state: &mut State| state.windows.push(super::desktop::window("N", Some(100)));
    let world = after(9.99, || scene.desktop.change(silent));
    check(&scene, SmokeCheck::X11, world).await.passed();
}

#[tokio::test(start_paused = true)]
async fn a_window_that_is_seen_only_in_the_last_look_for_it_is_watched_as_long() {
    let scene = Scene::new();
    let silent = |state: &mut State| state.windows.push(super::desktop::window("N", Some(100)));
    let world = async {
        after(99.99, || scene.desktop.change(silent)).await;
        after(5.0, || {
            scene.desktop.change(|state| state.exit(0, Exit::Code(1)));
        })
        .await;
    };
    let told = check(&scene, SmokeCheck::X11, world).await;
    told.failed("showed a window and then exited with 1");
}

#[tokio::test(start_paused = true)]
async fn an_app_that_has_ended_fails_though_its_end_is_told_late_or_never() {
    let scene = with_window();
    let world = async {
        after(4.0, || {
            scene
                .desktop
                .change(|state| state.programs[0].family = Some(vec![101]));
        })
        .await;
        after(8.0, || {
            scene
                .desktop
                .change(|state| state.exit(0, Exit::Signal(11)));
        })
        .await;
    };
    let told = check(&scene, SmokeCheck::X11, world).await;
    told.failed("showed a window and then");

    let scene = with_window();
    let world = after(4.0, || {
        scene
            .desktop
            .change(|state| state.programs[0].family = Some(Vec::new()));
    });
    let told = check(&scene, SmokeCheck::X11, world).await;
    told.blocked("nobody told how the app ended");
}

#[tokio::test(start_paused = true)]
async fn who_cannot_see_windows_says_nothing_about_them() {
    let scene = with_window();
    scene.desktop.state().windows_error = true;
    check(&scene, SmokeCheck::X11, async {})
        .await
        .blocked("it is gone");

    let scene = Scene::new();
    scene.desktop.state().on_start = Some(|state| state.windows_are_mute = true);
    let told = check(&scene, SmokeCheck::X11, async {}).await;
    told.blocked("did not tell its windows");

    // Not even about an app that has ended in peace.
    let scene = Scene::new();
    scene.desktop.state().on_start = Some(|state| {
        state.windows_are_mute = true;
        state.exit(0, Exit::Code(0));
    });
    let told = check(&scene, SmokeCheck::X11, async {}).await;
    told.blocked("did not tell its windows");
}

#[tokio::test(start_paused = true)]
async fn a_session_of_another_kind_blocks() {
    let scene = with_window();
    check(&scene, SmokeCheck::WaylandReal, async {})
        .await
        .blocked("needs a session of wayland");
    scene.desktop.state().session = Session::Wayland;
    check(&scene, SmokeCheck::WaylandReal, async {})
        .await
        .blocked("no `WAYLAND_DISPLAY`");
    check(&scene, SmokeCheck::X11, async {})
        .await
        .blocked("needs a session of x11");
    assert!(scene.desktop.state().started.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_smoke_check_can_be_stopped() {
    let scene = with_window();
    let world = after(3.0, || scene.stop.cancel());
    let told = check(&scene, SmokeCheck::X11, world).await;
    told.blocked("stopped");
    assert!(told.took < seconds(4.0), "{:?}", told.took);
}
