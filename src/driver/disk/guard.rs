//! The guard: a lock of the operating system that is held for moments only, while the lock file
//! is looked at and what rests on it is done.
//!
//! Says nothing about who holds the state; that is written in the lock file. The system takes it
//! from a process that ends.

use super::journal::io_error;
use crate::port::StoreError;
use rustix::fs::{FlockOperation, flock};
use std::{
    fs::{File, OpenOptions},
    io,
    path::Path,
    thread,
    time::Duration,
};

/// How often it is tried to get the guard, a millisecond apart, before giving up. It is held for
/// less than that unless its holder was stopped.
const TRIES: u32 = 2000;

/// Keeps everybody else from looking at the lock file until it is dropped.
#[derive(Debug)]
pub(super) struct Guard {
    _file: File,
}

impl Guard {
    /// Waits for the guard of the state in `dir`.
    pub(super) fn take(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join("lock.guard");
        let failed = |source| io_error("lock", &path, source);
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(failed)?;
        for _ in 0..TRIES {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Self { _file: file }),
                Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => {
                    thread::sleep(Duration::from_millis(1));
                }
                Err(error) => return Err(failed(error.into())),
            }
        }
        Err(failed(io::ErrorKind::TimedOut.into()))
    }
}
