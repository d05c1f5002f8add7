//! Several scenarios on one desktop.

use super::fleet::{Desktop, Fleet};
use mosdat::model::Verdict;
use std::collections::BTreeSet;

/// What each does, wherever it comes in turn: finds neither a window nor a file of another, and
/// leaves both.
const STEPS: &str = "\
\x20 - shell: cat /proc/sys/kernel/random/boot_id; test ! -e ~/written && touch ~/written\n\
\x20 - verify: {window: hello, absent: true}\n\
\x20 - launch: \"{app_path}\"\n\
\x20   window: hello\n\
\x20 - type: \"NAME\"\n\
\x20 - shell: sleep 5\n";

#[test]
fn scenarios_of_one_machine_run_at_once_and_each_finds_the_same_desktop() {
    let fleet = Fleet::prepared(Desktop::X11);
    let names = ["one", "two", "three", "four"];
    for name in names {
        fleet.scenario(name, &STEPS.replace("NAME", name));
    }
    let told = fleet.apply().ended_with(0);
    assert_eq!(told.ran().len(), names.len());
    // All four are clones of one machine that booted once.
    let lines = told.lines();
    assert_eq!(lines.len(), names.len());
    let boots: BTreeSet<_> = lines.values().map(|lines| lines[0]).collect();
    assert_eq!(boots.len(), 1, "{boots:?}");
    assert_eq!(fleet.starts().len(), names.len());
    // Each looked at the screen before it changed anything there.
    let pictures = names.map(|name| told.first_picture(&fleet.exercise(name)));
    assert!(pictures.iter().all(|picture| *picture == pictures[0]));
    let (began, ended) = (told.instruction_ends(4), told.instruction_ends(5));
    let at_once = |key| {
        let others = began.iter().zip(ended.values());
        let overlap = others.filter(|(other, end)| *other.1 <= began[key] && began[key] < **end);
        overlap.count()
    };
    let most = began.keys().map(|key| at_once(*key)).max();
    assert!(most >= Some(2), "{began:?} {ended:?}");
    fleet.assert_nothing_left();
}

#[test]
fn a_smoke_check_sees_the_window_of_the_app() {
    let fleet = Fleet::prepared(Desktop::X11);
    fleet.edit_plan(
        "timeout = \"10m\"",
        "scenarios = [\"smoke/x11\", \"smoke/no-display\"]",
    );
    fleet.edit_plan("timeout = 2", "timeout = 5");
    let told = fleet.apply().ended_with(3);
    let (verdict, detail) = told.end(&fleet.exercise("smoke/x11"));
    assert_eq!(verdict, Verdict::Passed, "{detail}");
    let (verdict, detail) = told.end(&fleet.exercise("smoke/no-display"));
    assert_eq!(verdict, Verdict::Failed, "{detail}");
    fleet.assert_nothing_left();
}
