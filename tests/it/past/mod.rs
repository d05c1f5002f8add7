//! What attempts tell when they are laid beside each other.

mod disk;
mod runs;

use mosdat::{
    judge::past::record,
    model::{
        ContentHash, Inputs, PastAttempt, PastInstruction, RunId, StepKey, Timestamp, Verdict,
    },
};

fn key() -> StepKey {
    crate::world::exercise("a", "x")
}

fn inputs(product: &str) -> Inputs {
    Inputs {
        product: ContentHash::of(product.as_bytes()),
        test: ContentHash::of(b"test"),
        machine: ContentHash::of(b"machine"),
        mosdat: "1".into(),
    }
}

fn attempt(product: &str, verdict: Verdict) -> PastAttempt {
    PastAttempt {
        run: RunId::new("run1"),
        attempt: 1,
        at: Timestamp(7),
        inputs: inputs(product),
        verdict,
        duration_ms: 10,
        instructions: Vec::new(),
    }
}

fn instruction(path: &str, label: &str, verdict: Verdict) -> PastInstruction {
    PastInstruction {
        path: path.into(),
        label: label.into(),
        verdict,
        attempts: 1,
        duration_ms: 100,
        limit_ms: 1000,
    }
}

#[test]
fn what_passes_and_fails_with_the_same_inputs_is_unsteady() {
    use Verdict::{Blocked, Failed, Flaky, Passed};
    for (verdicts, astray, compared, is_unsteady) in [
        // Another product may well do something else.
        (vec![("1", Passed), ("2", Failed)], 0, 0, false),
        (
            vec![("1", Passed), ("1", Passed), ("1", Failed)],
            1,
            3,
            true,
        ),
        (
            vec![("1", Failed), ("2", Passed), ("1", Passed)],
            1,
            2,
            true,
        ),
        (vec![("1", Failed), ("1", Failed)], 0, 2, false),
        // Nothing was learned about the app.
        (vec![("1", Passed), ("1", Blocked)], 0, 0, false),
        (vec![("1", Flaky)], 0, 0, true),
    ] {
        let attempts: Vec<_> = verdicts.iter().map(|(on, it)| attempt(on, *it)).collect();
        let record = record(&attempts);
        let found = (record.astray, record.compared, record.is_unsteady());
        assert_eq!(found, (astray, compared, is_unsteady), "{verdicts:?}");
        assert_eq!(record.attempts, verdicts.len());
    }
}

#[test]
fn an_attempt_broke_at_the_innermost_instruction_that_counted() {
    use Verdict::{Failed, Passed};
    let broke = |instructions| {
        let attempt = PastAttempt {
            instructions,
            ..attempt("1", Failed)
        };
        attempt.broke_at().map(|one| one.path.clone())
    };
    let of = |path, verdict| instruction(path, "it", verdict);
    assert_eq!(broke(vec![of("1", Passed), of("2", Failed)]).unwrap(), "2");
    // A step that need not pass, one within another, and what cleans up.
    let cleanup = instruction("5", "cleanup: it", Failed);
    let nested = vec![
        of("1", Failed),
        of("3.1", Failed),
        of("3.2", Failed),
        of("3", Failed),
        cleanup,
    ];
    assert_eq!(broke(nested).unwrap(), "3.2");
    assert_eq!(
        broke(vec![of("1", Failed), of("12", Failed)]).unwrap(),
        "12"
    );
    assert_eq!(broke(vec![of("1", Passed)]), None);
}
