//! The lock on the state: who holds it, whether they live, and how it changes hands.
//!
//! Does not keep the heartbeat going; that is the [`Keeper`](super::keeper::Keeper)'s.
//!
//! The lock is a file, `lock`, that names its holder. It is only looked at and changed under the
//! [`Guard`], so that two takers never both win, and so that a holder that was taken for dead and
//! wakes up again finds out before it writes. It stays when the lock is given back, because it
//! holds the last token, and tokens only grow.

#![expect(
    clippy::disallowed_methods,
    reason = "this is what the `Store` port stands for"
)]

use super::{guard::Guard, journal::io_error, replace::replace};
use crate::{
    driver::process,
    model::Timestamp,
    port::{LockHolder, LockToken, StoreError},
};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

/// How a lock is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockRules {
    /// How often the holder shows that it is alive.
    pub heartbeat: Duration,
    /// After how long without a heartbeat the lock may be taken over.
    pub expiry: Duration,
}

impl Default for LockRules {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_secs(5),
            expiry: Duration::from_secs(30),
        }
    }
}

/// What the lock file says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Content {
    /// The token of the last holder.
    token: u64,
    holder: Option<LockHolder>,
    process: Option<ProcessMark>,
}

impl Content {
    /// Returns who holds the lock, and whether it may be taken over.
    pub(super) fn holder(self, now: Timestamp, rules: LockRules) -> Option<(LockHolder, bool)> {
        let holder = self.holder?;
        let is_silent = now.since(holder.heartbeat) > rules.expiry;
        let is_dead = self.process.is_some_and(|mark| mark.is_dead(holder.pid));
        Some((holder, is_silent || is_dead))
    }
}

/// Tells a process from every other one that ever had its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ProcessMark {
    boot: String,
    /// Containers share a boot and not their process ids.
    namespace: PathBuf,
    start: u64,
}

impl ProcessMark {
    fn of(pid: u32) -> Option<Self> {
        Some(Self {
            boot: fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?,
            namespace: fs::read_link("/proc/self/ns/pid").ok()?,
            start: process::start_time(pid)?,
        })
    }

    /// Whether the process has certainly ended. One that cannot be seen from here has not.
    fn is_dead(&self, pid: u32) -> bool {
        let own = Self::of(std::process::id());
        let is_here =
            own.is_some_and(|own| own.boot == self.boot && own.namespace == self.namespace);
        is_here && process::start_time(pid) != Some(self.start)
    }
}

/// The lock file of one state.
#[derive(Clone, Debug)]
pub(super) struct LockFile {
    dir: PathBuf,
    path: PathBuf,
}

impl LockFile {
    pub(super) fn new(dir: &Path) -> Self {
        Self {
            dir: dir.into(),
            path: dir.join("lock"),
        }
    }

    /// Returns what it says. Whoever only wants to show it needs no guard.
    pub(super) fn read(&self) -> Result<Content, StoreError> {
        let bytes = self.bytes()?;
        // A loss of power may leave a file without its content; its holder is gone then, too.
        if bytes.iter().all(|byte| *byte == 0) {
            return Ok(Content::default());
        }
        serde_json::from_slice(&bytes).map_err(|error| {
            let source = io::Error::new(io::ErrorKind::InvalidData, error);
            io_error("read", &self.path, source)
        })
    }

    /// Takes the lock for `holder`, when nobody holds it who lives.
    pub(super) fn take(
        &self,
        mut holder: LockHolder,
        now: Timestamp,
        rules: LockRules,
    ) -> Result<OwnLock, StoreError> {
        let guard = Guard::take(&self.dir)?;
        let last = self.read()?;
        let token = last.token + 1;
        if let Some((other, false)) = last.holder(now, rules) {
            let holder = Box::new(other);
            return Err(StoreError::Locked { holder });
        }
        holder.token = Some(LockToken(token));
        holder.heartbeat = now;
        let process = ProcessMark::of(holder.pid);
        let content = Content {
            token,
            holder: Some(holder),
            process,
        };
        let bytes = self.write(&content, &guard)?;
        Ok(OwnLock {
            file: self.clone(),
            content,
            bytes,
        })
    }

    /// Ends the lock of `token`'s holder.
    pub(super) fn force_unlock(&self, token: LockToken) -> Result<(), StoreError> {
        let guard = Guard::take(&self.dir)?;
        let content = self.read()?;
        let now = match &content.holder {
            None => "not held at all".into(),
            Some(_) if content.token == token.0 => {
                return self.write(&content.given_back(), &guard).map(drop);
            }
            Some(_) => content.token.to_string(),
        };
        Err(StoreError::OtherLock { wanted: token, now })
    }

    fn bytes(&self) -> Result<Vec<u8>, StoreError> {
        match fs::read(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            bytes => bytes.map_err(|source| io_error("read", &self.path, source)),
        }
    }

    fn write(&self, content: &Content, _under: &Guard) -> Result<Vec<u8>, StoreError> {
        let mut bytes = serde_json::to_vec_pretty(content).expect("it is plain data");
        bytes.push(b'\n');
        replace(&self.path, &bytes).map_err(|source| io_error("write", &self.path, source))?;
        Ok(bytes)
    }
}

impl Content {
    fn given_back(&self) -> Self {
        Self {
            token: self.token,
            ..Self::default()
        }
    }
}

/// A lock that was taken, and may have been lost since.
#[derive(Debug)]
pub(super) struct OwnLock {
    file: LockFile,
    content: Content,
    /// What the lock file reads as long as the lock is held.
    bytes: Vec<u8>,
}

impl OwnLock {
    /// Returns the token it was taken with.
    pub(super) fn token(&self) -> LockToken {
        LockToken(self.content.token)
    }

    /// Makes sure that the lock is still held, and that it stays so until the guard is dropped.
    pub(super) fn check(&self) -> Result<Guard, StoreError> {
        let guard = Guard::take(&self.file.dir)?;
        if self.file.bytes()? == self.bytes {
            Ok(guard)
        } else {
            Err(StoreError::LockLost)
        }
    }

    /// Shows that the holder is alive.
    pub(super) fn beat(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let guard = self.check()?;
        if let Some(holder) = &mut self.content.holder {
            holder.heartbeat = now;
        }
        self.bytes = self.file.write(&self.content, &guard)?;
        Ok(())
    }

    /// Gives the lock back.
    pub(super) fn give_back(&mut self) -> Result<(), StoreError> {
        let guard = self.check()?;
        self.bytes = self.file.write(&self.content.given_back(), &guard)?;
        Ok(())
    }
}
