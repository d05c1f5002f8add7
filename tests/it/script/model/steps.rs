//! Steps that are repeated, nested, watched for a while, or need not pass.

use super::{Model, Stage, paths};
use crate::script::{Scene, after, desktop::Desktop, play as play_on, script, seconds};
use mosdat::{
    model::{ContentHash, Outcome, Verdict},
    port::Exit,
    scenario::{Group, GroupWay},
};

#[tokio::test(start_paused = true)]
async fn what_holds_by_then_is_not_done_again() {
    let stage = Stage::new(Model::new()).shows(Some((9, 5)));
    let yaml = "steps: [{localize: the badge, verify: {role: label, name: Saved}, verify_timeout: 2, retries: 3}]";
    let world = after(2.5, || {
        stage
            .scene
            .desktop
            .change(|state| state.add_silently("label", "Saved"));
    });
    let told = stage.scene.play(yaml, world).await;
    assert_eq!(
        told.outcome.verdict,
        Verdict::Flaky,
        "{}",
        told.outcome.detail
    );
}

#[tokio::test(start_paused = true)]
async fn a_shell_text_is_never_run_twice() {
    let stage = Stage::new(Model::new());
    stage
        .play("steps: [{shell: x, verify: the badge shows, retries: 3}]")
        .await
        .failed("the badge shows");
    assert_eq!(stage.scene.desktop.state().shells.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn steps_of_a_routine_are_told_by_their_path_and_its_failure_is_cleaned_up() {
    let scene = Scene::new();
    let mut whole = script("steps: [{shell: a}, {click: {role: none}, timeout: 1}]");
    let failing = whole.steps.clone();
    let cleanup = script("steps: [{shell: tidy}]").steps;
    let group = Group {
        usual: GroupWay {
            name: "[routine:r]".into(),
            steps: failing,
            doubt: None,
        },
        on_failure: cleanup,
        ..Group::default()
    };
    whole.steps = script("steps: [{shell: x}]").steps;
    whole.steps[0].action = mosdat::scenario::Action::Group(Box::new(group));
    let told = scene.play_script(&whole, async {}).await;
    told.failed("step 1.2");
    assert_eq!(paths(&told), ["1.1", "1.2", "1.3", "1"]);
    assert_eq!(scene.desktop.state().shells, ["a", "tidy"]);
}

#[tokio::test(start_paused = true)]
async fn what_must_stay_away_is_watched_for_a_while() {
    let yaml = "steps: [{assert_no: {window: Error}, for: 3}]";
    let scene = Scene::new();
    let told = scene.play(yaml, async {}).await;
    told.passed();
    assert_eq!(told.took, seconds(3.0));
    let world = after(2.0, || {
        scene.desktop.change(|state| state.show_of("Error", None));
    });
    scene.folder.0.lock().unwrap().clear();
    scene.play(yaml, world).await.failed("no window `Error`");
}

#[tokio::test(start_paused = true)]
async fn something_can_be_awaited_to_go() {
    let scene = Scene::new();
    scene
        .desktop
        .change(|state| state.show_of("Progress", None));
    let world = after(5.0, || scene.desktop.change(|state| state.windows.clear()));
    scene
        .play("steps: [{wait_gone: {window: Progress}}]", world)
        .await
        .passed();
    scene
        .desktop
        .change(|state| state.show_of("Progress", None));
    scene.folder.0.lock().unwrap().clear();
    scene
        .play(
            "steps: [{wait_gone: {window: Progress}, timeout: 4}]",
            async {},
        )
        .await
        .failed("window `Progress` is there");
}

#[tokio::test(start_paused = true)]
async fn a_window_gets_the_focus_before_anything_is_done() {
    let scene = Scene::new();
    scene
        .desktop
        .change(|state| state.show_of("My Notes", None));
    scene
        .play("steps: [{focus: Notes, key: a}, {shell: x}]", async {})
        .await
        .passed();
    assert_eq!(scene.desktop.state().focused, ["Notes"]);
    scene.folder.0.lock().unwrap().clear();
    scene
        .play(
            "steps: [{focus: Other, key: a, timeout: 2}, {shell: x}]",
            async {},
        )
        .await
        .failed("no window `Other`");
    assert_eq!(scene.desktop.state().inputs.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_need_not_pass_ends_nothing() {
    let scene = Scene::new();
    let yaml = "steps: [{click: {role: none}, timeout: 1, must_pass: false}, {shell: b}]";
    let told = scene.play(yaml, async {}).await;
    assert_eq!(told.outcome, Outcome::passed());
    assert_eq!(scene.desktop.state().shells, ["b"]);
    let yaml = "steps: [{shell: x, ignore_exit: true}]\ncleanup: []";
    assert!(
        std::panic::catch_unwind(|| script(yaml)).is_err(),
        "nothing in it can fail"
    );
}

#[tokio::test(start_paused = true)]
async fn an_exit_code_can_be_ignored_and_a_signal_cannot() {
    let desktop = Desktop::new();
    let play = |exit| {
        let desktop = desktop.clone();
        desktop.state().on_shell = exit;
        async move {
            play_on(
                &desktop,
                "steps: [{shell: x, ignore_exit: true}, {wait_for: {any: [{role: label}]}}]",
            )
            .await
        }
    };
    desktop.change(|state| state.add("label", "x"));
    play(|_, _| (seconds(0.0), Some(Exit::Code(3)), ""))
        .await
        .passed();
    play(|_, _| (seconds(0.0), Some(Exit::Signal(9)), ""))
        .await
        .failed("SIGKILL");
    play(|_, _| (seconds(0.0), None, ""))
        .await
        .failed("took longer");
}

#[tokio::test(start_paused = true)]
async fn a_routine_goes_the_way_of_the_package_that_is_tested() {
    let way = |name: &str, doubt: Option<&str>| GroupWay {
        name: name.into(),
        steps: script(&format!("steps: [{{shell: {name}}}]")).steps,
        doubt: doubt.map(str::to_owned),
    };
    let digest = |text: &str| ContentHash::of(text.as_bytes());
    for (package, expected) in [("the package", "traced"), ("another package", "usual")] {
        let scene = Scene::new();
        let group = Group {
            usual: way("usual", Some("x == 1")),
            by_package: [(digest(package), way("traced", None))].into(),
            on_failure: Vec::new(),
        };
        let mut whole = script("steps: [{shell: x}]");
        whole.steps[0].action = mosdat::scenario::Action::Group(Box::new(group));
        let told = scene.play_script(&whole, async {}).await;
        told.passed();
        assert_eq!(scene.desktop.state().shells, [expected]);
        let doubt = "usual: nobody knows whether `x == 1` holds of this package";
        assert_eq!(told.logs().contains(doubt), expected == "usual");
    }
}
