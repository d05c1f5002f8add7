//! Plain files, for `config` and `scenario` to read.
//!
//! Writes nothing.

#![expect(
    clippy::disallowed_methods,
    reason = "this is what the `Files` trait stands for"
)]

use crate::model::{FileError, Files};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The files of this computer.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiskFiles;

impl Files for DiskFiles {
    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        let missing = [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory];
        fs::read(path).map_err(|error| {
            if missing.contains(&error.kind()) {
                FileError::Missing
            } else {
                FileError::Unreadable(error.to_string())
            }
        })
    }

    fn list(&self, dir: &Path) -> Vec<PathBuf> {
        let mut files = Vec::new();
        collect(dir, &mut Vec::new(), &mut files);
        files.sort();
        files
    }
}

/// Links are followed, but not into a folder that `above` holds already: that would never end.
fn collect(dir: &Path, above: &mut Vec<PathBuf>, files: &mut Vec<PathBuf>) {
    let Ok(real) = dir.canonicalize() else { return };
    if above.contains(&real) {
        return;
    }
    above.push(real);
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, above, files);
        } else if path.is_file() {
            files.push(path);
        }
    }
    above.pop();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_listed_in_order_and_links_do_not_loop() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("b");
        fs::create_dir(&inner).unwrap();
        for name in ["c.yaml", "b/d.yaml", "a.yaml"] {
            fs::write(dir.path().join(name), name).unwrap();
        }
        std::os::unix::fs::symlink(dir.path(), inner.join("again")).unwrap();
        let names = DiskFiles.list(dir.path());
        let names: Vec<_> = names
            .iter()
            .map(|path| path.strip_prefix(dir.path()).unwrap().to_str().unwrap())
            .collect();
        assert_eq!(names, ["a.yaml", "b/d.yaml", "c.yaml"]);
    }

    #[test]
    fn a_missing_file_is_told_from_an_unreadable_one() {
        let dir = tempfile::tempdir().unwrap();
        let missing = DiskFiles.read(&dir.path().join("none"));
        assert_eq!(missing, Err(FileError::Missing));
        let folder = DiskFiles.read(dir.path());
        assert!(matches!(folder, Err(FileError::Unreadable(_))));
        assert_eq!(
            DiskFiles.list(&dir.path().join("none")),
            Vec::<PathBuf>::new()
        );
    }
}
