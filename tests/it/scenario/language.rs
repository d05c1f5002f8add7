//! Every key of a step, and what it comes to.

use super::documents::{mistakes, read, told};
use mosdat::model::Profile;
use mosdat::scenario::{Action, AppState, Click, Direction, Instruction, Kind, Means, Rung, Way};
use std::time::Duration;

/// Returns the only step of a scenario that has it.
fn step(text: &str) -> Instruction {
    let script = read(&format!("steps:\n- {text}\n- shell: 'true'\n"));
    let script = script.unwrap_or_else(|found| panic!("{text}: {}", told(&found)));
    script.steps[0].clone()
}

fn click(text: &str) -> Click {
    match step(text).action {
        Action::Click(click) => *click,
        other => panic!("{other} is no click"),
    }
}

/// Fails unless the step is called `expected`, which says what it does.
fn check(text: &str, expected: &str) {
    assert_eq!(step(text).to_string(), expected, "{text}");
}

#[test]
fn what_a_step_does_is_told_by_its_keys() {
    check("shell: echo x", "run `echo x`");
    check("{shell: x, verify: the dial pad shows}", "run `x`");
    check("launch: x", "launch `x`");
    check("localize: the Save button", "click \"the Save button\"");
    check(
        "{localize: the Save button, click: right}",
        "right-click \"the Save button\"",
    );
    check("{localize: the list, hover: true}", "point at \"the list\"");
    check("atspi: {role: entry, name: a}", "click entry `a`");
    check("{atspi: {role: entry}, localize: the field}", "click entry");
    check("double_click: {role: label}", "double-click label");
    check("click: {text: Save}", "click text `Save`");
    check("click: {describe: the gear}", "click \"the gear\"");
    check(
        "drag: {from: {text: a}, to: {role: list}}",
        "drag text `a` to list",
    );
    check("scroll: down", "scroll down");
    check("wait_for: {any: [{role: dialog}]}", "wait for dialog");
    check("wait_gone: {role: dialog}", "wait for no dialog");
    check(
        "{if_visible: an update banner, then: [{key: Escape}]}",
        "if there is \"an update banner\"",
    );
    check("popup_sweep: true", "close what covers the app");
    check("app_running: notes", "`notes` runs");
    check(
        "app_running: {name: notes, absent: true}",
        "`notes` does not run",
    );
    check("kill_app: notes", "end `notes`");
    check("screenshot: true", "keep a picture");
    check("a11y: dump", "keep the accessibility tree");
    check("clipboard: x", "copy `x`");
    check(
        "verify: the note is open",
        "verify that \"the note is open\"",
    );
    check(
        "verify_not: an error shows",
        "verify not that \"an error shows\"",
    );
    check("verify_atspi: {role: entry}", "verify entry");
    check(
        "accept_any: [one, two]",
        "verify that \"one\" or that \"two\"",
    );
    check("assert_no: {role: dialog}", "verify no dialog");
    check("{then_type: x, wait: 1}", "type `x`");
    check("{key: enter, wait: 8, must_pass: false}", "press enter");
    check("key_pre: super", "press super");
    check("wait: 0.25", "wait 0.25 s");
    check("focus: Notes", "wait 0 s");
}

#[test]
fn a_click_says_how_it_is_done() {
    assert_eq!(
        click("atspi: {role: entry, via: action, action_idx: 2}").means,
        Means::Action(2)
    );
    assert_eq!(
        click("atspi: {role: entry, via: hint}").means,
        Means::Hint(0)
    );
    assert_eq!(
        click("atspi: {role: entry, via: pointer}").means,
        Means::Pointer
    );
    let narrowed = click("click: {role: entry, text: x, via: tree}");
    assert_eq!(narrowed.target.via, [Rung::Tree]);
    let both = click("click: {text: Save, describe: the Save button, via: [text, model]}").target;
    assert_eq!(both.via, [Rung::Text, Rung::Model]);
    assert!(matches!(&both.ways[..], [Way::Text(_), Way::Thing(_)]));
    let area = click("click: {text: Save, area: [1, 2, 30, 40]}")
        .target
        .area
        .unwrap();
    assert_eq!((area.x, area.y, area.width, area.height), (1, 2, 30, 40));
    let aim = click("{localize: x, motion: windmouse, dwell_ms: 250}").aim;
    assert_eq!(aim.motion, Some(Profile::WindMouse));
    assert_eq!(aim.dwell, Some(Duration::from_millis(250)));
    let inner = click("atspi: {role: entry, motion: linear, dwell_ms: 5}").aim;
    assert_eq!(
        (inner.motion, inner.dwell),
        (Some(Profile::Linear), Some(Duration::from_millis(5)))
    );
}

