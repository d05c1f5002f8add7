//! Leases: a machine in use, written down before it is taken.

use super::{MachineName, RunId, StepKey, Timestamp};
use serde::{Deserialize, Serialize};

/// Names one use of one machine. Providers mark what they start with it, so that a later run can
/// find what a crash left behind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LeaseId(String);

impl LeaseId {
    /// Names the `number`th lease of `run`.
    pub fn new(run: &RunId, number: usize) -> Self {
        Self(format!("{run}-{number}"))
    }

    /// Takes a name for a use that is no step's.
    pub fn named(name: &str) -> Self {
        Self(name.into())
    }

    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for LeaseId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

/// A machine in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Which use.
    pub id: LeaseId,
    /// Of what.
    pub machine: MachineName,
    /// For what.
    pub step: StepKey,
    /// Since when.
    pub since: Timestamp,
}
