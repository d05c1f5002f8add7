//! How long instructions take, compared with how long they may.

use crate::model::{Latency, PastAttempt, PastInstruction, Verdict};
use std::collections::BTreeMap;

/// With fewer times than this nothing is said of an instruction.
const ENOUGH: usize = 5;

/// From how many hundredths of its time on an instruction comes near its time-out.
const NEAR: u64 = 80;

/// Returns how long each instruction took that passed at once, in the order of the newest attempt.
/// Only instructions that the newest attempt has, with the time that they have there, are told.
pub fn latencies(attempts: &[PastAttempt]) -> Vec<Latency> {
    let Some(newest) = attempts.last() else {
        return Vec::new();
    };
    let mut took: BTreeMap<_, Vec<u64>> = BTreeMap::new();
    let passed = attempts.iter().flat_map(|attempt| &attempt.instructions);
    for one in passed.filter(|one| one.verdict == Verdict::Passed && one.attempts <= 1) {
        took.entry(name(one)).or_default().push(one.duration_ms);
    }
    let told = newest.instructions.iter().filter_map(|one| {
        let took = took.get_mut(&name(one))?;
        took.sort_unstable();
        Some(Latency {
            path: one.path.clone(),
            label: one.label.clone(),
            times: took.len(),
            p50_ms: percentile(took, 50),
            p95_ms: percentile(took, 95),
            limit_ms: one.limit_ms,
        })
    });
    told.collect()
}

/// Whether an instruction that passes often enough to say so takes nearly as long as it may.
pub fn is_near(latency: &Latency) -> bool {
    let limit = latency.limit_ms;
    latency.times >= ENOUGH
        && limit > 0
        && latency.p95_ms.saturating_mul(100) >= limit.saturating_mul(NEAR)
}

/// What makes an instruction the same one as in another attempt. One that is given more time is
/// another: how long it took before says nothing about the time that it has now.
fn name(one: &PastInstruction) -> (&str, &str, u64) {
    (&one.path, &one.label, one.limit_ms)
}

/// Returns the smallest of sorted numbers that is no less than `percent` in a hundred of them.
fn percentile(sorted: &[u64], percent: usize) -> u64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let hundred: Vec<u64> = (1..=100).collect();
        assert_eq!(percentile(&hundred, 50), 50);
        assert_eq!(percentile(&hundred, 95), 95);
        assert_eq!(percentile(&[7], 95), 7);
        assert_eq!(percentile(&[1, 2, 3], 50), 2);
        assert_eq!(percentile(&[], 50), 0);
    }
}
