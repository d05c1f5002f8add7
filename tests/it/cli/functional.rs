//! One scenario, or some steps of it, by itself: told, and never taken for what `apply` records.

use super::json;
use crate::project::{FLEET, Project};
use serde_json::Value;

/// A simulated fleet with a scenario of three steps.
fn project() -> Project {
    let project = Project::new(FLEET);
    project.edit_plan(
        "\"smoke/x11\", \"smoke/wayland-fake\"",
        "\"three\", \"smoke/x11\"",
    );
    project.write(
        "scenarios/three.yaml",
        "steps: [{shell: one}, {shell: two}, {shell: three}]\n\
         phases: [{id: A, from_step: 1}, {id: B, from_step: 2}]\n",
    );
    project
}

const TRY: [&str; 6] = [
    "functional",
    "plan.toml",
    "--test",
    "three",
    "--vms",
    "debian12",
];

fn exercises(project: &Project) -> Vec<String> {
    let list = project.ok(&["state", "list", "plan.toml"]);
    let lines = list.lines().filter(|line| line.contains(":exercise"));
    lines.map(str::to_owned).collect()
}

#[test]
fn a_try_makes_what_it_needs_and_records_no_verdict() {
    let project = project();
    let out = project.ok(&TRY);
    assert!(out.contains("✓ passed"), "{out}");
    assert!(exercises(&project).is_empty(), "{:?}", exercises(&project));
    let flakes = project.ok(&["flakes", "plan.toml", "--all"]);
    assert!(flakes.starts_with("0 exercises"), "{flakes}");
    // What it needed is there now, and only what is tested is due.
    let plan = project.ok(&[
        "plan",
        "plan.toml",
        "--target",
        "machine(debian12) & scenario(three)",
    ]);
    assert!(plan.contains("1 to run (1 new), 3 kept"), "{plan}");
    // It runs again, whatever came of it before.
    project.ok(&["apply", "plan.toml", "--yes"]);
    let before = exercises(&project);
    let out = project.ok(&[&TRY[..], &["--json"]].concat());
    let events: Vec<Value> = out.lines().map(json).collect();
    assert!(events.iter().any(|event| event["type"] == "step_finished"));
    assert_eq!(exercises(&project), before);
}

