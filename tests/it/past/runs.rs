//! What runs remember, tell, and try again to learn more.

use super::key;
use crate::world::{TestWorld, exercise};
use async_trait::async_trait;
use mosdat::{
    model::{Cause, ContentHash, Event, Latency, Outcome, Phase, Suspect, Timestamp, Verdict},
    plan::select::Filter,
    port::{PastAttempts as _, Performer, Task, Watcher},
    run::{Applied, Stop},
};
use std::sync::{Arc, Mutex};

/// How an attempt at an exercise goes: where it breaks, what its two steps take, and the verdict.
#[derive(Clone, Copy, Debug)]
struct Goes {
    breaks_at: &'static str,
    takes_ms: u64,
    verdict: Verdict,
}

const PASSES: Goes = Goes {
    breaks_at: "",
    takes_ms: 100,
    verdict: Verdict::Passed,
};

const FAILS: Goes = Goes {
    breaks_at: "2",
    verdict: Verdict::Failed,
    ..PASSES
};

/// Carries out exercises as foretold, the last way for good.
#[derive(Debug)]
struct Foretold {
    goes: Vec<Goes>,
    package: &'static str,
    /// Stops the run in this attempt.
    stops_in: Option<(u32, tokio::sync::watch::Sender<Stop>)>,
    performed: Mutex<u32>,
}

#[async_trait]
impl Performer for Foretold {
    async fn perform(&self, task: &Task, watcher: &Watcher) -> Outcome {
        if task.step.phase == Phase::Build {
            return Outcome {
                output: Some(ContentHash::of(self.package.as_bytes())),
                ..Outcome::passed()
            };
        }
        if task.step.phase != Phase::Exercise {
            return Outcome::passed();
        }
        *self.performed.lock().unwrap() += 1;
        if let Some((attempt, stop)) = &self.stops_in
            && *attempt == task.attempt
        {
            stop.send_replace(Stop::AtOnce);
            watcher.stop.cancelled().await;
            return Outcome::blocked("stopped");
        }
        let at = (task.attempt as usize - 1).min(self.goes.len() - 1);
        let goes = self.goes[at];
        for path in ["1", "2"] {
            let breaks = path == goes.breaks_at;
            watcher.tell(Event::Instruction {
                key: watcher.key.clone(),
                at: Timestamp(1),
                number: 1,
                path: path.into(),
                label: format!("look {path}"),
                verdict: if breaks {
                    goes.verdict
                } else {
                    Verdict::Passed
                },
                detail: String::new(),
                rung: String::new(),
                attempts: 1,
                duration_ms: goes.takes_ms,
                limit_ms: 1000,
                sights: Vec::new(),
            });
            if breaks {
                break;
            }
        }
        match goes.verdict {
            Verdict::Passed => Outcome::passed(),
            Verdict::Failed => Outcome::failed(format!("broke at {}", goes.breaks_at)),
            _ => Outcome::blocked("no screen"),
        }
    }
}

/// What a run came to and told.
struct Told {
    applied: Applied,
    events: Vec<Event>,
    performed: u32,
}

impl Told {
    fn causes(&self) -> Vec<&Cause> {
        let causes = self.events.iter().filter_map(|event| match event {
            Event::CauseSuspected { cause, .. } => Some(cause),
            _ => None,
        });
        causes.collect()
    }

    fn cause(&self) -> (Suspect, &str) {
        let causes = self.causes();
        assert_eq!(causes.len(), 1, "{causes:?}");
        (causes[0].suspect, &causes[0].why)
    }

    fn near(&self) -> Vec<&Latency> {
        let near = self.events.iter().filter_map(|event| match event {
            Event::NearLimit { latency, .. } => Some(latency),
            _ => None,
        });
        near.collect()
    }
}

/// Runs the exercise, whether it is due or not.
async fn run_with(world: &mut TestWorld, goes: &[Goes], package: &'static str) -> Told {
    run(world, goes, package, None).await
}

