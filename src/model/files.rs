//! What `config` and `scenario` ask of files: to be read, and to be listed. The callers stay pure;
//! the disk is behind this trait, and tests put a map there.

use std::path::{Path, PathBuf};

/// Reads files.
pub trait Files {
    /// Returns the bytes of the file at `path`.
    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError>;

    /// Returns every file below `dir`, sorted; nothing when there is no such folder.
    fn list(&self, dir: &Path) -> Vec<PathBuf>;
}

/// A file could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// There is none.
    #[error("no such file")]
    Missing,
    /// There is one, and it cannot be read.
    #[error("{0}")]
    Unreadable(String),
}