#[test]
fn a_click_says_how_sure_it_has_to_be() {
    let care = click("{localize: x, precheck_click: true, localize_consistent: true}").care;
    assert!(care.is_prechecked && care.is_consistent);
    let care = click("{localize: x, verify_click: the field has the focus}").care;
    assert_eq!(
        care.verify.unwrap().to_string(),
        "that \"the field has the focus\""
    );
    let diff = |text: &str| click(text).care.diff.unwrap();
    assert_eq!(diff("{localize: x, verify_click_diff: true}").reach, 80);
    let text = "{localize: x, verify_click_diff_prompt: it is blue, verify_click_diff_crop: 20}";
    assert_eq!(diff(text).prompt.unwrap(), "it is blue");
    assert_eq!(diff(text).reach, 20);
    assert_eq!(
        click("{localize: x, verify_click_diff: false}").care.diff,
        None
    );
    let then = click("{localize: x, then: [{verify: a dialog shows}]}").then;
    assert_eq!(then[0].to_string(), "verify that \"a dialog shows\"");
}

#[test]
fn texts_and_widgets_are_described_further() {
    let Way::Text(text) = &click("click: {text: Save, fuzzy: 2, ignore_case: true}")
        .target
        .ways[0]
    else {
        panic!("no text")
    };
    assert_eq!((text.slack, text.ignores_case), (2, true));
    let target =
        click("click: {role: check box, states: [not checked, sensitive], value: 5}").target;
    let Way::Node(query) = &target.ways[0] else {
        panic!("no node")
    };
    assert!(!query.states["checked"]);
    assert!(query.states["sensitive"]);
    assert_eq!(query.value.as_deref(), Some("5"));
}

#[test]
fn keys_are_typed_in_their_order() {
    let typing = step(
        "{localize: x, key_pre: ctrl+a, type: Milk, verify_input: it says Milk, key: enter, \
         canary: true, canary_verify: a q shows, canary_char: z}",
    )
    .typing;
    assert_eq!(typing.before.unwrap().text, "ctrl+a");
    assert_eq!(typing.text.unwrap(), "Milk");
    assert_eq!(typing.after.unwrap().text, "enter");
    assert_eq!(typing.verify.unwrap().to_string(), "that \"it says Milk\"");
    assert_eq!(typing.canary.unwrap().text, "z");
}

#[test]
fn what_must_hold_is_read_with_its_time() {
    let expect =
        step("{verify: a, verify_not: b, verify_consistent: true, verify_timeout: 25}").expect;
    let shown: Vec<String> = expect.all.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["that \"a\"", "not that \"b\""]);
    assert!(expect.is_consistent);
    assert_eq!(expect.timeout, Duration::from_secs(25));
    assert_eq!(
        step("{verify: {role: x}, timeout: 3}").expect.timeout,
        Duration::from_secs(3)
    );
    let (check, time) = step("{assert_no: {window: Error}, for: 4}")
        .expect
        .stays_away
        .unwrap();
    assert_eq!(
        (check.to_string().as_str(), time),
        ("no window `Error`", Duration::from_secs(4))
    );
    let gone = step("{wait_gone: {role: dialog}, timeout: 7}");
    assert_eq!(gone.timeout, Duration::from_secs(7));
}