async fn run(
    world: &mut TestWorld,
    goes: &[Goes],
    package: &'static str,
    stops_in: Option<u32>,
) -> Told {
    world.selection.replaces = vec![Filter::parse("**:exercise").unwrap()];
    let plan = world.plan().await.approve();
    let (sender, stop) = tokio::sync::watch::channel(Stop::No);
    let performer = Arc::new(Foretold {
        goes: goes.into(),
        package,
        stops_in: stops_in.map(|attempt| (attempt, sender.clone())),
        performed: Mutex::default(),
    });
    let (applied, events) = world
        .apply_with(&plan, Arc::clone(&performer) as _, stop, &mut |_| {})
        .await
        .unwrap();
    let performed = *performer.performed.lock().unwrap();
    Told {
        applied,
        events,
        performed,
    }
}

fn world(reruns: u32) -> TestWorld {
    let mut world = TestWorld::new(&["a"], &["x"]);
    world.desired.reruns = reruns;
    world
}

#[tokio::test(start_paused = true)]
async fn what_failed_is_tried_again_and_stays_failed() {
    let mut world = world(2);
    let told = run_with(&mut world, &[FAILS, PASSES], "1").await;
    assert_eq!(told.performed, 3);
    assert_eq!(told.applied.exit_code, 3);
    let record = &world.recorded.steps[&exercise("a", "x")];
    assert_eq!((record.verdict, record.attempts), (Verdict::Failed, 3));
    assert_eq!(record.detail, "broke at 2");
    let (suspect, why) = told.cause();
    assert_eq!(suspect, Suspect::Unknown);
    insta::assert_snapshot!(why, @"it failed 1 of 3 times from the same start at step 2, look 2: a race, in the app or in what the scenario takes for granted");
    let past = world.past().of(&key()).unwrap();
    let verdicts: Vec<_> = past.iter().map(|one| (one.attempt, one.verdict)).collect();
    let passed = Verdict::Passed;
    assert_eq!(verdicts, [(1, Verdict::Failed), (2, passed), (3, passed)]);
}

