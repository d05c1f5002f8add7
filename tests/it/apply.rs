//! How a plan is carried out: order, faults, retries, stopping.

use crate::world::{Shared, TestWorld, exercise, started};
use async_trait::async_trait;
use mosdat::{
    model::{Event, Outcome, Phase, PoolName, Secret, Secrets, Verdict},
    plan::select::Filter,
    port::{Performer, Task, Watcher},
    run::{
        Stop,
        schedule::{Schedule, StepState},
    },
};
use proptest::prelude::*;
use std::{collections::BTreeSet, future, sync::Arc};

#[tokio::test(start_paused = true)]
async fn every_step_comes_after_what_it_needs() {
    let mut world = TestWorld::new(&["a", "b"], &["x", "y"]);
    let plan = world.plan().await;
    let (_, events) = world.apply().await;
    let mut passed = BTreeSet::new();
    for event in &events {
        match event {
            Event::StepStarted { key, .. } => {
                let step = plan.find(key).unwrap();
                assert!(
                    step.needs
                        .iter()
                        .all(|need| passed.contains(&plan.step(*need).key))
                );
            }
            Event::StepFinished { key, verdict, .. } => {
                assert_eq!(*verdict, Verdict::Passed);
                passed.insert(key.clone());
            }
            _ => {}
        }
    }
    assert_eq!(passed.len(), plan.steps.len());
}

#[tokio::test(start_paused = true)]
async fn what_needs_a_stuck_step_is_not_run_and_not_green() {
    let mut world = TestWorld::new(&["a"], &["x", "y"]);
    world.settings.block_rate = 1.0;
    let (applied, events) = world.apply().await;
    let skipped = events
        .iter()
        .filter(|event| matches!(event, Event::StepSkipped { .. }));
    assert_eq!(skipped.count(), 3);
    assert_eq!(applied.summary.not_run, 2);
    assert_eq!(applied.exit_code, 1);
    assert!(world.recorded.unfinished.is_empty());
    assert!(world.recorded.leases.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_crashing_driver_blocks_its_own_step_only() {
    let mut world = TestWorld::new(&["a", "b"], &["x"]);
    world.apply().await;
    world.edit_scenario("x", "anew");
    world.settings.panic_rate = 0.5;
    world.settings.seed = 1;
    let (applied, events) = world.apply().await;
    let verdicts = applied.summary.verdicts;
    assert_eq!(verdicts.get(&Verdict::Blocked), Some(&1), "{verdicts:?}");
    assert_eq!(verdicts.get(&Verdict::Passed), Some(&1));
    assert!(events.iter().any(|event| matches!(
        event,
        Event::StepFinished { detail, .. } if detail.contains("the driver crashed")
    )));
    assert_eq!(applied.exit_code, 1);
}

#[tokio::test(start_paused = true)]
async fn faults_that_pass_are_tried_again_and_are_no_flakes() {
    let mut world = TestWorld::new(&["a", "b", "c", "d"], &["x", "y", "z"]);
    world.settings.transient_rate = 0.2;
    let (applied, events) = world.apply().await;
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::StepRetried { .. }))
    );
    assert_eq!(applied.summary.verdicts.get(&Verdict::Flaky), None);
}

/// Fails each exercise a given number of times.
#[derive(Debug)]
struct FailsFirst(u32);

#[async_trait]
impl Performer for FailsFirst {
    async fn perform(&self, task: &Task, _: &Watcher) -> Outcome {
        match task.step.phase {
            Phase::Exercise if task.attempt <= self.0 => Outcome::failed("not yet"),
            Phase::Build => Outcome {
                output: Some(mosdat::model::ContentHash::of(b"package")),
                ..Outcome::passed()
            },
            _ => Outcome::passed(),
        }
    }
}

/// Says what nobody should hear, wherever it can.
#[derive(Debug)]
struct Blabs;

#[async_trait]
impl Performer for Blabs {
    async fn perform(&self, _: &Task, watcher: &Watcher) -> Outcome {
        watcher.log("it said hunter2");
        Outcome::blocked("failed to sign in with hunter2").transient()
    }
}

#[tokio::test(start_paused = true)]
async fn secrets_stand_in_nothing_that_a_step_leaves() {
    let mut world = TestWorld::new(&["a"], &["x"]);
    world.secrets = Secrets::new(vec![Secret::new("hunter2")]);
    let plan = world.plan().await.approve();
    let (_sender, stop) = tokio::sync::watch::channel(Stop::No);
    let told = world
        .apply_with(&plan, Arc::new(Blabs), stop, &mut |_| {})
        .await;
    let events = serde_json::to_string(&told.unwrap().1).unwrap();
    let recorded = format!("{:?}", world.recorded);
    for text in [&events, &recorded] {
        assert!(!text.contains("hunter2"), "{text}");
        assert!(text.contains("failed to sign in with (secret)"), "{text}");
    }
    assert!(events.contains("it said (secret)"), "{events}");
}

