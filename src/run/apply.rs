//! The loop of a run: start what may start, wait for one thing to happen, write it down, tell.
//!
//! One task owns all state. Steps run in a `JoinSet`, so a panic costs its own step and nothing
//! outlives the run.

use super::{retry::RetryPolicy, running::Run};
use crate::{
    model::{
        ApprovedPlan, Desired, Event, Observed, ProviderKind, Recorded, RunId, Secrets, Summary,
    },
    plan::select::Selection,
    port::{Clock, EvidenceError, Keeper, PastAttempts, Performer, RunFolder, Store, StoreError},
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::{mpsc, watch};

/// What the user wants of a run that has begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// To go on.
    #[default]
    No,
    /// To start nothing more.
    Gently,
    /// To end what runs as well.
    AtOnce,
}

/// The states a plan was made from.
#[derive(Debug)]
pub struct World<'a> {
    /// What should hold.
    pub desired: &'a Desired,
    /// What held.
    pub recorded: Recorded,
    /// What was seen.
    pub observed: &'a Observed,
    /// What part of it the user asked for.
    pub selection: &'a Selection,
}

/// The world, as far as a run touches it.
#[derive(Debug)]
pub struct Ports<'a> {
    /// Does the steps.
    pub performer: Arc<dyn Performer>,
    /// Cleans up after earlier runs.
    pub keepers: BTreeMap<ProviderKind, Arc<dyn Keeper>>,
    /// Keeps the results. Its lock is held.
    pub store: &'a mut dyn Store,
    /// Keeps events and evidence.
    pub folder: Arc<dyn RunFolder>,
    /// Remembers what attempts were like.
    pub past: Arc<dyn PastAttempts>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// What stands in no event and in no evidence.
    pub secrets: Secrets,
}

/// How a run is carried out.
#[derive(Clone, Debug)]
pub struct ApplyOptions {
    /// What the run is called.
    pub run: RunId,
    /// How many steps may run at once, whatever their pools.
    pub parallel: usize,
    /// After how many exercises that did not pass no more steps are started.
    pub max_fail: Option<usize>,
    /// How often steps are tried again. How often a failed exercise is, the plan file says.
    pub retry: RetryPolicy,
    /// How long an attempt that was asked to stop may take.
    pub grace: Duration,
    /// How often the run shows that it is alive.
    pub heartbeat: Duration,
}

/// A plan could not be carried through.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A result could not be recorded. Steps that were running count as unknown.
    #[error("failed to record the run; what was running will run again")]
    Store(#[from] StoreError),
    /// An event could not be recorded.
    #[error("failed to record what the run did")]
    Evidence(#[from] EvidenceError),
}

/// How a run ended.
#[derive(Debug)]
pub struct Applied {
    /// What is recorded now.
    pub recorded: Recorded,
    /// What came of it.
    pub summary: Summary,
    /// Whether the user stopped it.
    pub stopped: bool,
    /// What `apply` exits with.
    pub exit_code: u8,
}

/// Applies `approved` to the world, step by step.
pub async fn apply<'a>(
    approved: &ApprovedPlan,
    world: World<'a>,
    ports: Ports<'a>,
    options: &'a ApplyOptions,
    mut stop: watch::Receiver<Stop>,
    tell: &'a mut (dyn FnMut(&Event) + Send),
) -> Result<Applied, RunError> {
    let (events, inbox) = mpsc::unbounded_channel();
    let mut run = Run::new(approved.plan(), world, ports, options, events, tell);
    let done = carry_out(&mut run, inbox, &mut stop).await;
    if done.is_err() {
        run.give_up().await;
    }
    let given_back = run.wind_up().await;
    done.and(given_back)?;
    let stopped = *stop.borrow() != Stop::No;
    run.close(stopped)
}

/// Starts what may start and waits for one thing to happen, until nothing is left.
async fn carry_out(
    run: &mut Run<'_>,
    mut inbox: mpsc::UnboundedReceiver<Event>,
    stop: &mut watch::Receiver<Stop>,
) -> Result<(), RunError> {
    run.open().await?;
    let mut heartbeat = tokio::time::interval(run.options.heartbeat);
    heartbeat.tick().await;
    loop {
        if *stop.borrow() == Stop::No && !run.has_failed_enough() {
            run.start_what_may()?;
        }
        if run.tasks.is_empty() {
            return Ok(());
        }
        tokio::select! {
            biased;
            Some(event) = inbox.recv() => run.tell(&event)?,
            Some(joined) = run.tasks.join_next_with_id() => {
                // What a step told before it ended comes before its end.
                while let Ok(event) = inbox.try_recv() {
                    run.tell(&event)?;
                }
                run.finish(joined)?;
            }
            Ok(()) = stop.changed() => run.stopping(*stop.borrow_and_update())?,
            _ = heartbeat.tick() => run.beat()?,
        }
    }
}
