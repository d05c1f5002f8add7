//! What did not change does not run, and what changed runs where it is used.

use super::fleet::{Desktop, Fleet};
use mosdat::model::{Event, Verdict};
use std::fs;

#[test]
fn an_unchanged_matrix_starts_no_machine_and_runs_nothing() {
    let fleet = Fleet::prepared(Desktop::None);
    let due = fleet.run(&["plan", "plan.toml", "--detailed-exitcode"]);
    assert_eq!(due.code, Some(0), "{}{}", due.out, due.err);
    let told = fleet.apply().ended_with(0);
    assert_eq!(fleet.starts(), Vec::<String>::new());
    assert_eq!(told.ran(), Vec::<&str>::new());
    let is_start = |event: &&Event| matches!(event, Event::StepStarted { .. });
    assert_eq!(told.events.iter().find(is_start), None);
    let junit = fs::read_to_string(fleet.path().join("junit.xml")).unwrap();
    assert!(
        junit.contains("greets") && junit.contains("cached"),
        "{junit}"
    );
}

#[test]
fn a_changed_build_is_installed_and_tested_on_a_machine_that_does_not_start_from_its_image() {
    let fleet = Fleet::prepared(Desktop::None);
    fleet.change_app("hello 1", "hello 2");
    let expected = [
        fleet.exercise("greets"),
        fleet.on_machine("checkpoint"),
        fleet.on_machine("install"),
        "main.deb:build".to_owned(),
    ];
    assert_eq!(fleet.due(), expected);
    let told = fleet.apply().ended_with(0);
    assert_eq!(told.ran(), expected);
    let lines = told.lines().into_values().flatten().collect::<Vec<_>>();
    assert!(lines.contains(&"hello 2"), "{lines:?}");
    // Install and exercise take up a session that is open; only after the install it boots.
    let starts = fleet.starts();
    let booted = |start: &&String| !start.contains("-incoming") && !start.contains("-loadvm");
    assert_eq!(starts.len(), 3, "{starts:#?}");
    assert_eq!(starts.iter().filter(booted).count(), 1, "{starts:#?}");
    fleet.assert_nothing_left();
    // What led to the old build is needed no more.
    let dropped = fleet.ok(&["gc", "plan.toml", "--keep-days", "0"]);
    assert!(dropped.contains("dropped 2 layers"), "{dropped}");
    assert_eq!(fleet.layers().len(), 3, "{:?}", fleet.layers());
    assert_eq!(fleet.due(), Vec::<String>::new());
}

#[test]
fn a_changed_scenario_runs_again_and_no_other() {
    let fleet = Fleet::prepared(Desktop::None);
    fleet.scenario("writes", "  - shell: touch ~/written\n");
    assert_eq!(fleet.due(), [fleet.exercise("writes")]);
    fleet.apply().ended_with(0);
    fleet.scenario(
        "writes",
        "  - shell: test ! -e ~/written && touch ~/written\n",
    );
    assert_eq!(fleet.due(), [fleet.exercise("writes")]);
    fleet.starts();
    let told = fleet.apply().ended_with(0);
    assert_eq!(told.ran(), [fleet.exercise("writes")]);
    assert_eq!(told.summary().cached, 1);
    assert_eq!(fleet.starts().len(), 1);
    fleet.assert_nothing_left();
}

#[test]
fn a_failure_is_a_failure_and_leaves_the_machine_as_it_was() {
    let fleet = Fleet::prepared(Desktop::None);
    fleet.scenario(
        "fails",
        "  - shell: echo no luck; touch ~/written; exit 4\n",
    );
    let told = fleet.apply().ended_with(3);
    let (verdict, detail) = told.end(&fleet.exercise("fails"));
    assert_eq!(verdict, Verdict::Failed);
    assert!(detail.contains("exited with 4"), "{detail}");
    assert!(told.texts(&fleet.exercise("fails")).contains("journal"));
    fleet.scenario("fails", "  - shell: test ! -e ~/written\n");
    fleet.apply().ended_with(0);
    fleet.assert_nothing_left();
}
