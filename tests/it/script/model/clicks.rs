//! Clicks: where, on what, and what must come of them.

use super::{Model, Stage, draws, yes};
use crate::script::{Scene, after};
use mosdat::{
    model::{Answer, Point, Rect, Spot, Verdict},
    port::{Exit, Input},
};

#[tokio::test(start_paused = true)]
async fn a_click_goes_where_the_model_says_and_is_done_again_when_nothing_comes_of_it() {
    let stage = Stage::new(Model::new()).shows(Some((9, 5)));
    stage.play("steps: [{localize: the badge}]").await.passed();
    assert_eq!(stage.clicks(), [Point { x: 11, y: 7 }]);

    // The second click does what the first should have.
    let stage = Stage::new(Model::new()).shows(Some((9, 5)));
    stage.scene.desktop.state().on_input = Some(|state, input| {
        if matches!(input, Input::Press(_)) {
            let presses = state.inputs.iter().filter(|i| matches!(i, Input::Press(_)));
            if presses.count() == 2 {
                state.add("label", "Saved");
            }
        }
    });
    let yaml = "steps: [{localize: the badge, verify: {role: label, name: Saved}, retries: 3}]";
    let told = stage.play(yaml).await;
    assert_eq!(told.outcome.verdict, Verdict::Flaky);
    assert!(
        told.outcome.detail.contains("passed at attempt 2"),
        "{}",
        told.outcome.detail
    );
    assert_eq!(stage.clicks().len(), 2);
    let yaml = "steps: [{localize: the badge, verify: {role: label, name: Gone}, retries: 2}]";
    stage.play(yaml).await.failed("waited for label `Gone`");
}

