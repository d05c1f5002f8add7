//! Layers that are gone, damaged, or not this image's.

use super::{
    fleet::{Desktop, Fleet},
    prepared,
};
use mosdat::model::Verdict;
use serde_json::Value;
use std::{
    fs::{self, File},
    os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _},
    path::Path,
};

impl Fleet {
    /// Returns the folders of all layers, by name.
    pub(super) fn layers(&self) -> Vec<std::path::PathBuf> {
        let mut found = Vec::new();
        let mut open = vec![self.state()];
        while let Some(dir) = open.pop() {
            for path in fs::read_dir(dir)
                .unwrap()
                .flatten()
                .map(|entry| entry.path())
            {
                if path.join("layer.json").is_file() {
                    found.push(path);
                } else if path.is_dir() {
                    open.push(path);
                }
            }
        }
        found.sort();
        found
    }

    /// Returns the folder of the layer that a step left.
    pub(super) fn layer(&self, key: &str) -> std::path::PathBuf {
        let state = self.json(&["state", "pull", "plan.toml"]);
        let hash = state["steps"][key]["hash"].as_str().unwrap();
        let hash = hash.trim_start_matches("sha256:");
        let layers = self.layers();
        let name = format!("mosdat-{}", &hash[..20]);
        let layer = layers.iter().find(|path| path.ends_with(&name));
        layer
            .unwrap_or_else(|| panic!("{name}: {layers:?}"))
            .clone()
    }
}

#[test]
fn a_layer_that_is_gone_has_drifted_and_is_made_again_when_it_is_needed() {
    let fleet = Fleet::prepared(Desktop::None);
    assert!(
        fleet
            .ok(&["drift", "plan.toml"])
            .contains("nothing has drifted")
    );
    let layer = fleet.layer(&fleet.on_machine("checkpoint"));
    fs::remove_dir_all(layer).unwrap();
    let drift = fleet.run(&["drift", "plan.toml"]);
    assert_eq!(drift.code, Some(2), "{}{}", drift.out, drift.err);
    assert!(drift.out.contains("gone"), "{}", drift.out);
    // Nothing rests on it: the verdict holds.
    assert_eq!(fleet.due(), Vec::<String>::new());
    assert_eq!(fleet.starts(), Vec::<String>::new());
}

#[test]
fn a_damaged_layer_that_shows_is_made_again_by_the_next_run() {
    let fleet = Fleet::prepared(Desktop::None);
    let layer = fleet.layer(&fleet.on_machine("checkpoint"));
    let file = damage(&layer);
    fleet.scenario("more", "  - shell: \"{app_path}\"\n");
    let expected = [fleet.exercise("more"), fleet.on_machine("checkpoint")];
    assert_eq!(fleet.due(), expected);
    let told = fleet.apply().ended_with(0);
    assert_eq!(told.ran(), expected);
    assert!(file.exists());
    fleet.assert_nothing_left();
}

#[test]
fn a_damaged_layer_that_looks_as_it_was_is_found_out_before_anything_starts_from_it() {
    let fleet = Fleet::prepared(Desktop::None);
    let layer = fleet.layer(&fleet.on_machine("checkpoint"));
    let file = damage(&layer);
    pretend_untouched(&layer, &file);
    fleet.scenario("more", "  - shell: \"{app_path}\"\n");
    // Reading all of it is for those who start from it.
    assert_eq!(fleet.due(), [fleet.exercise("more")]);
    let told = fleet.apply();
    let mut ran: Vec<_> = told.ran().into_iter().map(ToOwned::to_owned).collect();
    if told.code != Some(0) {
        let (verdict, detail) = told.end(&fleet.exercise("more"));
        assert_eq!(verdict, Verdict::Blocked, "{detail}");
        assert!(detail.contains("damaged"), "{detail}");
        let told = told.ended_with(1);
        assert_eq!(told.attempts(&fleet.exercise("more")), 1);
        let again = fleet.apply().ended_with(0);
        ran.extend(again.ran().into_iter().map(ToOwned::to_owned));
    }
    assert!(ran.contains(&fleet.on_machine("checkpoint")), "{ran:?}");
    fleet.assert_nothing_left();
    assert_eq!(fleet.due(), Vec::<String>::new());
}

#[test]
fn a_session_that_another_qemu_kept_is_made_again() {
    let fleet = Fleet::prepared(Desktop::None);
    fleet.scenario("more", "  - shell: \"{app_path}\"\n");
    let plan = fleet.json_with_path("/usr/bin:/bin", &["plan", "plan.toml", "--json"]);
    // What is on the disk, every QEMU understands.
    let due = [fleet.exercise("more"), fleet.on_machine("checkpoint")];
    assert_eq!(super::fleet::due(&plan), due);
    let due = [fleet.exercise("more")];
    assert_eq!(fleet.due(), due);
}

/// Flips a bit of the machine's memory, where there is something.
fn damage(layer: &Path) -> std::path::PathBuf {
    let ram = layer.join("ram");
    prepared::unlink(&ram);
    fs::set_permissions(&ram, fs::Permissions::from_mode(0o600)).unwrap();
    let file = File::options().read(true).write(true).open(&ram).unwrap();
    let start = rustix::fs::seek(&file, rustix::fs::SeekFrom::Data(64 << 20)).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, start).unwrap();
    file.write_all_at(&[byte[0] ^ 1], start).unwrap();
    ram
}

/// Makes the description say that the file is the one that was kept, but for its content.
fn pretend_untouched(layer: &Path, file: &Path) {
    let description = layer.join("layer.json");
    let text = fs::read_to_string(&description).unwrap();
    let mut described: Value = serde_json::from_str(&text).unwrap();
    let meta = file.metadata().unwrap();
    let record = &mut described["files"]["ram"];
    record["inode"] = meta.ino().into();
    record["modified_ns"] = (meta.mtime() * 1_000_000_000 + meta.mtime_nsec()).into();
    fs::write(description, described.to_string()).unwrap();
}
