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
//!
//! A GPU changes hands at a price: machines are stopped for it. So a machine that has one keeps it
//! as long as a step of its own may start with it, whatever is more urgent elsewhere.

use crate::model::{MachineName, Plan, PoolName, StepIndex};
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
    /// The machine it is on, and which of its pools is a thing that machines hand on.
    machine: Option<MachineName>,
    held: Option<usize>,
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
    /// Who waits for it, by machine where it is handed from one to another.
    parked: BTreeMap<Option<MachineName>, BinaryHeap<Waiter>>,
    /// The machine that had it last.
    holder: Option<MachineName>,
    /// How many steps of each machine may start with it.
    ready: BTreeMap<MachineName, usize>,
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
            let (pools, runs): (Vec<usize>, _) = (pools.collect(), step.will_run());
            let held = pools.iter().copied();
            let held = held
                .into_iter()
                .find(|at| schedule.pools[*at].is_handed_on());
            schedule.steps.push(Entry {
                state: if runs {
                    StepState::Waiting
                } else {
                    StepState::Done
                },
                missing: 0,
                dependants: Vec::new(),
                machine: step.machine.clone().filter(|_| held.is_some()),
                held,
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
            let entry = &self.steps[index.get()];
            let is_shut = |pool: &usize| {
                let pool = &self.pools[*pool];
                !pool.has_room() || pool.is_kept_from(entry.machine.as_ref())
            };
            match entry.pools.iter().copied().find(is_shut) {
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
                    self.park(pool, parked);
                    if waiter.woken_by != Some(pool) {
                        self.pass_on(waiter.woken_by);
                    }
                }
            }
        }
        None
    }

    fn park(&mut self, pool: usize, waiter: Waiter) {
        let entry = &self.steps[waiter.index.0 as usize];
        let machine = entry.machine.clone().filter(|_| entry.held == Some(pool));
        let parked = &mut self.pools[pool].parked;
        parked.entry(machine).or_default().push(waiter);
    }

    fn start(&mut self, index: StepIndex) {
        self.note_ready(index, false);
        let entry = &mut self.steps[index.get()];
        entry.state = StepState::Running;
        if let Some(held) = entry.held {
            self.pools[held].holder.clone_from(&entry.machine);
        }
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
        let (was_ready, held) = (entry.state == StepState::Ready, entry.held);
        self.forget_load(index);
        if was_ready {
            self.note_ready(index, false);
        }
        let skipped = self.settle(index, true);
        debug_assert!(skipped.is_empty(), "nothing is lost by what need not run");
        // Whoever was kept from it may have it now.
        if let Some(held) = held.filter(|_| was_ready) {
            self.wake(held);
        }
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

    /// Counts a step among those, or no more among those, that may start with what machines hand on.
    fn note_ready(&mut self, index: StepIndex, is_ready: bool) {
        let entry = &self.steps[index.get()];
        let (Some(held), Some(machine)) = (entry.held, entry.machine.clone()) else {
            return;
        };
        let count = self.pools[held].ready.entry(machine).or_default();
        if is_ready {
            *count += 1;
        } else {
            *count -= 1;
        }
    }

    fn make_ready(&mut self, index: StepIndex) {
        self.steps[index.get()].state = StepState::Ready;
        self.note_ready(index, true);
        self.push_ready(index, None);
    }

    fn push_ready(&mut self, index: StepIndex, woken_by: Option<usize>) {
        let entry = &self.steps[index.get()];
        let loads = entry.pools.iter().map(|pool| self.pools[*pool].share());
        let has_it = entry.held.is_some_and(|held| {
            let holder = self.pools[held].holder.as_ref();
            holder.is_some() && holder == entry.machine.as_ref()
        });
        self.ready.push(Waiter {
            // What others are kept from is used first.
            urgency: if has_it {
                u64::MAX
            } else {
                loads.max().unwrap_or(0).max(entry.tail)
            },
            tail: entry.tail,
            index: Reverse(index.0),
            woken_by,
        });
    }

    /// Looks again at the first step that was parked at a pool, when the pool has room.
    fn wake(&mut self, pool: usize) {
        if self.pools[pool].has_room()
            && let Some(waiter) = self.pools[pool].next_parked()
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
        let parked = self.pools.iter().filter(|pool| pool.count_parked() > 0);
        parked
            .map(|pool| (pool.name.to_string(), pool.count_parked()))
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
            parked: BTreeMap::new(),
            holder: None,
            ready: BTreeMap::new(),
        }
    }

    /// Whether it is something that machines hand on to each other.
    fn is_handed_on(&self) -> bool {
        self.limit == 1 && self.name.as_str().starts_with("gpu:")
    }

    /// Whether the machine that had it last may still use it.
    fn is_kept_from(&self, machine: Option<&MachineName>) -> bool {
        let Some(holder) = self
            .holder
            .as_ref()
            .filter(|holder| Some(*holder) != machine)
        else {
            return false;
        };
        self.ready.get(holder).is_some_and(|count| *count > 0)
    }

    /// Takes out who comes next: of the machine that has it, else the most urgent.
    fn next_parked(&mut self) -> Option<Waiter> {
        let own = self.parked.get_mut(&self.holder).and_then(BinaryHeap::pop);
        own.or_else(|| {
            let heaps = self.parked.values_mut().filter(|heap| !heap.is_empty());
            heaps.max_by_key(|heap| heap.peek().copied())?.pop()
        })
    }

    fn count_parked(&self) -> usize {
        self.parked.values().map(BinaryHeap::len).sum()
    }

    fn has_room(&self) -> bool {
        self.in_use < self.limit
    }

    fn share(&self) -> u64 {
        self.load / self.limit as u64
    }
}
