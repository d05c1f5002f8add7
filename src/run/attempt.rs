//! One step: its attempts, their time-outs, and the waits between them.

use super::retry::RetryPolicy;
use crate::{
    model::{ContentHash, Event, Expectation, Outcome, Phase, Reason, Timestamp, Verdict},
    port::{Performer, Task, Watcher},
};
use std::{sync::Arc, time::Duration};

/// How a step is tried.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    pub(super) task: Task,
    pub(super) reason: Reason,
    pub(super) policy: RetryPolicy,
    /// How long an attempt that was asked to stop may take to do so, before it is dropped.
    pub(super) grace: Duration,
}

/// How a step ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// What came of the attempt that counts.
    pub(super) outcome: Outcome,
    /// How many attempts there were, those that count for nothing among them.
    pub(super) attempts: u32,
    /// How long the attempt that counts took, in milliseconds.
    pub(super) duration_ms: u64,
}

/// Tries a step until an attempt counts or no further one is due.
pub(super) async fn attempts(
    performer: Arc<dyn Performer>,
    mut trial: Trial,
    watcher: Watcher,
) -> Ended {
    let (mut transient, mut failed) = (0, 0);
    loop {
        let attempt = trial.task.attempt;
        let began = begin(&trial, &watcher);
        let mut outcome = attempt_once(&*performer, &trial, &watcher).await;
        outcome.detail = watcher.secrets.mask(&outcome.detail);
        let duration_ms = watcher.clock.now().since(began).as_millis() as u64;
        let is_due = match outcome.verdict {
            Verdict::Blocked if outcome.is_transient && transient < trial.policy.transient => {
                transient += 1;
                true
            }
            Verdict::Failed if may_retry(&trial) && failed < trial.policy.failed => {
                failed += 1;
                true
            }
            Verdict::Passed if failed > 0 => {
                outcome.verdict = Verdict::Flaky;
                false
            }
            Verdict::Passed
            | Verdict::Flaky
            | Verdict::Expected
            | Verdict::Failed
            | Verdict::Blocked
            | Verdict::Skipped => false,
        };
        let ended = Ended {
            outcome,
            attempts: attempt,
            duration_ms,
        };
        if watcher.stop.is_cancelled() {
            return ended;
        }
        let Ended { outcome, .. } = &ended;
        let is_doubted =
            outcome.verdict == Verdict::Failed && may_retry(&trial) && trial.policy.reruns > 0;
        if !is_due && !is_doubted {
            return ended;
        }
        watcher.tell(Event::StepRetried {
            key: watcher.key.clone(),
            attempt,
            verdict: outcome.verdict,
            detail: outcome.detail.clone(),
            duration_ms,
        });
        if !is_due {
            return rerun(&*performer, trial, &watcher, ended).await;
        }
        let wait = trial.policy.wait(attempt, chance(&watcher, attempt));
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = watcher.stop.cancelled() => {}
        }
        if watcher.stop.is_cancelled() {
            return ended;
        }
        trial.task.attempt += 1;
    }
}

/// Tries a step that has failed again from the same start, to learn whether it always does. Whatever
/// comes of it, it has failed.
async fn rerun(
    performer: &dyn Performer,
    mut trial: Trial,
    watcher: &Watcher,
    mut ended: Ended,
) -> Ended {
    for _ in 0..trial.policy.reruns {
        trial.task.attempt += 1;
        ended.attempts = trial.task.attempt;
        let began = begin(&trial, watcher);
        let outcome = attempt_once(performer, &trial, watcher).await;
        watcher.tell(Event::Reran {
            key: watcher.key.clone(),
            attempt: trial.task.attempt,
            verdict: outcome.verdict,
            detail: outcome.detail,
            duration_ms: watcher.clock.now().since(began).as_millis() as u64,
        });
        if watcher.stop.is_cancelled() {
            break;
        }
    }
    ended
}

/// Tells that an attempt begins, and returns when.
fn begin(trial: &Trial, watcher: &Watcher) -> Timestamp {
    let at = watcher.clock.now();
    watcher.tell(Event::StepStarted {
        key: watcher.key.clone(),
        reason: trial.reason.clone(),
        attempt: trial.task.attempt,
        at,
        lease: trial.task.lease.clone(),
    });
    at
}

/// A failure that the plan file foretells is what was asked for.
fn may_retry(trial: &Trial) -> bool {
    let cell = trial.task.step.cell.as_ref();
    let expect = cell.and_then(|cell| cell.expect.as_ref());
    trial.task.step.phase == Phase::Exercise
        && Expectation::judge(expect, Verdict::Failed) == Verdict::Failed
}

/// Spreads the waits of steps without asking for randomness: the same run waits the same.
fn chance(watcher: &Watcher, attempt: u32) -> f64 {
    let digest = ContentHash::of(format!("{} {attempt}", watcher.key).as_bytes());
    f64::from(digest.as_bytes()[0]) / 255.0
}

/// Makes one attempt. When its time is up it is asked to stop; when it does not, it is dropped,
/// which ends whatever it started.
async fn attempt_once(performer: &dyn Performer, trial: &Trial, watcher: &Watcher) -> Outcome {
    let stop = watcher.stop.child_token();
    let watcher = Watcher {
        stop: stop.clone(),
        ..watcher.clone()
    };
    let mut performing = performer.perform(&trial.task, &watcher);
    let limit = trial.task.limit;
    let out_of_time = tokio::select! {
        outcome = &mut performing => return outcome,
        () = watcher.idle.limit(limit) => true,
        () = stop.cancelled() => false,
    };
    stop.cancel();
    let wound_up = tokio::time::timeout(trial.grace, performing).await;
    let ending = match wound_up {
        Ok(_) => "",
        Err(_) => "; it did not stop when asked and was cut off",
    };
    if out_of_time {
        Outcome::blocked(format!("took longer than {limit:?}{ending}"))
    } else {
        // Work that was finished when the user asked to stop counts; anything else is unknown.
        match wound_up {
            Ok(outcome) if outcome.verdict != Verdict::Blocked => outcome,
            Ok(_) | Err(_) => Outcome::blocked(format!("the run was stopped{ending}")),
        }
    }
}
