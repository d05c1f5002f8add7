//! `mosdat routines test` and `report`: a routine by itself, on a private desktop.

use super::json;
use crate::project::{Project, Ran};
use serde_json::Value;
use std::fs;

const PLAN: &str = r#"
[matrix]
name = "fleet"
scenarios = ["start"]
[app]
name = "app"
version = "1"
binary = "/usr/bin/app"
[local]
[[build]]
name = "main"
source = { path = "app" }
commands = ["mkdir dist && tar -C tree -cf dist/app.tar ."]
[[vm]]
name = "lin"
[[vm.package]]
format = "tar"
file_glob = "*.tar"
"#;

const READ: &str = "\
description: reads a note
inputs:
  title: {type: string}
steps:
- shell: 'echo the routine reads && cat \"$HOME/notes/{{ title }}.txt\"'
";

fn project() -> Project {
    let project = Project::new(PLAN);
    project.write("app/tree/usr/bin/app", "#!/bin/sh\n");
    project.write("scenarios/routines/read.yaml", READ);
    project.write("scenarios/routines/idle.yaml", "steps: [{key: a}]\n");
    project.write(
        "scenarios/start.yaml",
        "vars: {title: milk}\nsteps: [{routine: read}]\n",
    );
    project.write("scenarios/fixtures/milk.yaml", &documented());
    project
}

/// Returns the fixture that the documentation tells of.
fn documented() -> String {
    let page = fs::read_to_string("docs/scenarios.md").unwrap();
    let (_, rest) = page
        .split_once("```yaml title=fixtures/milk.yaml\n")
        .unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

fn test(project: &Project, options: &[&str]) -> Ran {
    project.run(&[&["routines", "test"], options].concat())
}

/// Returns what was said while the routine was tested.
fn logs(ran: &Ran) -> Vec<String> {
    let events = ran.out.lines().map(json);
    let said = events.filter(|event: &Value| {
        event["type"] == "log" && event["key"].as_str().unwrap().contains(":exercise")
    });
    said.map(|event| event["text"].as_str().unwrap().to_owned())
        .collect()
}

/// Returns the step that was tested, and what came of it.
fn verdict(ran: &Ran) -> (String, String) {
    let mut events = ran.out.lines().map(json);
    let ended = events.find(|event: &Value| {
        event["type"] == "step_finished" && event["key"].as_str().unwrap().contains(":exercise")
    });
    let ended = ended.unwrap_or_else(|| panic!("{}{}", ran.out, ran.err));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&ended["key"]), text(&ended["verdict"]))
}

const WITH: [&str; 4] = ["--with", "title=milk", "--fixture", "milk"];

#[test]
fn a_routine_is_tested_between_setup_and_teardown_and_remembered_but_not_recorded() {
    let project = project();
    let listed = project.ok(&["routines", "fixtures"]);
    assert_eq!(listed, "milk  there is a note about milk\n");
    let ran = test(
        &project,
        &[&["read", "plan.toml", "--json"], &WITH[..]].concat(),
    );
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let key = "lin/none/main.tar/routine@read:exercise".to_owned();
    assert_eq!(verdict(&ran), (key, "passed".into()));
    assert_eq!(logs(&ran), ["the routine reads", "Milk"]);
    assert!(
        !project
            .ok(&["state", "list", "plan.toml"])
            .contains("exercise")
    );
    let report = project.ok(&["routines", "report", "plan.toml"]);
    let (before, after) = report.split_once(" at 20").unwrap();
    assert_eq!(
        before,
        "idle  never tested; no scenario uses it\nread  1 test, passed on lin with main.tar"
    );
    assert!(
        after.ends_with("Z; used by start\n1 of 2 never tested\n"),
        "{after}"
    );
    // That it was tested says nothing about what it is now.
    project.write("scenarios/routines/read.yaml", &format!("{READ}- key: a\n"));
    let report = project.ok(&["routines", "report", "plan.toml"]);
    assert!(
        report.contains("Z, before it was changed; used by start"),
        "{report}"
    );
    let report = json(&project.ok(&["routines", "report", "plan.toml", "--json"]));
    let read = &report["routines"][1];
    assert_eq!(read["last"]["fixture"], "fixtures/milk");
    assert_eq!(read["unchanged_since"], false);
}

