//! The private folder of one build.
//!
//! Does not know what is put into it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// The private folder of one build, removed with everything in it when dropped.
pub(super) struct Work(TempDir);

impl Work {
    pub(super) fn create(below: &Path) -> io::Result<Self> {
        fs::create_dir_all(below)?;
        // Commands run elsewhere than here.
        let below = below.canonicalize()?;
        let work = Self(
            tempfile::Builder::new()
                .prefix("build-")
                .tempdir_in(below)?,
        );
        for folder in [work.source(), work.home(), work.scratch()] {
            fs::create_dir(folder)?;
        }
        Ok(work)
    }

    /// Removes the folders that earlier runs left below `dir`, and returns how many there were.
    pub(super) fn sweep(dir: &Path) -> usize {
        let entries = fs::read_dir(dir).into_iter().flatten().flatten();
        let left = entries.filter(|entry| {
            let name = entry.file_name();
            name.to_string_lossy().starts_with("build-")
        });
        left.filter(|entry| fs::remove_dir_all(entry.path()).is_ok())
            .count()
    }

    pub(super) fn source(&self) -> PathBuf {
        self.0.path().join("source")
    }

    pub(super) fn home(&self) -> PathBuf {
        self.0.path().join("home")
    }

    pub(super) fn scratch(&self) -> PathBuf {
        self.0.path().join("tmp")
    }
}
