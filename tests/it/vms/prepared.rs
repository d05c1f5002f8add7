//! A fleet whose machine has booted and been installed on, made once for all tests.
//!
//! Each test runs in a process of its own, so that what is prepared is a folder: the first test that
//! needs it makes it while the others wait, and all copy it. Layers are never written to, so a copy
//! has hard links to them.

use super::{
    fleet::{self, Desktop, Fleet},
    images,
};
use std::{
    fs::{self, File},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// Where everything lies, on one file system.
pub(super) fn above() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("vms")
}

/// Returns a new folder for a test.
pub(super) fn folder() -> tempfile::TempDir {
    let dir = above().join("now");
    fs::create_dir_all(&dir).unwrap();
    tempfile::Builder::new().prefix("").tempdir_in(dir).unwrap()
}

/// Fills `to` with a fleet that is prepared.
pub(super) fn copy(desktop: Desktop, to: &Path) {
    fs::create_dir_all(above()).unwrap();
    let lock = File::create(above().join(format!("{}.lock", desktop.machine()))).unwrap();
    lock.lock().unwrap();
    let from = above().join(desktop.machine());
    let key = key(desktop);
    if fs::read_to_string(from.join("made-from")).ok() != Some(key.clone()) {
        make(desktop, &from, &key);
    }
    copy_folder(&from.join("project"), to);
}

/// Stands for all that a prepared fleet depends on: mosdat as it was built, the image, and what is
/// asked for.
fn key(desktop: Desktop) -> String {
    let mosdat = PathBuf::from(env!("CARGO_BIN_EXE_mosdat"));
    let image = images::folder().join(images::NAME).join("current");
    let states = [mosdat, image].map(|file| {
        let meta = file.metadata().unwrap();
        let (path, seconds) = (file.display(), meta.mtime());
        format!("{path} {} {seconds}.{}\n", meta.ino(), meta.mtime_nsec())
    });
    let texts = fleet::files(desktop).map(|(name, text)| format!("{name}\n{text}\n"));
    states.concat() + &texts.concat()
}

/// Removes what tests left that were killed: no test takes so long.
fn tidy() {
    for entry in fs::read_dir(above().join("now"))
        .into_iter()
        .flatten()
        .flatten()
    {
        let modified = entry.metadata().and_then(|meta| meta.modified()).ok();
        let age = modified.and_then(|modified| modified.elapsed().ok());
        if age.is_some_and(|age| age > Duration::from_hours(2)) {
            // Another test may do the same.
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}

fn make(desktop: Desktop, dir: &Path, key: &str) {
    tidy();
    if dir.exists() {
        fs::remove_dir_all(dir).unwrap();
    }
    let project = dir.join("project");
    fs::create_dir_all(&project).unwrap();
    let fleet = Fleet::write(desktop, folder());
    fleet.apply().ended_with(0);
    fleet.assert_nothing_left();
    copy_folder(fleet.path(), &project);
    fs::write(dir.join("made-from"), key).unwrap();
}

/// Copies `from` into the folder `to`. What nobody may write to becomes a hard link.
fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = {
            let entry = entry.unwrap();
            (entry.path(), entry.file_name())
        };
        let meta = path.symlink_metadata().unwrap();
        let target = to.join(name);
        if meta.is_dir() {
            fs::create_dir(&target).unwrap();
            copy_folder(&path, &target);
        } else if meta.is_file() && meta.mode() & 0o222 == 0 {
            fs::hard_link(&path, &target).unwrap();
        } else if meta.is_file() {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// Puts a copy in the place of a hard link, with the same dates, so that it can be damaged.
pub(super) fn unlink(file: &Path) {
    let copy = file.with_extension("copy");
    let mut cp = Command::new("cp");
    cp.args(["--sparse=always", "--preserve=all"]);
    assert!(cp.arg(file).arg(&copy).status().unwrap().success());
    fs::rename(copy, file).unwrap();
}
