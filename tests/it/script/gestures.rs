//! What the pointer does besides a plain click, and how it gets there.

use super::{Scene, after, desktop::Desktop, play, seconds};
use mosdat::{
    model::{Button, Motion, Point, Profile, Wheel},
    port::{Input, ScreenError},
};

/// A desktop with something to drag, and a badge to drag it to.
fn with_two() -> Desktop {
    let desktop = Desktop::new();
    desktop.change(|state| {
        state.add("push button", "Card");
        state.draw(Some((30, 20)));
    });
    desktop
}

const CARD: Point = Point { x: 13, y: 10 };
const BADGE: Point = Point { x: 32, y: 22 };
const PRESS: Input = Input::Press(Button::Left);
const RELEASE: Input = Input::Release(Button::Left);
const DRAG: &str =
    "steps: [{drag: {from: {role: push button, name: Card}, to: {anchor: badge.png}}}]";

/// Returns the places the pointer went to between two inputs.
fn moves(inputs: &[Input]) -> Vec<Point> {
    let moves = inputs.iter().filter_map(|input| match input {
        Input::Move(place) => Some(*place),
        _ => None,
    });
    moves.collect()
}

#[tokio::test(start_paused = true)]
async fn a_thing_is_dragged_along_a_way_and_dropped() {
    let desktop = with_two();
    let told = play(&desktop, DRAG).await;
    told.passed();
    let inputs = desktop.state().inputs.clone();
    let down = inputs.iter().position(|input| *input == PRESS).unwrap();
    assert_eq!(moves(&inputs[..down]).last(), Some(&CARD));
    let way = moves(&inputs[down..]);
    assert!(way.len() >= 8, "what jumps is not dragged: {way:?}");
    assert_eq!(way.last(), Some(&BADGE));
    assert_eq!(inputs.last(), Some(&RELEASE));
    assert_eq!(
        told.instructions()[0],
        "1 drag push button `Card` to picture `badge.png`: passed"
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_taken_that_cannot_be_put_down() {
    let desktop = with_two();
    desktop.change(|state| state.draw(None));
    play(&desktop, DRAG)
        .await
        .failed("is nowhere on the screen");
    assert_eq!(desktop.state().inputs, []);
}

#[tokio::test(start_paused = true)]
async fn a_drag_that_is_stopped_leaves_nothing_pressed() {
    // `Desktop::check` finds a button that is held at the end.
    let mut scene = Scene::new();
    scene.desktop = with_two();
    scene.cursor.duration = seconds(5.0);
    let world = after(1.0, || scene.stop.cancel());
    let told = scene.play(DRAG, world).await;
    told.blocked("stopped");
    let inputs = scene.desktop.state().inputs.clone();
    assert!(inputs.contains(&PRESS), "it was under way");
    assert_ne!(moves(&inputs).last(), Some(&BADGE));
    assert_eq!(inputs.last(), Some(&RELEASE));
}

#[tokio::test(start_paused = true)]
async fn a_drag_of_the_cleanup_whose_time_is_up_is_let_go_before_the_next_step() {
    let mut scene = Scene::new();
    scene.desktop = with_two();
    scene.cursor.duration = seconds(40.0);
    let drag = &DRAG["steps: [".len()..DRAG.len() - 2];
    let yaml = format!("steps: [{{shell: 'true'}}]\ncleanup: [{drag}, timeout: 1}}, {{key: a}}]");
    scene.play(&yaml, async {}).await.passed();
    let inputs = scene.desktop.state().inputs.clone();
    let at = |wanted: Input| inputs.iter().position(|input| *input == wanted).unwrap();
    assert!(at(PRESS) < at(RELEASE) && at(RELEASE) < at(Input::KeyDown(0x61)));
}

#[tokio::test(start_paused = true)]
async fn a_drag_on_a_screen_that_fails_is_let_go() {
    let mut scene = Scene::new();
    scene.desktop = with_two();
    scene.cursor.duration = seconds(4.0);
    // It fails for a moment, in which the pointer has to move.
    let world = async {
        after(1.0, || {
            scene.desktop.state().screen_error = Some(ScreenError::Closed);
        })
        .await;
        after(1.0, || scene.desktop.state().screen_error = None).await;
    };
    let told = scene.play(DRAG, world).await;
    told.blocked("closed the connection");
    assert_eq!(scene.desktop.state().inputs.last(), Some(&RELEASE));
}

#[tokio::test(start_paused = true)]
async fn the_pointer_goes_as_it_is_told() {
    for (profile, least) in [
        (Profile::Linear, 8),
        (Profile::Bezier, 8),
        (Profile::WindMouse, 3),
    ] {
        let mut scene = Scene::new();
        scene.desktop = with_two();
        scene.cursor = Motion {
            profile,
            duration: seconds(0.8),
            dwell: seconds(0.25),
            seed: Some(7),
        };
        let told = scene
            .play("steps: [{click: {anchor: badge.png}}]", async {})
            .await;
        told.passed();
        let inputs = scene.desktop.state().inputs.clone();
        let way = moves(&inputs);
        assert!(way.len() >= least, "{profile:?}: {way:?}");
        assert_eq!(way.last(), Some(&BADGE));
        assert_eq!(inputs[way.len()..], [PRESS, RELEASE], "after the last move");
        let time = told.took.saturating_sub(seconds(0.25));
        assert!(time <= seconds(0.9), "{profile:?}: {time:?}");
        if profile != Profile::WindMouse {
            assert!(time >= seconds(0.79), "{profile:?}: {time:?}");
        }
        // The same seed, the same way.
        let mut again = Scene::new();
        again.desktop = with_two();
        again.cursor = scene.cursor;
        let told = again
            .play("steps: [{click: {anchor: badge.png}}]", async {})
            .await;
        told.passed();
        assert_eq!(again.desktop.state().inputs, inputs);
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_may_say_how_the_pointer_goes() {
    let desktop = with_two();
    let yaml = "steps: [{click: {role: push button}, hover: true, motion: linear, dwell_ms: 900}, {shell: 'true'}]";
    let told = play(&desktop, yaml).await;
    told.passed();
    let inputs = desktop.state().inputs.clone();
    assert_eq!(
        inputs.len(),
        8,
        "it moves, and does nothing else: {inputs:?}"
    );
    assert_eq!(inputs.last(), Some(&Input::Move(CARD)));
    assert!(told.took >= seconds(0.9 + 8.0 * 0.016), "{:?}", told.took);
}

#[tokio::test(start_paused = true)]
async fn the_wheel_turns_on_what_is_found() {
    let desktop = with_two();
    let yaml = "steps: [{scroll: {direction: down, notches: 3, over: {role: push button}}}, {scroll: {direction: left, notches: 1}}, {shell: 'true'}]";
    play(&desktop, yaml).await.passed();
    let inputs = desktop.state().inputs.clone();
    assert_eq!(moves(&inputs).last(), Some(&CARD));
    let (down, left) = (Input::Scroll(Wheel::Down), Input::Scroll(Wheel::Left));
    assert_eq!(inputs[inputs.len() - 4..], [down, down, down, left]);
    let desktop = Desktop::new();
    play(&desktop, yaml).await.failed("shows");
    assert_eq!(desktop.state().inputs, []);
}
