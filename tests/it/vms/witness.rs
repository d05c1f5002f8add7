//! Knows each start of a machine, whoever asks for it.
//!
//! Stands before QEMU in the search path. Layers belong to the very program that made them, so all
//! tests use the same one, and it writes all starts into one file.

use super::prepared;
use std::{
    cell::Cell,
    fs::{self, File},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

const PROGRAM: &str = "#!/bin/sh\n\
    echo \"$*\" >> \"${0%/*}/starts\"\n\
    PATH=/usr/bin:/bin\n\
    exec qemu-system-x86_64 \"$@\"\n";

/// Knows the starts of the machines of one project.
#[derive(Debug)]
pub(super) struct Witness {
    /// What every machine of the project has in its arguments.
    folder: String,
    seen: Cell<usize>,
}

impl Witness {
    /// Knows the starts from now on.
    pub(super) fn new(project: &Path) -> Self {
        make();
        Self {
            folder: project.display().to_string(),
            seen: Cell::new(text().len()),
        }
    }

    /// Returns what `PATH` has to be.
    pub(super) fn path_var() -> String {
        format!("{}:/usr/bin:/bin", bin().display())
    }

    /// Returns the arguments of each machine that was started since this was asked last. QEMU
    /// being asked what it can do starts none.
    pub(super) fn news(&self) -> Vec<String> {
        let text = text();
        let news = &text[self.seen.replace(text.len())..];
        let starts = news.lines().filter(|line| line.contains(&self.folder));
        starts.map(ToOwned::to_owned).collect()
    }
}

fn bin() -> PathBuf {
    prepared::above().join("bin")
}

fn text() -> String {
    fs::read_to_string(bin().join("starts")).unwrap_or_default()
}

/// Makes the program, once.
fn make() {
    fs::create_dir_all(bin()).unwrap();
    let lock = File::create(prepared::above().join("bin.lock")).unwrap();
    lock.lock().unwrap();
    let program = bin().join("qemu-system-x86_64");
    if fs::read_to_string(&program).ok().as_deref() == Some(PROGRAM) {
        return;
    }
    let half_made = bin().join("half-made");
    fs::write(&half_made, PROGRAM).unwrap();
    fs::set_permissions(&half_made, fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(half_made, program).unwrap();
}
