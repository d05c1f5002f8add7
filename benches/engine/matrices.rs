//! How well random matrices are packed, and how often GPUs change hands in them.

use crate::{fleet, planned, row};
use mosdat::{
    model::{Gpu, MachineName, Observed, Plan, PoolName, Recorded, Step, StepIndex},
    plan::{self, select::Selection},
    run::schedule::{Limits, Schedule},
};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
    ops::Range,
};

/// How long 200 random matrices take beside the least that they can take: the longest chain, or
/// the busiest pool.
pub(crate) fn makespan() {
    let mut random = fastrand::Rng::with_seed(5);
    let mut ratios: Vec<f64> = (0..200).map(|_| makespan_ratio(&mut random)).collect();
    ratios.sort_by(f64::total_cmp);
    let (median, worst) = (ratios[100], ratios[199]);
    row(
        "makespan of 200 random matrices, median",
        &format!("{median:.3} of the lower bound (worst {worst:.3})"),
        "1.000, the lower bound",
        &format!("{median:.3}"),
        "<= 1.10",
        median <= 1.10,
    );
}

/// How often GPUs change hands in 50 random matrices, beside the least: once for each machine that
/// needs one.
pub(crate) fn gpu_moves() {
    let mut random = fastrand::Rng::with_seed(7);
    let mut ratios: Vec<f64> = (0..50)
        .map(|_| {
            let (plan, limits) = random_matrix(&mut random, 1..2);
            moves(&plan, &limits)
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    let (median, worst) = (ratios[25], ratios[49]);
    row(
        "GPU moves in 50 random matrices, median",
        &format!("{median:.3} of the least (worst {worst:.3})"),
        "1.000, one for each machine",
        &format!("{median:.3}"),
        "<= 1.20",
        median <= 1.20,
    );
}

fn moves(plan: &Plan, limits: &Limits) -> f64 {
    let mut holders: BTreeMap<PoolName, Option<MachineName>> = BTreeMap::new();
    let mut pairs = BTreeSet::new();
    let mut moves = 0;
    play(plan, limits, |step| {
        let gpu = step
            .pools
            .iter()
            .find(|pool| pool.as_str().starts_with("gpu:"));
        let Some(gpu) = gpu else { return };
        let holder = holders.entry(gpu.clone()).or_default();
        moves += usize::from(*holder != step.machine);
        holder.clone_from(&step.machine);
        pairs.insert((gpu.clone(), step.machine.clone()));
    });
    if pairs.is_empty() {
        1.0
    } else {
        moves as f64 / pairs.len() as f64
    }
}

fn makespan_ratio(random: &mut fastrand::Rng) -> f64 {
    let (plan, limits) = random_matrix(random, 1..3);
    play(&plan, &limits, |_| {}) as f64 / lower_bound(&plan, &limits) as f64
}

/// Makes a plan for machines on three nodes, with GPUs that so many may have at once.
fn random_matrix(random: &mut fastrand::Rng, slots: Range<usize>) -> (Plan, Limits) {
    let mut desired = fleet(random.usize(2..20), random.usize(1..8));
    for number in 0..random.usize(1..4) {
        let gpu = gpu(number);
        desired.pools.insert(
            PoolName::new(format!("gpu:{}", gpu.name)),
            random.usize(slots.clone()),
        );
        desired.gpus.insert(gpu.name.clone(), gpu);
    }
    let gpus: Vec<_> = desired.gpus.keys().cloned().collect();
    for machine in desired.machines.values_mut() {
        machine.node = Some(format!("node{}", random.u8(0..3)));
    }
    for node in 0..3 {
        desired.pools.insert(
            PoolName::new(format!("node:node{node}")),
            random.usize(1..3),
        );
    }
    for cell in &mut desired.cells {
        if random.f64() < 0.4 {
            cell.gpu = gpus[random.usize(..gpus.len())].clone();
        }
    }
    let selection = Selection::default();
    let mut plan = planned(
        &desired,
        &Recorded::default(),
        &Observed::default(),
        &selection,
    );
    for step in &mut plan.steps {
        step.estimate_ms = random.u64(1_000..60_000);
    }
    (plan, desired.pools)
}

/// Plays a plan through the scheduler, every step taking just as long as estimated, and tells of each
/// that starts. Returns how long it took.
fn play(plan: &Plan, limits: &Limits, mut starts: impl FnMut(&Step)) -> u64 {
    let mut schedule = Schedule::new(plan, limits, usize::MAX);
    let mut running: BinaryHeap<Reverse<(u64, StepIndex)>> = BinaryHeap::new();
    let mut now = 0;
    loop {
        while let Some(index) = schedule.start_next() {
            starts(plan.step(index));
            running.push(Reverse((now + plan.step(index).estimate_ms, index)));
        }
        let Some(Reverse((end, index))) = running.pop() else {
            return now;
        };
        now = end;
        schedule.finish(index, true);
    }
}

fn lower_bound(plan: &Plan, limits: &Limits) -> u64 {
    let mut loads: BTreeMap<&PoolName, u64> = BTreeMap::new();
    for step in &plan.steps {
        for pool in &step.pools {
            *loads.entry(pool).or_default() += step.estimate_ms;
        }
    }
    let shares = loads.iter().map(|(pool, load)| {
        let limit = limits.get(*pool).copied().unwrap_or(1) as u64;
        load.div_ceil(limit)
    });
    let (_, chain) = plan::graph::critical_path(plan);
    shares.max().unwrap_or(0).max(chain)
}

/// The GPU of a number.
pub(crate) fn gpu(number: usize) -> Gpu {
    Gpu {
        name: format!("gpu{number}").as_str().into(),
        pci: None,
        mapping: None,
        is_primary: false,
        take_over: false,
    }
}