#[test]
fn attempts_and_waits_are_as_they_were_meant() {
    let attempts = |text: &str| step(text).attempts;
    // 0 was written by people who wanted one attempt.
    assert_eq!(attempts("{verify: a, retries: 0}"), 1);
    assert_eq!(attempts("{verify: a, retries: 5}"), 5);
    assert_eq!(attempts("verify: a"), 3);
    assert_eq!(attempts("localize: a"), 3);
    assert_eq!(attempts("click: {role: entry}"), 1);
    assert_eq!(attempts("click: {role: entry, describe: a}"), 1);
    assert_eq!(
        step("{key: Escape, wait: 1.5}").pause,
        Duration::from_millis(1500)
    );
    // Beside `launch`, `wait` is how long the window may take.
    let launch = step("{launch: x, wait: 45}");
    assert_eq!(
        (launch.timeout, launch.pause),
        (Duration::from_secs(45), Duration::ZERO)
    );
    let launch = step("{launch: x, wait: 5, launch_timeout: 40}");
    assert_eq!(
        (launch.timeout, launch.pause),
        (Duration::from_secs(40), Duration::from_secs(5))
    );
    assert!(!step("{key: a, must_pass: false}").must_pass);
    assert_eq!(step("{focus: Notes, key: a}").focus.unwrap(), "Notes");
    let Action::Shell { is_strict, .. } = step("{shell: x, ignore_exit: true}").action else {
        panic!("no shell")
    };
    assert!(!is_strict);
    let rescue = step(
        "{localize: x, on_failure_agent: {goal: open it, budget_turns: 4, success_check: it is open}}",
    );
    assert_eq!(rescue.rescue.unwrap().turns, 4);
}

#[test]
fn wheels_and_programs_are_read_in_both_forms() {
    let Action::Scroll {
        direction,
        notches,
        over,
    } = step("scroll: {direction: left, notches: 5, over: {role: list}}").action
    else {
        panic!("no scroll")
    };
    assert_eq!(
        (direction, notches, over.is_some()),
        (Direction::Left, 5, true)
    );
    let Action::App { state, .. } = step("app_running: {name: a, absent: true}").action else {
        panic!("no app")
    };
    assert_eq!(state, AppState::RunsNot);
    assert_eq!(step("screenshot: the list").label, "the list");
}

