//! A run in progress: what runs, what ended how, and what follows from it.

use super::{
    apply::{Applied, ApplyOptions, Ports, RunError, Stop, World},
    attempt::{self, Ended, Trial},
    ledger::Ledger,
    past::{self, Past},
    retry::RetryPolicy,
    schedule::{Schedule, StepState},
    telling,
};
use crate::{
    model::{
        Action, ContentHash, Desired, Event, Expectation, LeaseId, Observed, Outcome, Phase, Plan,
        ProviderKind, Release, Secrets, Step, StepHash, StepIndex, StepKey, Timestamp, Verdict,
    },
    plan::{self, PlanInput, select::Selection},
    port::{Clock, Idle, Keeper, Performer, RunFolder, Task, Watcher},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::mpsc,
    task::{self, JoinError, JoinSet},
};
use tokio_util::sync::CancellationToken;

pub(super) struct Run<'a> {
    plan: Plan,
    schedule: Schedule,
    desired: &'a Desired,
    observed: &'a Observed,
    selection: &'a Selection,
    ledger: Ledger<'a>,
    performer: Arc<dyn Performer>,
    keepers: BTreeMap<ProviderKind, Arc<dyn Keeper>>,
    folder: Arc<dyn RunFolder>,
    past: Past,
    clock: Arc<dyn Clock>,
    secrets: Arc<Secrets>,
    pub(super) options: &'a ApplyOptions,
    tell: &'a mut (dyn FnMut(&Event) + Send),
    events: mpsc::UnboundedSender<Event>,
    cancel: CancellationToken,
    pub(super) tasks: JoinSet<Ended>,
    running: BTreeMap<task::Id, (StepIndex, Option<LeaseId>)>,
    /// Verdicts of this run's steps, as the plan file sees them.
    verdicts: BTreeMap<StepIndex, Verdict>,
    /// Steps that need not be planned again: see [`PlanInput::done`].
    done: BTreeSet<StepKey>,
    bad_exercises: usize,
    began: Timestamp,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        plan: &Plan,
        world: World<'a>,
        ports: Ports<'a>,
        options: &'a ApplyOptions,
        events: mpsc::UnboundedSender<Event>,
        tell: &'a mut (dyn FnMut(&Event) + Send),
    ) -> Self {
        let plan = plan.clone();
        Self {
            schedule: Schedule::new(&plan, &world.desired.pools, options.parallel),
            plan,
            desired: world.desired,
            observed: world.observed,
            selection: world.selection,
            ledger: Ledger::new(world.recorded, ports.store, options.run.clone()),
            performer: ports.performer,
            keepers: ports.keepers,
            folder: ports.folder,
            past: Past::new(ports.past, options.run.clone()),
            began: ports.clock.now(),
            clock: ports.clock,
            secrets: Arc::new(ports.secrets),
            options,
            tell,
            events,
            cancel: CancellationToken::new(),
            tasks: JoinSet::new(),
            running: BTreeMap::new(),
            verdicts: BTreeMap::new(),
            done: BTreeSet::new(),
            bad_exercises: 0,
        }
    }

    /// Writes an event down, then tells whoever watches.
    pub(super) fn tell(&mut self, event: &Event) -> Result<(), RunError> {
        self.past.note(event, self.cancel.is_cancelled());
        self.folder.event(event)?;
        (self.tell)(event);
        Ok(())
    }

    /// Says what will happen, tells what is kept, gives back what earlier runs left.
    pub(super) async fn open(&mut self) -> Result<(), RunError> {
        let recorded = &self.ledger.recorded;
        for event in telling::opening(&self.plan, recorded, self.options, self.began) {
            self.tell(&event)?;
        }
        for release in self.plan.releases.clone() {
            self.release(&release).await?;
        }
        Ok(())
    }

    /// Stops every step. What becomes of them cannot be recorded, but they give back what they have.
    pub(super) async fn give_up(&mut self) {
        self.cancel.cancel();
        while self.tasks.join_next().await.is_some() {}
    }

    /// Has every provider give back what it kept for later steps.
    pub(super) async fn wind_up(&mut self) -> Result<(), RunError> {
        let keepers: Vec<_> = self.keepers.values().cloned().collect();
        let mut told = Ok(());
        for keeper in keepers {
            if let Err(err) = keeper.wind_up().await {
                let what = "what the run had".into();
                let error = err.to_string();
                told = told.and(self.tell(&Event::Released { what, error }));
            }
        }
        told
    }

    /// Gives one thing back. What cannot be given back stays on record, for the next run to try.
    async fn release(&mut self, release: &Release) -> Result<(), RunError> {
        let mut result = Ok(());
        for keeper in self.keepers.values() {
            result = result.and(match release {
                Release::Lease(lease) => keeper.reclaim(lease).await,
                Release::Layer(machine, layer) => keeper.remove_layer(machine, layer).await,
            });
        }
        if result.is_ok() {
            self.ledger.released(release)?;
        }
        let what = match release {
            Release::Lease(lease) => format!("lease {} of `{}`", lease.id, lease.machine),
            Release::Layer(machine, layer) => format!("layer {layer} of `{machine}`"),
        };
        let error = result.err().map(|err| err.to_string()).unwrap_or_default();
        self.tell(&Event::Released { what, error })
    }

    pub(super) fn has_failed_enough(&self) -> bool {
        let most = self.options.max_fail;
        most.is_some_and(|most| self.bad_exercises >= most)
    }

    /// Starts every step that may start now. All of them are written down in one go first.
    pub(super) fn start_what_may(&mut self) -> Result<(), RunError> {
        let batch: Vec<_> = std::iter::from_fn(|| self.schedule.start_next()).collect();
        if batch.is_empty() {
            return Ok(());
        }
        let steps = batch.iter().map(|index| {
            let step = self.plan.step(*index);
            let machine = step.machine.as_ref();
            let machine = machine.and_then(|name| self.desired.machines.get(name));
            (step, machine.map(|machine| machine.provider))
        });
        let steps: Vec<_> = steps.collect();
        let leases = self.ledger.begin(&steps, self.clock.now())?;
        for (index, lease) in batch.into_iter().zip(leases) {
            self.start(index, lease);
        }
        Ok(())
    }

    fn start(&mut self, index: StepIndex, lease: Option<LeaseId>) {
        let step = self.plan.step(index);
        let Action::Run(reason) = &step.action else {
            unreachable!("only steps that run are scheduled");
        };
        let trial = Trial {
            task: Task {
                redo: step.redo.iter().map(|i| self.plan.step(*i).phase).collect(),
                from: step.from.clone(),
                leaves: step.leaves.clone(),
                artifact: self.artifact(step),
                lease: lease.clone(),
                attempt: 1,
                limit: self.limit(step),
                step: step.clone(),
            },
            reason: reason.clone(),
            policy: RetryPolicy {
                failed: self.desired.retries,
                reruns: self.desired.reruns,
                ..self.options.retry
            },
            grace: self.options.grace,
        };
        let watcher = Watcher {
            key: step.key.clone(),
            events: self.events.clone(),
            folder: Arc::clone(&self.folder),
            clock: Arc::clone(&self.clock),
            stop: self.cancel.child_token(),
            idle: Idle::default(),
            secrets: Arc::clone(&self.secrets),
        };
        if step.phase != Phase::Build {
            self.done.insert(step.key.clone());
        }
        let performer = Arc::clone(&self.performer);
        let task = self
            .tasks
            .spawn(attempt::attempts(performer, trial, watcher));
        self.running.insert(task.id(), (index, lease));
    }

    fn artifact(&self, step: &Step) -> Option<ContentHash> {
        let (build, format) = (step.build.as_ref()?, step.format.as_ref()?);
        let build = StepKey::build(build, format);
        self.ledger.recorded.steps.get(&build)?.output
    }

    fn limit(&self, step: &Step) -> Duration {
        match (step.phase, &step.build) {
            (Phase::Exercise, _) => self.desired.timeout,
            // The build's own time-out ends its commands; this one is for what hangs besides.
            (Phase::Build, Some(build)) => {
                self.desired.builds[build].timeout + Duration::from_mins(1)
            }
            _ => Duration::from_mins(10),
        }
    }

    /// Takes note that a step has ended, and of what follows.
    pub(super) fn finish(
        &mut self,
        joined: Result<(task::Id, Ended), JoinError>,
    ) -> Result<(), RunError> {
        let (id, mut ended) = joined.unwrap_or_else(|err| (err.id(), crashed(&err)));
        let running = self.running.remove(&id);
        let (index, lease) = running.expect("only tasks in `running` are ever joined");
        let step = self.plan.step(index).clone();
        let now = self.clock.now();
        if step.phase == Phase::Build {
            ended.outcome.notes = telling::files(self.observed, &step);
        }
        self.ledger.end(&step, lease, &ended, now)?;
        self.done.insert(step.key.clone());
        let raw = ended.outcome.verdict;
        if step.phase == Phase::Exercise {
            let inputs = past::inputs(&self.plan, &step);
            let last = (raw, ended.duration_ms);
            let is_stopped = self.cancel.is_cancelled();
            for event in self
                .past
                .finish(&step.key, &inputs, last, now, is_stopped)?
            {
                self.tell(&event)?;
            }
        }
        let expect = step.cell.as_ref().and_then(|cell| cell.expect.as_ref());
        let verdict = Expectation::judge(expect, raw);
        self.verdicts.insert(index, verdict);
        self.bad_exercises += usize::from(step.phase == Phase::Exercise && !verdict.holds());
        self.tell(&Event::StepFinished {
            key: step.key.clone(),
            verdict,
            detail: telling::in_words(expect, raw, ended.outcome.detail),
            attempts: ended.attempts,
            at: now,
            duration_ms: ended.duration_ms,
        })?;
        if step.phase == Phase::Build && raw.holds() {
            self.settle()?;
        }
        for skipped in self.schedule.finish(index, raw.holds()) {
            let key = self.plan.step(skipped).key.clone();
            let why = format!("`{}` did not pass", step.key);
            self.tell(&Event::StepSkipped { key, why })?;
        }
        Ok(())
    }

    /// Works out what waited for a build: some steps turn out to hold, the others get their hash.
    /// Only steps that were to run in the approved plan can come out of this, never more.
    fn settle(&mut self) -> Result<(), RunError> {
        let settled = plan::plan(&PlanInput {
            desired: self.desired,
            recorded: &self.ledger.recorded,
            observed: self.observed,
            selection: self.selection,
            done: &self.done,
        });
        let settled = settled.steps.into_iter();
        let mut settled: BTreeMap<_, _> = settled.map(|step| (step.key.clone(), step)).collect();
        for at in 0..self.plan.steps.len() {
            let index = StepIndex(at as u32);
            let step = &mut self.plan.steps[at];
            // Cutting a step off may have made the next one ready.
            let state = self.schedule.state(index);
            let is_open = matches!(state, StepState::Waiting | StepState::Ready);
            if step.hash != StepHash::Pending || !is_open {
                continue;
            }
            let Some(now) = settled.remove(&step.key) else {
                continue;
            };
            let is_kept = now.action == Action::Keep && now.hash != StepHash::Pending;
            // Redone steps are named by their place in the plan, which is the same in both.
            *step = Step {
                action: if is_kept {
                    Action::Keep
                } else {
                    step.action.clone()
                },
                ..now
            };
            if is_kept {
                self.schedule.cut_off(index);
                let step = self.plan.step(index);
                let last = &self.ledger.recorded.steps[&step.key];
                let event = telling::kept(step, last, true);
                self.tell(&event)?;
            }
        }
        Ok(())
    }

    /// Takes note that the user asked to stop.
    pub(super) fn stopping(&mut self, stop: Stop) -> Result<(), RunError> {
        let at_once = stop == Stop::AtOnce;
        if at_once {
            self.cancel.cancel();
        }
        let at = self.clock.now();
        self.tell(&Event::Stopping { at, at_once })
    }

    /// Shows that the run is alive.
    pub(super) fn beat(&mut self) -> Result<(), RunError> {
        let event = Event::Heartbeat {
            at: self.clock.now(),
            running: self.schedule.running(),
            done: self.verdicts.len(),
            waiting: self.schedule.waiting(),
            remaining_ms: self.schedule.remaining_ms(),
        };
        self.tell(&event)
    }

    /// Says what came of it.
    pub(super) fn close(mut self, stopped: bool) -> Result<Applied, RunError> {
        let why = if stopped {
            "the run was stopped"
        } else {
            "too many exercises had not passed"
        };
        for at in 0..self.plan.steps.len() {
            let state = self.schedule.state(StepIndex(at as u32));
            if matches!(state, StepState::Waiting | StepState::Ready) {
                let key = self.plan.steps[at].key.clone();
                let why = why.into();
                self.tell(&Event::StepSkipped { key, why })?;
            }
        }
        let now = self.clock.now();
        let recorded = &self.ledger.recorded;
        let mut summary = telling::summary(&self.plan, &self.schedule, &self.verdicts, recorded);
        summary.duration_ms = now.since(self.began).as_millis() as u64;
        let exit_code = telling::exit_code(&summary, stopped);
        self.tell(&Event::RunFinished {
            run: self.options.run.clone(),
            at: now,
            summary: summary.clone(),
            exit_code,
        })?;
        Ok(Applied {
            recorded: self.ledger.recorded,
            summary,
            stopped,
            exit_code,
        })
    }
}

/// A panic in a driver costs its own step and no other.
fn crashed(err: &JoinError) -> Ended {
    Ended {
        outcome: Outcome::blocked(format!("the driver crashed: {err}")),
        attempts: 1,
        duration_ms: 0,
    }
}
