//! What a scenario says, as it is read.

use super::documents::{Memory, PNG, read, told};
use mosdat::{
    model::{ContentHash, NodeQuery, Session},
    scenario::{Action, Check, Instruction, Quantifier, Target, Way, load},
};
use std::{fmt::Write as _, path::Path, time::Duration};

/// Returns the only step of a scenario that has it.
fn step(text: &str) -> Instruction {
    let script = read(&format!("steps:\n- {text}\n- shell: 'true'\n"));
    let script = script.unwrap_or_else(|found| panic!("{}", told(&found)));
    script.steps[0].clone()
}

#[test]
fn a_scenario_is_read_into_typed_steps() {
    let script = read(
        r#"
name: Notes
session: x11
vars: {title: Groceries, count: 3}
steps:
  - launch: "{app_path} --new '{title} list'"
    window: Notes
    timeout: 12.5
  # ── Make a note ──
  - click: {role: push button, name: New}
  - click: {anchor: badge.png}
    button: right
    double: true
  - type: "{title}"
  - key: ctrl+s
  - wait: 0.5
  - shell: |
      # looks for the file
      test -f "$HOME/{title}"
      true
  - verify: {role: label, name: "{count} notes", text: Milk, app: notes}
    label: The note is counted
  - verify: {window: Error, absent: true}
  - wait_for: {all: [{role: label}, {anchor: badge.png}], timeout: 4}
cleanup:
  - shell: rm -f x
"#,
    )
    .unwrap();
    let mut shown = String::new();
    for step in script.steps.iter().chain(&script.cleanup) {
        let seconds = step.timeout.as_secs_f64();
        writeln!(
            shown,
            "{} {} [{seconds} s] {}",
            step.origin, step.label, step
        )
        .unwrap();
    }
    insta::assert_snapshot!(shown, @r#"
    line 6 launch `{app_path} --new {title} list` [12.5 s] launch `{app_path} --new {title} list`
    line 10 Make a note [10 s] click push button `New`
    line 11 double-right-click picture `a/badge.png` [10 s] double-right-click picture `a/badge.png`
    line 14 type `{title}` [10 s] type `{title}`
    line 15 press ctrl+s [10 s] press ctrl+s
    line 16 wait 0.5 s [10 s] wait 0.5 s
    line 17 run `test -f "$HOME/{title}"…` [60 s] run `test -f "$HOME/{title}"…`
    line 21 The note is counted [10 s] verify label `{count} notes` holding `Milk` of `notes`
    line 23 verify no window `Error` [10 s] verify no window `Error`
    line 24 wait for label and picture `a/badge.png` [4 s] wait for label and picture `a/badge.png`
    line 26 run `rm -f x` [60 s] run `rm -f x`
    "#);
    assert_eq!(script.title, "Notes");
    assert_eq!(script.needs_session, Some(Session::X11));
    let files: Vec<_> = script.files.into_iter().collect();
    assert_eq!(files[0], ("a/badge.png".into(), ContentHash::of(PNG)));
    assert_eq!(files[1].0, "a/note.yaml");
}

#[test]
fn a_launch_is_split_before_variables_are_replaced() {
    let step = step("launch: \"'{app_path}' {app_args} 'a b'\"");
    let Action::Launch { words, window } = step.action else {
        panic!("no launch");
    };
    assert_eq!(words, ["{app_path}", "{app_args}", "a b"]);
    assert_eq!(window, None);
}

#[test]
fn the_older_names_of_keys_still_work() {
    assert_eq!(step("then_key: Return"), step("key: Return"));
    assert_eq!(step("then_type: x"), step("type: x"));
    assert_eq!(
        step("{launch: x, launch_window: y, launch_timeout: 3}"),
        step("{launch: x, window: y, timeout: 3}")
    );
    assert_eq!(
        step("atspi: {role: entry, name: a, app_filter: b}"),
        step("click: {role: entry, name: a, app: b}")
    );
}

#[test]
fn a_name_is_a_part_only_where_that_is_said_or_was_always_so() {
    let parts = [
        ("verify: {role: entry, name: a}", false),
        ("verify: {role: entry, name: a, name_substr: true}", true),
        ("verify_atspi: {role: entry, name: a}", true),
        (
            "verify_atspi: {role: entry, name: a, name_substr: false}",
            false,
        ),
    ];
    for (text, expected) in parts {
        let step = step(text);
        let [
            Check {
                target: Target { ways, .. },
                ..
            },
        ] = &step.expect.all[..]
        else {
            panic!("no check");
        };
        let [Way::Node(NodeQuery { name_is_part, .. })] = &ways[..] else {
            panic!("no node");
        };
        assert_eq!(*name_is_part, expected, "{text}");
    }
}

#[test]
fn wait_for_hands_its_app_and_timeout_down() {
    let text = "steps: [{wait_for: {any: [{role: frame}, {role: frame, app: b}], app_filter: a}}]";
    let script = read(text).unwrap();
    let Action::WaitFor { quantifier, checks } = &script.steps[0].action else {
        panic!("no wait_for");
    };
    assert_eq!(*quantifier, Quantifier::Any);
    let apps: Vec<&str> = checks
        .iter()
        .map(|check| match &check.target.ways[..] {
            [Way::Node(query)] => query.app.as_str(),
            _ => panic!("no node"),
        })
        .collect();
    assert_eq!(apps, ["a", "b"]);
    assert_eq!(script.steps[0].timeout, Duration::from_secs(15));
    let script = read(&text.replace("app_filter: a", "timeout: 7")).unwrap();
    assert_eq!(script.steps[0].timeout, Duration::from_secs(7));
}

#[test]
fn variables_reach_every_text_of_a_step() {
    let text = "steps:\n- label: for {who}\n  wait_for: {all: [{role: '{r}', name: '{who}', \
        text: '{who}', app: '{who}'}, {window: '{who}'}]}";
    let variables = [("who", "me"), ("r", "label")].map(|(n, v)| (n.to_owned(), v.to_owned()));
    let filled = read(text).unwrap().steps[0].filled(&variables.into());
    assert_eq!(filled.label, "for me");
    insta::assert_snapshot!(filled, @"wait for label `me` holding `me` of `me` and window `me`");
}

#[test]
fn every_example_in_the_documentation_is_read() {
    let page = std::fs::read_to_string("docs/scenarios.md").unwrap();
    let examples: Vec<&str> = page
        .split("```yaml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(examples.len() > 5, "the page has lost its examples");
    for example in examples {
        // Steps alone need a scenario around them, and something in it that can fail.
        let text = if example.starts_with("- ") {
            format!("steps:\n{example}\n- shell: 'true'\n")
        } else {
            example.to_owned()
        };
        let files = Memory::default()
            .with("a/note.yaml", text.as_str())
            .with("a/badge.png", PNG)
            .with("routines/open-note.yaml", "steps: [{key: Return}]")
            .with("imports/prepare.yaml", "[{key: Return}]");
        let script = load(&"a/note".into(), Path::new("scenarios"), &files)
            .unwrap_or_else(|found| panic!("{text}\n{}", told(&found)));
        assert!(script.warnings.is_empty(), "{}", told(&script.warnings));
    }
}
