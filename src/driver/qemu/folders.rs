//! Removing folders that may be gone already.

use std::{fs, io, path::Path};

/// Removes the folder `path` and everything in it. Removing one that is not there is no error.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
