//! Who has to look into a failure, as far as attempts from the same start tell.

use crate::model::{Cause, Inputs, PastAttempt, PastInstruction, Suspect, Verdict};

/// An instruction that took so many hundredths of its time ran out of it.
const OUT_OF_TIME: u64 = 95;

/// An instruction that takes so many hundredths of its time when it passes has too little of it.
const TIGHT: u64 = 50;

/// Returns what attempts of one run, from the same start with the same inputs, tell about those
/// that failed; `earlier` are attempts of earlier runs, oldest first. Fewer than two attempts, and
/// attempts of which none failed, tell nothing.
pub fn cause(attempts: &[PastAttempt], earlier: &[PastAttempt]) -> Option<Cause> {
    let failed: Vec<_> = with(attempts, Verdict::Failed).collect();
    let first = *failed.first()?;
    if attempts.len() < 2 {
        return None;
    }
    let (suspect, why) = if let Some(blocked) = with(attempts, Verdict::Blocked).next() {
        let at = place(blocked.broke_at());
        let why = format!("the environment failed in attempt {}{at}", blocked.attempt);
        (Suspect::Environment, why)
    } else if failed.len() < attempts.len() {
        now_and_then(attempts, &failed)
    } else if failed.iter().any(|one| !is_same_place(first, one)) {
        let places: Vec<String> = failed.iter().map(|one| place(one.broke_at())).collect();
        let why = format!("it failed elsewhere each time:{}", places.join(", then"));
        (Suspect::Unknown, why)
    } else {
        let (suspect, why) = steadily(&first.inputs, earlier);
        let times = failed.len();
        let at = place(first.broke_at());
        (
            suspect,
            format!("it failed {times} of {times} times{at}; {why}"),
        )
    };
    Some(Cause { suspect, why })
}

/// What passes and fails from the same start.
fn now_and_then(attempts: &[PastAttempt], failed: &[&PastAttempt]) -> (Suspect, String) {
    let (times, all) = (failed.len(), attempts.len());
    let broke = failed.iter().find_map(|one| one.broke_at());
    let at = place(broke);
    let often = format!("it failed {times} of {all} times from the same start{at}");
    if let Some(broke) = broke
        && let Some(passed) = longest_pass(attempts, broke)
        && is_part(broke.duration_ms, OUT_OF_TIME, broke.limit_ms)
        && is_part(passed, TIGHT, broke.limit_ms)
    {
        let (took, limit) = (seconds(passed), seconds(broke.limit_ms));
        let why = format!("{often}, out of time; when it passes, it takes {took} of {limit}");
        return (Suspect::Test, why);
    }
    let why = format!("{often}: a race, in the app or in what the scenario takes for granted");
    (Suspect::Unknown, why)
}

/// What fails each time at the same place: by what changed since it last held.
fn steadily(now: &Inputs, earlier: &[PastAttempt]) -> (Suspect, String) {
    let Some(good) = earlier.iter().rev().find(|one| one.verdict.holds()) else {
        return (Suspect::Unknown, "it never passed before".into());
    };
    let then = &good.inputs;
    let parts = [
        (now.product != then.product, "product", Suspect::Product),
        (now.test != then.test, "scenario", Suspect::Test),
        (now.machine != then.machine, "machine", Suspect::Environment),
        (now.mosdat != then.mosdat, "mosdat itself", Suspect::Unknown),
    ];
    let changed: Vec<_> = parts
        .iter()
        .filter(|(is_changed, ..)| *is_changed)
        .collect();
    let run = &good.run;
    match changed.as_slice() {
        [] => (
            Suspect::Environment,
            format!(
                "it passed in run {run} with the same inputs, so something outside of them changed"
            ),
        ),
        [(_, what, suspect)] => (
            *suspect,
            format!("since it passed in run {run} only the {what} changed")
                .replace("the mosdat", "mosdat"),
        ),
        several => {
            let names: Vec<&str> = several.iter().map(|(_, what, _)| *what).collect();
            let names = names.join(", ");
            let why = format!("since it passed in run {run} these changed: {names}");
            (Suspect::Unknown, why)
        }
    }
}

fn with(attempts: &[PastAttempt], verdict: Verdict) -> impl Iterator<Item = &PastAttempt> {
    attempts.iter().filter(move |one| one.verdict == verdict)
}

fn is_same_place(one: &PastAttempt, other: &PastAttempt) -> bool {
    let place = |attempt: &PastAttempt| {
        let broke = attempt.broke_at()?;
        Some((broke.path.clone(), broke.label.clone()))
    };
    place(one) == place(other)
}

/// Returns the longest that the instruction took in an attempt in which it passed.
fn longest_pass(attempts: &[PastAttempt], broke: &PastInstruction) -> Option<u64> {
    let all = attempts.iter().flat_map(|attempt| &attempt.instructions);
    let same = all.filter(|one| (&one.path, &one.label) == (&broke.path, &broke.label));
    let passed = same.filter(|one| one.verdict == Verdict::Passed);
    passed.map(|one| one.duration_ms).max()
}

fn is_part(took: u64, hundredths: u64, limit: u64) -> bool {
    limit > 0 && took.saturating_mul(100) >= limit.saturating_mul(hundredths)
}

fn place(broke: Option<&PastInstruction>) -> String {
    match broke {
        Some(one) => format!(" at step {}, {}", one.path, one.label),
        None => " outside of its steps".into(),
    }
}

fn seconds(ms: u64) -> String {
    format!("{:.1} s", ms as f64 / 1000.0)
}
