//! A folder that is never too deep for sockets, whose paths may have 107 bytes at most.
//!
//! It lies below `/tmp`, under a name that follows from where it should have been, so that it is
//! found again after a crash.

use crate::model::ContentHash;
use std::{
    fs, io,
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, MetadataExt},
    },
    path::{Path, PathBuf},
};

/// A socket's path may be so long.
pub const LONGEST_SOCKET: usize = 107;

/// Returns the folder to use in place of `near`.
pub fn short_place(near: &Path) -> PathBuf {
    let name = &ContentHash::of(near.as_os_str().as_bytes()).to_hex()[..12];
    shared_root().join(name)
}

/// Returns the folder below `/tmp` that all of mosdat shares that one user runs.
pub fn shared_root() -> PathBuf {
    let uid = rustix::process::geteuid().as_raw();
    PathBuf::from(format!("/tmp/mosdat-{uid}"))
}

/// Makes the shared folder. Whoever else made it first could see and change what is in it, and is
/// not accepted.
pub fn create_shared_root() -> io::Result<PathBuf> {
    let root = shared_root();
    match fs::DirBuilder::new().mode(0o711).create(&root) {
        Err(err) if err.kind() != io::ErrorKind::AlreadyExists => return Err(err),
        Ok(()) | Err(_) => {}
    }
    let meta = root.symlink_metadata()?;
    let is_own = meta.is_dir() && meta.uid() == rustix::process::geteuid().as_raw();
    if !is_own || meta.mode() & 0o022 != 0 {
        let why = format!("`{}` belongs to someone else", root.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    }
    Ok(root)
}
