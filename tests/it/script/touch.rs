//! Keys, clicks and typing.

use super::{
    Scene, after,
    desktop::{Desktop, rect},
    play, seconds,
};
use mosdat::{
    model::{Button, Point, keysym},
    port::Input,
};

const CLICK: &str = "steps: [{click: {role: push button, name: New}, timeout: 10}]";
const TYPE: &str = "steps: [{type: Milk}, {shell: 'true'}]";

#[tokio::test(start_paused = true)]
async fn a_click_goes_to_the_middle_of_the_first_widget_that_shows() {
    let desktop = Desktop::new();
    desktop.change(|state| {
        state.add("push button", "New");
        state.nodes[0].states.clear();
        state.add("push button", "New");
        state.add("push button", "New");
    });
    let told = play(&desktop, CLICK).await;
    told.passed();
    let (press, release) = (Input::Press(Button::Left), Input::Release(Button::Left));
    // From the middle of the screen; what is there sees the pointer come.
    let moves = [(16, 12), (13, 10)].map(|(x, y)| Input::Move(Point { x, y }));
    let expected = [moves.as_slice(), &[press, release]].concat();
    assert_eq!(desktop.state().inputs, expected);
    assert_eq!(
        told.instructions()[0],
        "1 click push button `New`: passed tree, the first of 2"
    );
}

#[tokio::test(start_paused = true)]
async fn a_click_waits_for_its_target_and_fails_without_it() {
    let scene = Scene::new();
    let world = after(3.0, || {
        scene
            .desktop
            .change(|state| state.add("push button", "New"));
    });
    scene.play(CLICK, world).await.passed();
    let desktop = Desktop::new();
    play(&desktop, CLICK)
        .await
        .failed("no push button `New` shows");
    assert_eq!(desktop.state().inputs, [], "it clicked on nothing");
}

#[tokio::test(start_paused = true)]
async fn a_widget_whose_place_nobody_knows_is_not_clicked() {
    let play_at = async |place| {
        let desktop = Desktop::new();
        desktop.change(|state| {
            state.add("push button", "New");
            state.place = place;
        });
        let told = play(&desktop, CLICK).await;
        assert_eq!(desktop.state().inputs, []);
        told
    };
    for place in [None, Some(rect(5, 5, 0, 0))] {
        play_at(place).await.blocked("is there, and");
    }
    // Where it is known, and nobody can see it, is the app's doing.
    for place in [rect(100, 5, 9, 9), rect(5, 100, 9, 9)] {
        play_at(Some(place)).await.failed("outside the screen");
    }
}

#[tokio::test(start_paused = true)]
async fn a_picture_is_clicked_in_its_middle_with_the_button_asked_for() {
    let desktop = Desktop::new();
    desktop.change(|state| state.draw(Some((9, 5))));
    let yaml = "steps: [{click: {anchor: badge.png}, button: right, double: true}]";
    play(&desktop, yaml).await.passed();
    let (press, release) = (Input::Press(Button::Right), Input::Release(Button::Right));
    let moves = [(14, 10), (11, 7)].map(|(x, y)| Input::Move(Point { x, y }));
    let clicks = [press, release, press, release];
    let expected = [moves, [clicks[0], clicks[1]], [clicks[2], clicks[3]]].concat();
    assert_eq!(desktop.state().inputs, expected);
}

#[tokio::test(start_paused = true)]
async fn keys_are_pressed_together_and_let_go() {
    let desktop = Desktop::new();
    play(&desktop, "steps: [{key: ctrl+s}, {shell: x}]")
        .await
        .passed();
    let (ctrl, s) = (0xffe3, u32::from('s'));
    let expected = [
        Input::KeyDown(ctrl),
        Input::KeyDown(s),
        Input::KeyUp(s),
        Input::KeyUp(ctrl),
    ];
    assert_eq!(desktop.state().inputs, expected);
}

#[tokio::test(start_paused = true)]
async fn keys_are_let_go_on_every_way_out() {
    // `Desktop::check` finds a key that is held at the end.
    let scene = Scene::new();
    scene.desktop.state().input_is_stuck = true;
    let world = after(1.0, || scene.stop.cancel());
    scene
        .play("steps: [{key: ctrl+s}, {shell: x}]", world)
        .await
        .blocked("stopped");

    let desktop = Desktop::new();
    desktop.state().input_is_stuck = true;
    play(&desktop, "steps: [{key: ctrl+s}, {shell: x}]")
        .await
        .blocked("did not answer in time");
}