#[tokio::test(start_paused = true)]
async fn what_the_model_does_not_find_is_not_clicked() {
    let stage = Stage::new(Model::new());
    stage
        .play("steps: [{localize: a purple unicorn, timeout: 3}]")
        .await
        .failed("the model sees no \"a purple unicorn\"");
    assert!(stage.clicks().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_cheaper_way_spares_the_model() {
    let stage = Stage::new(Model::new()).shows(Some((9, 5)));
    let yaml = "steps: [{click: {anchor: badge.png, describe: the badge}}]";
    stage.play(yaml).await.passed();
    assert_eq!(stage.model.asked(), 0);
    let yaml = "steps: [{click: {anchor: badge.png, describe: the badge, via: model}}]";
    stage.play(yaml).await.passed();
    assert_eq!(stage.model.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_click_that_must_have_an_effect_is_judged_by_it() {
    let stage = Stage::new(Model::new());
    stage.scene.desktop.change(|state| state.add("label", "x"));
    draws(&stage);
    let yaml = "steps: [{click: {role: label}, verify_click: the badge shows}]";
    stage.play(yaml).await.passed();
    let stage = Stage::new(Model::new());
    stage.scene.desktop.change(|state| state.add("label", "x"));
    stage.scene.desktop.state().on_input = Some(|state, _| state.draw(None));
    let told = stage.play(yaml).await;
    told.failed("the badge shows");
    // Both pictures are kept.
    assert!(
        told.files.keys().any(|name| name.ends_with("-before.png")),
        "{:?}",
        told.files.keys()
    );
}

#[tokio::test(start_paused = true)]
async fn before_and_after_are_shown_beside_each_other() {
    let model = Model {
        judge: |text, view| {
            assert!(text.contains("right half"), "{text}");
            Ok(yes(view.frame.width > 40))
        },
        ..Model::new()
    };
    let stage = Stage::new(model);
    stage.scene.desktop.change(|state| state.add("label", "x"));
    stage
        .play("steps: [{click: {role: label}, verify_click_diff: true}]")
        .await
        .passed();
}

#[tokio::test(start_paused = true)]
async fn a_place_is_checked_before_it_is_clicked_where_that_is_asked() {
    let doubts = Model {
        judge: |_, _| Ok(Answer::No),
        ..Model::new()
    };
    let stage = Stage::new(doubts).shows(Some((9, 5)));
    let yaml = "steps: [{localize: the badge, precheck_click: true, retries: 1}]";
    stage.play(yaml).await.failed("is not \"the badge\"");
    assert!(stage.clicks().is_empty());
    let wavering = Model {
        locate: |_, view| Spot::At {
            point: Point {
                x: 1 + 13 * view.sample as i32,
                y: 20,
            },
            area: None,
        },
        ..Model::new()
    };
    let stage = Stage::new(wavering);
    let yaml = "steps: [{localize: the badge, localize_consistent: true, retries: 1}]";
    stage.play(yaml).await.passed();
    // The middle of 14, 27 and 40.
    assert_eq!(stage.clicks(), [Point { x: 27, y: 20 }]);
}

#[tokio::test(start_paused = true)]
async fn a_canary_is_removed_whether_it_arrives_or_not() {
    const BACKSPACE: Input = Input::KeyDown(0xff08);
    for (model, passes) in [
        (
            Model {
                judge: |_, _| Ok(Answer::Yes),
                ..Model::new()
            },
            true,
        ),
        (
            Model {
                judge: |_, _| Ok(Answer::No),
                ..Model::new()
            },
            false,
        ),
    ] {
        let stage = Stage::new(model);
        stage.scene.desktop.state().on_input = Some(|state, _| state.draw(None));
        let yaml =
            "steps: [{type: ab, canary: true, canary_verify: a q shows, retries: 1}, {shell: x}]";
        let told = stage.play(yaml).await;
        assert_eq!(
            told.outcome.verdict == Verdict::Passed,
            passes,
            "{}",
            told.outcome.detail
        );
        let state = stage.scene.desktop.state();
        assert_eq!(state.inputs[0], Input::KeyDown(u32::from('q')));
        assert!(state.inputs.contains(&BACKSPACE));
        assert_eq!(
            state.inputs.contains(&Input::KeyDown(u32::from('b'))),
            passes
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_greyed_out_or_covered_is_not_clicked_until_it_can_be() {
    let yaml = "steps: [{click: {role: push button, name: Save}, timeout: 5}]";
    let scene = Scene::new();
    scene.desktop.change(|state| {
        state.add("push button", "Save");
        state.add("push button", "Other");
        state.nodes[1].states.push("sensitive".into());
    });
    scene
        .play(yaml, async {})
        .await
        .failed("push button `Save` is greyed out");
    assert!(scene.desktop.state().inputs.is_empty());
    scene.folder.0.lock().unwrap().clear();
    let world = after(2.0, || {
        scene.desktop.change(|state| {
            state.nodes[0].states.push("sensitive".into());
            state.tell_change();
        });
    });
    scene.play(yaml, world).await.passed();

    let scene = Scene::new();
    let dialog = mosdat::model::Node {
        role: "dialog".into(),
        name: "Update".into(),
        app: "updater".into(),
        ..mosdat::model::Node::default()
    };
    let everywhere = Rect {
        x: 0,
        y: 0,
        width: 40,
        height: 30,
    };
    scene.desktop.change(|state| {
        state.add("push button", "Save");
        state.above = Some((everywhere, dialog));
    });
    scene
        .play(yaml, async {})
        .await
        .blocked("is covered by dialog `Update` of `updater`");
    assert!(scene.desktop.state().inputs.is_empty());
    // A dialog of its own is the app's doing.
    scene.desktop.change(|state| {
        let (_, above) = state.above.as_mut().unwrap();
        above.app = "notes".into();
    });
    scene.folder.0.lock().unwrap().clear();
    scene
        .play(yaml, async {})
        .await
        .failed("is covered by dialog");
}

#[tokio::test(start_paused = true)]
async fn a_widget_can_be_used_by_its_own_action() {
    let scene = Scene::new();
    scene.desktop.change(|state| state.add("check box", "Bold"));
    let yaml = "steps: [{atspi: {role: check box, name: Bold, via: action, action_idx: 1}}]";
    scene.play(yaml, async {}).await.passed();
    assert_eq!(scene.desktop.state().acted, [("Bold".to_owned(), 1)]);
    assert!(scene.desktop.state().inputs.is_empty());
    scene.folder.0.lock().unwrap().clear();
    let yaml = "steps: [{atspi: {role: check box, name: Bold, via: hint}}]";
    scene.play(yaml, async {}).await.passed();
    let state = scene.desktop.state();
    assert_eq!(state.acted.len(), 2);
    assert!(
        state
            .inputs
            .iter()
            .all(|input| matches!(input, Input::Move(_)))
    );
}

#[tokio::test(start_paused = true)]
async fn a_window_of_a_stranger_on_top_says_nothing_about_the_app() {
    let scene = Scene::new();
    let popup = mosdat::port::Window {
        title: "Update".into(),
        app_id: "updater".into(),
        pid: Some(9),
        rect: None,
    };
    scene.desktop.change(|state| {
        state.add("push button", "Save");
        state.on_top = Some(popup.clone());
    });
    let yaml = "steps: [{click: {role: push button, name: Save}, timeout: 3}]";
    scene
        .play(yaml, async {})
        .await
        .blocked("is covered by the window `Update` of process 9");
    assert!(scene.desktop.state().inputs.is_empty());
    // A window of the launched program may be a menu.
    let scene = Scene::new();
    scene.desktop.state().on_start = Some(|state| {
        state.show("Notes");
        state.add("push button", "Save");
        state.on_top = Some(mosdat::port::Window {
            title: "menu".into(),
            app_id: "notes".into(),
            pid: Some(100),
            rect: None,
        });
    });
    let yaml = "steps: [{launch: notes}, {click: {role: push button, name: Save}, timeout: 3}]";
    scene.play(yaml, async {}).await.passed();
}

#[tokio::test(start_paused = true)]
async fn a_place_that_only_the_model_knew_excuses_no_other_step() {
    let model = Model {
        judge: |_, _| Ok(Answer::No),
        ..Model::new()
    };
    let stage = Stage::new(model).shows(Some((9, 5)));
    let yaml = "steps: [{localize: the badge}, {click: {role: label}, timeout: 1}]";
    stage.play(yaml).await.failed("no label shows");
    // Its own place, though, it has to stand by.
    let yaml =
        "steps: [{localize: the badge, verify: {role: label}, verify_timeout: 1, retries: 1}]";
    stage.play(yaml).await.blocked("asked again it says no");
}

#[tokio::test(start_paused = true)]
async fn only_an_app_that_has_certainly_left_is_missed() {
    // It may be a launcher, whose app goes on and tells nothing of its widgets.
    let play = |family: Option<Vec<u32>>, window: bool| async move {
        let scene = Scene::new();
        scene.desktop.change(|state| {
            state.apps.clear();
            state.on_start = Some(|state| state.show("Notes"));
        });
        let world = after(1.0, || {
            scene.desktop.change(|state| {
                state.programs[0].exit = Some(Exit::Code(0));
                state.programs[0].family = family;
                if !window {
                    state.windows.clear();
                }
            });
        });
        let yaml = "steps: [{launch: notes, window: Notes}, {click: {role: label}, timeout: 5}]";
        scene.play(yaml, world).await
    };
    let unseen = "no application shows itself";
    play(None, false).await.blocked(unseen);
    play(Some(vec![7]), false).await.blocked(unseen);
    play(Some(Vec::new()), true).await.blocked(unseen);
    play(Some(Vec::new()), false)
        .await
        .failed("what was launched has ended");
}
