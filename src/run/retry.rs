//! How long to wait before trying again. Pure: chance comes in as a number.

use std::time::Duration;

/// When and how often a step is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often an attempt that failed for a reason that may pass is followed by another.
    pub transient: u32,
    /// How often an exercise that failed is followed by another; a pass is then `flaky`.
    pub failed: u32,
    /// How often an exercise that has failed for good is tried again from the same start, to tell who
    /// has to look into it. It stays failed.
    pub reruns: u32,
    /// How long to wait before the second attempt. Doubles with each.
    pub first: Duration,
    /// How long to wait at most.
    pub most: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            transient: 2,
            failed: 0,
            reruns: 0,
            first: Duration::from_millis(300),
            most: Duration::from_secs(10),
        }
    }
}

impl RetryPolicy {
    /// Returns how long to wait after attempt number `attempt`. `chance`, from 0 to 1, spreads
    /// the waits of many steps over the second half, so that they do not come back all at once.
    pub fn wait(&self, attempt: u32, chance: f64) -> Duration {
        let doubled = self
            .first
            .saturating_mul(1 << attempt.saturating_sub(1).min(16));
        doubled
            .min(self.most)
            .mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn waits_grow_and_stay_within_bounds(attempt in 1_u32..100, chance in 0.0..1.0_f64) {
            let policy = RetryPolicy::default();
            let wait = policy.wait(attempt, chance);
            prop_assert!(wait >= policy.first / 2 && wait <= policy.most);
            prop_assert!(policy.wait(attempt + 1, chance) >= wait);
        }
    }
}
