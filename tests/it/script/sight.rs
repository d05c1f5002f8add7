//! What is seen, when it counts, and when it cannot be told.

use super::{Scene, after, desktop::Desktop, play, seconds};
use mosdat::{
    model::{SilentApp, Verdict},
    port::{ScreenError, TreeError},
};

const BADGE: &str = "steps: [{verify: {anchor: badge.png}, timeout: 10}]";
const AFTER_KEY: &str = "steps: [{key: a}, {verify: {anchor: badge.png}, timeout: 10}]";
const LABEL: &str = "steps: [{verify: {role: label, name: Done}, timeout: 10}]";
const NO_LABEL: &str = "steps: [{verify: {role: label, name: Done, absent: true}, timeout: 10}]";

#[tokio::test(start_paused = true)]
async fn a_still_screen_is_looked_at_at_once() {
    let desktop = Desktop::new();
    desktop.change(|state| state.draw(Some((9, 5))));
    let told = play(&desktop, BADGE).await;
    told.passed();
    assert_eq!(told.took, seconds(0.0));
    assert_eq!(
        told.instructions(),
        ["1 verify picture `badge.png`: passed exact 1.000"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_picture_is_seen_when_it_comes() {
    let scene = Scene::new();
    let world = after(4.0, || {
        scene.desktop.change(|state| state.draw(Some((0, 0))));
    });
    let told = scene.play(BADGE, world).await;
    told.passed();
    assert!(told.took < seconds(4.1), "{:?}", told.took);
}

#[tokio::test(start_paused = true)]
async fn a_frame_from_before_the_last_input_never_passes() {
    let desktop = Desktop::new();
    desktop.change(|state| state.draw(Some((9, 5))));
    // Nothing is heard of the screen, so that it is asked for its picture.
    let told = play(&desktop, AFTER_KEY).await;
    told.passed();
    assert_eq!(told.took, seconds(1.0));
    desktop.change(|state| state.draw(None));
    let told = play(&desktop, AFTER_KEY).await;
    told.failed("nowhere on the screen");
    desktop.change(|state| state.draw(Some((9, 5))));
    // What the key takes away is not seen either.
    desktop.state().on_input = Some(|state, _| state.draw(None));
    play(&desktop, AFTER_KEY)
        .await
        .failed("nowhere on the screen");
    desktop.state().on_input = Some(|state, _| state.draw(Some((1, 1))));
    play(&desktop, AFTER_KEY).await.passed();
}

#[tokio::test(start_paused = true)]
async fn a_missing_picture_fails_and_a_blank_screen_blocks() {
    let desktop = Desktop::new();
    play(&desktop, BADGE)
        .await
        .failed("`badge.png` is nowhere on the screen");
    desktop.change(super::desktop::State::blank);
    play(&desktop, BADGE).await.blocked("the screen is blank");
    let absent = "steps: [{verify: {anchor: badge.png, absent: true}}]";
    play(&desktop, absent).await.blocked("the screen is blank");
}

#[tokio::test(start_paused = true)]
async fn a_picture_that_must_not_be_there_may_go_away() {
    let absent = "steps: [{verify: {anchor: badge.png, absent: true}, timeout: 10}]";
    let scene = Scene::new();
    scene.desktop.change(|state| state.draw(Some((9, 5))));
    let world = after(4.0, || scene.desktop.change(|state| state.draw(None)));
    scene.play(absent, world).await.passed();
    scene.desktop.change(|state| state.draw(Some((9, 5))));
    play(&scene.desktop, absent)
        .await
        .failed("picture `badge.png` is there");
}

#[tokio::test(start_paused = true)]
async fn a_picture_of_one_colour_blocks() {
    let told = play(&Desktop::new(), "steps: [{verify: {anchor: flat.png}}]").await;
    told.blocked("`flat.png`: the anchor has only one colour");
}

#[tokio::test(start_paused = true)]
async fn a_widget_is_seen_when_it_comes_announced_or_not() {
    for is_announced in [true, false] {
        let scene = Scene::new();
        let world = after(4.2, || {
            scene.desktop.change(|state| {
                if is_announced {
                    state.add("label", "Done");
                } else {
                    state.add_silently("label", "Done");
                }
            });
        });
        let told = scene.play(LABEL, world).await;
        told.passed();
        let late = if is_announced { 4.3 } else { 5.3 };
        assert!(told.took < seconds(late), "{:?}", told.took);
        assert_eq!(told.instructions(), ["1 verify label `Done`: passed tree"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_widget_that_comes_unannounced_at_the_last_moment_is_seen() {
    let scene = Scene::new();
    let world = async {
        after(9.2, || {
            scene.desktop.change(super::desktop::State::tell_change);
        })
        .await;
        after(0.79, || {
            scene
                .desktop
                .change(|state| state.add_silently("label", "Done"));
        })
        .await;
    };
    scene.play(LABEL, world).await.passed();
}

#[tokio::test(start_paused = true)]
async fn absence_needs_proof_of_sight() {
    let desktop = Desktop::new();
    play(&desktop, NO_LABEL).await.passed();
    desktop.state().silent_apps.push(silent("notes"));
    let told = play(&desktop, NO_LABEL).await;
    told.blocked("notes is silent");
    assert!(told.outcome.is_transient);
    let of_panel = NO_LABEL.replace("role: label", "role: label, app: panel");
    play(&desktop, &of_panel).await.passed();
    let of_notes = NO_LABEL.replace("role: label", "role: label, app: notes");
    desktop.state().silent_apps.clear();
    play(&desktop, &of_notes)
        .await
        .blocked("no application `notes` shows itself");
    desktop.state().apps.clear();
    play(&desktop, NO_LABEL)
        .await
        .blocked("no application shows itself");
    desktop.change(|state| state.add("label", "Done"));
    play(&desktop, NO_LABEL)
        .await
        .failed("label `Done` is there");
}

/// Returns an application of this name that does not answer.
fn silent(name: &str) -> SilentApp {
    SilentApp {
        name: Some(name.into()),
        label: name.into(),
    }
}

#[tokio::test(start_paused = true)]
async fn an_application_that_never_told_its_name_may_be_the_one_that_is_looked_at() {
    let desktop = Desktop::new();
    desktop.state().apps.push("notes".into());
    let of_notes = NO_LABEL.replace("role: label", "role: label, app: notes");
    play(&desktop, &of_notes).await.passed();
    desktop.state().silent_apps.push(SilentApp {
        name: None,
        label: "process 812".into(),
    });
    play(&desktop, &of_notes)
        .await
        .blocked("process 812 is silent");
}

#[tokio::test(start_paused = true)]
async fn a_widget_that_a_blind_observer_did_not_find_is_not_missing() {
    let desktop = Desktop::new();
    play(&desktop, LABEL).await.failed("no label `Done` shows");
    desktop.state().silent_apps.push(silent("notes"));
    play(&desktop, LABEL).await.blocked("is silent");
    // What was found was found, whoever else is silent.
    desktop.change(|state| state.add("label", "Done"));
    play(&desktop, LABEL).await.passed();
}

#[tokio::test(start_paused = true)]
async fn a_screen_or_tree_that_is_lost_blocks() {
    let scene = Scene::new();
    let world = after(2.0, || {
        scene
            .desktop
            .change(|state| state.screen_error = Some(ScreenError::Closed));
    });
    let told = scene.play(BADGE, world).await;
    told.blocked("closed the connection");
    assert!(told.outcome.is_transient && told.took < seconds(3.0));

    let scene = Scene::new();
    let err = TreeError::Lost("gone".into());
    let world = after(2.0, || {
        scene.desktop.change(|state| state.tree_error = Some(err));
    });
    let told = scene
        .play(NO_LABEL.replace("absent: true", "text: x").as_str(), world)
        .await;
    told.blocked("lost the accessibility bus");
}

#[tokio::test(start_paused = true)]
async fn any_is_open_while_one_is_unclear_and_all_is_settled_by_one_that_is_missing() {
    let desktop = Desktop::new();
    desktop.state().silent_apps.push(silent("notes"));
    let both = "[{role: label, name: Done}, {window: Notes}], timeout: 5}}]";
    let any = format!("steps: [{{wait_for: {{any: {both}");
    let all = format!("steps: [{{wait_for: {{all: {both}");
    play(&desktop, &any).await.blocked("is silent");
    play(&desktop, &all).await.failed("there is no window");
    desktop.change(|state| state.show_of("Notes", None));
    play(&desktop, &any).await.passed();
    play(&desktop, &all).await.blocked("is silent");
    desktop.change(|state| state.add("label", "Done"));
    play(&desktop, &all).await.passed();
}

#[tokio::test(start_paused = true)]
async fn evidence_is_kept_of_what_was_seen_and_of_failures() {
    let scene = Scene::new();
    scene.desktop.change(|state| {
        state.draw(Some((9, 5)));
        state.add("push button", "New");
    });
    let yaml = "steps:\n- verify: {anchor: badge.png}\n- shell: 'true'\n- wait: 1\n\
        - click: {role: push button, name: New}\n- verify: {window: Notes}\n  timeout: 2\n";
    let told = scene.play(yaml, async {}).await;
    told.failed(
        "step 5, verify window `Notes` (line 6): waited for window `Notes`: there is no window",
    );
    let names: Vec<&str> = told.files.keys().map(String::as_str).collect();
    insta::assert_snapshot!(names.join("\n"), @"
    01-verify-picture-badge-png.anchor-1
    01-verify-picture-badge-png.png
    04-click-push-button-new.png
    05-verify-window-notes.png
    05-verify-window-notes.tree.txt
    ");
    let picture = mosdat::judge::Picture::from_png(&told.files["01-verify-picture-badge-png.png"]);
    assert_eq!(picture.unwrap().width(), super::desktop::SIZE.0);
    let tree = String::from_utf8(told.files["05-verify-window-notes.tree.txt"].clone()).unwrap();
    insta::assert_snapshot!(tree, @"  push button `New` [showing]");
    let kept = told
        .events
        .iter()
        .filter(|event| matches!(event, mosdat::model::Event::Evidence { .. }));
    let anchors = 1;
    assert_eq!(
        kept.count() + anchors,
        told.files.len(),
        "evidence nobody is told of"
    );
    insta::assert_snapshot!(told.instructions().join("\n"), @"
    1 verify picture `badge.png`: passed exact 1.000
    2 run `true`: passed
    3 wait 1 s: passed
    4 click push button `New`: passed tree
    5 verify window `Notes`: failed
    ");
    assert_eq!(told.outcome.verdict, Verdict::Failed);
}