#[test]
fn a_part_has_a_name_of_its_own_and_leaves_the_whole_due() {
    let project = project();
    let part = [&TRY[..], &["--from-phase", "B", "--json"]].concat();
    let out = project.ok(&part);
    let events: Vec<Value> = out.lines().map(json).collect();
    let ended = events.iter().find(|event| {
        event["type"] == "step_finished" && event["key"].as_str().unwrap().ends_with(":exercise")
    });
    assert_eq!(
        ended.unwrap()["key"],
        "debian12/none/main.deb/three@2-3:exercise"
    );
    assert!(exercises(&project).is_empty());
    let plan = project.ok(&[
        "plan",
        "plan.toml",
        "--target",
        "machine(debian12) & scenario(three)",
    ]);
    assert!(plan.contains("1 to run (1 new)"), "{plan}");
    // Nor does a part disturb what holds of the whole.
    project.ok(&["apply", "plan.toml", "--yes"]);
    let ran = project.run(&[&TRY[..], &["--until-step", "1"]].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(
        ran.err.starts_with("only steps 1-1 of `three`"),
        "{}",
        ran.err
    );
    assert!(ran.out.contains("three@1-1"), "{}", ran.out);
    let plan = project.ok(&["plan", "plan.toml"]);
    assert!(plan.contains("nothing to do"), "{plan}");
}

#[test]
fn exit_codes_are_those_of_apply() {
    let project = project();
    let code = |options: &[&str]| project.run(&[&TRY[..], options].concat()).code;
    project.edit_plan("seed = 1", "seed = 1\nfail_rate = 1.0");
    assert_eq!(code(&[]), Some(3));
    // A failure that is expected of the whole is none of a part.
    let expect = "[matrix]\nexpect = [{ verdict = \"failed\", why = \"known\" }]";
    project.edit_plan("[matrix]", expect);
    assert_eq!((code(&[]), code(&["--from-step", "2"])), (Some(0), Some(3)));
    project.edit_plan("fail_rate = 1.0", "block_rate = 1.0");
    assert_eq!(code(&[]), Some(1));
}

#[test]
fn what_cannot_be_tried_is_told() {
    let project = project();
    let refused = |arguments: &[&str]| {
        let ran = project.run(&[&["functional", "plan.toml"], arguments].concat());
        assert_eq!(ran.code, Some(1), "{}", ran.out);
        ran.err
    };
    let err = refused(&["--test", "thre", "--vms", "debian12"]);
    insta::assert_snapshot!(err, @"error: the plan has no scenario `thre`; did you mean `three`?");
    let err = refused(&["--test", "three", "--vms", "debian12,suse"]);
    insta::assert_snapshot!(err, @"error: there is no machine `suse`, only debian12, fedora42");
    let err = refused(&["--test", "three"]);
    insta::assert_snapshot!(err, @"error: name machines with `--vms`: debian12, fedora42");
    let err = refused(&["--vms", "debian12"]);
    insta::assert_snapshot!(err, @"error: name the scenario with `--test`: the plan has several");
    let err = refused(&["--test", "three", "--vms", "debian12", "--format", "rpm"]);
    insta::assert_snapshot!(err, @"error: the plan has no `three` on `debian12` with that build and package format");
    let err = refused(&["--test", "three", "--vms", "debian12", "--from-step", "4"]);
    insta::assert_snapshot!(err, @"error: `three` has 3 steps, and no step 4");
    let err = refused(&[
        "--test",
        "smoke/x11",
        "--vms",
        "debian12",
        "--from-step",
        "1",
    ]);
    insta::assert_snapshot!(err, @"error: `smoke/x11` is built in and has no steps to choose from");
    project.edit_plan(
        "[matrix]",
        "[matrix]\nexclude = [{ machines = \"debian12\", why = \"not yet\" }]",
    );
    let err = refused(&["--test", "three", "--vms", "debian12"]);
    insta::assert_snapshot!(err, @"error: nothing would be tested: `three` is left out on `debian12`: not yet");
}

/// Two private desktops, of which one says that it runs Windows.
const DESKTOPS: &str = r#"
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
[[vm]]
name = "win"
os_type = "windows"
password = "moonrise"
[[vm.package]]
format = "tar"
file_glob = "*.tar"
"#;

#[test]
fn on_real_desktops_each_gets_the_scenario_and_the_routines_of_its_system() {
    let project = Project::new(DESKTOPS);
    project.write("app/tree/usr/bin/app", "#!/bin/sh\n");
    let documents = [
        (
            "linux/start",
            "steps: [{shell: echo one on linux}, {shell: echo two on linux}]",
        ),
        ("windows/start", "steps: [{wait: 0.1}, {routine: say}]"),
        ("routines/say", "steps: [{shell: echo from everybody}]"),
        (
            "routines/windows/say",
            "steps: [{shell: 'echo on windows {vm_password}'}]",
        ),
    ];
    for (name, text) in documents {
        project.write(&format!("scenarios/{name}.yaml"), text);
    }
    let options = ["--vms", "lin,win", "--from-step", "2", "--json"];
    let out = project.ok(&[&["functional", "plan.toml"], &options[..]].concat());
    let events: Vec<Value> = out.lines().map(json).collect();
    let logs = events.iter().filter(|event| event["type"] == "log");
    let logs = logs.map(|event| {
        let text = |field: &str| event[field].as_str().unwrap().to_owned();
        format!("{}: {}", text("key"), text("text"))
    });
    let mut logs: Vec<String> = logs.filter(|line| line.contains(":exercise")).collect();
    logs.sort();
    insta::assert_snapshot!(logs.join("\n"), @r"
    lin/none/main.tar/start@2-2:exercise: two on linux
    win/none/main.tar/start@2-2:exercise: on windows (secret)
    ");
    assert!(!out.contains("moonrise"), "{out}");
    assert!(exercises(&project).is_empty());
}