#[tokio::test(start_paused = true)]
async fn what_passes_or_is_expected_to_fail_is_not_tried_again() {
    let mut world = world(2);
    let told = run_with(&mut world, &[PASSES], "1").await;
    assert_eq!((told.performed, told.causes().len()), (1, 0));
    world.expect_failure("x");
    let told = run_with(&mut world, &[FAILS], "1").await;
    assert_eq!((told.performed, told.causes().len()), (1, 0));
    assert_eq!(told.applied.exit_code, 0);
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_passes_is_flaky_and_one_that_does_not_is_told_apart() {
    let mut world = world(1);
    world.desired.retries = 1;
    let told = run_with(&mut world, &[FAILS, PASSES], "1").await;
    assert_eq!(told.performed, 2);
    assert_eq!(world.recorded.steps[&key()].verdict, Verdict::Flaky);
    assert_eq!(told.cause().0, Suspect::Unknown);
    let told = run_with(&mut world, &[FAILS], "1").await;
    assert_eq!(told.performed, 3);
    assert_eq!(world.recorded.steps[&key()].verdict, Verdict::Failed);
}

#[tokio::test(start_paused = true)]
async fn who_is_to_blame_goes_by_what_changed_since_it_passed() {
    let mut world = world(1);
    let told = run_with(&mut world, &[FAILS], "1").await;
    assert_eq!(told.cause().0, Suspect::Unknown, "it never passed");
    run_with(&mut world, &[PASSES], "1").await;
    let told = run_with(&mut world, &[FAILS], "1").await;
    insta::assert_snapshot!(told.cause().1, @"it failed 2 of 2 times at step 2, look 2; it passed in run run2 with the same inputs, so something outside of them changed");
    assert_eq!(told.cause().0, Suspect::Environment);

    world.sources.insert("main", "commit 2");
    let told = run_with(&mut world, &[FAILS], "2").await;
    insta::assert_snapshot!(told.cause().1, @"it failed 2 of 2 times at step 2, look 2; since it passed in run run2 only the product changed");
    assert_eq!(told.cause().0, Suspect::Product);
    // Fewer changes are no fewer since it passed.
    world.edit_scenario("x", "other steps");
    let told = run_with(&mut world, &[FAILS], "2").await;
    insta::assert_snapshot!(told.cause().1, @"it failed 2 of 2 times at step 2, look 2; since it passed in run run2 these changed: product, scenario");
    assert_eq!(told.cause().0, Suspect::Unknown);

    run_with(&mut world, &[PASSES], "2").await;
    world.edit_scenario("x", "and others");
    let told = run_with(&mut world, &[FAILS], "2").await;
    assert_eq!(told.cause().0, Suspect::Test);
    run_with(&mut world, &[PASSES], "2").await;
    let machine = world.desired.machines.values_mut().next().unwrap();
    machine.geometry = (1234, 567);
    let told = run_with(&mut world, &[FAILS], "2").await;
    assert_eq!(told.cause().0, Suspect::Environment, "{:?}", told.cause());
}

#[tokio::test(start_paused = true)]
async fn what_breaks_elsewhere_or_is_blocked_is_told_apart() {
    let elsewhere = Goes {
        breaks_at: "1",
        ..FAILS
    };
    let mut world = world(1);
    run_with(&mut world, &[PASSES], "1").await;
    let told = run_with(&mut world, &[FAILS, elsewhere], "2").await;
    assert_eq!(told.cause().0, Suspect::Unknown);
    insta::assert_snapshot!(told.cause().1, @"it failed elsewhere each time: at step 2, look 2, then at step 1, look 1");
    let blocked = Goes {
        verdict: Verdict::Blocked,
        ..FAILS
    };
    let told = run_with(&mut world, &[FAILS, blocked], "2").await;
    assert_eq!(told.cause().0, Suspect::Environment);
    assert_eq!(told.applied.exit_code, 3, "it has failed");
}

#[tokio::test(start_paused = true)]
async fn a_step_that_ran_out_of_a_tight_time_is_the_tests_fault() {
    let mut world = world(1);
    let late = Goes {
        takes_ms: 1000,
        ..FAILS
    };
    let tight = Goes {
        takes_ms: 700,
        ..PASSES
    };
    let told = run_with(&mut world, &[late, tight], "1").await;
    assert_eq!(told.cause().0, Suspect::Test);
    insta::assert_snapshot!(told.cause().1, @"it failed 1 of 2 times from the same start at step 2, look 2, out of time; when it passes, it takes 0.7 s of 1.0 s");
    // Where passing takes a tenth of the time, more time would not have helped.
    let told = run_with(&mut world, &[late, PASSES], "1").await;
    assert_eq!(told.cause().0, Suspect::Unknown);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_stopped_while_it_tries_again_remembers_what_it_learned() {
    let mut world = world(3);
    let told = run(&mut world, &[FAILS], "1", Some(2)).await;
    assert_eq!(told.performed, 2);
    assert_eq!(told.applied.exit_code, 130);
    assert_eq!(world.recorded.steps[&key()].verdict, Verdict::Failed);
    assert_eq!(
        told.causes().len(),
        0,
        "nothing was learned when it was stopped"
    );
    let past = world.past().of(&key()).unwrap();
    assert_eq!(past.len(), 1);
    assert_eq!(past[0].verdict, Verdict::Failed);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_nearly_runs_out_of_time_is_told_when_it_does_so_often() {
    let mut world = world(0);
    let slow = Goes {
        takes_ms: 850,
        ..PASSES
    };
    for _ in 0..4 {
        assert_eq!(run_with(&mut world, &[slow], "1").await.near().len(), 0);
    }
    let told = run_with(&mut world, &[slow], "1").await;
    let near = told.near();
    assert_eq!(near.len(), 2);
    let (times, p95) = (near[1].times, near[1].p95_ms);
    assert_eq!((near[1].path.as_str(), times, p95), ("2", 5, 850));
    // What is quick is nothing to tell.
    let mut world = self::world(0);
    for _ in 0..6 {
        assert_eq!(run_with(&mut world, &[PASSES], "1").await.near().len(), 0);
    }
}
