//! A small simulated world to plan and apply in, with strict stand-ins for disk and clock.

use crate::{machine::machine as bare, package::package};
use mosdat::{
    driver::{
        disk::DiskPastAttempts,
        sim::{SimClock, SimCluster, SimWorld},
    },
    model::{
        App, ApprovedPlan, Build, Cell, ContentHash, Desired, Event, Expectation, Machine,
        Observed, Plan, PoolName, ProviderKind, Record, Recorded, RunId, Scenario, Secrets,
        Session, SimSettings, Source, SourceSeen, StepKey, Timestamp,
    },
    plan::{self, PlanInput, select::Selection},
    port::{
        Durability, EvidenceError, Keeper, LockHolder, LockToken, Performer, RunFolder, Store,
        StoreError,
    },
    run::{self, Applied, ApplyOptions, Ports, RunError, Stop, World, retry::RetryPolicy},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

/// A matrix of simulated machines, and everything that was made of it so far.
#[derive(Debug)]
pub(crate) struct TestWorld {
    pub(crate) desired: Desired,
    pub(crate) recorded: Recorded,
    pub(crate) settings: SimSettings,
    pub(crate) sources: BTreeMap<&'static str, &'static str>,
    pub(crate) selection: Selection,
    pub(crate) fail_after: Option<usize>,
    pub(crate) secrets: Secrets,
    dir: tempfile::TempDir,
    runs: usize,
}

impl TestWorld {
    /// Every scenario on every machine, one build called `main` as a deb.
    pub(crate) fn new(machines: &[&str], scenarios: &[&str]) -> Self {
        let mut desired = Desired {
            name: "test".into(),
            app: App {
                name: "notes".into(),
                version: "1".into(),
                binary: "/usr/bin/notes".into(),
                args: Vec::new(),
                process_name: "notes".into(),
                timeout: Duration::from_secs(3),
            },
            machines: machines
                .iter()
                .map(|name| ((*name).into(), machine(name)))
                .collect(),
            builds: [("main".into(), build("main"))].into(),
            gpus: BTreeMap::new(),
            scenarios: BTreeMap::new(),
            own_scenarios: BTreeMap::new(),
            cells: Vec::new(),
            pools: [(PoolName::new("build"), 1)].into(),
            retries: 0,
            reruns: 0,
            timeout: Duration::from_mins(15),
        };
        for name in scenarios {
            let scenario = Scenario {
                name: (*name).into(),
                files: [(format!("{name}.yaml"), ContentHash::of(name.as_bytes()))].into(),
                document: (*name).into(),
                variables: BTreeMap::new(),
                needs_session: None,
            };
            desired.scenarios.insert((*name).into(), scenario);
            for machine in machines {
                desired.cells.push(cell(machine, "main", name));
            }
        }
        Self {
            desired,
            recorded: Recorded::default(),
            settings: SimSettings::default(),
            sources: [("main", "commit 1")].into(),
            selection: Selection::default(),
            fail_after: None,
            secrets: Secrets::default(),
            dir: tempfile::tempdir().unwrap(),
            runs: 0,
        }
    }

    pub(crate) fn edit_scenario(&mut self, name: &str, text: &str) {
        let scenario = self.desired.scenarios.get_mut(&name.into()).unwrap();
        scenario
            .files
            .insert(format!("{name}.yaml"), ContentHash::of(text.as_bytes()));
    }

    pub(crate) fn expect_failure(&mut self, scenario: &str) {
        for cell in &mut self.desired.cells {
            if cell.scenario.as_str() == scenario {
                cell.expect = Some(Expectation {
                    verdict: mosdat::model::Verdict::Failed,
                    why: "known".into(),
                });
            }
        }
    }

    pub(crate) fn cluster(&self) -> Arc<SimCluster> {
        let world = SimWorld::open(&self.dir.path().join("world")).unwrap();
        let machines = self.desired.machines.values();
        Arc::new(SimCluster::new(self.settings.clone(), world, machines))
    }

    /// What is remembered of attempts.
    pub(crate) fn past(&self) -> DiskPastAttempts {
        DiskPastAttempts::new(self.dir.path().join("attempts"))
    }

    pub(crate) async fn observe(&self) -> Observed {
        let cluster = self.cluster();
        let mut observed = Observed::default();
        for machine in self.desired.machines.values() {
            let presence = cluster.observe(machine).await;
            observed.machines.insert(machine.name.clone(), presence);
        }
        for (build, identity) in &self.sources {
            let seen = SourceSeen::Known {
                identity: (*identity).into(),
                files: BTreeMap::new(),
            };
            observed.sources.insert((*build).into(), seen);
        }
        observed
    }

    pub(crate) fn plan_seeing(&self, observed: &Observed) -> Plan {
        plan::plan(&PlanInput {
            desired: &self.desired,
            recorded: &self.recorded,
            observed,
            selection: &self.selection,
            done: &BTreeSet::new(),
        })
    }

    pub(crate) async fn plan(&self) -> Plan {
        self.plan_seeing(&self.observe().await)
    }

    /// Plans and applies, and returns what was told.
    pub(crate) async fn apply(&mut self) -> (Applied, Vec<Event>) {
        let plan = self.plan().await.approve();
        self.apply_plan(&plan).await.unwrap()
    }

    pub(crate) async fn apply_plan(
        &mut self,
        plan: &ApprovedPlan,
    ) -> Result<(Applied, Vec<Event>), RunError> {
        let (_sender, stop) = tokio::sync::watch::channel(Stop::No);
        let cluster = self.cluster();
        self.apply_with(plan, cluster, stop, &mut |_| {}).await
    }

    pub(crate) async fn apply_with(
        &mut self,
        plan: &ApprovedPlan,
        performer: Arc<dyn Performer>,
        stop: tokio::sync::watch::Receiver<Stop>,
        watch: &mut (dyn FnMut(&Event) + Send),
    ) -> Result<(Applied, Vec<Event>), RunError> {
        let observed = self.observe().await;
        self.runs += 1;
        let options = ApplyOptions {
            run: RunId::new(format!("run{}", self.runs)),
            parallel: 50,
            max_fail: None,
            retry: RetryPolicy::default(),
            grace: Duration::from_secs(5),
            heartbeat: Duration::from_mins(1),
        };
        let mut store = MemoryStore {
            recorded: self.recorded.clone(),
            room: self.fail_after,
        };
        let keeper: Arc<dyn Keeper> = self.cluster();
        let mut events = Vec::new();
        let mut tell = |event: &Event| {
            watch(event);
            events.push(event.clone());
        };
        let world = World {
            desired: &self.desired,
            recorded: self.recorded.clone(),
            observed: &observed,
            selection: &self.selection,
        };
        let ports = Ports {
            performer,
            keepers: [(ProviderKind::Sim, keeper)].into(),
            store: &mut store,
            folder: Arc::new(NoFolder),
            past: Arc::new(self.past()),
            clock: Arc::new(SimClock::new(Timestamp(1_000_000))),
            secrets: self.secrets.clone(),
        };
        let applied = run::apply(plan, world, ports, &options, stop, &mut tell).await;
        self.recorded = store.recorded;
        let applied = applied?;
        assert_eq!(applied.recorded, self.recorded, "memory and store agree");
        Ok((applied, events))
    }
}

/// One line for each step that is not kept.
pub(crate) fn runs(plan: &Plan) -> String {
    let lines = plan.runs().map(|(step, reason)| match &step.from {
        Some(from) => format!("{}  # {reason}, from {from:.9}\n", step.key),
        None => format!("{}  # {reason}\n", step.key),
    });
    lines.collect()
}

/// Keys of the steps that started, in order.
pub(crate) fn started(events: &[Event]) -> Vec<String> {
    let keys = events.iter().filter_map(|event| match event {
        Event::StepStarted { key, .. } => Some(key.to_string()),
        _ => None,
    });
    keys.collect()
}

pub(crate) fn machine(name: &str) -> Machine {
    Machine {
        name: name.into(),
        snapshot: "clean".into(),
        packages: [("deb".into(), package("deb"))].into(),
        ..bare(ProviderKind::Sim, Session::X11)
    }
}

pub(crate) fn build(name: &str) -> Build {
    Build {
        name: name.into(),
        source: Source::Simulated,
        commands: vec!["make".into()],
        dist_dir: PathBuf::from("dist"),
        env: Vec::new(),
        timeout: Duration::from_mins(10),
    }
}

pub(crate) fn cell(machine: &str, build: &str, scenario: &str) -> Cell {
    Cell {
        machine: machine.into(),
        gpu: "none".into(),
        build: build.into(),
        format: "deb".into(),
        scenario: scenario.into(),
        skip: None,
        expect: None,
    }
}

pub(crate) fn exercise(machine: &str, scenario: &str) -> StepKey {
    StepKey::exercise(
        &machine.into(),
        &"none".into(),
        &"main".into(),
        &"deb".into(),
        &scenario.into(),
    )
}

/// Keeps state in memory, and runs out of room when told to.
#[derive(Debug)]
pub(crate) struct MemoryStore {
    pub(crate) recorded: Recorded,
    pub(crate) room: Option<usize>,
}

impl Store for MemoryStore {
    fn load(&self) -> Result<Recorded, StoreError> {
        Ok(self.recorded.clone())
    }

    fn lock(&mut self, _: LockHolder) -> Result<LockToken, StoreError> {
        Ok(LockToken(1))
    }

    fn unlock(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn holder(&self) -> Result<Option<(LockHolder, bool)>, StoreError> {
        Ok(None)
    }

    fn force_unlock(&mut self, _: LockToken) -> Result<(), StoreError> {
        Ok(())
    }

    fn append(&mut self, records: &[Record], _: Durability) -> Result<(), StoreError> {
        if let Some(room) = &mut self.room {
            *room = room
                .checked_sub(records.len())
                .ok_or(StoreError::LockLost)?;
        }
        for record in records {
            self.recorded.apply(record.clone());
        }
        Ok(())
    }

    fn compact(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[derive(Debug)]
pub(crate) struct NoFolder;

impl RunFolder for NoFolder {
    fn event(&self, _: &Event) -> Result<(), EvidenceError> {
        Ok(())
    }

    fn keep(&self, _: &StepKey, name: &str, _: &[u8]) -> Result<String, EvidenceError> {
        Ok(name.into())
    }

    fn path(&self) -> PathBuf {
        PathBuf::new()
    }
}

/// Something to share between a test and a fake.
pub(crate) type Shared<T> = Arc<Mutex<T>>;
