//! Rules about documents: what each one finds, and what it leaves alone.

use super::documents::{Memory, PNG};
use mosdat::{
    model::Severity,
    scenario::{
        Given,
        lint::{Finding, RULES, lint},
    },
};
use std::path::Path;

fn findings(path: &str, text: &str) -> Vec<Finding> {
    let files = Memory::default()
        .with(path, text)
        .with("badge.png", PNG)
        .with("routines/open.yaml", "steps: [{key: a}]");
    lint(path, Path::new("scenarios"), &files, &Given::default())
}

/// Returns the rules that say something about a step, with their lines.
fn rules(steps: &str) -> Vec<(&'static str, usize)> {
    let text = format!("vars: {{title: Milk}}\nsteps:\n{steps}\n- shell: test -f x\n");
    let found = findings("a.yaml", &text);
    let line = |one: &Finding| one.diagnostic.place.as_ref().map_or(0, |place| place.line);
    found.iter().map(|one| (one.rule, line(one))).collect()
}

/// Fails unless the rule, and nothing else, speaks up on the first and not on the second.
fn check(rule: &'static str, wrong: &str, right: &str) {
    let found = rules(wrong);
    assert_eq!(found, [(rule, 3)], "{wrong}");
    assert_eq!(rules(right), [], "{right}");
    assert!(RULES.iter().any(|(name, _)| *name == rule), "{rule}");
}

#[test]
fn a_statement_wants_what_was_there_before() {
    check(
        "statement-alone",
        "- verify: the note is open",
        "- {verify: the note is open, verify_not: the list shows}",
    );
    assert_eq!(rules("- verify: {role: entry, name: a}"), []);
}

#[test]
fn phrases_say_what_is_there() {
    for word in ["that just opened", "which appears after the click"] {
        let wrong = format!("- localize: the dialog {word}");
        check("phrase-trigger", &wrong, "- localize: the adjustment panel");
    }
    check(
        "phrase-or",
        "- click: {describe: the OK or Close button}",
        "- click: {describe: the Order button}",
    );
}

#[test]
fn fixed_waits_before_a_look_are_told() {
    let right = "- wait: 5\n- key: a";
    let own = "- {wait: 5, verify: {text: Milk}}";
    check("fixed-wait", own, right);
    check("fixed-wait", "- wait: 8\n- verify: {text: Milk}", right);
    let found = rules("- wait: 4.5\n- wait_for: {any: [{text: a}]}");
    assert_eq!(found, []);
    assert_eq!(rules("- {launch: a, wait: 30, verify: {text: a}}"), []);
}

#[test]
fn conditions_want_a_name() {
    check(
        "nameless",
        "- wait_for: {any: [{role: dialog}]}",
        "- wait_for: {any: [{role: dialog, name: Save}, {window: a}]}",
    );
}

#[test]
fn names_that_nobody_knows_are_told() {
    check(
        "unknown-name",
        "- type: '{titel}'",
        "- type: '{title} {app_path} ${home} {a,b}'",
    );
    check("unknown-name", "- {label: 'x {who}', key: a}", "- key: a");
    check(
        "unknown-name",
        "- shell: test {titel}",
        "- shell: awk '{print}' x",
    );
    assert_eq!(rules("- type: '{{ title }}'"), []);
}

#[test]
fn what_the_machine_knows_is_not_written_down() {
    check(
        "fixed-user",
        "- shell: ls /run/user/1000",
        "- shell: ls $XDG_RUNTIME_DIR",
    );
    check(
        "fixed-display",
        "- shell: DISPLAY=:0 xterm",
        "- shell: DISPLAY=$OTHER xterm",
    );
    check(
        "fixed-path",
        "- launch: /opt/Notes/notes",
        "- launch: '{app_path}'",
    );
    check(
        "pixels",
        "- shell: xdotool mousemove 100 200 click 1",
        "- shell: xdotool key a",
    );
}

#[test]
fn processes_are_not_told_by_their_command_lines() {
    let right = "- shell: pkill -x notes; pgrep -x notes; grep -f a b";
    check("process-pattern", "- shell: pkill -9 -f notes", right);
    check(
        "process-pattern",
        "- shell: if pgrep -af notes; then x; fi",
        right,
    );
}

