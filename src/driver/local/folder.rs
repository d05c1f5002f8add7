//! The folder of one desktop: where it lies and what is in it.
//!
//! Sockets lie in it, whose paths may have 107 bytes at most, and another user may have to get
//! into it. A work folder that is too deep or too private for that is passed by in favour of one
//! below `/tmp`, whose name follows from the lease, so that it is found again after a crash.

use super::folders;
use crate::{
    driver::process::{self, LONGEST_SOCKET},
    model::LeaseId,
};
use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, PermissionsExt, chown},
    path::{Path, PathBuf},
};

/// Programs put their sockets so deep below the folder.
const DEEPEST_SOCKET: usize = 50;

/// A user and group.
pub(super) type User = (u32, u32);

/// Where one desktop keeps its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes the folder of `lease`, empty, for `user`; for mosdat's own when missing.
    pub(super) fn create(work: &Path, lease: &LeaseId, user: Option<User>) -> io::Result<Self> {
        fs::create_dir_all(work)?;
        let [near, far] = Self::places(work, lease);
        let is_near = near.0.as_os_str().len() + DEEPEST_SOCKET <= LONGEST_SOCKET
            && (user.is_none() || is_open_to_all(work));
        let chosen = if is_near { near } else { far };
        if !is_near {
            process::create_shared_root()?;
        }
        chosen.remove()?;
        for (path, mode) in [
            (chosen.0.clone(), 0o700),
            (chosen.home(), 0o700),
            (chosen.runtime(), 0o700),
            (chosen.temp(), 0o700),
            // It becomes a layer, which another user may have to read.
            (chosen.prefix(), 0o755),
        ] {
            fs::DirBuilder::new().mode(mode).create(&path)?;
            give(&path, user)?;
        }
        Ok(chosen)
    }

    /// Returns where the folder of `lease` may lie.
    pub(super) fn places(work: &Path, lease: &LeaseId) -> [Self; 2] {
        let near = work.join(lease.as_str());
        let far = process::short_place(&near);
        [Self(near), Self(far)]
    }

    /// Removes it and everything in it. Removing one that is not there is no error.
    pub(super) fn remove(&self) -> io::Result<()> {
        folders::remove(&self.0)
    }

    /// Puts a file into the home, as if `user` had written it.
    pub(super) fn put(&self, name: &str, text: &str, user: Option<User>) -> io::Result<()> {
        let file = self.home().join(name);
        let (mut ancestors, home) = (Vec::new(), self.home());
        ancestors.extend(file.ancestors().skip(1).take_while(|dir| **dir != home));
        for dir in ancestors.iter().rev().filter(|dir| !dir.exists()) {
            fs::create_dir(dir)?;
            give(dir, user)?;
        }
        File::create(&file)?.write_all(text.as_bytes())?;
        give(&file, user)
    }

    /// The home of whoever uses the desktop.
    pub(super) fn home(&self) -> PathBuf {
        self.0.join("home")
    }

    /// Sockets.
    pub(super) fn runtime(&self) -> PathBuf {
        self.0.join("run")
    }

    /// Temporary files.
    pub(super) fn temp(&self) -> PathBuf {
        self.0.join("tmp")
    }

    /// What is installed.
    pub(super) fn prefix(&self) -> PathBuf {
        self.0.join("prefix")
    }
}

/// Makes `user` the owner of `path`, when it is another than mosdat's own.
pub(super) fn give(path: &Path, user: Option<User>) -> io::Result<()> {
    match user {
        Some((uid, gid)) => chown(path, Some(uid), Some(gid)),
        None => Ok(()),
    }
}

/// Whether any user may get to what lies in `path`.
pub(super) fn is_open_to_all(path: &Path) -> bool {
    let may_pass = |dir: &Path| {
        dir.metadata()
            .is_ok_and(|meta| meta.permissions().mode() & 0o001 != 0)
    };
    path.ancestors().all(may_pass)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RunId;

    #[test]
    fn a_deep_work_folder_is_passed_by() {
        let dir = tempfile::tempdir().unwrap();
        let lease = LeaseId::new(&RunId::new("r"), 1);
        let near = Folder::create(dir.path(), &lease, None).unwrap();
        assert_eq!(near.0, dir.path().join("r-1"));
        let deep = dir.path().join("x".repeat(80));
        let far = Folder::create(&deep, &lease, None).unwrap();
        assert!(far.0.starts_with("/tmp"), "{far:?}");
        assert!(Folder::places(&deep, &lease).contains(&far));
        far.remove().unwrap();
        assert!(!far.0.exists());
    }

    #[test]
    fn what_an_earlier_use_left_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let lease = LeaseId::new(&RunId::new("r"), 1);
        let old = Folder::create(dir.path(), &lease, None).unwrap();
        fs::create_dir(old.home().join("old")).unwrap();
        let new = Folder::create(dir.path(), &lease, None).unwrap();
        assert_eq!(fs::read_dir(new.home()).unwrap().count(), 0);
    }
}
