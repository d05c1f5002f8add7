//! The store: recorded state in one folder, written to only under the lock.
//!
//! Knows nothing of how records lie in the journal, nor of what is in the lock file.

use super::{
    compaction::compacted,
    guard::Guard,
    journal::{Contents, Journal, io_error},
    keeper::Keeper,
    lock::{LockFile, LockRules},
    replace::replace_for_good,
};
use crate::{
    model::{Record, Recorded, Timestamp},
    port::{Clock, Durability, LockHolder, LockToken, Store, StoreError},
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A journal shorter than this is never worth a compaction.
const WORTH_COMPACTING: u64 = 1024 * 1024;

/// How much longer than need be a journal may grow.
const SLACK: u64 = 3;

/// Recorded state in a folder: `journal`, `lock`, and `lock.guard`.
#[derive(Debug)]
pub struct DiskStore {
    journal_path: PathBuf,
    dir: PathBuf,
    lock_file: LockFile,
    rules: LockRules,
    clock: Arc<dyn Clock>,
    keeper: Option<Keeper>,
    /// Open from the first append under a lock until the lock is given back.
    journal: Option<Journal>,
    /// From which length on the journal is compared with what it could be.
    look_at: u64,
}

/// What came of a recovery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// How many records were sound, and are kept.
    pub kept: u64,
    /// Where the damaged journal is now; `None` when it was not damaged.
    pub set_aside: Option<PathBuf>,
}

impl DiskStore {
    /// Opens the state in `dir`, which need not be there yet: the first lock creates it.
    pub fn open(dir: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        if dir.exists() && !dir.is_dir() {
            let source = std::io::ErrorKind::NotADirectory.into();
            return Err(io_error("open", dir, source));
        }
        Ok(Self {
            journal_path: dir.join("journal"),
            dir: dir.into(),
            lock_file: LockFile::new(dir),
            rules: LockRules::default(),
            clock,
            keeper: None,
            journal: None,
            look_at: WORTH_COMPACTING,
        })
    }

    /// Returns the store with other rules for its lock.
    #[must_use]
    pub fn with_rules(mut self, rules: LockRules) -> Self {
        self.rules = rules;
        self
    }

    /// Keeps the sound records before the damaged one, and sets the damaged file aside. Refused
    /// without the lock. A journal that is not damaged stays as it is.
    pub fn recover(&mut self) -> Result<Recovered, StoreError> {
        let _guard = self.check()?.1;
        let (contents, bytes) = Contents::read(&self.journal_path)?;
        let mut recovered = Recovered {
            kept: contents.records,
            set_aside: None,
        };
        if contents.damage.is_some() {
            // In this order, there is a journal at any time.
            recovered.set_aside = Some(self.set_aside()?);
            replace_for_good(&self.journal_path, &bytes[..contents.sound])
                .map_err(|source| io_error("replace", &self.journal_path, source))?;
        }
        self.journal = None;
        Ok(recovered)
    }

    /// Gives the journal a second name that is not taken.
    fn set_aside(&self) -> Result<PathBuf, StoreError> {
        let names = (1_u32..).map(|number| self.dir.join(format!("journal.damaged-{number}")));
        for path in names {
            match fs::hard_link(&self.journal_path, &path) {
                Ok(()) => return Ok(path),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(io_error("set aside", &self.journal_path, source)),
            }
        }
        unreachable!("there are more numbers than files")
    }

    /// Makes sure that the lock is held, and stays so while the result is alive.
    fn check(&self) -> Result<(&Keeper, Guard), StoreError> {
        let keeper = self.keeper.as_ref().ok_or(StoreError::LockLost)?;
        let guard = keeper.lock().check()?;
        Ok((keeper, guard))
    }

    /// Compacts the journal when it is much longer than it could be. What it could be is worked
    /// out only when it has grown a lot.
    fn compact_when_worth_it(&mut self) -> Result<(), StoreError> {
        let length = self.journal.as_ref().map_or(0, Journal::length);
        if length <= self.look_at {
            return Ok(());
        }
        let shortest = compacted(&self.load()?);
        let limit = SLACK * shortest.len() as u64;
        self.look_at = limit.max(WORTH_COMPACTING);
        if length > limit {
            self.replace_journal(&shortest)?;
        }
        Ok(())
    }

    fn replace_journal(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let (keeper, _guard) = self.check()?;
        replace_for_good(&self.journal_path, bytes)
            .map_err(|source| io_error("compact", &self.journal_path, source))?;
        keeper.is_synced();
        self.journal = None;
        Ok(())
    }
}

impl Store for DiskStore {
    fn load(&self) -> Result<Recorded, StoreError> {
        let (contents, _) = Contents::read(&self.journal_path)?;
        Ok(contents.whole(&self.journal_path)?.into_recorded())
    }

    fn lock(&mut self, holder: LockHolder) -> Result<LockToken, StoreError> {
        fs::create_dir_all(&self.dir).map_err(|source| io_error("create", &self.dir, source))?;
        let now: Timestamp = self.clock.now();
        let lock = self.lock_file.take(holder, now, self.rules)?;
        let token = lock.token();
        let keeper = Keeper::start(lock, self.rules.heartbeat, Arc::clone(&self.clock))
            .map_err(|source| io_error("keep the lock of", &self.dir, source))?;
        self.keeper = Some(keeper);
        // Someone else may have written since.
        self.journal = None;
        Ok(token)
    }

    fn unlock(&mut self) -> Result<(), StoreError> {
        self.journal = None;
        let keeper = self.keeper.take().ok_or(StoreError::LockLost)?;
        keeper
            .stop()?
            .map_err(|source| io_error("sync", &self.journal_path, source))
    }

    fn holder(&self) -> Result<Option<(LockHolder, bool)>, StoreError> {
        Ok(self.lock_file.read()?.holder(self.clock.now(), self.rules))
    }

    fn force_unlock(&mut self, token: LockToken) -> Result<(), StoreError> {
        if !self.dir.exists() {
            let now = "not held at all".into();
            return Err(StoreError::OtherLock { wanted: token, now });
        }
        self.lock_file.force_unlock(token)
    }

    fn append(&mut self, records: &[Record], durability: Durability) -> Result<(), StoreError> {
        let guard = self.check()?.1;
        if records.is_empty() {
            return Ok(());
        }
        let mut journal = match self.journal.take() {
            Some(journal) => journal,
            None => Journal::open(&self.journal_path)?,
        };
        journal.append(records, durability)?;
        drop(guard);
        match (&self.keeper, durability) {
            (Some(keeper), Durability::Process) => keeper.sync_later(journal.file()),
            (Some(keeper), Durability::Power) => keeper.is_synced(),
            (None, _) => {}
        }
        self.journal = Some(journal);
        if let Err(error) = self.compact_when_worth_it() {
            // The records are safe all the same.
            tracing::warn!(%error, "the journal could not be compacted");
        }
        Ok(())
    }

    fn compact(&mut self) -> Result<(), StoreError> {
        let guard = self.check()?.1;
        let recorded = self.load()?;
        drop(guard);
        self.replace_journal(&compacted(&recorded))
    }
}

/// A lock that nobody gave back, because something went wrong, is given back.
impl Drop for DiskStore {
    fn drop(&mut self) {
        if self.keeper.is_some()
            && let Err(error) = self.unlock()
        {
            tracing::warn!(%error, "the lock on the state could not be given back");
        }
    }
}
