//! Where one machine keeps its files: its disk and the like in one folder, its sockets in one that
//! is never too deep for them.
//!
//! Both follow from the lease, so that they are found again after a crash.

use crate::{
    driver::process::{self, LONGEST_SOCKET},
    model::LeaseId,
};
use std::{
    fs, io,
    os::unix::{ffi::OsStrExt, fs::DirBuilderExt},
    path::{Path, PathBuf},
};

/// The longest name that a socket has in its folder.
const LONGEST_NAME: usize = 20;

/// The folders of one machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    files: PathBuf,
    sockets: PathBuf,
}

impl Folder {
    /// Makes the folders of `lease`, empty, for this user alone.
    pub fn create(work: &Path, lease: &LeaseId) -> io::Result<Self> {
        Self::remove(work, lease)?;
        fs::create_dir_all(work)?;
        let folder = Self::of(work, lease);
        create(&folder.files)?;
        if folder.sockets != folder.files {
            process::create_shared_root()?;
            create(&folder.sockets)?;
        }
        Ok(folder)
    }

    /// Removes the folders of `lease` with all that is in them. Removing ones that are not there is
    /// no error.
    pub fn remove(work: &Path, lease: &LeaseId) -> io::Result<()> {
        let near = work.join(lease.as_str());
        for path in [process::short_place(&near), near] {
            match fs::remove_dir_all(&path) {
                Err(err) if err.kind() != io::ErrorKind::NotFound => return Err(err),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// Returns where a file of this name lies.
    pub fn file(&self, name: &str) -> PathBuf {
        self.files.join(name)
    }

    /// Returns where a socket of this name lies.
    pub(super) fn socket(&self, name: &str) -> PathBuf {
        debug_assert!(name.len() < LONGEST_NAME, "`{name}` is too long");
        self.sockets.join(name)
    }

    /// Returns the folder of the sockets.
    pub(super) fn sockets(&self) -> &Path {
        &self.sockets
    }

    fn of(work: &Path, lease: &LeaseId) -> Self {
        let files = work.join(lease.as_str());
        let is_short = files.as_os_str().as_bytes().len() + LONGEST_NAME <= LONGEST_SOCKET;
        let sockets = if is_short {
            files.clone()
        } else {
            process::short_place(&files)
        };
        Self { files, sockets }
    }
}

fn create(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RunId;

    #[test]
    fn sockets_of_a_deep_folder_lie_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let lease = LeaseId::new(&RunId::new("r"), 1);
        let near = Folder::create(dir.path(), &lease).unwrap();
        assert_eq!(near.socket("qmp.sock"), dir.path().join("r-1/qmp.sock"));
        let deep = dir.path().join("x".repeat(100));
        let far = Folder::create(&deep, &lease).unwrap();
        assert_eq!(far.file("disk.qcow2"), deep.join("r-1/disk.qcow2"));
        assert!(far.socket("qmp.sock").starts_with("/tmp"), "{far:?}");
        assert!(far.sockets().exists());
        Folder::remove(&deep, &lease).unwrap();
        assert!(!far.sockets().exists() && !deep.join("r-1").exists());
    }

    #[test]
    fn what_an_earlier_use_left_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let lease = LeaseId::new(&RunId::new("r"), 1);
        let old = Folder::create(dir.path(), &lease).unwrap();
        drop(fs::File::create(old.file("old")).unwrap());
        let new = Folder::create(dir.path(), &lease).unwrap();
        assert!(!new.file("old").exists());
    }
}
