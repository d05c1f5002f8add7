//! Snapshots of a machine.

use super::Vm;
use crate::driver::proxmox::api::{ApiError, Call, Reason, segment};
use serde::Deserialize;

/// A snapshot of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// What it is called.
    pub name: String,
    /// When it was made, in seconds since the Unix epoch.
    pub time: u64,
    /// Whether the memory is kept too.
    pub has_ram: bool,
    /// Whether it was broken off while it was made.
    pub is_incomplete: bool,
}

impl Vm {
    /// Lists its snapshots.
    pub async fn snapshots(&self) -> Result<Vec<Snapshot>, ApiError> {
        #[derive(Deserialize)]
        struct Told {
            name: String,
            #[serde(default)]
            snaptime: Option<u64>,
            #[serde(default)]
            vmstate: Option<u8>,
            #[serde(default)]
            snapstate: Option<String>,
        }
        let told: Vec<Told> = self
            .call(|path| Call::get(format!("{path}/snapshot")))
            .await?;
        // The last of the list is the machine itself.
        let real = told.into_iter().filter(|one| one.name != "current");
        let snapshots = real.map(|one| Snapshot {
            name: one.name,
            time: one.snaptime.unwrap_or(0),
            has_ram: one.vmstate == Some(1),
            is_incomplete: one.snapstate.is_some(),
        });
        Ok(snapshots.collect())
    }

    /// Makes a snapshot, with the memory or without. Without it the guest's file systems are
    /// brought to rest first, where its agent answers.
    pub async fn snapshot(&self, name: &str, ram: bool, why: &str) -> Result<(), ApiError> {
        let made = self.run("qmsnapshot", self.limits.snapshot, |path| {
            Call::post(format!("{path}/snapshot"))
                .with("snapname", name)
                .with("vmstate", u8::from(ram))
                .with("description", why)
        });
        made.await.map(drop)
    }

    /// Returns to a snapshot. Afterwards it runs when its memory was kept, and is stopped otherwise.
    pub async fn roll_back(&self, name: &str) -> Result<(), ApiError> {
        // Starting it is left to a task of its own, which can be awaited.
        let done = self.run("qmrollback", self.limits.snapshot, |path| {
            Call::post(format!("{path}/snapshot/{}/rollback", segment(name)))
        });
        done.await.map(drop)
    }

    /// Removes a snapshot. One that is gone is no error.
    pub async fn remove_snapshot(&self, name: &str) -> Result<(), ApiError> {
        let removed = self.run("qmdelsnapshot", self.limits.snapshot, |path| {
            Call::delete(format!("{path}/snapshot/{}", segment(name)))
        });
        match removed.await {
            Err(err) if err.reason() == Reason::NoSnapshot => Ok(()),
            done => done.map(drop),
        }
    }
}
