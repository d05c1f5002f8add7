//! Measures the engine within one process: what a step costs, how well many are packed, and how
//! long short steps take side by side. Whole commands beside their peers are measured by
//! `scripts/bench.sh`.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark asks the real clock, prints its rows, and may stop at any surprise"
)]

#[path = "../tests/it/machine.rs"]
mod machine;
#[path = "engine/matrices.rs"]
mod matrices;
#[path = "../tests/it/package.rs"]
mod package;

use machine::machine as bare;
use mosdat::{
    driver::{
        disk::{DiskPastAttempts, DiskRunFolder, DiskStore, SystemClock},
        sim::{SimClock, SimCluster, SimWorld},
    },
    model::{
        App, Build, Cell, ContentHash, Desired, Machine, Observed, Phase, Plan, ProviderKind,
        Recorded, RunId, Scenario, Session, SimSettings, Source, SourceSeen, Timestamp,
    },
    plan::{self, PlanInput, select::Selection},
    port::{Clock, Keeper, LockHolder, Store as _},
    run::{self, ApplyOptions, Ports, Stop, World, retry::RetryPolicy},
};
use package::package;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

fn main() {
    println!("what | mosdat | peer | ratio | reach | verdict");
    steps_cost_the_same_however_many_there_are();
    a_large_cluster();
    short_steps_side_by_side();
    matrices::makespan();
    matrices::gpu_moves();
}

fn row(what: &str, mosdat: &str, peer: &str, ratio: &str, reach: &str, is_met: bool) {
    let verdict = if is_met { "ok" } else { "MISS" };
    println!("{what} | {mosdat} | {peer} | {ratio} | {reach} | {verdict}");
}

/// CPU time of this process so far.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// `apply` on a simulated cluster: planner, executor, journal, events.
fn steps_cost_the_same_however_many_there_are() {
    let mut costs = Vec::new();
    for machines in [250, 2500] {
        let desired = fleet(machines, 1);
        let (steps, cost, bytes) = applied(&desired);
        let cost_ms = cost.as_secs_f64() * 1000.0 / steps as f64;
        costs.push(cost_ms);
        row(
            &format!("engine cost of apply, {steps} steps"),
            &format!("{cost_ms:.3} ms CPU a step"),
            "-",
            "-",
            "<= 0.3 ms CPU a step",
            cost_ms <= 0.3,
        );
        let bytes = bytes / steps as u64;
        let what = format!("state, {steps} steps");
        row(
            &what,
            &format!("{bytes} B a step"),
            "-",
            "-",
            "<= 250 B a step",
            bytes <= 250,
        );
    }
    let ratio = costs[1] / costs[0];
    row(
        "engine cost of a step, ten times the steps",
        &format!("{:.3} ms", costs[1]),
        &format!("{:.3} ms at a tenth", costs[0]),
        &format!("{ratio:.2}"),
        "flat: <= 1.5",
        ratio <= 1.5,
    );
}

/// 40 nodes with 2,000 machines and 24 GPUs, on which 20,000 cells are tested.
fn a_large_cluster() {
    let mut desired = fleet(2000, 10);
    for number in 0..24 {
        let gpu = matrices::gpu(number);
        desired.gpus.insert(gpu.name.clone(), gpu);
    }
    for (number, machine) in desired.machines.values_mut().enumerate() {
        machine.node = Some(format!("node{}", number % 40));
    }
    for (number, cell) in desired.cells.iter_mut().enumerate() {
        // One machine in ten has a GPU that its cells want.
        if number / 10 % 10 == 0 {
            cell.gpu = matrices::gpu(number / 100 % 24).name;
        }
    }
    let (steps, cost, _) = applied(&desired);
    let cost_ms = cost.as_secs_f64() * 1000.0 / steps as f64;
    row(
        &format!("40 nodes, 2,000 machines, 24 GPUs, 20,000 cells, {steps} steps"),
        &format!(
            "{cost_ms:.3} ms CPU a step, {:.1} s in all",
            cost.as_secs_f64()
        ),
        "-",
        "-",
        "<= 0.3 ms CPU a step",
        cost_ms <= 0.3,
    );
}

fn applied(desired: &Desired) -> (usize, Duration, u64) {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let before = cpu();
    let steps = runtime.block_on(apply(desired, dir.path(), SimSettings::default(), 64));
    let cost = cpu().saturating_sub(before);
    let bytes = std::fs::metadata(dir.path().join("journal")).unwrap().len();
    (steps, cost, bytes)
}

/// 200 steps of 50 ms, 50 at once, in real time: as little as four rounds.
fn short_steps_side_by_side() {
    let mut walls: Vec<f64> = (0..5).map(|_| side_by_side()).collect();
    walls.sort_by(f64::total_cmp);
    let (wall, floor) = (walls[2], 0.2);
    row(
        "200 steps of 50 ms, 50 at once",
        &format!("{wall:.3} s"),
        &format!("{floor:.3} s, four rounds"),
        &format!("{:.2}", wall / floor),
        "<= 0.25 s",
        wall <= 0.25,
    );
}

