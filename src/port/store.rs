//! Recorded state: where it is kept, and who may write to it.

use crate::model::{Record, Recorded, Timestamp};
use serde::{Deserialize, Serialize};
use std::{fmt::Debug, io, path::PathBuf};

/// Keeps the recorded state of one matrix.
///
/// The format does not depend on a file system, so that a remote store can follow: state is a
/// sequence of framed records, the lock a separate object.
pub trait Store: Debug + Send {
    /// Returns the sum of all records. Needs no lock.
    fn load(&self) -> Result<Recorded, StoreError>;

    /// Takes the lock and keeps its heartbeat going until [`Store::unlock`] or the end of the
    /// process. A lock whose heartbeat has stopped is taken over.
    fn lock(&mut self, holder: LockHolder) -> Result<LockToken, StoreError>;

    /// Gives the lock back.
    fn unlock(&mut self) -> Result<(), StoreError>;

    /// Returns who holds the lock now, and whether the heartbeat has stopped.
    fn holder(&self) -> Result<Option<(LockHolder, bool)>, StoreError>;

    /// Ends the lock of `token`'s holder, whoever that is. Its next write will be refused.
    fn force_unlock(&mut self, token: LockToken) -> Result<(), StoreError>;

    /// Appends records, in order, all or none. Refused without the lock, and when someone else
    /// has taken the lock over.
    fn append(&mut self, records: &[Record], durability: Durability) -> Result<(), StoreError>;

    /// Rewrites the state as short as it can be. Refused without the lock.
    fn compact(&mut self) -> Result<(), StoreError>;
}

/// When appended records are safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// At once from the end of the process, and soon from a loss of power. Losing a record only
    /// means doing a step again.
    Process,
    /// At once from a loss of power as well: the record says that something in the outside world
    /// is about to be made.
    Power,
}

/// Grows with each holder of a lock, so that a late write of an earlier one is told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LockToken(pub u64);

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockHolder {
    /// Set by the store when the lock is taken; what `force-unlock` takes.
    pub token: Option<LockToken>,
    /// The user.
    pub user: String,
    /// The computer.
    pub host: String,
    /// The process there.
    pub pid: u32,
    /// What it is doing: `apply`.
    pub operation: String,
    /// Since when.
    pub since: Timestamp,
    /// When it last showed that it is alive. Kept up by the store.
    pub heartbeat: Timestamp,
}

/// State could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk said no.
    #[error("failed to {what} `{path}`")]
    Io {
        /// What was tried: `append to`, `read`.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
    /// Bytes in the middle of the state are not what was written.
    #[error(
        "the state `{path}` is damaged at byte {offset}: {why}\n\
         the {good} records before it are sound; `{recovery}` keeps them and sets the damaged file aside"
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Where the damaged record starts.
        offset: u64,
        /// What is wrong with it.
        why: String,
        /// How many records before it are sound.
        good: u64,
        /// The command that keeps those.
        recovery: String,
    },
    /// The state was written by a newer mosdat.
    #[error("the state `{path}` has format {found}, and this mosdat reads up to {known}")]
    TooNew {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest known.
        known: u32,
    },
    /// Someone else holds the lock.
    #[error(
        "the state is locked by {}@{} (pid {}, {} since {})",
        holder.user, holder.host, holder.pid, holder.operation, holder.since
    )]
    Locked {
        /// Who.
        holder: Box<LockHolder>,
    },
    /// The lock was taken over by someone else, or is not held at all.
    #[error("the lock on the state is no longer held; nothing was written")]
    LockLost,
    /// The lock to end is not the one there is.
    #[error("the lock is not {}; it is {now}", wanted.0)]
    OtherLock {
        /// The token given.
        wanted: LockToken,
        /// What there is, in words.
        now: String,
    },
}
