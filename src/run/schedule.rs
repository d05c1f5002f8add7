//! Which step may start next. A state machine with no clock and no tasks in it.
//!
//! ```text
//! Waiting -> Ready -> Running -> Done
//!        \-> Skipped         \-> Stuck
//! ```
//!
//! A step that is ready goes first when more work hangs on it: the longest chain of steps behind
//! it, or all that is still to do on a machine or GPU that it holds, whichever takes longer. A
//! step whose pool is full is parked at that pool, and looked at again only when the pool has
//! room, so that the cost of a step does not grow with the size of the plan.

use crate::model::{Plan, PoolName, StepIndex};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
};

/// Where a step is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// A step it needs is not done.
    Waiting,
    /// May start as soon as its pools have room.
    Ready,
    /// Started.
    Running,
    /// Passed, or its last result still holds.
    Done,
    /// Ran and did not pass.
    Stuck,
    /// Will not run, because a step it needs is stuck.
    Skipped,
}

/// How many steps may use each pool at once. A pool that is not named here takes one.
pub type Limits = BTreeMap<PoolName, usize>;

/// The progress of one plan.
#[derive(Debug)]
pub struct Schedule {
    steps: Vec<Entry>,
    pools: Vec<Pool>,
    ready: BinaryHeap<Waiter>,
    running: usize,
    /// How many steps may run at once, whatever their pools.
    parallel: usize,
}

#[derive(Debug)]
struct Entry {
    state: StepState,
    missing: usize,
    dependants: Vec<StepIndex>,
    pools: Vec<usize>,
    cost: u64,
    /// The longest chain of steps from the start of this one, in milliseconds.
    tail: u64,
}

#[derive(Debug)]
struct Pool {
    name: PoolName,
    limit: usize,
    in_use: usize,
    /// Milliseconds of work still to start in it.
    load: u64,
    parked: BinaryHeap<Waiter>,
}

/// A step that may start, the most urgent first; among equals the first of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Waiter {
    urgency: u64,
    tail: u64,
    index: Reverse<u32>,
    /// The pool whose room woke it, which must not be wasted when it cannot start after all.
    woken_by: Option<usize>,
}

impl Schedule {
    /// Starts from a plan of which nothing has run. `parallel` bounds all pools together.
    pub fn new(plan: &Plan, limits: &Limits, parallel: usize) -> Self {
        let mut schedule = Self {
            steps: Vec::with_capacity(plan.steps.len()),
            pools: Vec::new(),
            ready: BinaryHeap::new(),
            running: 0,
            parallel: parallel.max(1),
        };
        let mut known: BTreeMap<PoolName, usize> = BTreeMap::new();
        for step in &plan.steps {
            let pools = step.pools.iter().map(|name| {
                *known.entry(name.clone()).or_insert_with(|| {
                    schedule.pools.push(Pool::new(name.clone(), limits));
                    schedule.pools.len() - 1
                })
            });
            let (pools, runs) = (pools.collect(), step.will_run());
            schedule.steps.push(Entry {
                state: if runs {
                    StepState::Waiting
                } else {
                    StepState::Done
                },
                missing: 0,
                dependants: Vec::new(),
                pools,
                cost: if runs { step.estimate_ms.max(1) } else { 0 },
                tail: 0,
            });
        }
        schedule.connect(plan);
        for at in 0..schedule.steps.len() {
            if schedule.steps[at].state == StepState::Waiting && schedule.steps[at].missing == 0 {
                schedule.make_ready(StepIndex(at as u32));
            }
        }
        schedule
    }

    fn connect(&mut self, plan: &Plan) {
        for (at, step) in plan.steps.iter().enumerate() {
            for need in &step.needs {
                self.steps[need.get()].dependants.push(StepIndex(at as u32));
                let is_open = self.steps[need.get()].state != StepState::Done;
                self.steps[at].missing += usize::from(is_open);
            }
        }
        for at in (0..self.steps.len()).rev() {
            let tails = self.steps[at]
                .dependants
                .iter()
                .map(|d| self.steps[d.get()].tail);
            let tail = self.steps[at].cost + tails.max().unwrap_or(0);
            let entry = &mut self.steps[at];
            entry.tail = tail;
            for pool in &entry.pools {
                self.pools[*pool].load += entry.cost;
            }
        }
    }

    /// Marks one ready step as running and returns it, or `None` when nothing may start now.
    pub fn start_next(&mut self) -> Option<StepIndex> {
        while self.running < self.parallel {
            let waiter = self.ready.pop()?;
            let index = StepIndex(waiter.index.0);
            if self.steps[index.get()].state != StepState::Ready {
                self.pass_on(waiter.woken_by);
                continue;
            }
            let full = self.steps[index.get()].pools.iter().copied();
            match full.into_iter().find(|pool| !self.pools[*pool].has_room()) {
                None => {
                    self.start(index);
                    // More than one place may have come free while others were parked.
                    self.pass_on(waiter.woken_by);
                    return Some(index);
                }
                Some(pool) => {
                    let parked = Waiter {
                        woken_by: None,
                        ..waiter
                    };
                    self.pools[pool].parked.push(parked);
                    if waiter.woken_by != Some(pool) {
                        self.pass_on(waiter.woken_by);
                    }
                }
            }
        }
        None
    }

