//! What a model answers, and what comes of that.

use super::{Model, Stage, badge_of, draws, paths, yes};
use crate::script::{Scene, after, desktop::State, seconds};
use mosdat::{
    model::{Answer, Spot, Verdict},
    port::{Input, View, VisionError},
};

#[tokio::test(start_paused = true)]
async fn a_statement_is_judged_on_a_picture_that_stands_still() {
    let stage = Stage::new(Model::new()).shows(Some((9, 5)));
    let told = stage.play("steps: [{verify: the badge shows}]").await;
    told.passed();
    assert_eq!(
        told.instructions(),
        ["1 verify that \"the badge shows\": passed model `m`"]
    );
    assert_eq!(told.took, seconds(0.25));
}

#[tokio::test(start_paused = true)]
async fn a_model_is_asked_again_only_when_the_picture_changed() {
    let stage = Stage::new(Model::new());
    let world = after(6.0, || {
        stage.scene.desktop.change(|state| state.draw(Some((0, 0))));
    });
    let told = stage
        .scene
        .play("steps: [{verify: the badge shows}]", world)
        .await;
    told.passed();
    assert_eq!(stage.model.asked(), 2);
    // Nothing changes: however long it takes, once is enough.
    let stage = Stage::new(Model::new());
    stage
        .play("steps: [{verify: the badge shows, verify_timeout: 60, retries: 2}]")
        .await
        .failed("the model says it is not true that the badge shows: so it looks");
    assert_eq!(stage.model.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_unclear_or_unreachable_is_never_no() {
    let unclear = || Model {
        judge: |_, _| Ok(Answer::Unclear),
        locate: |_, _| Spot::Unclear("two of them".into()),
        ..Model::new()
    };
    let dead = || Model {
        judge: |_, _| {
            let why = "refused".into();
            Err(VisionError::Unreachable { why })
        },
        ..Model::new()
    };
    for steps in [
        "[{verify: x}]",
        "[{verify_not: x}]",
        "[{accept_any: [x, y]}]",
        "[{assert_no: x}]",
        "[{verify: {role: label}, verify_not: x}]",
        "[{wait_gone: x}]",
        "[{localize: x, retries: 1}]",
        "[{if_visible: x, then: [{shell: a}]}, {shell: b}]",
    ] {
        let stage = Stage::new(unclear());
        stage.scene.desktop.change(|state| state.add("label", "a"));
        let told = stage.play(&format!("steps: {steps}")).await;
        told.blocked("the model cannot tell");
        assert!(stage.scene.desktop.state().shells.is_empty(), "{steps}");
    }
    for steps in ["[{verify: x}]", "[{verify_not: x}]", "[{accept_any: [x]}]"] {
        let told = Stage::new(dead()).play(&format!("steps: {steps}")).await;
        told.blocked("no vision model answered: refused");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_model_or_on_a_blank_screen_nothing_is_judged() {
    let scene = Scene::new();
    for steps in [
        "[{verify_not: x}]",
        "[{localize: x}]",
        "[{popup_sweep: true}, {shell: x}]",
    ] {
        let told = scene.play(&format!("steps: {steps}"), async {}).await;
        told.blocked("this needs a vision model");
    }
    let stage = Stage::new(Model::new());
    stage.scene.desktop.change(State::blank);
    stage
        .play("steps: [{verify_not: x}]")
        .await
        .blocked("the screen is blank");
    assert_eq!(stage.model.asked(), 0);
}

#[tokio::test(start_paused = true)]
async fn yes_and_no_must_hold_on_the_same_picture() {
    let model = Model {
        judge: |text, view| Ok(yes(badge_of(view.frame).is_some() != (text == "gone"))),
        ..Model::new()
    };
    let stage = Stage::new(model).shows(Some((9, 5)));
    stage
        .play("steps: [{verify: there, verify_not: gone}]")
        .await
        .passed();
    stage
        .play("steps: [{verify: there, verify_not: there}]")
        .await
        .failed("it is true that there");
    stage
        .play("steps: [{accept_any: [gone, there]}]")
        .await
        .passed();
}

#[tokio::test(start_paused = true)]
async fn two_of_three_opinions_count() {
    let mixed = |agreeing: u32| Model {
        judge: if agreeing == 2 {
            |_, view| Ok(yes(view.sample != 2))
        } else {
            |_, view| Ok(yes(view.sample < 2))
        },
        ..Model::new()
    };
    let steps = "steps: [{verify: x, verify_consistent: true, retries: 1}]";
    let stage = Stage::new(mixed(2));
    let told = stage.play(steps).await;
    told.passed();
    assert!(told.instructions()[0].contains("two of three opinions"));
    assert_eq!(stage.model.asked(), 4);
    Stage::new(mixed(1))
        .play(steps)
        .await
        .failed("only 1 of 3 opinions");
}

#[tokio::test(start_paused = true)]
async fn a_condition_is_looked_at_once() {
    let yaml = "steps: [{if_visible: the badge, then: [{shell: there}]}, {shell: always}]";
    let stage = Stage::new(Model::new()).shows(Some((9, 5)));
    let told = stage.play(yaml).await;
    told.passed();
    assert_eq!(stage.scene.desktop.state().shells, ["there", "always"]);
    assert_eq!(paths(&told), ["1.1", "1", "2"]);
    let stage = Stage::new(Model::new());
    stage.play(yaml).await.passed();
    assert_eq!(stage.scene.desktop.state().shells, ["always"]);
}

#[tokio::test(start_paused = true)]
async fn what_covers_the_app_is_closed_and_said_when_it_stays() {
    let model = Model {
        judge: |_, view| Ok(yes(badge_of(view.frame).is_some())),
        ..Model::new()
    };
    let stage = Stage::new(model).shows(Some((9, 5)));
    stage.scene.desktop.state().on_input = Some(|state, input| {
        if input == Input::KeyDown(0xff1b) {
            state.draw(None);
        }
    });
    stage
        .play("steps: [{popup_sweep: true}, {shell: x}]")
        .await
        .passed();
    let stage = Stage::new(Model::new()).shows(Some((9, 5)));
    stage
        .play("steps: [{popup_sweep: true}, {shell: x}]")
        .await
        .failed("something still covers the app");
}

#[tokio::test(start_paused = true)]
async fn a_rescue_counts_only_when_the_check_says_so_and_makes_it_flaky() {
    let model = |write: fn(usize) -> &'static str| Model {
        write,
        ..Model::new()
    };
    let yaml = "steps: [{click: {role: label, name: none}, timeout: 1, \
        on_failure_agent: {goal: show the badge, budget_turns: 3, success_check: the badge shows}}]";
    let stage = Stage::new(model(|_| "So: {\"action\": \"key\", \"key\": \"F5\"}"));
    draws(&stage);
    let told = stage.play(yaml).await;
    assert_eq!(
        told.outcome.verdict,
        Verdict::Flaky,
        "{}",
        told.outcome.detail
    );
    let stage = Stage::new(model(|_| "{\"action\": \"done\"}"));
    stage
        .play(yaml)
        .await
        .failed("the model could not put it right");
}

#[tokio::test(start_paused = true)]
async fn a_confirmed_bug_is_a_failure_and_an_absent_one_a_pass() {
    let yaml = "kind: bug-confirmation\nissue: {id: '7'}\nbug_signal: the picker shows\n\
        precondition_check: the window shows\nsteps: [{click: {role: none}, timeout: 1, must_pass: false}]";
    let play = |judge: fn(&str, &View<'_>) -> Result<Answer, VisionError>| async move {
        let model = Model {
            judge,
            ..Model::new()
        };
        Stage::new(model).play(yaml).await
    };
    play(|_, _| Ok(Answer::Yes)).await.failed("the bug 7 shows");
    play(|text, _| Ok(yes(text.contains("window"))))
        .await
        .passed();
    play(|_, _| Ok(Answer::No))
        .await
        .blocked("inconclusive: the app did not get far enough");
    play(|text, _| {
        Ok(if text.contains("window") {
            Answer::Yes
        } else {
            Answer::Unclear
        })
    })
    .await
    .blocked("inconclusive");
}
