//! A layer is there as a whole or not at all, and what has changed is found out.

use super::*;
use crate::model::{ContentHash, RunId};
use std::os::unix::fs::FileExt as _;

struct World {
    dir: tempfile::TempDir,
    layers: Layers,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let layers = Layers::new(dir.path().join("layers"));
        fs::create_dir(dir.path().join("machine")).unwrap();
        Self { dir, layers }
    }

    /// Keeps a template whose files hold `text`.
    fn keep(&self, name: &str, text: &str) {
        let from = self.dir.path().join("machine");
        for file in ["top.qcow2", "below.qcow2", RAM, DEVICES] {
            drop(fs::remove_file(from.join(file)));
            let file = File::create(from.join(file)).unwrap();
            file.write_all_at(text.as_bytes(), 0).unwrap();
        }
        let known = serde_json::json!({"uid": 1, "variables": {}, "x_secret": null});
        let session = KeptSession {
            form: SessionForm::Template,
            emulator: "e".into(),
            engine: "tcg".into(),
            sign_of_life: None,
            known: serde_json::from_value(known).unwrap(),
        };
        let files = ToKeep {
            from,
            kind: LayerKind::Session,
            disks: vec!["top.qcow2".into(), "below.qcow2".into()],
            session: Some(session),
        };
        self.layers
            .keep(&machine(), &layer(name), &lease(), files)
            .unwrap();
    }

    fn list(&self) -> Vec<LayerName> {
        self.layers.list(&machine()).unwrap().into_iter().collect()
    }

    fn file(&self, name: &str, file: &str) -> PathBuf {
        self.layers.path(&machine(), &layer(name)).join(file)
    }
}

fn machine() -> MachineName {
    MachineName::new("m")
}

fn layer(name: &str) -> LayerName {
    LayerName::of(ContentHash::of(name.as_bytes()))
}

fn lease() -> LeaseId {
    LeaseId::new(&RunId::new("r"), 1)
}

/// Overwrites the first byte of a read-only file.
fn spoil(path: &Path) {
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
    let file = File::options().write(true).open(path).unwrap();
    file.write_all_at(b"X", 0).unwrap();
}

/// Returns what lies beside the layers.
fn beside(world: &World) -> Vec<String> {
    let names = world.layers.names(&machine()).unwrap().into_iter();
    names.filter(|name| name.starts_with('.')).collect()
}

#[test]
fn what_could_not_be_kept_or_removed_to_the_end_does_not_stay() {
    let world = World::new();
    world.keep("a", "content");
    let files = ToKeep {
        from: world.dir.path().join("machine"),
        kind: LayerKind::Disk,
        disks: vec!["top.qcow2".into(), "gone.qcow2".into()],
        session: None,
    };
    let kept = world.layers.keep(&machine(), &layer("b"), &lease(), files);
    assert_eq!(kept.unwrap_err().kind(), io::ErrorKind::NotFound);
    assert_eq!(beside(&world), [""; 0]);
    assert_eq!(world.list(), [layer("a")]);
    // As one leaves it who is killed while it removes.
    let path = world.layers.path(&machine(), &layer("a"));
    fs::rename(
        &path,
        path.with_file_name(format!(".{}.removed", layer("a"))),
    )
    .unwrap();
    assert_eq!(beside(&world).len(), 1);
    world.layers.reclaim(&machine(), &lease()).unwrap();
    assert_eq!(beside(&world), [""; 0]);
}

#[test]
fn a_layer_is_kept_listed_lent_and_removed() {
    let world = World::new();
    world.keep("a", "content");
    assert_eq!(world.list(), [layer("a")]);
    let kept = world.layers.find(&machine(), &layer("a")).unwrap();
    assert_eq!(world.layers.damage(&kept), None);
    let clone = world.dir.path().join("clone");
    fs::create_dir(&clone).unwrap();
    kept.lend_disks(&clone).unwrap();
    world.layers.remove(&machine(), &layer("a")).unwrap();
    world.layers.remove(&machine(), &layer("a")).unwrap();
    assert!(world.list().is_empty());
    // Whoever runs on it keeps the disks that it runs on.
    assert!(clone.join("top.qcow2").exists() && clone.join("below.qcow2").exists());
}

#[test]
fn a_file_that_has_changed_takes_its_layer_off_the_list() {
    for file in ["top.qcow2", "below.qcow2", RAM, DEVICES] {
        let world = World::new();
        world.keep("a", "content");
        spoil(&world.file("a", file));
        assert!(world.list().is_empty(), "{file}");
        assert!(!world.file("a", file).exists(), "{file}");
    }
}

#[test]
fn a_change_that_leaves_no_trace_is_found_before_the_layer_is_used() {
    let world = World::new();
    world.keep("a", "content");
    let path = world.file("a", RAM);
    let before = path.metadata().unwrap().modified().unwrap();
    spoil(&path);
    let file = File::options().write(true).open(&path).unwrap();
    file.set_modified(before).unwrap();
    drop(file);
    // Another run, which knows nothing about the layer.
    let layers = Layers::new(world.dir.path().join("layers"));
    assert_eq!(layers.list(&machine()).unwrap().len(), 1);
    let kept = layers.find(&machine(), &layer("a")).unwrap();
    let why = layers.damage(&kept).unwrap();
    assert!(why.contains("`ram`"), "{why}");
}

#[test]
fn a_touched_file_is_no_damage() {
    let world = World::new();
    world.keep("a", "content");
    let path = world.file("a", RAM);
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    let file = File::options().write(true).open(&path).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(world.list(), [layer("a")]);
}

#[test]
fn a_session_that_does_not_go_on_twice_in_a_row_is_removed() {
    let world = World::new();
    world.keep("a", "content");
    world.keep("b", "content");
    let kept = |name: &str| world.layers.find(&machine(), &layer(name)).unwrap();
    let note = |name: &str, went_on| world.layers.note_start(&kept(name), went_on).unwrap();
    for went_on in [false, true, false] {
        assert!(!note("a", went_on));
    }
    assert!(!note("b", false), "the other is counted by itself");
    assert!(note("a", false));
    assert_eq!(world.list(), [layer("b")]);
    // What is made in its place starts anew.
    world.keep("a", "content");
    assert!(!note("a", false));
}

#[test]
fn what_is_half_made_is_no_layer_and_is_reclaimed() {
    let world = World::new();
    let dir = world.dir.path().join("layers/m");
    let half_made = dir.join(format!(".{}.{}", layer("a"), lease()));
    fs::create_dir_all(&half_made).unwrap();
    assert!(world.list().is_empty());
    world.layers.reclaim(&machine(), &lease()).unwrap();
    assert!(!half_made.exists());
    // A folder that lost its description is none either, and is in nobody's way.
    fs::create_dir_all(dir.join(layer("a").as_str())).unwrap();
    assert!(world.list().is_empty());
    world.keep("a", "content");
    assert_eq!(world.list(), [layer("a")]);
}
