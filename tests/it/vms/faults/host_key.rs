//! The guest's SSH server shows another key than it did.

use crate::vms::{
    fleet::{Desktop, Fleet},
    images,
};
use mosdat::model::Verdict;
use std::{fs, os::unix::fs::symlink, path::Path};

/// A key of nobody's.
const OTHER: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

#[test]
fn nothing_is_done_on_a_machine_that_shows_another_key() {
    let fleet = Fleet::prepared(Desktop::None);
    let tampered = fleet.path().join("images");
    expect_another_key(&images::folder(), &tampered);
    let (was, now) = (images::folder(), tampered);
    fleet.edit_plan(&was.display().to_string(), &now.display().to_string());
    fleet.scenario("more", "  - shell: touch ~/written\n");
    let key = fleet.exercise("more");
    assert_eq!(fleet.due(), [key.as_str()]);
    let told = fleet.apply().ended_with(1);
    let (verdict, detail) = told.end(&key);
    assert_eq!(verdict, Verdict::Blocked);
    assert!(detail.contains("shows another key"), "{detail}");
    assert_eq!(told.attempts(&key), 1, "another attempt would be as wrong");
    fleet.assert_nothing_left();
}

/// Describes the image anew, as one whose guests show another key.
fn expect_another_key(from: &Path, to: &Path) {
    let to = to.join(images::NAME).join("other");
    fs::create_dir_all(&to).unwrap();
    symlink("other", to.with_file_name("current")).unwrap();
    let from = from.join(images::NAME).join("current");
    for entry in fs::read_dir(&from).unwrap().flatten() {
        let name = entry.file_name();
        if name == "image.json" {
            let text = fs::read_to_string(entry.path()).unwrap();
            let mut described: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert!(described["host_key"].is_string(), "{text}");
            described["host_key"] = OTHER.into();
            fs::write(to.join(name), described.to_string()).unwrap();
        } else {
            symlink(entry.path(), to.join(name)).unwrap();
        }
    }
}
