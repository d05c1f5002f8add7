//! Documents that scenarios use: routines and imported steps.

use super::documents::{Memory, read_among, told};
use mosdat::{
    model::{Capabilities, ContentHash, Diagnostic, KeyEffect, Timestamp},
    scenario::{Action, Given, Group, Instruction, Script, Trial, load, load_trial},
};
use std::path::Path;

const OPEN: &str = "\
schema_version: v1
name: open-note
description: opens a note
tags: [notes]
inputs:
  title: {name: title, type: string, required: true}
  times: {type: int, default: 1}
preconditions:
- verify: {role: frame}
steps:
# ── Open it ──
- click: {role: list item, name: '{{ title }}'}
- shell: echo {{ times }} {{ all | tojson }}
postconditions:
- verify: the note {{ title }} is open
on_failure:
- key: Escape
";

fn group(step: &Instruction) -> &Group {
    match &step.action {
        Action::Group(group) => group,
        other => panic!("{other} is no group"),
    }
}

fn whole(text: &str, others: &[(&str, &str)]) -> Script {
    read_among(text, others).unwrap_or_else(|found| panic!("{}", told(&found)))
}

fn refused(text: &str, others: &[(&str, &str)]) -> String {
    let found: Vec<Diagnostic> = read_among(text, others).unwrap_err();
    let place = |one: &Diagnostic| {
        one.place
            .as_ref()
            .map(|place| place.file.display().to_string())
    };
    let told = |one: &Diagnostic| format!("{}: {}\n", place(one).unwrap_or_default(), one.message);
    found.iter().map(told).collect()
}

#[test]
fn a_routine_is_read_with_its_inputs() {
    let text = "vars: {who: Milk, all: [1]}\nsteps:\n- label: open {{ who }}\n  routine: {name: open-note, with: {title: 'the {{ who }}', times: 3}}\n";
    let script = whole(text, &[("routines/open-note.yaml", OPEN)]);
    let group = group(&script.steps[0]);
    assert_eq!(script.steps[0].label, "open Milk");
    assert_eq!(group.usual.name, "[routine:open-note]");
    let labels: Vec<&str> = group
        .usual
        .steps
        .iter()
        .map(|step| step.label.as_str())
        .collect();
    assert_eq!(
        labels,
        [
            "precondition: verify frame",
            "Open it",
            "run `echo 3 [1]`",
            "postcondition: verify that \"the note the Milk is open\""
        ]
    );
    assert_eq!(
        group.usual.steps[1].action.to_string(),
        "click list item `the Milk`"
    );
    assert_eq!(
        group.usual.steps[1].origin.to_string(),
        "routines/open-note.yaml line 12"
    );
    assert_eq!(group.on_failure.len(), 1);
    assert!(script.files.contains_key("routines/open-note.yaml"));
}

#[test]
fn an_input_is_given_or_a_variable_or_its_default_or_missing() {
    let others = [("routines/open-note.yaml", OPEN)];
    let script = whole(
        "vars: {title: own, all: 1}\nsteps: [{routine: open-note}]\n",
        &others,
    );
    let group = group(&script.steps[0]);
    assert_eq!(
        group.usual.steps[1].action.to_string(),
        "click list item `own`"
    );
    assert_eq!(group.usual.steps[2].action.to_string(), "run `echo 1 1`");
    let found = refused("vars: {all: 1}\nsteps: [{routine: open-note}]\n", &others);
    assert!(
        found.contains("routines/open-note.yaml: the input `title` is missing in the call"),
        "{found}"
    );
}

#[test]
fn routines_are_found_from_the_nearest_folder_up_and_the_platforms_first() {
    let others = [
        ("routines/linux/x.yaml", "steps: [{shell: linux}]"),
        ("routines/x.yaml", "steps: [{shell: any}]"),
        ("a/routines/y.yaml", "steps: [{routine: x}]"),
        ("../routines/z.yaml", "steps: [{shell: above}]"),
    ];
    let script = whole("steps: [{routine: x}, {routine: y}, {routine: z}]", &others);
    assert_eq!(
        group(&script.steps[0]).usual.steps[0].to_string(),
        "run `linux`"
    );
    let inner = &group(&script.steps[1]).usual.steps[0];
    assert_eq!(group(inner).usual.steps[0].to_string(), "run `linux`");
    assert_eq!(
        group(&script.steps[2]).usual.steps[0].to_string(),
        "run `above`"
    );
    let found = refused("steps: [{routine: xx}]", &others);
    assert_eq!(found, "scenarios/a/note.yaml: there is no routine `xx`\n");
}

