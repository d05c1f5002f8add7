//! A state that was damaged behind mosdat's back.

use crate::project::{FLEET, Project};
use std::fs;

#[test]
fn a_torn_tail_is_dropped_and_the_step_runs_again() {
    let project = Project::new(FLEET);
    project.ok(&["apply", "plan.toml", "--yes"]);
    let journal = project.state().join("journal");
    let bytes = fs::read(&journal).unwrap();
    fs::write(&journal, &bytes[..bytes.len() - 3]).unwrap();
    project.ok(&["plan", "plan.toml"]);
    project.ok(&["apply", "plan.toml", "--yes"]);
    assert!(project.ok(&["plan", "plan.toml"]).contains("nothing to do"));
}

#[test]
fn a_flipped_byte_in_the_middle_is_refused_with_its_place_and_a_way_out() {
    let project = Project::new(FLEET);
    project.ok(&["apply", "plan.toml", "--yes"]);
    let journal = project.state().join("journal");
    let mut bytes = fs::read(&journal).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(&journal, &bytes).unwrap();
    let ran = project.run(&["plan", "plan.toml"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("is damaged at byte"), "{}", ran.err);
    assert!(ran.err.contains("mosdat state recover"), "{}", ran.err);
    assert_eq!(project.run(&["apply", "plan.toml", "--yes"]).code, Some(1));
    let out = project.ok(&["state", "recover", "plan.toml"]);
    assert!(out.contains("journal.damaged"), "{out}");
    project.ok(&["apply", "plan.toml", "--yes"]);
    assert!(project.ok(&["plan", "plan.toml"]).contains("nothing to do"));
}
