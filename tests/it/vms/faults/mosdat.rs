//! mosdat is killed, or told to stop, while machines run.

use crate::vms::fleet::{Desktop, Fleet, Going};
use mosdat::model::{Event, Verdict};
use std::{collections::BTreeSet, fs, path::Path, time::Duration};

/// Scenarios that run until they are ended.
const NAMES: [&str; 4] = ["one", "two", "three", "four"];

/// Starts to apply a plan whose four scenarios do not end, and returns once all of them are going on.
fn going(fleet: &Fleet) -> (Going, impl Iterator<Item = Event> + use<>) {
    for name in NAMES {
        let steps = "  - shell: echo here\n  - shell: sleep 600\n    timeout: 700\n";
        fleet.scenario(name, steps);
    }
    let (going, mut told) = fleet.start();
    let mut running = BTreeSet::new();
    for event in told.by_ref() {
        if let Event::Instruction { key, verdict, .. } = event {
            assert_eq!(verdict, Verdict::Passed);
            running.insert(key);
        }
        if running.len() == NAMES.len() {
            break;
        }
    }
    assert_eq!(running.len(), NAMES.len());
    assert_eq!(fleet.machines().len(), NAMES.len());
    (going, told)
}

#[test]
fn what_a_killed_mosdat_left_running_is_shown_by_the_next_plan_and_ended_by_the_next_run() {
    let fleet = Fleet::prepared(Desktop::None);
    let (going, _told) = going(&fleet);
    going.kill();
    let left = fleet.machines();
    assert_eq!(fleet.folders_of_leases().len(), NAMES.len(), "{left:?}");
    let plan = fleet.json(&["plan", "plan.toml", "--json"]);
    assert_eq!(plan["summary"]["release"], NAMES.len(), "{plan}");
    // It is for apply to end them.
    assert_eq!(fleet.machines().len(), left.len());
    for name in NAMES {
        fleet.scenario(name, "  - shell: echo here\n");
    }
    let told = fleet.apply().ended_with(0);
    let releases = told.events.iter().filter_map(|event| match event {
        Event::Released { error, .. } => Some(error.as_str()),
        _ => None,
    });
    assert_eq!(releases.collect::<Vec<_>>(), [""; NAMES.len()]);
    assert_eq!(told.ran().len(), NAMES.len());
    fleet.assert_nothing_left();
    assert_eq!(fleet.due(), Vec::<String>::new());
}

#[test]
fn the_second_interrupt_ends_every_machine() {
    let fleet = Fleet::prepared(Desktop::None);
    let (going, mut told) = going(&fleet);
    going.interrupt();
    told.find(|event| matches!(event, Event::Stopping { at_once: false, .. }))
        .unwrap();
    assert_eq!(
        fleet.machines().len(),
        NAMES.len(),
        "what runs is waited for"
    );
    going.interrupt();
    let told = going.end(told).ended_with(130);
    assert!(!told.events.is_empty());
    fleet.assert_nothing_left();
}

#[test]
fn a_layer_that_was_half_kept_when_mosdat_was_killed_is_none() {
    let fleet = Fleet::prepared(Desktop::None);
    fleet.change_app("hello 1", "hello 2");
    let kept = fleet.layers();
    let (going, told) = fleet.start();
    await_half_made(&fleet.state());
    going.kill();
    drop(told);
    let install = fleet.on_machine("install");
    let told = fleet.apply_only(&install).ended_with(0);
    assert_eq!(told.end(&install).0, Verdict::Passed);
    fleet.assert_nothing_left();
    assert_eq!(fleet.layers().len(), kept.len() + 1, "{:?}", fleet.layers());
    assert!(half_made(&fleet.state()).is_none());
}

/// Waits until a layer is being made. There is no event for that; at the end of the test's time
/// it is over anyway.
fn await_half_made(state: &Path) {
    while half_made(state).is_none() {
        std::thread::sleep(Duration::from_micros(200));
    }
}

fn half_made(dir: &Path) -> Option<std::path::PathBuf> {
    fs::read_dir(dir).ok()?.flatten().find_map(|entry| {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with(".mosdat-") {
            return Some(path);
        }
        path.is_dir().then(|| half_made(&path)).flatten()
    })
}
