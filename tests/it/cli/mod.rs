//! Every command, run as a user runs it, on a simulated cluster.

mod anchors;
mod dump;
mod examples;
mod flakes;
mod functional;
mod given;
mod replay;
mod routines;
mod scenarios;
mod trace;
mod visual;

use crate::project::{FLEET, Project};
use serde_json::Value;
use std::fs;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|err| panic!("{err}: {text}"))
}

#[test]
fn plan_shows_causes_and_counts_first_and_a_summary_last() {
    let project = Project::new(FLEET);
    insta::assert_snapshot!(project.ok(&["plan", "plan.toml"]), @r"
    Because
      10 x never run

    Steps
      + debian12:restore  never run, from base
      + main.deb:build  never run
      + debian12/none/main.deb:install  never run, from base
      + debian12/none/main.deb/smoke/wayland-fake:exercise  never run
      + debian12/none/main.deb/smoke/x11:exercise  never run
      + fedora42:restore  never run, from base
      + main.rpm:build  never run
      + fedora42/none/main.rpm:install  never run, from base
      + fedora42/none/main.rpm/smoke/wayland-fake:exercise  never run
      + fedora42/none/main.rpm/smoke/x11:exercise  never run

    Plan: 10 to run (10 new), 0 kept, 0 to release; at least 1 min 23 s
    ");
    project.ok(&["apply", "plan.toml", "--yes"]);
    insta::assert_snapshot!(project.ok(&["plan", "plan.toml"]), @r"
    fleet: nothing to do. 10 kept
    ");
    project.edit_plan("version = \"1\"", "version = \"1\"\nargs = [\"--new\"]");
    insta::assert_snapshot!(project.ok(&["plan", "plan.toml", "--target", "machine(debian12)"]), @r"
    Because
      2 x args changed

    Steps
      ~ debian12/none/main.deb/smoke/wayland-fake:exercise  args is new: --new, from mosdat-cb13fe555434582eb924
      ~ debian12/none/main.deb/smoke/x11:exercise  args is new: --new, from mosdat-cb13fe555434582eb924

    Plan: 2 to run (2 inputs changed), 3 kept, 0 to release; at least 1 min 58 s
    ");
}

#[test]
fn plan_writes_one_json_document_of_the_agreed_shape() {
    let project = Project::new(FLEET);
    let plan = json(&project.ok(&["plan", "plan.toml", "--json"]));
    assert_eq!(plan["format_version"], 1);
    assert_eq!(plan["matrix"], "fleet");
    assert!(plan["plan_id"].as_str().unwrap().starts_with("sha256:"));
    assert_eq!(plan["summary"]["run"], 10);
    assert_eq!(plan["summary"]["by_reason"]["new"], 10);
    let restore = &plan["steps"][0];
    assert_eq!(restore["key"], "debian12:restore");
    assert_eq!(restore["action"], "run");
    assert_eq!(restore["reason"]["kind"], "new");
    assert_eq!(restore["pools"][0], "machine:debian12");
}

#[test]
fn detailed_exit_codes_say_whether_there_is_something_to_do() {
    let project = Project::new(FLEET);
    let code = |arguments: &[&str]| project.run(arguments).code;
    assert_eq!(code(&["plan", "plan.toml", "--detailed-exitcode"]), Some(2));
    project.ok(&["apply", "plan.toml", "--yes"]);
    assert_eq!(code(&["plan", "plan.toml", "--detailed-exitcode"]), Some(0));
    assert_eq!(code(&["plan", "nowhere.toml"]), Some(1));
    assert_eq!(code(&["dance"]), Some(1));
    assert_eq!(code(&["--help"]), Some(0));
}

#[test]
fn apply_writes_events_a_line_each_between_a_version_and_an_end() {
    let project = Project::new(FLEET);
    let out = project.ok(&[
        "apply",
        "plan.toml",
        "--yes",
        "--json",
        "--json-into",
        "events",
    ]);
    assert_eq!(
        out,
        fs::read_to_string(project.path().join("events")).unwrap()
    );
    let events: Vec<Value> = out.lines().map(json).collect();
    assert_eq!(events[0]["type"], "version");
    let end = events.last().unwrap();
    assert_eq!(end["type"], "run_finished");
    assert_eq!(end["exit_code"], 0);
    assert_eq!(end["summary"]["verdicts"]["passed"], 4);
}

#[test]
fn apply_leaves_reports_and_writes_them_where_it_is_told() {
    let project = Project::new(FLEET);
    project.ok(&[
        "apply",
        "plan.toml",
        "--yes",
        "--junit",
        "out/junit.xml",
        "--markdown",
        "out/pr.md",
    ]);
    let junit = fs::read_to_string(project.path().join("out/junit.xml")).unwrap();
    assert!(junit.contains("smoke/x11"), "{junit}");
    assert!(
        fs::read_to_string(project.path().join("out/pr.md"))
            .unwrap()
            .contains("passed")
    );
    let runs: Vec<_> = fs::read_dir(project.state().join("runs"))
        .unwrap()
        .collect();
    let page = runs[0].as_ref().unwrap().path().join("report.html");
    assert!(fs::read_to_string(page).unwrap().contains("<html"));
    // Cached results are in the next report as well.
    project.ok(&["apply", "plan.toml", "--yes", "--junit", "again.xml"]);
    let junit = fs::read_to_string(project.path().join("again.xml")).unwrap();
    assert!(
        junit.contains("smoke/x11") && junit.contains("cached"),
        "{junit}"
    );
    project.ok(&["report", "plan.toml", "--html", "page.html"]);
}

#[test]
fn failed_tests_exit_with_3_and_blocked_ones_with_1() {
    let project = Project::new(FLEET);
    project.edit_plan("seed = 1", "seed = 1\nfail_rate = 1.0");
    assert_eq!(project.run(&["apply", "plan.toml", "--yes"]).code, Some(3));
    assert_eq!(project.run(&["status", "plan.toml"]).code, Some(3));
    project.edit_plan("fail_rate = 1.0", "block_rate = 1.0");
    project.edit_plan("version = \"1\"", "version = \"1\"\nargs = [\"--new\"]");
    assert_eq!(project.run(&["apply", "plan.toml", "--yes"]).code, Some(1));
}

#[test]
fn a_selection_in_which_nothing_is_tested_is_no_success() {
    let project = Project::new(FLEET);
    let ran = project.run(&["apply", "plan.toml", "--yes", "--target", "machine(nobody)"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("nothing would be tested"), "{}", ran.err);
}

#[test]
fn why_goes_down_to_the_ingredient_with_both_values() {
    let project = Project::new(FLEET);
    project.ok(&["apply", "plan.toml", "--yes"]);
    project.edit_plan(
        "[[vm]]\nname = \"debian12\"",
        "[[vm]]\nname = \"debian12\"\nsnapshot = \"newer\"",
    );
    insta::assert_snapshot!(project.ok(&["why", "debian12/none/main.deb/smoke/x11", "plan.toml"]), @r"
    `debian12/none/main.deb/smoke/x11:exercise` will run: snapshot changed: clean -> newer
      `debian12:restore` will run: snapshot changed: clean -> newer
        base: simulated clean -> simulated newer
        snapshot: clean -> newer
    ");
}

#[test]
fn the_state_can_be_looked_into_and_mended() {
    let project = Project::new(FLEET);
    project.ok(&["apply", "plan.toml", "--yes"]);
    insta::assert_snapshot!(project.ok(&["state", "list", "plan.toml", "--target", "machine(debian12)"]), @r"
    passed    debian12/none/main.deb/smoke/wayland-fake:exercise
    passed    debian12/none/main.deb/smoke/x11:exercise
    passed    debian12/none/main.deb:install
    passed    debian12:restore
    ");
    let step = json(&project.ok(&["state", "show", "debian12:restore", "plan.toml"]));
    assert_eq!(step["verdict"], "passed");
    project.ok(&[
        "state",
        "rm",
        "debian12/none/main.deb/smoke/x11",
        "plan.toml",
    ]);
    let due = json(&project.ok(&["plan", "plan.toml", "--json"]));
    assert_eq!(due["summary"]["by_reason"]["new"], 1);
    let pulled = project.ok(&["state", "pull", "plan.toml"]);
    project.write("pulled.json", &pulled);
    project.ok(&["apply", "plan.toml", "--yes"]);
    let refused = project.run(&["state", "push", "pulled.json", "plan.toml"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("moved on"), "{}", refused.err);
    project.ok(&["state", "push", "pulled.json", "plan.toml", "--force"]);
    let due = json(&project.ok(&["plan", "plan.toml", "--json"]));
    assert_eq!(due["summary"]["by_reason"]["new"], 1);
    project.ok(&[
        "state",
        "mv",
        "debian12:restore",
        "other:restore",
        "plan.toml",
    ]);
    assert_eq!(
        project
            .run(&["state", "show", "debian12:restore", "plan.toml"])
            .code,
        Some(1)
    );
    assert!(
        project
            .ok(&["state", "log", "plan.toml"])
            .contains("exit 0")
    );
}

#[test]
fn destroy_releases_everything_and_forgets_it() {
    let project = Project::new(FLEET);
    project.ok(&["apply", "plan.toml", "--yes"]);
    assert_eq!(project.run(&["destroy", "plan.toml"]).code, Some(1));
    let out = project.ok(&["destroy", "plan.toml", "--yes"]);
    assert!(out.contains("2 layers and 10 results"), "{out}");
    let world = fs::read_to_string(project.state().join("sim-world")).unwrap();
    assert_eq!(world.matches("removed\t").count(), 2);
    assert_eq!(
        json(&project.ok(&["plan", "plan.toml", "--json"]))["summary"]["keep"],
        0
    );
}

#[test]
fn drift_tells_what_providers_say_against_what_is_recorded() {
    let project = Project::new(FLEET);
    project.ok(&["apply", "plan.toml", "--yes"]);
    assert!(
        project
            .ok(&["drift", "plan.toml"])
            .contains("nothing has drifted")
    );
    let world = project.state().join("sim-world");
    let text = fs::read_to_string(&world).unwrap();
    fs::write(&world, text.replace("made\tdebian12", "other\tdebian12")).unwrap();
    let ran = project.run(&["drift", "plan.toml"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.out.contains("of machine `debian12`: gone"),
        "{}",
        ran.out
    );
    fs::write(&world, text).unwrap();
    let layer = project.ok(&["drift", "plan.toml", "--json"]);
    assert_eq!(json(&layer)["drift"].as_array().unwrap().len(), 0);
}

#[test]
fn a_layer_that_the_state_has_lost_is_imported() {
    let project = Project::new(FLEET);
    project.ok(&["apply", "plan.toml", "--yes"]);
    let world = fs::read_to_string(project.state().join("sim-world")).unwrap();
    let made = world
        .lines()
        .find(|line| line.starts_with("made\tdebian12"))
        .unwrap();
    let layer = made.rsplit('\t').next().unwrap();
    fs::remove_file(project.state().join("journal")).unwrap();
    assert_eq!(project.run(&["drift", "plan.toml"]).code, Some(2));
    project.ok(&["import", "debian12", layer, "plan.toml"]);
    assert_eq!(
        project
            .run(&["import", "fedora42", layer, "plan.toml"])
            .code,
        Some(1)
    );
    assert!(project.ok(&["state", "pull", "plan.toml"]).contains(layer));
}

#[test]
fn gc_drops_what_nothing_desired_needs() {
    let project = Project::new(FLEET);
    project.ok(&["apply", "plan.toml", "--yes"]);
    project.edit_plan(
        "[[vm]]\nname = \"debian12\"",
        "[[vm]]\nname = \"debian12\"\nsnapshot = \"newer\"",
    );
    project.ok(&["apply", "plan.toml", "--yes"]);
    let out = project.ok(&["gc", "plan.toml", "--keep-days", "0"]);
    assert!(out.contains("dropped 1 layers"), "{out}");
    assert!(project.ok(&["plan", "plan.toml"]).contains("nothing to do"));
}

#[test]
fn graphs_are_drawn_for_three_readers() {
    let project = Project::new(FLEET);
    let dot = project.ok(&["graph", "plan.toml"]);
    assert!(
        dot.contains("\"debian12:restore\" -> \"debian12/none/main.deb:install\""),
        "{dot}"
    );
    assert!(
        project
            .ok(&["graph", "plan.toml", "--format", "mermaid"])
            .starts_with("graph LR")
    );
    let graph = json(&project.ok(&["graph", "plan.toml", "--format", "json"]));
    assert!(!graph["critical_path"].as_array().unwrap().is_empty());
}

#[test]
fn machines_are_listed_and_files_checked_without_any_secret() {
    let project = Project::new(
        "[app]\nname = \"a\"\nversion = \"1\"\nbinary = \"/a\"\n[proxmox]\nhost = \"10.20.0.5\"\n\
         password = \"env:NOT_SET\"\n[[build]]\nname = \"b\"\nsource = { package = \"*.deb\" }\n\
         [[vm]]\nname = \"fedora42\"\nvmid = 201\nip = \"10.20.0.21\"\n[[vm.package]]\nformat = \"deb\"\n\
         install = \"apt install {file}\"\n",
    );
    assert!(project.ok(&["validate", "plan.toml"]).contains("is sound"));
    assert!(project.ok(&["list-vms", "plan.toml"]).contains("201"));
    project.ok(&["plan", "plan.toml"]);
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let project = Project::new(FLEET);
    project.edit_plan("seed = 1", "sede = 1");
    project.edit_plan("binary = ", "binray = ");
    let ran = project.run(&["plan", "plan.toml"]);
    assert_eq!(ran.code, Some(1));
    for expected in ["did you mean `seed`", "did you mean `binary`", "plan.toml:"] {
        assert!(ran.err.contains(expected), "{expected}: {}", ran.err);
    }
}

#[test]
fn completions_and_the_manual_are_printed() {
    let project = Project::new(FLEET);
    assert!(project.ok(&["completions", "bash"]).contains("mosdat"));
    assert!(project.ok(&["man"]).contains(".TH mosdat"));
}

#[test]
fn pools_can_be_widened_for_one_run() {
    let project = Project::new(FLEET);
    assert_eq!(
        project
            .run(&["apply", "plan.toml", "--yes", "--pool", "gpu=x"])
            .code,
        Some(1)
    );
    project.ok(&[
        "apply",
        "plan.toml",
        "--yes",
        "--pool",
        "build=2",
        "--parallel",
        "3",
    ]);
}