#[test]
fn a_fallback_is_taken_when_its_condition_is_true() {
    let routine = "inputs: {way: {default: usual}}\nsteps: [{shell: main}]\nfallbacks:\n\
        - {when: \"capability.accelerators['alt+w'] == 'swallowed'\", steps: [{shell: swallowed}]}\n\
        - {when: \"inputs.way == 'other'\", steps: [{shell: other}]}\n\
        - {when: \"vars.env == 'ci'\", steps: [{shell: ci}]}\n";
    let others = [("routines/r.yaml", routine)];
    let run = |text: &str| {
        let script = whole(text, &others);
        let group = group(&script.steps[0]);
        format!("{} {}", group.usual.name, group.usual.steps[0])
    };
    assert_eq!(run("steps: [{routine: r}]"), "[routine:r] run `main`");
    let other = "steps: [{routine: {name: r, with: {way: other}}}]";
    assert_eq!(
        run(other),
        "[routine:r] fallback 'inputs.way == 'other'' run `other`"
    );
    let ci = "vars: {env: ci}\nsteps: [{routine: r}]";
    assert_eq!(run(ci), "[routine:r] fallback 'vars.env == 'ci'' run `ci`");
    let always = [(
        "routines/r.yaml",
        "steps: []\nfallbacks: [{when: default, steps: [{shell: d}]}]",
    )];
    assert_eq!(
        group(&whole("steps: [{routine: r}]", &always).steps[0])
            .usual
            .steps[0]
            .to_string(),
        "run `d`"
    );
}

#[test]
fn steps_are_imported_by_key_and_by_tag() {
    let others = [
        ("imports/clean.yaml", "- shell: one\n- shell: two\n"),
        ("imports/open.yaml", "steps:\n- verify: {role: frame}\n"),
    ];
    let text = "imports: [clean, gone]\nsteps:\n- import: clean\n  label: wash\n- !import open\n";
    let script = whole(text, &others);
    assert_eq!(script.steps[0].label, "wash");
    assert_eq!(group(&script.steps[0]).usual.steps.len(), 2);
    assert_eq!(group(&script.steps[1]).usual.name, "[import:open]");
    let warnings: Vec<&str> = script
        .warnings
        .iter()
        .map(|one| one.message.as_str())
        .collect();
    assert_eq!(
        warnings,
        [
            "`gone` is declared and not imported",
            "`open` is imported and not declared"
        ]
    );
}

#[test]
fn what_leads_to_itself_or_out_is_refused() {
    let others = [
        ("routines/a.yaml", "steps: [{routine: b}]"),
        ("routines/b.yaml", "steps: [{routine: a}]"),
    ];
    let found = refused("steps: [{routine: a}]", &others);
    assert!(
        found.contains("`routines/a.yaml` leads to itself"),
        "{found}"
    );
    let found = refused("steps: [{routine: ../../etc/x}, {import: /etc/x}]", &others);
    assert_eq!(found.matches("cannot be the name").count(), 2, "{found}");
}

