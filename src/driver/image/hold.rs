//! Holding an image: whoever uses one keeps it from being removed.
//!
//! Locks of the operating system, which takes them from a process that ends. So nothing is left of a
//! user that crashed. They do not tell who holds them; the system is asked for that.

#![expect(
    clippy::disallowed_methods,
    reason = "who holds a lock is read from `/proc`"
)]

use super::files::failed;
use crate::port::{Held, ImageError};
use rustix::fs::{FlockOperation, flock};
use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::MetadataExt as _,
    path::Path,
};

/// What the file that is locked is called, within the folder of an image.
pub(super) const FILE: &str = "in-use";

/// Keeps an image from being removed until it is dropped.
#[derive(Debug)]
pub struct ImageHold {
    _file: File,
}

impl Held for ImageHold {}

/// A lock that was not to be had.
#[derive(Debug)]
pub(super) enum Refused {
    /// Others have it: a few words about each.
    Held(String),
    /// The system could not say.
    Failed(ImageError),
}

impl From<ImageError> for Refused {
    fn from(error: ImageError) -> Self {
        Self::Failed(error)
    }
}

/// Takes part in using what the file at `path` stands for.
pub(super) fn share(path: &Path) -> Result<ImageHold, Refused> {
    take(path, FlockOperation::NonBlockingLockShared)
}

/// Takes what the file at `path` stands for, when nobody uses it.
pub(super) fn take_alone(path: &Path) -> Result<ImageHold, Refused> {
    take(path, FlockOperation::NonBlockingLockExclusive)
}

fn take(path: &Path, operation: FlockOperation) -> Result<ImageHold, Refused> {
    let open = || {
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            // Whoever may only read an image may use it all the same.
            .or_else(|_| File::open(path))
    };
    let file = open().map_err(failed("lock", path))?;
    loop {
        match flock(&file, operation) {
            Ok(()) => return Ok(ImageHold { _file: file }),
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(Refused::Held(holders(&file))),
            Err(error) => return Err(failed("lock", path)(error.into()).into()),
        }
    }
}

/// Says which processes hold a lock on `file`.
fn holders(file: &File) -> String {
    let table = fs::read_to_string("/proc/locks").unwrap_or_default();
    let Ok(inode) = file.metadata().map(|data| data.ino()) else {
        return "another process".into();
    };
    let mut names: Vec<String> = pids(&table, inode).into_iter().map(name).collect();
    names.sort();
    names.dedup();
    if names.is_empty() {
        "another process".into()
    } else {
        names.join(", ")
    }
}

/// Picks from the system's table of locks who holds one on `inode`.
fn pids(table: &str, inode: u64) -> Vec<u32> {
    let of_line = |line: &str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        // `12: FLOCK  ADVISORY  READ 4711 fd:01:1234 0 EOF`; who waits has an arrow before it.
        let (kind, pid, place) = (fields.get(1)?, fields.get(4)?, fields.get(5)?);
        let is_it = *kind == "FLOCK" && place.rsplit(':').next()?.parse() == Ok(inode);
        is_it.then(|| pid.parse().ok()).flatten()
    };
    table.lines().filter_map(of_line).collect()
}

fn name(pid: u32) -> String {
    match fs::read_to_string(format!("/proc/{pid}/comm")) {
        Ok(name) => format!("`{}` (pid {pid})", name.trim_end()),
        Err(_) => format!("pid {pid}"),
    }
}

impl From<Refused> for io::Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Held(by) => Self::other(format!("it is held by {by}")),
            Refused::Failed(error) => Self::other(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holders_are_read_from_the_table_of_locks() {
        let table = "1: POSIX  ADVISORY  WRITE 11 fd:01:77 0 EOF\n\
                     2: FLOCK  ADVISORY  READ 12 fd:01:77 0 EOF\n\
                     2: -> FLOCK  ADVISORY  WRITE 13 fd:01:77 0 EOF\n\
                     3: FLOCK  ADVISORY  WRITE 14 fd:01:78 0 EOF\n\
                     nonsense\n";
        assert_eq!(pids(table, 77), [12]);
        assert_eq!(pids(table, 79), [0; 0]);
    }

    #[test]
    fn who_holds_a_lock_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        let one = share(&path).unwrap();
        let two = share(&path).unwrap();
        let Err(Refused::Held(by)) = take_alone(&path) else {
            panic!("it is not alone");
        };
        assert!(
            by.contains(&format!("(pid {})", std::process::id())),
            "{by}"
        );
        drop((one, two));
        assert!(take_alone(&path).is_ok());
    }
}