fn side_by_side() -> f64 {
    let dir = tempfile::tempdir().unwrap();
    let desired = fleet(200, 1);
    let each = (Duration::from_millis(50), Duration::from_millis(50));
    let none = (Duration::ZERO, Duration::ZERO);
    let settings = SimSettings {
        durations: [
            (Phase::Exercise, each),
            (Phase::Restore, none),
            (Phase::Install, none),
        ]
        .into(),
        ..SimSettings::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    // All but the exercises is done before the clock starts.
    runtime.block_on(async {
        let mut desired = desired.clone();
        for scenario in desired.scenarios.values_mut() {
            scenario
                .files
                .insert("another".into(), ContentHash::of(b"another"));
        }
        apply(&desired, dir.path(), settings.clone(), 400).await;
        let began = Instant::now();
        let steps = apply(&fleet(200, 1), dir.path(), settings.clone(), 50).await;
        assert_eq!(steps, 200);
        began.elapsed().as_secs_f64()
    })
}

async fn apply(desired: &Desired, dir: &Path, settings: SimSettings, parallel: usize) -> usize {
    let wall: Arc<dyn Clock> = Arc::new(SystemClock);
    let mut store = DiskStore::open(dir, Arc::clone(&wall)).unwrap();
    let now = wall.now();
    store
        .lock(LockHolder {
            token: None,
            user: "bench".into(),
            host: "bench".into(),
            pid: std::process::id(),
            operation: "apply".into(),
            since: now,
            heartbeat: now,
        })
        .unwrap();
    let recorded = store.load().unwrap();
    let world = SimWorld::open(&dir.join("sim-world")).unwrap();
    let cluster = Arc::new(SimCluster::new(settings, world, desired.machines.values()));
    let observed = observed(desired, &cluster).await;
    let selection = Selection::default();
    let plan = planned(desired, &recorded, &observed, &selection);
    let steps = plan.runs().count();
    let run = RunId::new(format!("run{}", recorded.serial.0));
    let folder = DiskRunFolder::create(&dir.join("runs").join(run.as_str())).unwrap();
    let options = ApplyOptions {
        run,
        parallel,
        max_fail: None,
        retry: RetryPolicy::default(),
        grace: Duration::from_secs(1),
        heartbeat: Duration::from_mins(1),
    };
    let keeper: Arc<dyn Keeper> = Arc::clone(&cluster) as _;
    let ports = Ports {
        performer: cluster,
        keepers: [(ProviderKind::Sim, keeper)].into(),
        store: &mut store,
        folder: Arc::new(folder),
        past: Arc::new(DiskPastAttempts::new(dir.join("attempts"))),
        clock: Arc::new(SimClock::new(Timestamp(1_000_000))),
        secrets: mosdat::model::Secrets::default(),
    };
    let world = World {
        desired,
        recorded,
        observed: &observed,
        selection: &selection,
    };
    let (_sender, stop) = tokio::sync::watch::channel(Stop::No);
    let approved = plan.approve();
    let applied = run::apply(&approved, world, ports, &options, stop, &mut |_| {})
        .await
        .unwrap();
    assert_eq!(applied.exit_code, 0);
    store.unlock().unwrap();
    steps
}

async fn observed(desired: &Desired, cluster: &SimCluster) -> Observed {
    let mut observed = Observed::default();
    for machine in desired.machines.values() {
        let presence = cluster.observe(machine).await;
        observed.machines.insert(machine.name.clone(), presence);
    }
    let seen = SourceSeen::Known {
        identity: "commit".into(),
        files: BTreeMap::new(),
    };
    observed.sources.insert("main".into(), seen);
    observed
}

fn planned(
    desired: &Desired,
    recorded: &Recorded,
    observed: &Observed,
    selection: &Selection,
) -> Plan {
    plan::plan(&PlanInput {
        desired,
        recorded,
        observed,
        selection,
        done: &BTreeSet::new(),
    })
}

/// Simulated machines with one build and some scenarios each.
fn fleet(machines: usize, scenarios: usize) -> Desired {
    let names: Vec<String> = (0..machines)
        .map(|number| format!("vm{number:05}"))
        .collect();
    let scenarios: Vec<String> = (0..scenarios)
        .map(|number| format!("scenario{number}"))
        .collect();
    let cells = names.iter().flat_map(|machine| {
        scenarios.iter().map(|scenario| Cell {
            machine: machine.as_str().into(),
            gpu: "none".into(),
            build: "main".into(),
            format: "deb".into(),
            scenario: scenario.as_str().into(),
            skip: None,
            expect: None,
        })
    });
    let described = scenarios.iter().map(|name| Scenario {
        name: name.as_str().into(),
        files: [(format!("{name}.yaml"), ContentHash::of(name.as_bytes()))].into(),
        document: name.as_str().into(),
        variables: BTreeMap::new(),
        needs_session: None,
    });
    Desired {
        name: "bench".into(),
        app: App {
            name: "app".into(),
            version: "1".into(),
            binary: "/usr/bin/app".into(),
            args: Vec::new(),
            process_name: "app".into(),
            timeout: Duration::from_secs(10),
        },
        cells: cells.collect(),
        machines: names
            .iter()
            .map(|name| (name.as_str().into(), machine(name)))
            .collect(),
        builds: [("main".into(), build())].into(),
        gpus: BTreeMap::new(),
        own_scenarios: BTreeMap::new(),
        scenarios: described
            .map(|scenario| (scenario.name.clone(), scenario))
            .collect(),
        pools: BTreeMap::new(),
        retries: 0,
        reruns: 0,
        timeout: Duration::from_mins(15),
    }
}

fn build() -> Build {
    Build {
        name: "main".into(),
        source: Source::Simulated,
        commands: Vec::new(),
        dist_dir: "dist".into(),
        env: Vec::new(),
        timeout: Duration::from_mins(1),
    }
}

fn machine(name: &str) -> Machine {
    Machine {
        name: name.into(),
        snapshot: "clean".into(),
        packages: [("deb".into(), package("deb"))].into(),
        ..bare(ProviderKind::Sim, Session::X11)
    }
}
