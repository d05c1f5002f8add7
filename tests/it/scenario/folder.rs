//! The folder of a project's scenarios, and the checks that are built in.

use super::documents::{Memory, PNG, told};
use mosdat::{
    model::{Platform, ScenarioName, Scenarios as _, Session},
    scenario::{ScenarioFolder, SmokeCheck, load},
};
use std::{path::Path, sync::Arc};

#[test]
fn a_folder_knows_its_scenarios_and_the_smoke_checks() {
    let files = Memory::default()
        .with("b/c.yaml", "steps: [{shell: x}]\nsession: wayland")
        .with("a.yaml", "steps: []")
        .with("a.yml", "")
        .with(".hidden/x.yaml", "");
    let folder = ScenarioFolder::new("scenarios".into(), Arc::new(files));
    let names: Vec<String> = folder.names().iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(names.join(" "), @"a b/c smoke/no-display smoke/wayland-fake smoke/wayland-nodisp smoke/wayland-real smoke/x11");

    let described = folder.describe(&"b/c".into(), Platform::Linux).unwrap();
    assert_eq!(described.needs_session, Some(Session::Wayland));
    assert_eq!(described.files.keys().collect::<Vec<_>>(), ["b/c.yaml"]);
    insta::assert_snapshot!(told(&folder.describe(&"b/cc".into(), Platform::Linux).unwrap_err()), @"Error: there is no scenario `b/cc` (did you mean `b/c`?)");
    assert!(folder.describe(&"a".into(), Platform::Linux).is_err());
}

#[test]
fn a_smoke_check_is_described_by_its_rules() {
    let folder = ScenarioFolder::new("scenarios".into(), Arc::new(Memory::default()));
    let mut digests = Vec::new();
    for check in SmokeCheck::ALL {
        let name: ScenarioName = check.name().into();
        let described = folder.describe(&name, Platform::Linux).unwrap();
        assert_eq!(described.needs_session, check.needs_session());
        assert_eq!(described.files.len(), 1);
        digests.push(described.files[name.as_str()]);
    }
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), SmokeCheck::ALL.len());
}

#[test]
fn a_file_cannot_pose_as_a_smoke_check() {
    let files = Memory::default().with("smoke/x11.yaml", "steps: [{shell: x}]");
    let folder = ScenarioFolder::new("scenarios".into(), Arc::new(files));
    let found = folder
        .describe(&"smoke/x11".into(), Platform::Linux)
        .unwrap_err();
    assert!(
        found[0].message.contains("built-in"),
        "{}",
        found[0].message
    );
}

#[test]
fn the_digest_covers_every_file_that_was_read() {
    let digests = |png: &[u8]| {
        let text = "steps: [{click: {anchor: x.png}}]";
        let files = Memory::default().with("n.yaml", text).with("x.png", png);
        load(&"n".into(), Path::new("scenarios"), &files)
            .unwrap()
            .files
    };
    assert_ne!(digests(PNG), digests(&[PNG, b"!"].concat()));
}
