//! A saved plan is bound to what it read.

use crate::project::{FLEET, Project};

#[test]
fn a_saved_plan_is_applied_without_asking() {
    let project = Project::new(FLEET);
    project.ok(&[
        "plan",
        "plan.toml",
        "--out",
        "saved",
        "--target",
        "machine(debian12)",
    ]);
    project.ok(&["apply", "saved"]);
    let list = project.ok(&["state", "list", "plan.toml"]);
    assert!(
        list.contains("debian12/none/main.deb/smoke/x11:exercise"),
        "{list}"
    );
    assert!(!list.contains("fedora42"), "{list}");
}

#[test]
fn a_saved_plan_is_refused_once_the_world_has_changed() {
    let project = Project::new(FLEET);
    project.ok(&["plan", "plan.toml", "--out", "saved"]);
    project.ok(&[
        "apply",
        "plan.toml",
        "--yes",
        "--target",
        "debian12:restore",
    ]);
    let ran = project.run(&["apply", "saved"]);
    assert_eq!(ran.code, Some(5), "{}", ran.err);
    insta::assert_snapshot!(ran.err.lines().next().unwrap().split(" in run ").next().unwrap(), @"error: the saved plan is stale: last result of `debian12:restore` was never run when it was made, and is nothing");
}

#[test]
fn what_a_saved_plan_does_not_touch_may_change() {
    let project = Project::new(FLEET);
    project.ok(&[
        "plan",
        "plan.toml",
        "--out",
        "saved",
        "--target",
        "machine(debian12)",
    ]);
    project.ok(&[
        "apply",
        "plan.toml",
        "--yes",
        "--target",
        "fedora42:restore",
    ]);
    project.ok(&["apply", "saved"]);
}

#[test]
fn without_a_terminal_or_yes_nothing_is_applied() {
    let project = Project::new(FLEET);
    let ran = project.run(&["apply", "plan.toml"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("--yes"), "{}", ran.err);
    assert_eq!(project.ok(&["state", "list", "plan.toml"]), "");
}
