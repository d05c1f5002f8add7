//! A store that forgets what becomes of some steps, for what is only tried. Everything else about
//! them is kept: that a machine is in use has to be known after a crash.

use super::trying::Ends;
use crate::{
    driver::disk::DiskStore,
    model::{PastAttempt, Record, Recorded, StepKey},
    port::{Durability, EvidenceError, LockHolder, LockToken, PastAttempts, Store, StoreError},
};
use std::collections::BTreeSet;

/// A store that forgets what becomes of some steps.
#[derive(Debug)]
pub(super) struct Unrecorded<'s> {
    store: &'s mut DiskStore,
    /// Which steps.
    steps: BTreeSet<StepKey>,
    /// How those of them ended that did.
    pub(super) ends: Ends,
}

impl<'s> Unrecorded<'s> {
    /// Takes the store that keeps everything but what becomes of `steps`.
    pub(super) fn new(store: &'s mut DiskStore, steps: BTreeSet<StepKey>) -> Self {
        let ends = Ends::new();
        Self { store, steps, ends }
    }

    fn is_kept(&self, record: &Record) -> bool {
        match record {
            Record::Started { key, .. } | Record::Finished { key, .. } => !self.steps.contains(key),
            Record::Leased(_)
            | Record::Released(_)
            | Record::LayerMade(..)
            | Record::LayerRemoved(..)
            | Record::Forgotten(_)
            | Record::Renamed(..) => true,
        }
    }
}

impl Store for Unrecorded<'_> {
    fn load(&self) -> Result<Recorded, StoreError> {
        self.store.load()
    }

    fn lock(&mut self, holder: LockHolder) -> Result<LockToken, StoreError> {
        self.store.lock(holder)
    }

    fn unlock(&mut self) -> Result<(), StoreError> {
        self.store.unlock()
    }

    fn holder(&self) -> Result<Option<(LockHolder, bool)>, StoreError> {
        self.store.holder()
    }

    fn force_unlock(&mut self, token: LockToken) -> Result<(), StoreError> {
        self.store.force_unlock(token)
    }

    fn append(&mut self, records: &[Record], durability: Durability) -> Result<(), StoreError> {
        for record in records {
            if let Record::Finished { key, step } = record
                && self.steps.contains(key)
            {
                self.ends.insert(key.clone(), (**step).clone());
            }
        }
        let kept = records.iter().filter(|record| self.is_kept(record));
        let kept: Vec<Record> = kept.cloned().collect();
        self.store.append(&kept, durability)
    }

    fn compact(&mut self) -> Result<(), StoreError> {
        self.store.compact()
    }
}

/// Remembers no attempts.
#[derive(Debug)]
pub(super) struct Unremembered;

impl PastAttempts for Unremembered {
    fn of(&self, _: &StepKey) -> Result<Vec<PastAttempt>, EvidenceError> {
        Ok(Vec::new())
    }

    fn add(&self, _: &StepKey, _: &[PastAttempt]) -> Result<(), EvidenceError> {
        Ok(())
    }

    fn steps(&self) -> Result<Vec<StepKey>, EvidenceError> {
        Ok(Vec::new())
    }
}
