//! `mosdat anchors`, on a folder of scenarios with remembered pictures.

use crate::project::{FLEET, Project};
use mosdat::{
    driver::disk::DiskAnchors,
    model::{Point, Rect},
    port::{AnchorKey, Anchors as _, RememberedAnchor},
};
use std::fs;

const SAVE: &str = "the <Save> button";

fn anchor(png: &[u8]) -> RememberedAnchor {
    RememberedAnchor {
        png: png.into(),
        rect: Rect {
            x: 1,
            y: 2,
            width: 30,
            height: 40,
        },
        click: Point { x: 15, y: 20 },
        found_by: "model `m`".into(),
    }
}

fn key(target: &str) -> AnchorKey {
    AnchorKey {
        scenario: "notes/new".into(),
        target: target.into(),
        desktop: "debian12-x11-800x600".into(),
    }
}

/// A project in which a new picture is proposed for each of these targets.
fn project(targets: &[&str]) -> (Project, DiskAnchors) {
    let project = Project::new(FLEET);
    let anchors = DiskAnchors::new(project.path().join("scenarios"));
    for target in targets {
        anchors.remember(&key(target), &anchor(b"old")).unwrap();
        anchors.propose(&key(target), &anchor(b"newer")).unwrap();
    }
    (project, anchors)
}

fn name(anchors: &DiskAnchors) -> String {
    anchors.proposals().unwrap()[0].name.clone()
}

#[test]
fn what_is_proposed_is_listed() {
    let (project, anchors) = project(&[SAVE]);
    let listed = project.ok(&["anchors", "list", "plan.toml"]);
    let name = name(&anchors);
    assert_eq!(
        listed,
        format!("{name}  \"the <Save> button\", found by model `m`\n")
    );
    let (empty, _) = self::project(&[]);
    let listed = empty.ok(&["anchors", "list", "plan.toml"]);
    assert_eq!(listed, "nothing is proposed\n");
    assert_eq!(empty.ok(&["anchors", "review", "plan.toml"]), listed);
}

#[test]
fn a_review_is_a_page_with_both_pictures_and_changes_nothing_by_itself() {
    let (project, anchors) = project(&[SAVE, "the list"]);
    let told = project.ok(&["anchors", "review", "plan.toml"]);
    assert_eq!(told.lines().count(), 3, "{told}");
    let page = told.lines().last().unwrap().strip_prefix("see ").unwrap();
    assert!(page.contains("state/fleet"), "{page}");
    let page = fs::read_to_string(page).unwrap();
    for part in [
        "data:image/png;base64,b2xk",
        "data:image/png;base64,bmV3ZXI=",
        "the &lt;Save&gt; button",
        "Found by model `m`.",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("http"), "{page}");
    assert_eq!(anchors.proposals().unwrap().len(), 2);
}

#[test]
fn an_accepted_picture_counts_and_a_refused_one_is_gone() {
    let (project, anchors) = project(&[SAVE]);
    let accepted = name(&anchors);
    let told = project.ok(&["anchors", "accept", &accepted, "--file", "plan.toml"]);
    assert_eq!(told, format!("accepted {accepted}\n"));
    let png = |key: &AnchorKey| anchors.recall(key).unwrap().unwrap().png;
    assert_eq!(png(&key(SAVE)), b"newer");
    anchors.propose(&key(SAVE), &anchor(b"third")).unwrap();
    project.ok(&["anchors", "refuse", &accepted, "--file", "plan.toml"]);
    assert_eq!(png(&key(SAVE)), b"newer");
    assert!(anchors.proposals().unwrap().is_empty());
}

#[test]
fn all_are_accepted_only_when_that_is_said() {
    let (project, anchors) = project(&[SAVE, "the list"]);
    let nothing = project.run(&["anchors", "accept", "--file", "plan.toml"]);
    assert_eq!(nothing.code, Some(1));
    assert_eq!(anchors.proposals().unwrap().len(), 2);
    let told = project.ok(&["anchors", "accept", "--all", "--file", "plan.toml"]);
    assert_eq!(told.lines().count(), 2);
    assert!(anchors.proposals().unwrap().is_empty());
}

#[test]
fn a_name_that_is_not_proposed_changes_nothing() {
    let (project, anchors) = project(&[SAVE]);
    let known = name(&anchors);
    let ran = project.run(&["anchors", "accept", &known, "../x", "--file", "plan.toml"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.err.contains("nothing is proposed for `../x`"),
        "{}",
        ran.err
    );
    assert_eq!(anchors.proposals().unwrap().len(), 1);
}
