//! Programs that live and die, shell texts, the end of a scenario.

use super::{Scene, after, desktop::Desktop, play, script, seconds};
use mosdat::{model::Outcome, port::Exit};
use std::{future::pending, time::Duration};

const LAUNCH: &str = "steps: [{launch: '{app_path}', timeout: 10}]";
const NAMED: &str = "steps: [{launch: '{app_path}', window: Notes, timeout: 10}]";

/// Returns a desktop on which a program shows its window when it is started.
fn with_app() -> Desktop {
    let desktop = Desktop::new();
    desktop.state().on_start = Some(|state| state.show("Notes"));
    desktop
}

#[tokio::test(start_paused = true)]
async fn a_launch_passes_when_the_window_comes() {
    let scene = Scene::new();
    let world = after(3.0, || scene.desktop.change(|state| state.show("Notes")));
    let told = scene.play(NAMED, world).await;
    told.passed();
    assert!(
        told.took < seconds(3.1),
        "it waited for more than the window: {:?}",
        told.took
    );
    assert_eq!(
        scene.desktop.state().started[0].argv,
        ["/prefix/usr/bin/notes", "--quiet"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_window_that_was_there_is_not_the_apps() {
    for yaml in [LAUNCH, NAMED] {
        let desktop = Desktop::new();
        desktop.change(|state| state.show_of("Notes", Some(7)));
        play(&desktop, yaml)
            .await
            .failed("runs and shows no new window");
    }
}

#[tokio::test(start_paused = true)]
async fn another_title_than_the_one_named_is_not_enough() {
    let desktop = Desktop::new();
    desktop.state().on_start = Some(|state| state.show("Error"));
    play(&desktop, NAMED)
        .await
        .failed("the windows are `Error`");
}

#[tokio::test(start_paused = true)]
async fn a_window_outside_the_programs_family_is_not_its_own() {
    let desktop = Desktop::new();
    desktop.state().on_start = Some(|state| {
        state.programs[0].family = Some(vec![100, 101]);
        state.show_of("Updates", Some(55));
    });
    play(&desktop, LAUNCH).await.failed("shows no new window");
    desktop.state().on_start = Some(|state| state.show_of("Notes", Some(501)));
    play(&desktop, LAUNCH).await.passed();
}

#[tokio::test(start_paused = true)]
async fn a_program_that_ends_before_its_window_fails_at_once() {
    for (exit, told) in [
        (Exit::Code(127), "exited with 127: it was not found"),
        (Exit::Code(126), "not executable"),
        (
            Exit::Code(0),
            "`notes` exited with 0 before it showed a window",
        ),
        (Exit::Code(3), "exited with 3"),
        (Exit::Signal(11), "SIGSEGV"),
    ] {
        let scene = Scene::new();
        let world = after(1.0, || {
            scene.desktop.change(|state| {
                state.programs[0].output = "no such display\n".into();
                state.exit(0, exit);
            });
        });
        let played = scene.play(LAUNCH, world).await;
        played.failed(told);
        played.failed("no such display");
        assert!(played.took < seconds(2.0), "{:?}", played.took);
    }
}

#[tokio::test(start_paused = true)]
async fn a_launcher_may_end_in_peace_when_its_window_is_named() {
    let scene = Scene::new();
    let world = async {
        after(1.0, || {
            scene.desktop.change(|state| state.exit(0, Exit::Code(0)));
        })
        .await;
        after(1.0, || {
            scene
                .desktop
                .change(|state| state.show_of("Notes", Some(300)));
        })
        .await;
    };
    scene.play(NAMED, world).await.passed();

    let scene = Scene::new();
    let world = after(1.0, || {
        scene.desktop.change(|state| state.exit(0, Exit::Code(0)));
    });
    scene
        .play(NAMED, world)
        .await
        .failed("exited with 0 and left no new window");

    let scene = Scene::new();
    let world = after(1.0, || {
        scene.desktop.change(|state| state.exit(0, Exit::Signal(6)));
    });
    scene.play(NAMED, world).await.failed("SIGABRT");
}

#[tokio::test(start_paused = true)]
async fn a_window_of_a_program_that_just_crashed_does_not_count() {
    let desktop = Desktop::new();
    desktop.state().on_start = Some(|state| {
        state.show("Notes");
        state.exit(0, Exit::Signal(11));
    });
    play(&desktop, NAMED).await.failed("SIGSEGV");
}

#[tokio::test(start_paused = true)]
async fn a_window_that_nobody_announces_is_seen_all_the_same() {
    let scene = Scene::new();
    let silent = |state: &mut super::desktop::State| {
        state
            .windows
            .push(super::desktop::window("Notes", Some(100)));
    };
    let world = after(2.5, || scene.desktop.change(silent));
    scene.play(NAMED, world).await.passed();
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_fails_blocks() {
    let desktop = Desktop::new();
    desktop.state().start_error = true;
    play(&desktop, LAUNCH).await.blocked("it is gone");
    let desktop = Desktop::new();
    desktop.state().windows_error = true;
    let told = play(&desktop, LAUNCH).await;
    told.blocked("it is gone");
    assert!(told.outcome.is_transient);
    let desktop = Desktop::new();
    desktop.state().shell_error = true;
    play(&desktop, "steps: [{shell: x}]")
        .await
        .blocked("it is gone");
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_does_not_answer_blocks() {
    let desktop = Desktop::new();
    desktop.state().windows_are_mute = true;
    play(&desktop, NAMED)
        .await
        .blocked("did not answer in time");
    play(&desktop, "steps: [{verify: {window: x}}]")
        .await
        .blocked("did not answer in time");
}

#[tokio::test(start_paused = true)]
async fn an_app_that_dies_fails_the_running_step_at_once() {
    for step in [
        "verify: {role: label, name: never}, timeout: 50",
        "wait: 50",
    ] {
        for exit in [Exit::Signal(11), Exit::Code(1), Exit::Signal(15)] {
            let mut scene = Scene::new();
            scene.desktop = with_app();
            let world = after(5.0, || scene.desktop.change(|state| state.exit(0, exit)));
            let yaml = format!("steps: [{{launch: '{{app_path}}'}}, {{{step}}}]");
            let told = scene.play(&yaml, world).await;
            told.failed(&format!("`notes` {exit}"));
            told.failed("step 2");
            assert!(told.took < seconds(12.0), "{:?}", told.took);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_app_that_was_closed_in_peace_is_no_failure() {
    let desktop = with_app();
    desktop.state().on_input = Some(|state, _| {
        state.exit(0, Exit::Code(0));
        state.windows.clear();
    });
    let yaml = "steps: [{launch: '{app_path}'}, {key: ctrl+q}, \
        {verify: {window: Notes, absent: true}}, {wait: 3}]";
    play(&desktop, yaml).await.passed();
}

#[tokio::test(start_paused = true)]
async fn a_shell_step_may_end_an_app_but_not_excuse_its_crash() {
    let yaml = "steps: [{launch: '{app_path}'}, {shell: pkill notes}, {wait: 1}]";
    let desktop = with_app();
    desktop.state().on_shell = |state, _| {
        state.exit(0, Exit::Signal(15));
        (seconds(0.1), Some(Exit::Code(0)), "")
    };
    play(&desktop, yaml).await.passed();
    let desktop = with_app();
    desktop.state().on_shell = |state, _| {
        state.exit(0, Exit::Signal(11));
        (seconds(0.1), Some(Exit::Code(0)), "")
    };
    play(&desktop, yaml)
        .await
        .failed("step 2, run `pkill notes` (line 1): `notes` was ended by SIGSEGV");
}

#[tokio::test(start_paused = true)]
async fn an_end_long_after_a_shell_step_is_not_its_doing() {
    let mut scene = Scene::new();
    scene.desktop = with_app();
    let world = after(10.0, || {
        scene.desktop.change(|state| state.exit(0, Exit::Signal(9)));
    });
    let yaml = "steps: [{launch: '{app_path}'}, {shell: 'true'}, {wait: 30}]";
    scene.play(yaml, world).await.failed("SIGKILL");
}

#[tokio::test(start_paused = true)]
async fn an_app_that_crashes_behind_the_last_step_is_a_failure() {
    let mut scene = Scene::new();
    scene.desktop = with_app();
    scene.desktop.state().on_input = Some(|state, _| state.windows.clear());
    let world = after(1.5, || {
        scene.desktop.change(|state| state.exit(0, Exit::Signal(6)));
    });
    let yaml = "steps: [{launch: '{app_path}'}, {wait: 1}, {key: ctrl+q}]";
    scene.play(yaml, world).await.failed("SIGABRT");
}

#[tokio::test(start_paused = true)]
async fn the_exit_code_of_a_shell_step_counts() {
    for (exit, why) in [
        (Exit::Code(1), "exited with 1"),
        (Exit::Signal(9), "SIGKILL"),
    ] {
        let desktop = Desktop::new();
        let fails: fn(&mut super::desktop::State, &str) -> super::desktop::ShellAnswer = match exit
        {
            Exit::Code(_) => |_, _| (Duration::ZERO, Some(Exit::Code(1)), "no file\n"),
            Exit::Signal(_) => |_, _| (Duration::ZERO, Some(Exit::Signal(9)), "no file\n"),
        };
        desktop.state().on_shell = fails;
        let told = play(&desktop, "steps: [{shell: test -f x}, {shell: y}]").await;
        told.failed(why);
        told.failed("no file");
        assert!(told.logs().contains("no file"));
        assert_eq!(
            desktop.state().shells,
            ["test -f x"],
            "a step after the failed one ran"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_shell_step_has_a_time_out() {
    let desktop = Desktop::new();
    desktop.state().on_shell = |_, _| (seconds(900.0), Some(Exit::Code(0)), "");
    let told = play(&desktop, "steps: [{shell: sleep, timeout: 4}]").await;
    told.failed("took longer than 4 s");
    // A text that does not want to end is a failure as well, on a slow machine too.
    desktop.state().shell_ending = seconds(25.0);
    play(&desktop, "steps: [{shell: sleep, timeout: 4}]")
        .await
        .failed("took longer than 4 s");
    desktop.state().slowness = 4;
    desktop.state().shell_ending = seconds(100.0);
    play(&desktop, "steps: [{shell: sleep, timeout: 4}]")
        .await
        .failed("took longer than 16 s");
}

#[tokio::test(start_paused = true)]
async fn a_slow_machine_has_more_time() {
    let scene = Scene::new();
    scene.desktop.state().slowness = 4;
    let world = after(35.0, || scene.desktop.change(|state| state.show("Notes")));
    scene.play(NAMED, world).await.passed();
    let desktop = Desktop::new();
    desktop.state().slowness = 4;
    desktop.state().on_shell = |_, _| (seconds(15.0), Some(Exit::Code(0)), "");
    let yaml = "steps: [{shell: sleep, timeout: 4}]";
    play(&desktop, yaml).await.passed();
    desktop.state().slowness = 3;
    play(&desktop, yaml).await.failed("took longer than 12 s");
}

#[tokio::test(start_paused = true)]
async fn variables_are_filled_in_when_a_step_runs() {
    let mut scene = Scene::new();
    scene.app.args = vec!["--title".into(), "my notes".into()];
    scene.desktop.state().on_start = Some(|state| state.show("x"));
    let yaml = "vars: {who: me}\nsteps:\n\
        - shell: '{who} {machine} {build} {app_path} {app_args} {timestamp} ${who} {other}'\n\
        - launch: '{app_path} -x {app_args} {who}'\n- launch: /opt/tool\n- launch: tool {who}\n";
    scene.play(yaml, async {}).await.passed();
    let state = scene.desktop.state();
    let shell =
        "me desk main /prefix/usr/bin/notes --title 'my notes' 20231114_221320 ${who} {other}";
    assert_eq!(state.shells, [shell]);
    let argv: Vec<_> = state
        .started
        .iter()
        .map(|command| command.argv.clone())
        .collect();
    assert_eq!(
        argv[0],
        ["/prefix/usr/bin/notes", "-x", "--title", "my notes", "me"]
    );
    assert_eq!(argv[1], ["/prefix/opt/tool"]);
    assert_eq!(argv[2], ["tool", "me"]);
}

#[tokio::test(start_paused = true)]
async fn stopping_blocks_soon_and_cleans_up() {
    let scene = Scene::new();
    let world = after(5.0, || scene.stop.cancel());
    let yaml = "steps: [{verify: {role: label}, timeout: 500}]\ncleanup: [{shell: rm x}]";
    let told = scene.play(yaml, world).await;
    told.blocked("stopped");
    assert!(told.took < seconds(6.0), "{:?}", told.took);
    assert_eq!(scene.desktop.state().shells, ["rm x"]);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_run_does_not_wait_long_for_its_cleanup() {
    let scene = Scene::new();
    scene.desktop.state().on_shell = |_, _| (seconds(50.0), Some(Exit::Code(0)), "");
    let world = after(1.0, || scene.stop.cancel());
    let told = scene
        .play(
            "steps: [{wait: 9}, {shell: x}]\ncleanup: [{shell: y}]",
            world,
        )
        .await;
    told.blocked("stopped");
    assert!(told.took < seconds(8.0), "{:?}", told.took);
}

#[tokio::test(start_paused = true)]
async fn the_time_of_the_whole_exercise_is_limited() {
    let mut scene = Scene::new();
    scene.limit = seconds(30.0);
    let told = scene
        .play("steps: [{wait: 20}, {wait: 20}, {shell: x}]", async {})
        .await;
    told.blocked("took longer than 30 s");
}

#[tokio::test(start_paused = true)]
async fn cleanup_runs_after_a_failure_and_changes_no_verdict() {
    let desktop = Desktop::new();
    desktop.state().on_shell = |_, text| {
        (
            Duration::ZERO,
            Some(Exit::Code(i32::from(text != "ok"))),
            "",
        )
    };
    let yaml = "steps: [{shell: bad}]\ncleanup: [{shell: worse}, {shell: ok}]";
    let told = play(&desktop, yaml).await;
    told.failed("run `bad`");
    assert_eq!(desktop.state().shells, ["bad", "worse", "ok"]);
    assert!(
        told.logs().contains("cleanup did not run `worse`"),
        "{}",
        told.logs()
    );

    let told = play(&desktop, "steps: [{shell: ok}]\ncleanup: [{shell: worse}]").await;
    told.passed();
    assert_eq!(told.instructions()[1], "2 cleanup: run `worse`: failed");
}

#[tokio::test(start_paused = true)]
async fn what_an_app_wrote_is_kept() {
    let desktop = with_app();
    desktop.state().on_input = Some(|state, _| state.programs[0].output = "saved\n".into());
    let told = play(&desktop, "steps: [{launch: '{app_path}'}, {key: a}]").await;
    told.passed();
    assert_eq!(told.files["app-1-notes.log"], b"saved\n");
}

#[tokio::test(start_paused = true)]
async fn a_scenario_without_steps_is_never_passed() {
    let mut empty = script("steps: [{shell: x}]");
    empty.steps.clear();
    Scene::new()
        .play_script(&empty, pending())
        .await
        .blocked("no steps");
    assert_ne!(Outcome::blocked(""), Outcome::passed());
}
