//! Remembers what attempts at exercises were like, and what they tell beside earlier ones.

use crate::{
    judge::past,
    model::{
        ContentHash, Event, Inputs, PastAttempt, PastInstruction, Phase, Plan, RunId, Step,
        StepHash, StepKey, Timestamp, Verdict,
    },
    port::{EvidenceError, PastAttempts},
};
use std::{collections::BTreeMap, sync::Arc};

/// The attempts of this run at exercises that have not ended.
#[derive(Debug)]
pub(super) struct Past {
    memory: Arc<dyn PastAttempts>,
    run: RunId,
    open: BTreeMap<StepKey, Vec<Attempt>>,
}

/// One attempt as far as it was told.
#[derive(Debug)]
struct Attempt {
    number: u32,
    instructions: Vec<PastInstruction>,
    ended: Option<(Verdict, u64)>,
}

impl Past {
    pub(super) fn new(memory: Arc<dyn PastAttempts>, run: RunId) -> Self {
        Self {
            memory,
            run,
            open: BTreeMap::new(),
        }
    }

    /// Takes note of what a step told. `is_stopped` tells whether the run was: what is blocked then
    /// says nothing.
    pub(super) fn note(&mut self, event: &Event, is_stopped: bool) {
        if let Event::StepStarted { key, attempt, .. } = event
            && key.phase() == Some(Phase::Exercise)
        {
            let attempts = self.open.entry(key.clone()).or_default();
            attempts.push(Attempt {
                number: *attempt,
                instructions: Vec::new(),
                ended: None,
            });
        }
        if let Event::Instruction { key, .. } = event
            && let Some(attempt) = self.open.get_mut(key).and_then(|it| it.last_mut())
        {
            attempt.instructions.extend(remembered(event));
        }
        if let Event::StepRetried {
            key,
            verdict,
            duration_ms,
            ..
        }
        | Event::Reran {
            key,
            verdict,
            duration_ms,
            ..
        } = event
        {
            self.end(key, *verdict, *duration_ms, is_stopped);
        }
    }

    /// Takes note of the end of an attempt, unless its end was told before. One that was only stopped
    /// is forgotten.
    fn end(&mut self, key: &StepKey, verdict: Verdict, duration_ms: u64, is_stopped: bool) {
        let Some(attempts) = self.open.get_mut(key) else {
            return;
        };
        let Some(open) = attempts.pop_if(|last| last.ended.is_none()) else {
            return;
        };
        if !(is_stopped && verdict == Verdict::Blocked) {
            attempts.push(Attempt {
                ended: Some((verdict, duration_ms)),
                ..open
            });
        }
    }

    /// Remembers the attempts at an exercise that has ended with `last`, its verdict and how long it
    /// took in milliseconds. Returns what is worth telling of them.
    pub(super) fn finish(
        &mut self,
        key: &StepKey,
        inputs: &Inputs,
        last: (Verdict, u64),
        at: Timestamp,
        is_stopped: bool,
    ) -> Result<Vec<Event>, EvidenceError> {
        self.end(key, last.0, last.1, is_stopped);
        let attempts = self.open.remove(key).unwrap_or_default();
        let attempts: Vec<PastAttempt> = attempts
            .into_iter()
            .filter_map(|attempt| {
                let (verdict, duration_ms) = attempt.ended?;
                Some(PastAttempt {
                    run: self.run.clone(),
                    attempt: attempt.number,
                    at,
                    inputs: inputs.clone(),
                    verdict,
                    duration_ms,
                    instructions: attempt.instructions,
                })
            })
            .collect();
        let says_more = attempts.len() > 1
            || attempts
                .iter()
                .flat_map(|attempt| &attempt.instructions)
                .any(|one| one.limit_ms > 0);
        // Most that is simulated has nothing to compare.
        let earlier = if says_more {
            self.memory.of(key)?
        } else {
            Vec::new()
        };
        self.memory.add(key, &attempts)?;
        Ok(told(key, &attempts, earlier))
    }
}

/// What attempts tell beside earlier ones.
fn told(key: &StepKey, attempts: &[PastAttempt], earlier: Vec<PastAttempt>) -> Vec<Event> {
    let cause = past::cause(attempts, &earlier);
    let cause = cause.map(|cause| Event::CauseSuspected {
        key: key.clone(),
        cause,
    });
    let mut all = earlier;
    all.extend_from_slice(attempts);
    let near = past::latencies(&all).into_iter().filter(past::is_near);
    let near = near.map(|latency| Event::NearLimit {
        key: key.clone(),
        latency,
    });
    near.chain(cause).collect()
}

fn remembered(event: &Event) -> Option<PastInstruction> {
    let Event::Instruction {
        path,
        label,
        verdict,
        attempts,
        duration_ms,
        limit_ms,
        ..
    } = event
    else {
        return None;
    };
    Some(PastInstruction {
        path: path.clone(),
        label: label.clone(),
        verdict: *verdict,
        attempts: *attempts,
        duration_ms: *duration_ms,
        limit_ms: *limit_ms,
    })
}

/// Returns what goes into an exercise, by who answers for it: its own parts are the test, those of
/// the install the product, and what came before is the machine.
pub(super) fn inputs(plan: &Plan, exercise: &Step) -> Inputs {
    let below = |step: &Step| step.needs.first().map(|index| plan.step(*index));
    let mut install = below(exercise);
    while let Some(step) = install
        && step.phase == Phase::Checkpoint
    {
        install = below(step);
    }
    let machine = install.and_then(below).map(|step| match step.hash {
        StepHash::Known(hash) => hash.to_hex(),
        StepHash::Pending => String::new(),
    });
    Inputs {
        product: install.map_or_else(|| ContentHash::of(b""), own),
        test: own(exercise),
        machine: ContentHash::of(machine.unwrap_or_default().as_bytes()),
        mosdat: env!("CARGO_PKG_VERSION").into(),
    }
}

/// A digest of what goes into a step besides the hash of the step below it.
fn own(step: &Step) -> ContentHash {
    let mut text = Vec::new();
    let is_below = |name: &str| {
        let below = [
            Phase::Restore,
            Phase::AttachGpu,
            Phase::Install,
            Phase::Checkpoint,
        ];
        below.iter().any(|phase| phase.as_str() == name)
    };
    for part in step.ingredients.iter().filter(|part| !is_below(&part.name)) {
        for word in [&part.name, &part.value] {
            text.extend((word.len() as u64).to_le_bytes());
            text.extend(word.as_bytes());
        }
    }
    ContentHash::of(&text)
}