async fn exercise_failing(times: u32, retries: u32) -> (u8, Verdict) {
    let mut world = TestWorld::new(&["a"], &["x"]);
    world.desired.retries = retries;
    let plan = world.plan().await.approve();
    let (_sender, stop) = tokio::sync::watch::channel(Stop::No);
    let performer = Arc::new(FailsFirst(times));
    let (applied, _) = world
        .apply_with(&plan, performer, stop, &mut |_| {})
        .await
        .unwrap();
    (
        applied.exit_code,
        world.recorded.steps[&exercise("a", "x")].verdict,
    )
}

#[tokio::test(start_paused = true)]
async fn a_pass_after_a_failure_is_flaky() {
    assert_eq!(exercise_failing(0, 1).await, (0, Verdict::Passed));
    assert_eq!(exercise_failing(1, 1).await, (0, Verdict::Flaky));
    assert_eq!(exercise_failing(2, 1).await, (3, Verdict::Failed));
    assert_eq!(exercise_failing(1, 0).await, (3, Verdict::Failed));
}

/// Never ends by itself; says when it was dropped or asked to stop.
#[derive(Debug)]
struct Hangs {
    obeys: bool,
    ends: Shared<Vec<&'static str>>,
}

struct Dropped(Shared<Vec<&'static str>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.lock().unwrap().push("dropped");
    }
}

#[async_trait]
impl Performer for Hangs {
    async fn perform(&self, _: &Task, watcher: &Watcher) -> Outcome {
        let _dropped = Dropped(Arc::clone(&self.ends));
        watcher.stop.cancelled().await;
        self.ends.lock().unwrap().push("asked");
        if !self.obeys {
            future::pending::<()>().await;
        }
        Outcome::blocked("stopped")
    }
}

async fn hang(obeys: bool) -> (TestWorld, Vec<&'static str>, Vec<Event>) {
    let mut world = TestWorld::new(&["a"], &["x"]);
    world.selection.targets = vec![Filter::parse("a:restore").unwrap()];
    let plan = world.plan().await.approve();
    let ends = Shared::default();
    let performer = Arc::new(Hangs {
        obeys,
        ends: Arc::clone(&ends),
    });
    let (_sender, stop) = tokio::sync::watch::channel(Stop::No);
    let (_, events) = world
        .apply_with(&plan, performer, stop, &mut |_| {})
        .await
        .unwrap();
    let ends = ends.lock().unwrap().clone();
    (world, ends, events)
}

#[tokio::test(start_paused = true)]
async fn a_step_that_takes_too_long_is_asked_to_stop_and_then_cut_off() {
    let (world, ends, _) = hang(true).await;
    assert_eq!(ends, ["asked", "dropped"]);
    let record = world.recorded.steps.values().next().unwrap();
    assert_eq!(record.verdict, Verdict::Blocked);
    insta::assert_snapshot!(record.detail, @"took longer than 600s");
    let (world, ends, _) = hang(false).await;
    assert_eq!(ends, ["asked", "dropped"]);
    let record = world.recorded.steps.values().next().unwrap();
    insta::assert_snapshot!(record.detail, @"took longer than 600s; it did not stop when asked and was cut off");
}

#[tokio::test(start_paused = true)]
async fn stopping_gently_awaits_what_runs_and_starts_nothing_more() {
    let mut world = TestWorld::new(&["a", "b"], &["x", "y"]);
    let plan = world.plan().await.approve();
    let (sender, stop) = tokio::sync::watch::channel(Stop::No);
    let cluster = world.cluster();
    let mut watch = |event: &Event| {
        if matches!(event, Event::StepStarted { .. }) {
            sender.send_replace(Stop::Gently);
        }
    };
    let (applied, events) = world
        .apply_with(&plan, cluster, stop, &mut watch)
        .await
        .unwrap();
    assert_eq!(applied.exit_code, 130);
    assert_eq!(
        started(&events).len(),
        3,
        "two restores and the build had begun"
    );
    assert_eq!(world.recorded.steps.len(), 3);
    assert!(world.recorded.unfinished.is_empty() && world.recorded.leases.is_empty());
    // What is left is what was not done.
    let (applied, _) = world.apply().await;
    assert_eq!(applied.exit_code, 0);
}