#[test]
fn mistakes_in_other_documents_are_told_with_their_place() {
    let routine = "inputs: {a: {required: true, default: 1}}\npreconditions: [{key: a}]\nstpes: []\n\
        steps: [{clik: {role: x}}]\nfallbacks: [{when: default, steps: []}]\n";
    let found = refused(
        "steps: [{routine: r}, {shell: x, lable: y}]",
        &[("routines/r.yaml", routine)],
    );
    insta::assert_snapshot!(found, @"
    scenarios/a/note.yaml: a step has no key `lable`
    scenarios/routines/r.yaml: the input `a` is required and has a default
    scenarios/routines/r.yaml: not every step of `preconditions` checks something
    scenarios/routines/r.yaml: `the routine r` has no key `stpes`
    scenarios/routines/r.yaml: a step has no key `clik`
    ");
}

#[test]
fn a_fixture_launches_the_app_once_after_its_setup() {
    let trial = |fixture: &str| {
        let files = Memory::default()
            .with("routines/r.yaml", "steps: [{shell: main}]")
            .with("fixtures/f.yaml", fixture);
        let trial = Trial {
            fixture: Some("fixtures/f.yaml".into()),
            ..Trial::default()
        };
        let dir = Path::new("scenarios");
        load_trial(&"routines/r".into(), &trial, dir, &files, &Given::default())
    };
    let written =
        |steps: &[Instruction]| -> Vec<String> { steps.iter().map(ToString::to_string).collect() };
    let state = "vm_state: {rc_killed: true, userdata_wiped: true, launched: true}\n";
    let script = trial(&format!(
        "{state}setup_steps: [{{shell: one}}]\nteardown_steps: [{{shell: two}}]"
    ))
    .unwrap();
    assert_eq!(written(&script.setup), ["run `one`", "launch `{app_path}`"]);
    assert_eq!(script.setup[0].label, "setup: run `one`");
    assert_eq!(written(&script.cleanup), ["run `two`"]);
    assert_eq!(written(&script.steps), ["[routine:r]"]);
    assert!(script.mentions("app_path"));
    assert_eq!(script.files.len(), 2);
    let found = trial(&format!("{state}setup_steps: [{{launch: notes}}]")).unwrap_err();
    insta::assert_snapshot!(told(&found), @"1:51+8 Error: the app is launched twice: by `setup_steps` and by `launched` (leave one of the two out)");
}

#[test]
fn fallbacks_go_by_what_was_traced_of_the_very_package() {
    let routine = "steps: [{shell: main}]\nfallbacks:\n\
        - {when: \"capability.accelerators['alt+w'] == 'swallowed'\", steps: [{shell: other}]}\n\
        - {when: \"capability.accelerators['f10'] != 'open'\", steps: [{shell: keys}]}\n\
        - {when: default, steps: [{shell: last}]}\n";
    let mut files = Memory::default()
        .with("a.yaml", "steps: [{routine: r}]")
        .with("routines/r.yaml", routine);
    let digest = |text: &str| ContentHash::of(text.as_bytes());
    let trace = |package: &str, told: &[(&str, KeyEffect)]| {
        let mut one = Capabilities::new(digest(package), "lin".into(), Timestamp(1));
        let told = told
            .iter()
            .map(|(key, effect)| ((*key).to_owned(), *effect));
        one.accelerators = told.collect();
        let name = Capabilities::file_name(one.package);
        (format!("capabilities/{name}"), one.write())
    };
    let read = |files: &Memory| load(&"a".into(), Path::new("scenarios"), files).unwrap();
    let script = read(&files);
    let way = |script: &Script, package: &str| {
        let way = group(&script.steps[0]).way(Some(digest(package))).clone();
        (way.steps[0].to_string(), way.doubt.is_some())
    };
    assert_eq!(way(&script, "new"), ("run `main`".into(), true));
    let warned = told(&script.warnings);
    assert!(
        warned.contains("no package was traced, so the usual steps are done"),
        "{warned}"
    );
    let (open, swallowed, unknown) = (KeyEffect::Open, KeyEffect::Swallowed, KeyEffect::Unknown);
    for (package, told) in [
        ("swallows", &[("alt+w", swallowed)][..]),
        ("opens", &[("alt+w", open), ("f10", open)]),
        ("unclear", &[("alt+w", unknown), ("f10", open)]),
        ("partly", &[("alt+w", open)]),
    ] {
        let (path, text) = trace(package, told);
        files = files.with(&path, text);
    }
    let script = read(&files);
    assert_eq!(script.warnings, []);
    for (package, expected, is_doubtful) in [
        ("swallows", "run `other`", false),
        ("opens", "run `last`", false),
        ("unclear", "run `main`", true),
        ("partly", "run `main`", true),
        ("new", "run `main`", true),
    ] {
        assert_eq!(
            way(&script, package),
            (expected.into(), is_doubtful),
            "{package}"
        );
    }
    // What is known is part of the scenario: another trace makes it due again.
    assert_eq!(script.files.len(), 6);
    // A document that is about another package than it is called after says nothing.
    let (path, _) = trace("new", &[]);
    let (_, text) = trace("swallows", &[("alt+w", swallowed)]);
    let script = read(&files.with(&path, text));
    assert_eq!(way(&script, "new"), ("run `main`".into(), true));
    let warned = told(&script.warnings);
    assert!(
        warned.contains("it is about another package than its name says"),
        "{warned}"
    );
}

#[test]
fn a_word_that_no_key_comes_to_is_refused() {
    let routine = "steps: [{shell: main}]\nfallbacks:\n\
        - {when: \"capability.accelerators['alt+w'] == 'swalowed'\", steps: [{shell: other}]}\n";
    let found = read_among("steps: [{routine: r}]", &[("routines/r.yaml", routine)]).unwrap_err();
    insta::assert_snapshot!(told(&found), @r"
    3:10+48 Error: nothing that comes of a key is called `swalowed` (did you mean `swallowed`?)
    3:10+48 Warning: no package was traced, so the usual steps are done (`mosdat trace` finds out what the keys of the app do)
    ");
}