#[test]
fn a_check_that_cannot_fail_is_told() {
    let wrong = "- shell: test -f a || true";
    let right = "- {shell: test -f a || true, verify: {text: a}}";
    check("no-check", wrong, right);
    assert_eq!(rules("- shell: rm a || true"), []);
    assert_eq!(rules("- {shell: grep a || true, ignore_exit: true}"), []);
    let tidying = "steps: [{shell: 'true'}]\ncleanup:\n- shell: test -f a || true\n";
    assert_eq!(findings("a.yaml", tidying), []);
}

#[test]
fn a_rule_names_the_line_within_a_text() {
    let text = "- shell: |\n    echo a\n    pkill -f notes\n    test -f a";
    assert_eq!(rules(text), [("process-pattern", 5)]);
}

#[test]
fn steps_are_looked_at_wherever_they_stand() {
    let nested = "- if_visible: {role: dialog}\n  then:\n  - shell: pkill -f a";
    assert_eq!(rules(nested), [("process-pattern", 5)]);
    for path in ["routines/a.yaml", "imports/a.yaml"] {
        let found = findings(path, "steps:\n- shell: pkill -f a\n");
        let [one] = &found[..] else {
            panic!("{path}: {found:?}")
        };
        assert_eq!(one.rule, "process-pattern");
    }
    let found = findings("fixtures/a.yaml", "setup_steps:\n- shell: pkill -f a\n");
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn mistakes_are_told_of_documents_that_scenarios_use() {
    let wrong = |path: &str, text: &str| {
        let found = findings(path, text);
        let [one] = &found[..] else {
            panic!("{path}: {found:?}")
        };
        assert_eq!(one.rule, "read");
        assert_eq!(one.diagnostic.severity, Severity::Error);
        one.diagnostic.message.clone()
    };
    let inputs = "inputs: {title: {type: string}}\nsteps:\n- clik: '{{ title }}'\n";
    assert_eq!(
        wrong("routines/linux/a.yaml", inputs),
        "a step has no key `clik`"
    );
    assert_eq!(
        wrong("imports/a.yaml", "- clik: a\n"),
        "a step has no key `clik`"
    );
    let fixture = "setup_steps: [{clik: a}]\n";
    assert_eq!(
        wrong("fixtures/a.yaml", fixture),
        "a step has no key `clik`"
    );
    assert_eq!(
        findings("fixtures/b.yaml", "name: b\nvm_state: {launched: true}\n"),
        []
    );
}

#[test]
fn recipes_have_a_shape() {
    let right =
        "slug: no-menu\ntitle: No menu\nsymptoms: [a]\npivots:\n- {id: a, summary: b, cost: low}\n";
    assert_eq!(findings("recipes/no-menu.yaml", right), []);
    let wrong = "slug: No menu\nsymptoms: a\ntitel: x\npivots: [{id: a, cost: dear}]\n";
    let found = findings("recipes/a.yaml", wrong);
    assert!(found.iter().all(|one| one.rule == "recipe"), "{found:?}");
    let told: Vec<&str> = found
        .iter()
        .map(|one| one.diagnostic.message.as_str())
        .collect();
    for message in [
        "`No menu` is no slug",
        "`symptoms` must be a list",
        "a recipe has no key `titel`",
        "a recipe needs a `title`",
        "a pivot needs `summary`",
        "`cost` is one of `low`, `medium`, `high`, `external`",
    ] {
        assert!(told.contains(&message), "{message}: {told:?}");
    }
    assert_eq!(told.len(), 6, "{told:?}");
}

#[test]
fn the_guide_lists_every_rule() {
    let page = std::fs::read_to_string("docs/authoring.md").unwrap();
    let rows = RULES.map(|(name, about)| format!("| `{name}` | {about} |\n"));
    let table = format!("| rule | tells of |\n|---|---|\n{}", rows.concat());
    let (_, rest) = page.split_once("<!-- rules -->\n").unwrap();
    let (written, _) = rest.split_once("<!-- end -->").unwrap();
    assert_eq!(written, table);
}