/// Returns a desktop with a field that takes every `take`th letter that is typed.
fn with_field(take: fn(&mut super::desktop::State, Input)) -> Desktop {
    let desktop = Desktop::new();
    desktop.change(|state| {
        state.add_field("");
        state.on_input = Some(take);
    });
    desktop
}

fn letter(input: Input) -> Option<char> {
    match input {
        Input::KeyDown(key) => keysym::char_of(key),
        _ => None,
    }
}

/// What a real field does with a key.
fn take(state: &mut super::desktop::State, input: Input) {
    if input == Input::KeyDown(keysym::BACKSPACE) {
        state.nodes[0].text.pop();
    }
    state.nodes[0].text.extend(letter(input));
    state.tell_change();
}

#[tokio::test(start_paused = true)]
async fn what_was_typed_is_read_back() {
    let desktop = with_field(|state, input| {
        state.nodes[0].text.extend(letter(input));
        state.tell_change();
    });
    let told = play(&desktop, TYPE).await;
    told.passed();
    assert_eq!(told.instructions()[0], "1 type `Milk`: passed read back");
}

#[tokio::test(start_paused = true)]
async fn letters_that_never_arrive_are_a_failure() {
    // The app takes no `l`, however slowly it comes.
    let desktop = with_field(|state, input| {
        if letter(input) != Some('l') {
            take(state, input);
        }
    });
    let told = play(&desktop, TYPE).await;
    told.failed("typed `Milk` twice, the second time slowly, but the field holds `Mik`");
    assert!(told.logs().contains("`Mik` arrived"), "{}", told.logs());
    assert_eq!(erased(&desktop), 3, "as many as arrived");
}

/// Returns how often the backspace key was pressed.
fn erased(desktop: &Desktop) -> usize {
    let backspace = Input::KeyDown(keysym::BACKSPACE);
    let state = desktop.state();
    state.inputs.iter().filter(|own| **own == backspace).count()
}

#[tokio::test(start_paused = true)]
async fn letters_that_got_lost_are_typed_again_slowly_and_the_pace_is_remembered() {
    // A machine that loses a letter as long as they come all at once.
    let desktop = with_field(|state, input| {
        if letter(input) != Some('l') || erased_in(state) {
            take(state, input);
        }
    });
    desktop.state().nodes[0].text = "A ".into();
    let yaml = "steps: [{type: Milk}, {type: ' and Bread'}, {shell: 'true'}]";
    let told = play(&desktop, yaml).await;
    told.passed();
    assert_eq!(desktop.state().nodes[0].text, "A Milk and Bread");
    let first = "1 type `Milk`: passed read back the second time";
    assert_eq!(told.instructions()[0], first);
    assert_eq!(
        told.instructions()[1],
        "2 type `and Bread`: passed read back"
    );
    // Ten letters, each with its pause.
    assert!(told.took > seconds(5.0 + 10.0 * 0.05), "{:?}", told.took);
}

fn erased_in(state: &super::desktop::State) -> bool {
    state.inputs.contains(&Input::KeyDown(keysym::BACKSPACE))
}

#[tokio::test(start_paused = true)]
async fn doubled_letters_are_typed_again() {
    let desktop = with_field(|state, input| {
        take(state, input);
        if letter(input) == Some('k') && !erased_in(state) {
            take(state, input);
        }
    });
    let told = play(&desktop, TYPE).await;
    told.passed();
    assert_eq!(desktop.state().nodes[0].text, "Milk");
    assert_eq!(erased(&desktop), 5);
}