#[test]
fn older_documents_are_read_with_a_word_about_what_changed() {
    let text = "steps:\n\
        - if_visible: a crash dialog\n  then_steps:\n  - localize: the Cancel button\n    motion: bezier\n\
        - localize: the plus button\n  then:\n  - verify: a dialog shows\n    _own: x\n\
        - {localize: the list, wait: 3}\n\
        - wait_for: {any: [{role: frame, name_substr: true}], timeout: 30}\n  retries: 1\n\
        - verify: done\n  retries: 0\n\
        - {atspi: {role: push button, name: Login, app_filter: ''}, retries: 1}\n";
    let script = read(text).unwrap_or_else(|found| panic!("{}", told(&found)));
    insta::assert_snapshot!(told(&script.warnings), @"
    10:24+4 Warning: `wait` is honoured here, after the action; older versions did not
    11:20+31 Warning: `name_substr` without a `name` says nothing: every such widget fits
    ");
}

#[test]
fn what_does_not_belong_to_a_step_is_refused() {
    let found = mistakes(
        "steps:\n\
         - {localize: x, click: true}\n\
         - {click: {role: entry}, via: action}\n\
         - {accept_any: [a], verify: b}\n\
         - accept_any: []\n\
         - {canary: true, type: x}\n\
         - {canary: true, canary_verify: a, canary_char: Q}\n\
         - {if_visible: a}\n\
         - {key: a, then: [{key: b}]}\n\
         - {type: a, then_type: b}\n\
         - {click: {text: a, name_substr: true}}\n\
         - {click: {text: a, via: pixels}}\n\
         - {click: {text: a, area: [1, 2, 3]}}\n\
         - {verify: {role: entry, fuzzy: 1}}\n\
         - {verify: {role: entry, states: [chekced]}}\n\
         - {key: a, for: 3}\n\
         - {verify_not: {role: entry, absent: true}}\n\
         - {localize: x, on_failure_agent: {goal: y}}\n\
         - {shell: x, launch: y}\n\
         - {key: a, checkpoint: b}\n\
         - {scroll: sideways}\n\
         - {drag: {from: {text: a}}}\n\
         - {kill_app: a, dwell_ms: 3}\n\
         - {verify: a, retries: 1.5}\n",
    );
    insta::assert_snapshot!(found, @"
    2:24+4 Error: `click` is a button, not `true` or `false` (write `click: left`, or leave it out)
    3:26+3 Error: a step has no key `via` (known are `launch`, `click`, `double_click`, `localize`, `atspi`, `drag`, `scroll`, `wait_for`, `wait_gone`, `if_visible`, `shell`, `app_running`, `kill_app`, `routine`, `import`, `popup_sweep`, `clipboard`, `screenshot`, `a11y`, `button`, `double`, `hover`, `motion`, `dwell_ms`, `precheck_click`, `localize_consistent`, `verify_click`, `verify_click_diff`, `verify_click_diff_prompt`, `verify_click_diff_crop`, `then`, `then_steps`, `key_pre`, `type`, `key`, `then_key_pre`, `then_type`, `then_key`, `verify_input`, `canary`, `canary_verify`, `canary_char`, `verify`, `verify_not`, `verify_atspi`, `accept_any`, `verify_consistent`, `verify_timeout`, `assert_no`, `for`, `label`, `timeout`, `launch_timeout`, `window`, `launch_window`, `ignore_exit`, `focus`, `wait`, `retries`, `must_pass`, `on_failure_agent`)
    4:4+10 Error: `accept_any` and `verify` exclude each other (put it into the list, or make a step of it)
    5:3+10 Error: `accept_any` is empty: nothing to wait for
    6:4+6 Error: a canary that nobody looks at proves nothing (add `canary_verify`, which says how the character is seen)
    7:49+1 Error: `canary_char` is one small letter or digit, for which no key has to be held
    8:4+10 Error: `if_visible` does nothing without `then` (add `then:` with a list of steps)
    9:12+4 Error: `then` belongs to `if_visible` or `click`, and this step does not do that (it does this: press a)
    10:13+9 Error: `type` and `then_type` are the same key
    11:11+27 Error: a widget needs a `role` (add it, for instance `role: push button`)
    12:26+6 Error: `via` knows no `pixels` (known are `exact`, `like`, `tree`, `text`, `model`, `pointer`, `action`, `hint`)
    13:27+8 Error: `area` is a list of left edge, top edge, width and height
    14:26+5 Error: `fuzzy` says nothing in a check as it stands (it goes with a `text` on the screen)
    15:35+7 Error: no widget can be in the state `chekced` (did you mean `checked`?)
    16:12+3 Error: `for` belongs to `assert_no`
    17:16+26 Error: `absent` within `verify_not` says it twice
    18:17+16 Error: an agent that says of itself that it is done proves nothing (add `success_check`, a statement that proves it)
    19:4+5 Error: a step does one thing, not `launch` and `shell` (make a step of each)
    20:12+10 Error: `checkpoint` is not known to this version yet
    21:12+8 Error: `scroll` is one of `up`, `down`, `left`, `right`, not `sideways`
    22:4+4 Error: `drag` needs a `to` (for instance `drag: {from: {text: Milk}, to: {role: list}}`)
    23:17+8 Error: `dwell_ms` belongs to `click`, and this step does not do that (it does this: end `a`)
    24:24+3 Error: `retries` must be a whole number from 0 to 100
    ");
}

#[test]
fn a_scenario_that_confirms_a_bug_says_what_shows_it() {
    let text = "kind: bug-confirmation\nissue: {id: '7', title: t, url: u}\nbug_signal: a picker shows\n\
        precondition_check: the window shows\nvars: {w: window}\nsteps:\n- {key: super, must_pass: false}\n";
    let Kind::BugConfirmation(bug) = read(text).unwrap().kind else {
        panic!("no bug")
    };
    assert_eq!(bug.id, "7");
    assert_eq!(bug.signal.to_string(), "that \"a picker shows\"");
    let lacking = mistakes("kind: bug-confirmation\nsteps: [{shell: x}]\n");
    for key in ["issue", "bug_signal", "precondition_check"] {
        assert!(lacking.contains(&format!("needs `{key}`")), "{lacking}");
    }
    let alone = mistakes("bug_signal: x\nsteps: [{shell: x}]\n");
    assert!(
        alone.contains("only with `kind: bug-confirmation`"),
        "{alone}"
    );
}

#[test]
fn phases_are_counted_as_the_document_counts() {
    let steps = "steps: [{shell: a}, {shell: b}, {shell: c}]\n";
    let text = format!(
        "phases: [{{id: A, name: first, from_step: 1}}, {{id: '2', from_step: 3}}]\n{steps}"
    );
    let phases = read(&text).unwrap().phases;
    assert_eq!((phases[0].id.as_str(), phases[1].from_step), ("A", 3));
    for (phases, told) in [
        (
            "[{id: A, from_step: 2}, {id: B, from_step: 2}]",
            "does not begin after",
        ),
        (
            "[{id: A, from_step: 1}, {id: A, from_step: 2}]",
            "comes twice",
        ),
        ("[{id: A, from_step: 9}]", "begins after the last step"),
        ("[{id: A, from_step: 0}]", "from 1 to"),
        ("[{name: A}]", "a phase has an `id`"),
    ] {
        let found = mistakes(&format!("phases: {phases}\n{steps}"));
        assert!(found.contains(told), "{phases}: {found}");
    }
}

#[test]
fn templates_are_rendered_in_every_text() {
    let script = read(
        "vars: {who: me, times: 2, list: [{a: \"it's\"}], nothing: null}\nsteps:\n\
         - label: for {{ who }}\n  shell: echo '{{ list | tojson }}' {{ nothing | tojson }} {machine} {{ build }} ${who}\n\
         - atspi: {role: entry, name: '{{ who }}'}\n\
         - wait_for: {any: [{role: label, name: '{{ who }}'}], timeout: '{{ times }}'}\n\
         - {localize: 'the {{ who }} row', then_type: '{{ times }}', verify: '{{ who }} shows'}\n\
         - accept_any: ['{{ who }} a']\n",
    );
    let script = script.unwrap_or_else(|found| panic!("{}", told(&found)));
    let shown: Vec<String> = script
        .steps
        .iter()
        .map(|step| format!("{}: {step}", step.label))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    for me: run `echo '[{"a":"it\u0027s"}]' null {machine} {build} ${who}`
    click entry `me`: click entry `me`
    wait for label `me`: wait for label `me`
    click "the me row": click "the me row"
    verify that "me a": verify that "me a"
    "#);
    assert_eq!(script.steps[2].timeout, Duration::from_secs(2));
    assert_eq!(script.steps[3].typing.text.as_deref(), Some("2"));
}

#[test]
fn without_variables_double_braces_may_be_anything() {
    let text =
        "steps:\n- shell: \"printf '{{{ not JSON' '{{.Names}}' \"\n- shell: echo {{ machine }}\n";
    let script = read(text).unwrap();
    assert!(
        script.steps[0]
            .to_string()
            .contains("{{{ not JSON' '{{.Names}}")
    );
    assert_eq!(script.steps[1].to_string(), "run `echo {machine}`");
    let found = mistakes("vars: {a: 1}\nsteps:\n- shell: echo {{ b }}\n");
    insta::assert_snapshot!(found, @"3:10+12 Error: there is no variable `b` (known are `a`, `app_args`, `app_path`, `build`, `machine`, `test_password`, `test_user`, `timestamp`, `vm_password`, `workspace_url`)");
}