#[tokio::test(start_paused = true)]
async fn stopping_at_once_cuts_short_and_leaves_the_state_valid() {
    let mut world = TestWorld::new(&["a"], &["x"]);
    let plan = world.plan().await.approve();
    let (sender, stop) = tokio::sync::watch::channel(Stop::No);
    let cluster = world.cluster();
    let mut watch = |event: &Event| {
        if matches!(event, Event::StepStarted { .. }) {
            sender.send_replace(Stop::AtOnce);
        }
    };
    let (applied, events) = world
        .apply_with(&plan, cluster, stop, &mut watch)
        .await
        .unwrap();
    assert_eq!(applied.exit_code, 130);
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::Stopping { at_once: true, .. }))
    );
    assert!(world.recorded.leases.is_empty());
    assert!(
        world
            .recorded
            .steps
            .values()
            .all(|step| step.verdict == Verdict::Blocked)
    );
    let (applied, _) = world.apply().await;
    assert_eq!(applied.exit_code, 0);
}

#[tokio::test(start_paused = true)]
async fn when_the_state_cannot_be_written_the_run_ends_and_nothing_is_taken_for_done() {
    let mut world = TestWorld::new(&["a"], &["x"]);
    world.fail_after = Some(6);
    let plan = world.plan().await.approve();
    let err = world.apply_plan(&plan).await.unwrap_err();
    insta::assert_snapshot!(err, @"failed to record the run; what was running will run again");
    world.fail_after = None;
    let (applied, _) = world.apply().await;
    assert_eq!(applied.exit_code, 0);
    assert!(
        world.recorded.leases.is_empty(),
        "what the broken run held is given back"
    );
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_run() {
    let mut one = TestWorld::new(&["a", "b"], &["x", "y"]);
    let mut other = TestWorld::new(&["a", "b"], &["x", "y"]);
    for world in [&mut one, &mut other] {
        world.settings.fail_rate = 0.3;
        world.settings.transient_rate = 0.3;
    }
    assert_eq!(one.apply().await.1, other.apply().await.1);
}

proptest! {
    /// Whatever order steps end in, each runs once, after what it needs, no pool overflows, and
    /// nothing that could run waits while all its pools have room.
    #[test]
    fn any_order_of_endings_is_a_valid_run(
        picks in prop::collection::vec((0_usize..8, prop::bool::weighted(0.9)), 64),
        parallel in 1_usize..6,
        gpus in 1_usize..3,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut world = TestWorld::new(&["a", "b", "c"], &["x", "y"]);
        world.desired.pools.insert(PoolName::new("machine:a"), 2);
        let mut plan = runtime.block_on(world.plan());
        for step in &mut plan.steps {
            if step.phase == Phase::Exercise {
                step.pools.push(PoolName::new("gpu:g"));
            }
        }
        world.desired.pools.insert(PoolName::new("gpu:g"), gpus);
        let limits = &world.desired.pools;
        let limit = |pool: &PoolName| limits.get(pool).copied().unwrap_or(1);
        let mut schedule = Schedule::new(&plan, limits, parallel);
        let (mut running, mut passed, mut ended) = (Vec::new(), BTreeSet::new(), 0);
        let mut picks = picks.into_iter().cycle();
        loop {
            while let Some(index) = schedule.start_next() {
                let step = plan.step(index);
                prop_assert!(step.needs.iter().all(|need| passed.contains(need)));
                running.push(index);
                for pool in &step.pools {
                    let users = running.iter().filter(|i| plan.step(**i).pools.contains(pool));
                    prop_assert!(users.count() <= limit(pool));
                }
                prop_assert!(running.len() <= parallel);
            }
            for (at, step) in plan.steps.iter().enumerate() {
                let index = mosdat::model::StepIndex(at as u32);
                let has_room = step.pools.iter().all(|pool| {
                    running.iter().filter(|i| plan.step(**i).pools.contains(pool)).count() < limit(pool)
                });
                prop_assert!(
                    schedule.state(index) != StepState::Ready || !has_room || running.len() == parallel,
                    "{} waits for nothing", step.key
                );
            }
            if running.is_empty() { break; }
            let (pick, passes) = picks.next().unwrap();
            let index = running.swap_remove(pick % running.len());
            ended += 1 + schedule.finish(index, passes).len();
            if passes { passed.insert(index); }
        }
        prop_assert_eq!(ended, plan.steps.len());
    }
}
