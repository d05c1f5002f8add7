//! What passes and fails without a reason.

use super::latency::latencies;
use crate::model::{Inputs, Latency, PastAttempt, Verdict};
use std::collections::BTreeMap;

/// What the attempts at one exercise add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// How many there were.
    pub attempts: usize,
    /// How many held.
    pub held: usize,
    /// How many failed.
    pub failed: usize,
    /// In how many nothing was learned.
    pub blocked: usize,
    /// How many ended against the majority of those with the same inputs. What is blocked has no
    /// part in it: nothing was learned then.
    pub astray: usize,
    /// How many held or failed with inputs that were tried more than once.
    pub compared: usize,
    /// How many held only because a step was repeated within.
    pub repeated: usize,
    /// Where attempts ended badly, with how often each, most often first.
    pub places: Vec<(String, usize)>,
    /// How long instructions take.
    pub latencies: Vec<Latency>,
}

impl Record {
    /// Whether it passes and fails with the same inputs, or passes only when steps are repeated.
    pub fn is_unsteady(&self) -> bool {
        self.astray > 0 || self.repeated > 0
    }
}

/// Adds up the attempts at one exercise, oldest first.
pub fn record(attempts: &[PastAttempt]) -> Record {
    let count =
        |is: &dyn Fn(Verdict) -> bool| attempts.iter().filter(|one| is(one.verdict)).count();
    let groups = by_inputs(attempts);
    let compared = groups.iter().filter(|(held, failed)| held + failed > 1);
    let (mut astray, mut total) = (0, 0);
    for (held, failed) in compared {
        astray += held.min(failed);
        total += held + failed;
    }
    Record {
        attempts: attempts.len(),
        held: count(&Verdict::holds),
        failed: count(&|verdict| verdict == Verdict::Failed),
        blocked: count(&|verdict| verdict == Verdict::Blocked),
        astray,
        compared: total,
        repeated: count(&|verdict| verdict == Verdict::Flaky),
        places: places(attempts),
        latencies: latencies(attempts),
    }
}

/// How many held and how many failed, for each set of inputs.
fn by_inputs(attempts: &[PastAttempt]) -> Vec<(usize, usize)> {
    let mut groups: Vec<(&Inputs, (usize, usize))> = Vec::new();
    for one in attempts {
        let known = groups.iter().position(|(inputs, _)| *inputs == &one.inputs);
        let at = known.unwrap_or_else(|| {
            groups.push((&one.inputs, (0, 0)));
            groups.len() - 1
        });
        let (held, failed) = &mut groups[at].1;
        *held += usize::from(one.verdict.holds());
        *failed += usize::from(one.verdict == Verdict::Failed);
    }
    groups.into_iter().map(|(_, counts)| counts).collect()
}

fn places(attempts: &[PastAttempt]) -> Vec<(String, usize)> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for one in attempts.iter().filter(|one| !one.verdict.holds()) {
        let place = one.broke_at().map_or_else(
            || "outside of its steps".into(),
            |broke| format!("at step {}, {}", broke.path, broke.label),
        );
        *places.entry(place).or_default() += 1;
    }
    let mut places: Vec<_> = places.into_iter().collect();
    places.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    places
}