#[test]
fn teardown_is_done_however_it_came_and_what_was_not_set_up_blocks() {
    let project = project();
    let fixture =
        "setup_steps: [{shell: echo set up}]\nteardown_steps: [{shell: echo torn down}]\n";
    project.write("scenarios/fixtures/empty.yaml", fixture);
    let broken = "setup_steps: [{shell: 'exit 4'}]\nteardown_steps: [{shell: echo torn down}]\n";
    project.write("scenarios/fixtures/broken.yaml", broken);
    let run = |fixture: &str| {
        let options = ["--with", "title=milk", "--json", "--fixture", fixture];
        test(&project, &[&["read", "plan.toml"], &options[..]].concat())
    };
    let ran = run("empty");
    assert_eq!((ran.code, verdict(&ran).1.as_str()), (Some(3), "failed"));
    let said = logs(&ran);
    assert_eq!(said[..2], ["set up", "the routine reads"]);
    assert_eq!(said.last().unwrap(), "torn down");
    let ran = run("broken");
    assert_eq!((ran.code, verdict(&ran).1.as_str()), (Some(1), "blocked"));
    assert!(
        ran.out
            .contains("the fixture was not set up: step 1, setup: run"),
        "{}",
        ran.out
    );
    assert_eq!(logs(&ran), ["torn down"]);
    let report = project.ok(&["routines", "report", "plan.toml"]);
    assert!(report.contains("read  2 tests, blocked on lin"), "{report}");
}

#[test]
fn what_cannot_be_tested_is_told_with_its_place() {
    let project = project();
    let refused = |options: &[&str]| {
        let ran = test(&project, options);
        assert_eq!(ran.code, Some(1), "{}", ran.out);
        ran.err
    };
    let err = refused(&["raed", "plan.toml"]);
    insta::assert_snapshot!(err, @"error: there is no routine `raed`; did you mean `read`?");
    let err = refused(&["read", "plan.toml", "--fixture", "mlik"]);
    insta::assert_snapshot!(err, @"error: there is no fixture `mlik`; did you mean `milk`?");
    let err = refused(&["read", "plan.toml"]);
    assert!(
        err.contains("the input `title` is missing in the call"),
        "{err}"
    );
    let err = refused(&["idle", "plan.toml"]);
    assert!(err.contains("nothing in the routine can fail"), "{err}");
    let err = refused(&[
        "read",
        "plan.toml",
        "--with",
        "title=a",
        "--with",
        "title=b",
    ]);
    insta::assert_snapshot!(err, @"error: `--with title` is given twice");
    let fixture = "vm_state:\n  config: {servers: []}\n  lanched: true\nset_steps: []\n";
    project.write("scenarios/fixtures/old.yaml", fixture);
    let err = refused(&["read", "plan.toml", "--with", "title=a", "--fixture", "old"]);
    insta::assert_snapshot!(err, @r"
    error: `config` is not known to this version: it writes no settings of an app
     --> scenarios/fixtures/old.yaml:2:3
      |
    2 |   config: {servers: []}
      |   ^^^^^^
      |
      = help: write them in `setup_steps`, and leave `config` out

    error: `vm_state` has no key `lanched`
     --> scenarios/fixtures/old.yaml:3:3
      |
    3 |   lanched: true
      |   ^^^^^^^
      |
      = help: did you mean `launched`?

    error: `the fixture` has no key `set_steps`
     --> scenarios/fixtures/old.yaml:4:1
      |
    4 | set_steps: []
      | ^^^^^^^^^
      |
      = help: did you mean `setup_steps`?

    3 errors
    ");
    let report = project.ok(&["routines", "report", "plan.toml"]);
    assert!(report.contains("2 of 2 never tested"), "{report}");
}
