//! `mosdat flakes` and `apply --reruns`.

use super::json;
use crate::project::{FLEET, Project};
use std::fs;

const KEY: &str = "debian12/none/main.deb/smoke/x11:exercise";

/// A matrix in which exercises fail now and then, with one that failed and was tried again.
fn project() -> Project {
    let project = Project::new(FLEET);
    project.edit_plan("seed = 1", "seed = 1\nflake_rate = 0.5");
    project
}

#[test]
fn what_fails_now_and_then_is_told_with_how_often() {
    let project = project();
    insta::assert_snapshot!(project.ok(&["flakes", "plan.toml"]), @"0 exercises with 0 remembered attempts: 0 unsteady, 0 near a time-out");
    let ran = project.run(&["apply", "plan.toml", "--yes", "--reruns", "3"]);
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    insta::assert_snapshot!(project.ok(&["flakes", "plan.toml"]), @r"
    debian12/none/main.deb/smoke/x11:exercise: 4 attempts, 1 of 4 with the same inputs ended otherwise than most
        ended badly 1 time outside of its steps
    fedora42/none/main.rpm/smoke/x11:exercise: 4 attempts, 1 of 4 with the same inputs ended otherwise than most
        ended badly 3 times outside of its steps
    4 exercises with 10 remembered attempts: 2 unsteady, 0 near a time-out
    ");
    insta::assert_snapshot!(project.ok(&["flakes", "plan.toml", "--markdown"]), @r"
    | exercise | attempts | against the majority | repeated | blocked | ended badly |
    |---|---|---|---|---|---|
    | `debian12/none/main.deb/smoke/x11:exercise` | 4 | 1 of 4 | 0 | 0 | outside of its steps (1) |
    | `fedora42/none/main.rpm/smoke/x11:exercise` | 4 | 1 of 4 | 0 | 0 | outside of its steps (3) |

    4 exercises with 10 remembered attempts: 2 unsteady, 0 near a time-out
    ");
    let document = json(&project.ok(&["flakes", "plan.toml", "--json"]));
    assert_eq!(document["format_version"], 1);
    let exercises = document["exercises"].as_array().unwrap();
    assert_eq!(exercises.len(), 4, "steady ones are among them");
    assert_eq!(exercises[0]["unsteady"], true);
    let sum = |name: &str| {
        exercises
            .iter()
            .map(|it| it[name].as_u64().unwrap())
            .sum::<u64>()
    };
    assert_eq!(
        sum("held") + sum("failed") + sum("blocked"),
        sum("attempts")
    );

    // What the plan file does not ask for any more is told on request.
    project.edit_plan("\"smoke/x11\", ", "");
    let told = |arguments: &[&str]| {
        json(&project.ok(arguments))["exercises"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(told(&["flakes", "plan.toml", "--json"]), 2);
    assert_eq!(told(&["flakes", "plan.toml", "--json", "--all"]), 4);
}

#[test]
fn the_reports_of_a_run_tell_what_trying_again_told() {
    let project = project();
    let ran = project.run(&[
        "apply",
        "plan.toml",
        "--yes",
        "--reruns",
        "3",
        "--junit",
        "j.xml",
        "--markdown",
        "s.md",
    ]);
    let read = |name: &str| fs::read_to_string(project.path().join(name)).unwrap();
    for text in [&ran.err, &read("j.xml"), &read("s.md")] {
        assert!(text.contains("from the same start"), "{text}");
    }
    let lines = ran
        .err
        .lines()
        .filter(|line| line.contains(KEY) || line.starts_with('?'));
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r"
    ↻ again    debian12/none/main.deb/smoke/x11:exercise (attempt 1 failed: the simulated app misbehaved)
    ↻ rerun    debian12/none/main.deb/smoke/x11:exercise (attempt 2 passed)
    ↻ rerun    debian12/none/main.deb/smoke/x11:exercise (attempt 3 passed)
    ? unknown  fedora42/none/main.rpm/smoke/x11:exercise (it failed 3 of 4 times from the same start outside of its steps: a race, in the app or in what the scenario takes for granted)
    ↻ rerun    debian12/none/main.deb/smoke/x11:exercise (attempt 4 passed)
    ? unknown  debian12/none/main.deb/smoke/x11:exercise (it failed 1 of 4 times from the same start outside of its steps: a race, in the app or in what the scenario takes for granted)
    ✗ failed   debian12/none/main.deb/smoke/x11:exercise (53.8 s, 4 attempts): the simulated app misbehaved
    ");
    let runs = project.path().join("state/fleet/runs");
    let run = fs::read_dir(runs).unwrap().next().unwrap().unwrap();
    let page = fs::read_to_string(run.path().join("report.html")).unwrap();
    assert!(
        page.contains("It is not known where to look first"),
        "{page}"
    );
}

#[test]
fn nothing_is_tried_again_unless_asked() {
    let project = project();
    project.run(&["apply", "plan.toml", "--yes"]);
    let document = json(&project.ok(&["flakes", "plan.toml", "--json"]));
    let attempts = document["exercises"].as_array().unwrap().iter();
    assert!(attempts.into_iter().all(|it| it["attempts"] == 1));
    project.edit_plan("name = \"fleet\"", "name = \"fleet\"\nreruns = 1");
    project.run(&["apply", "plan.toml", "--yes"]);
    let document = json(&project.ok(&["flakes", "plan.toml", "--json"]));
    let attempts = document["exercises"].as_array().unwrap().iter();
    let most = attempts.map(|it| it["attempts"].as_u64().unwrap()).max();
    assert!(most >= Some(2), "{document}");
    project.edit_plan("reruns = 1", "reruns = 21");
    assert_eq!(project.run(&["plan", "plan.toml"]).code, Some(1));
}
