//! The folder in which one image is made, and what an earlier attempt left in it.
//!
//! ```text
//! key             what the rest belongs to: another recipe or another mirror starts anew
//! log             what the programs of the last attempt wrote
//! apt/            packages, and what apt knows of them; `apt/done` when all are there
//! guest/          what the root is configured by
//! keys/           the key pair of the user
//! boot/           kernel, initrd and host key
//! scratch         where the two below lie, when not here
//! root/           the guest's root, finished; `root.new` while it is not
//! disk.raw        a disk that is being filled
//! image/          the image, finished; `image.new` while it is not
//! ```
//!
//! Whoever is not root has the root made by user ids of a namespace. They have to get at it, and
//! may not get into a private home, so that `root` and `disk.raw` lie in a folder below `/var/tmp`
//! then, whose name nobody knows.

use super::{
    error::{MakeError, Stage},
    files::{self, failed},
    hold::{self, ImageHold, Refused},
    store::ImageStore,
    tool::{Call, Tools, text},
};
use crate::{driver::process, model::ContentHash, port::ImageError};
use std::{
    fs::{DirBuilder, Permissions},
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

/// The folder in which one image is made, by nobody else as long as this is kept.
#[derive(Debug)]
pub(super) struct Work {
    dir: PathBuf,
    scratch: PathBuf,
    is_root: bool,
    _lock: ImageHold,
}

impl Work {
    /// Takes the folder of the image called `name`.
    pub(super) fn open(store: &ImageStore, name: &str) -> Result<Self, MakeError> {
        let dir = store.work_dir(name);
        files::make_folder(&dir)?;
        let lock = match hold::take_alone(&store.build_lock(name)) {
            Ok(lock) => lock,
            Err(Refused::Held(by)) => {
                let name = name.into();
                return Err(MakeError::Busy { name, by });
            }
            Err(Refused::Failed(error)) => return Err(error.into()),
        };
        // Who removed the image before this one had the lock took the folder as well.
        files::make_folder(&dir)?;
        let user = rustix::process::geteuid();
        let scratch = if user.is_root() {
            dir.clone()
        } else {
            private_scratch(&dir, user.as_raw())?
        };
        Ok(Self {
            dir,
            scratch,
            is_root: user.is_root(),
            _lock: lock,
        })
    }

    /// Returns what everything that is started here is marked with.
    pub(super) fn marker(&self) -> String {
        format!("image {}", self.dir.display())
    }

    /// Ends what an earlier attempt left running.
    pub(super) async fn end_left(&self) {
        let mut ended = process::end_marked(&self.marker()).await;
        if !self.is_root {
            // What runs in a namespace shows its mark to nobody outside.
            ended += process::end_naming(&text(&self.scratch)).await;
        }
        if ended > 0 {
            tracing::info!(ended, "ended what an earlier attempt left running");
        }
    }

    /// Returns where a part of it lies.
    pub(super) fn path(&self, part: &str) -> PathBuf {
        self.dir.join(part)
    }

    /// Returns where a part lies that the guest's root has to get at.
    pub(super) fn scratch(&self, part: &str) -> PathBuf {
        self.scratch.join(part)
    }

    /// Whether this user is root, and needs no namespace to be it.
    pub(super) fn is_root(&self) -> bool {
        self.is_root
    }

    /// Returns `argv` as something that runs as root: by itself or within a namespace.
    pub(super) fn as_root<A: Into<String>>(&self, argv: impl IntoIterator<Item = A>) -> Call {
        if self.is_root {
            Call::new(argv)
        } else {
            Call::new(["mmdebstrap", "--unshare-helper"]).arguments(argv)
        }
    }

    /// Drops everything that belongs to something else than `key`; everything there is when it is to
    /// be made anew. Packages that were fetched stay in any case: apt looks at them again.
    pub(super) async fn keep_only(
        &self,
        key: ContentHash,
        anew: bool,
        tools: &Tools,
    ) -> Result<(), MakeError> {
        let path = self.path("key");
        let wanted = key.to_string();
        let is_it = files::read_if_there(&path)?.is_some_and(|kept| kept == wanted);
        if !is_it || anew {
            files::remove(&path)?;
            files::remove(&self.path("apt/done"))?;
            for part in ["guest", "keys", "boot", "image"] {
                files::remove(&self.path(part))?;
            }
            self.remove_tree("root", tools).await?;
            files::replace(&path, wanted.as_bytes())?;
        }
        self.sweep(tools).await
    }

    /// Removes what an attempt left that did not come to its end.
    async fn sweep(&self, tools: &Tools) -> Result<(), MakeError> {
        files::remove(&self.path("image.new"))?;
        files::remove(&self.scratch("disk.raw"))?;
        self.remove_tree("root.new", tools).await
    }

    /// Removes a part that may belong to user ids of a namespace.
    pub(super) async fn remove_tree(&self, part: &str, tools: &Tools) -> Result<(), MakeError> {
        let path = self.scratch(part);
        if !self.is_root && path.exists() {
            // The folder itself can only be removed by whom the one above it belongs to.
            let call = self.as_root(["find", &text(&path), "-mindepth", "1", "-delete"]);
            tools.run(Stage::Root, call, &mut |_| ()).await?;
        }
        Ok(files::remove(&path)?)
    }

    /// Removes all of it.
    pub(super) async fn finish(&self, tools: &Tools) -> Result<(), MakeError> {
        self.remove_tree("root", tools).await?;
        if !self.is_root {
            files::remove(&self.scratch)?;
        }
        Ok(files::remove(&self.dir)?)
    }

    /// Makes sure that `needed` bytes are free where the work is done.
    pub(super) fn check_room(&self, needed: u64) -> Result<(), MakeError> {
        for dir in [&self.dir, &self.scratch] {
            let free = rustix::fs::statvfs(dir.as_path());
            let free = free.map_err(|error| failed("look at", dir)(error.into()))?;
            let free = free.f_bavail * free.f_frsize;
            if free < needed {
                let dir = dir.clone();
                return Err(MakeError::Room { dir, free, needed });
            }
        }
        Ok(())
    }
}

/// Returns a folder that only this user finds, and that everybody who is told can get into. It is
/// remembered in `dir`.
fn private_scratch(dir: &Path, user: u32) -> Result<PathBuf, ImageError> {
    let above = PathBuf::from(format!("/var/tmp/mosdat-images-{user}"));
    let make = |path: &Path| own_folder(path, user).map_err(failed("make the folder", path));
    make(&above)?;
    let memo = dir.join("scratch");
    let name = match files::read_if_there(&memo)? {
        Some(name) if name.len() == 32 && name.bytes().all(|b| b.is_ascii_hexdigit()) => name,
        _ => {
            let name = files::random_name()?;
            files::replace(&memo, name.as_bytes())?;
            name
        }
    };
    let scratch = above.join(name);
    make(&scratch)?;
    Ok(scratch)
}

/// Makes a folder of `user`'s that others only pass through, unless it is there. Where anybody may
/// write, what is there may be a link to somewhere else, or another user's.
fn own_folder(path: &Path, user: u32) -> io::Result<()> {
    let made = DirBuilder::new().mode(0o711).create(path);
    if let Err(error) = made
        && error.kind() != io::ErrorKind::AlreadyExists
    {
        return Err(error);
    }
    let data = path.symlink_metadata()?;
    if !data.is_dir() || data.uid() != user {
        return Err(io::Error::other("it belongs to somebody else"));
    }
    std::fs::set_permissions(path, Permissions::from_mode(0o711))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_a_link_or_anothers_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let user = rustix::process::geteuid().as_raw();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        let (target, link) = (dir.path().join("target"), dir.path().join("link"));
        DirBuilder::new().mode(0o700).create(&target).unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        own_folder(&link, user).unwrap_err();
        own_folder(&target, user + 1).unwrap_err();
        assert_eq!(mode(&target), 0o700);
        for _ in 0..2 {
            own_folder(&target, user).unwrap();
            assert_eq!(mode(&target), 0o711);
        }
    }
}