    fn start(&mut self, index: StepIndex) {
        let entry = &mut self.steps[index.get()];
        entry.state = StepState::Running;
        for pool in &entry.pools {
            self.pools[*pool].in_use += 1;
            self.pools[*pool].load -= entry.cost;
        }
        self.running += 1;
    }

    /// Takes note that a running step has ended, and returns the steps that will now never run.
    pub fn finish(&mut self, index: StepIndex, passed: bool) -> Vec<StepIndex> {
        assert_eq!(
            self.state(index),
            StepState::Running,
            "only a running step can end"
        );
        self.running -= 1;
        for pool in self.steps[index.get()].pools.clone() {
            self.pools[pool].in_use -= 1;
            self.wake(pool);
        }
        self.settle(index, passed)
    }

    /// Takes note that a step that has not started need not run after all.
    pub fn cut_off(&mut self, index: StepIndex) {
        let entry = &self.steps[index.get()];
        let is_open = matches!(entry.state, StepState::Waiting | StepState::Ready);
        assert!(is_open, "only a step that has not started can be cut off");
        self.forget_load(index);
        let skipped = self.settle(index, true);
        debug_assert!(skipped.is_empty(), "nothing is lost by what need not run");
    }

    fn settle(&mut self, index: StepIndex, passed: bool) -> Vec<StepIndex> {
        self.steps[index.get()].state = if passed {
            StepState::Done
        } else {
            StepState::Stuck
        };
        let dependants = self.steps[index.get()].dependants.clone();
        if passed {
            for dependant in dependants {
                let entry = &mut self.steps[dependant.get()];
                entry.missing -= 1;
                if entry.missing == 0 && entry.state == StepState::Waiting {
                    self.make_ready(dependant);
                }
            }
            return Vec::new();
        }
        let mut skipped = Vec::new();
        let mut reached = dependants;
        while let Some(lost) = reached.pop() {
            if self.steps[lost.get()].state == StepState::Waiting {
                self.forget_load(lost);
                self.steps[lost.get()].state = StepState::Skipped;
                reached.extend(&self.steps[lost.get()].dependants);
                skipped.push(lost);
            }
        }
        skipped.sort_unstable();
        skipped
    }

    fn forget_load(&mut self, index: StepIndex) {
        let entry = &self.steps[index.get()];
        for pool in &entry.pools {
            self.pools[*pool].load -= entry.cost;
        }
    }

    fn make_ready(&mut self, index: StepIndex) {
        self.steps[index.get()].state = StepState::Ready;
        self.push_ready(index, None);
    }

    fn push_ready(&mut self, index: StepIndex, woken_by: Option<usize>) {
        let entry = &self.steps[index.get()];
        let loads = entry.pools.iter().map(|pool| self.pools[*pool].share());
        self.ready.push(Waiter {
            urgency: loads.max().unwrap_or(0).max(entry.tail),
            tail: entry.tail,
            index: Reverse(index.0),
            woken_by,
        });
    }

    /// Looks again at the first step that was parked at a pool, when the pool has room.
    fn wake(&mut self, pool: usize) {
        if self.pools[pool].has_room()
            && let Some(waiter) = self.pools[pool].parked.pop()
        {
            self.push_ready(StepIndex(waiter.index.0), Some(pool));
        }
    }

    fn pass_on(&mut self, pool: Option<usize>) {
        if let Some(pool) = pool {
            self.wake(pool);
        }
    }

    /// Returns where a step is.
    pub fn state(&self, index: StepIndex) -> StepState {
        self.steps[index.get()].state
    }

    /// Returns how many steps run.
    pub fn running(&self) -> usize {
        self.running
    }

    /// Returns how many steps are parked at each full pool.
    pub fn waiting(&self) -> BTreeMap<String, usize> {
        let parked = self.pools.iter().filter(|pool| !pool.parked.is_empty());
        parked
            .map(|pool| (pool.name.to_string(), pool.parked.len()))
            .collect()
    }

    /// Returns how much longer the plan takes at least, in milliseconds, by its estimates: the
    /// busiest pool, or all that is left shared by as many steps as may run.
    pub fn remaining_ms(&self) -> u64 {
        let busiest = self.pools.iter().map(Pool::share).max().unwrap_or(0);
        let open = self.steps.iter().filter(|entry| {
            matches!(
                entry.state,
                StepState::Waiting | StepState::Ready | StepState::Running
            )
        });
        let total: u64 = open.clone().map(|entry| entry.cost).sum();
        let chain = open.map(|entry| entry.tail).max().unwrap_or(0);
        busiest.max(chain).max(total / self.parallel.max(1) as u64)
    }
}

impl Pool {
    fn new(name: PoolName, limits: &Limits) -> Self {
        Self {
            limit: limits.get(&name).copied().unwrap_or(1).max(1),
            name,
            in_use: 0,
            load: 0,
            parked: BinaryHeap::new(),
        }
    }

    fn has_room(&self) -> bool {
        self.in_use < self.limit
    }

    fn share(&self) -> u64 {
        self.load / self.limit as u64
    }
}
