//! What earlier attempts at steps were like.

use super::EvidenceError;
use crate::model::{PastAttempt, StepKey};
use std::fmt::Debug;

/// Remembers attempts, some for each step. Losing them loses no verdict.
pub trait PastAttempts: Debug + Send + Sync {
    /// Returns the latest attempts at a step, oldest first.
    fn of(&self, key: &StepKey) -> Result<Vec<PastAttempt>, EvidenceError>;

    /// Remembers attempts at a step, oldest first. The oldest of many are forgotten.
    fn add(&self, key: &StepKey, attempts: &[PastAttempt]) -> Result<(), EvidenceError>;

    /// Returns every step of which attempts are remembered, in order.
    fn steps(&self) -> Result<Vec<StepKey>, EvidenceError>;
}