#[tokio::test(start_paused = true)]
async fn what_is_added_by_the_app_is_no_doubled_letter() {
    let desktop = with_field(|state, input| {
        take(state, input);
        if state.nodes[0].text == "Milk" {
            state.nodes[0].text += "shake";
        }
    });
    play(&desktop, TYPE).await.passed();
    assert_eq!(erased(&desktop), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_wrong_once_is_no_pass_when_nobody_can_look_again() {
    let desktop = with_field(|state, input| {
        if input == Input::KeyDown(keysym::BACKSPACE) {
            state.nodes[0].states.clear();
        } else if letter(input) != Some('l') {
            take(state, input);
        }
    });
    play(&desktop, TYPE)
        .await
        .blocked("is not known: the field has lost the focus");
}

#[tokio::test(start_paused = true)]
async fn nothing_more_is_typed_into_a_field_that_has_lost_the_focus() {
    for role in ["entry", "password text"] {
        let desktop = with_field(|state, input| {
            take(state, input);
            if state.inputs.len() == 20 {
                state.nodes[0].states.retain(|own| own != "focused");
            }
        });
        desktop.state().nodes[0].role = role.into();
        let yaml = format!("steps: [{{type: {}}}, {{shell: 'true'}}]", "x".repeat(70));
        let told = play(&desktop, &yaml).await;
        told.blocked("lost the focus after 32 of 70 characters");
        let keys = desktop.state().inputs.len();
        assert_eq!(keys, 64, "{role}: two for each character");
    }
}

#[tokio::test(start_paused = true)]
async fn a_keyboard_is_woken_before_the_first_key_when_that_is_a_new_one() {
    let desktop = with_field(take);
    let told = play(&desktop, "steps: [{type: é}, {type: ñ}, {shell: 'true'}]").await;
    told.passed();
    let (shift, e, n) = (keysym::SHIFT, 0xe9, 0xf1);
    let taps = [shift, e, n].map(|key| [Input::KeyDown(key), Input::KeyUp(key)]);
    assert_eq!(desktop.state().inputs, taps.concat());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_typed_is_refused_before_anything_is() {
    let desktop = with_field(take);
    let yaml = r#"steps: [{type: "Milk \x01"}, {shell: 'true'}]"#;
    let told = play(&desktop, yaml).await;
    told.blocked("cannot be typed with the keyboard layout `us`");
    assert_eq!(desktop.state().inputs, []);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_seen_is_not_missing() {
    // Who could not look does not say what is missing.
    let desktop = with_field(|state, _| state.tree_is_mute = true);
    desktop.state().nodes[0].text = "Bread".into();
    let told = play(&desktop, TYPE).await;
    told.passed();
    assert!(
        told.logs().contains("the tree does not answer"),
        "{}",
        told.logs()
    );
    // A field that already held the text and took nothing tells nothing.
    let desktop = with_field(|_, _| {});
    desktop.state().nodes[0].text = "Milk".into();
    let told = play(&desktop, TYPE).await;
    told.passed();
    assert!(
        told.logs().contains("cannot be told from"),
        "{}",
        told.logs()
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_back_convicts_nobody() {
    // No field, a focus on something else, a field that tells nothing, one that loses the focus, a secret one.
    let nothing: [fn(&mut super::desktop::State); 5] = [
        |state| state.nodes.clear(),
        |state| {
            state.nodes[0].states.retain(|state| state != "editable");
            state.nodes[0].text = "7 notes".into();
        },
        |_| {},
        |state| state.on_input = Some(|state, _| state.nodes[0].states.clear()),
        |state| {
            state.nodes[0].role = "password text".into();
            state.nodes[0].text = "*".into();
        },
    ];
    for prepare in nothing {
        let desktop = with_field(|_, _| {});
        desktop.change(prepare);
        play(&desktop, TYPE).await.passed();
        assert!(!desktop.state().inputs.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_field_may_take_its_time() {
    let mut scene = Scene::new();
    scene.desktop = with_field(|_, _| {});
    let world = after(1.0, || {
        scene
            .desktop
            .change(|state| state.nodes[0].text = "Milk".into());
    });
    let told = scene.play(TYPE, world).await;
    told.passed();
    assert!(told.took < seconds(1.5), "{:?}", told.took);
}

#[tokio::test(start_paused = true)]
async fn keys_do_not_overtake_a_click() {
    let scene = Scene::new();
    // Letters go to whatever has the focus, and the click takes its time to move it.
    scene.desktop.change(|state| {
        state.add("entry", "Title");
        state.nodes[0]
            .states
            .extend(["focusable".into(), "editable".into()]);
        state.on_input = Some(|state, input| {
            let has_focus = state.nodes[0].states.iter().any(|own| own == "focused");
            let letter = letter(input).filter(|_| has_focus);
            state.nodes[0].text.extend(letter);
            state.tell_change();
        });
    });
    let world = after(0.5, || {
        scene.desktop.change(|state| {
            state.nodes[0].states.push("focused".into());
            state.tell_change();
        });
    });
    let steps = "steps: [{click: {role: entry, name: Title}}, {type: Milk}, {shell: 'true'}]";
    scene.play(steps, world).await.passed();
    assert_eq!(scene.desktop.state().nodes[0].text, "Milk");
}
