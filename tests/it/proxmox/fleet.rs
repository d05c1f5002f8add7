//! A plan on machines that are only written about: everything but the guests is as it is in a run.

use super::{
    direct::{self, Watch},
    paper::PaperLogins,
    world::token,
};
use crate::{
    pve::Pve,
    world::{MemoryStore, NoFolder, TestWorld},
};
use async_trait::async_trait;
use mosdat::{
    driver::{
        atspi::AtspiDialer,
        disk::{DiskBlobs, DiskPastAttempts, SystemClock},
        proxmox::{Limits, ProxmoxConfig, ProxmoxProvider, api::Client},
        vnc::VncDialer,
    },
    model::{
        Abilities, Build, Cell, Desired, Event, Gpu, LiveLayers, Motion, PoolName, ProviderKind,
        Recorded, RunId, Secret, Session, SourceSeen, Verdict,
    },
    plan::{self, PlanInput, select::Selection},
    port::{
        Artifact, Blobs, BuildError, BuildRequest, Builder, Clock, Keeper, Login, Provider,
        ShellDialer,
    },
    run::{
        self, Applied, ApplyOptions, Look, MachinePerformer, Ports, RunError, Stop, World,
        retry::RetryPolicy, script,
    },
    scenario,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// A plan whose machines are those of a server.
pub(super) struct Fleet {
    pub(super) pve: Arc<Pve>,
    pub(super) desired: Desired,
    pub(super) recorded: Recorded,
    pub(super) limits: Limits,
    pub(super) holder: String,
    pub(super) pool: Option<String>,
    /// How long a program in a guest takes.
    pub(super) pace: Duration,
    pub(super) parallel: usize,
    /// Every login so far.
    pub(super) logins: Arc<Mutex<Vec<Login>>>,
    /// Who logs in, where a machine is more than written about.
    pub(super) shells: Option<Arc<dyn ShellDialer>>,
    client: Option<Arc<Client>>,
    runs: usize,
    dir: tempfile::TempDir,
}

impl Fleet {
    /// Plans `scenarios` on the machines `vmids` of a server.
    pub(super) fn new(pve: &Arc<Pve>, vmids: &[u32], scenarios: &[&str]) -> Self {
        let names: Vec<String> = vmids.iter().map(|vmid| format!("vm{vmid}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut desired = TestWorld::new(&names, scenarios).desired;
        for machine in desired.machines.values_mut() {
            machine.provider = ProviderKind::Proxmox;
            machine.session = Session::None;
            machine.ip = Some("127.0.0.1".into());
            machine.abilities = Abilities {
                layers: true,
                base_layer: false,
                live_layers: LiveLayers::WithoutGpu,
            };
        }
        for scenario in desired.scenarios.values_mut() {
            let name = format!("{}.yaml", scenario.name);
            let digest = mosdat::model::ContentHash::of(SCRIPT.as_bytes());
            scenario.files = BTreeMap::from([(name, digest)]);
        }
        desired.timeout = Duration::from_hours(2);
        Self {
            pve: Arc::clone(pve),
            desired,
            recorded: Recorded::default(),
            limits: Limits::default(),
            holder: "me@here".into(),
            pool: None,
            pace: Duration::from_secs(1),
            parallel: 50,
            logins: Arc::default(),
            shells: None,
            client: None,
            runs: 0,
            dir: tempfile::tempdir().unwrap(),
        }
    }

    /// Has every cell come with this GPU as well.
    pub(super) fn with_gpu(mut self, gpu: Gpu) -> Self {
        let plain: Vec<Cell> = self
            .desired
            .cells
            .iter()
            .filter(|cell| cell.gpu.is_none())
            .cloned()
            .collect();
        self.desired
            .cells
            .extend(plain.into_iter().map(|cell| Cell {
                gpu: gpu.name.clone(),
                ..cell
            }));
        self.desired.gpus.insert(gpu.name.clone(), gpu);
        self
    }

    /// Has the machines cloned from templates of their numbers instead, so many at once.
    pub(super) fn cloned(mut self, vmids: &[u32], slots: usize) -> Self {
        for (machine, vmid) in self.desired.machines.values_mut().zip(vmids) {
            machine.reach.template = Some(*vmid);
            machine.slots = slots;
            machine.ip = None;
            let pool = PoolName::new(format!("machine:{}", machine.name));
            self.desired.pools.insert(pool, slots);
        }
        self
    }

    /// Has calls made by this client.
    pub(super) fn with_client(self, client: Arc<Client>) -> Self {
        Self {
            client: Some(client),
            ..self
        }
    }

    pub(super) fn provider(&self) -> Arc<ProxmoxProvider> {
        let clock: Arc<dyn Clock> = Arc::new(Watch(Instant::now()));
        let client = self.client.clone();
        let client = client.unwrap_or_else(|| Arc::new(direct::client(&self.pve, token())));
        Arc::new(ProxmoxProvider::new(ProxmoxConfig {
            client: Ok(client),
            machines: self.desired.machines.clone(),
            gpus: self.desired.gpus.values().cloned().collect(),
            pool: self.pool.clone(),
            work_dir: self.dir.path().join("proxmox"),
            holder: self.holder.clone(),
            shells: self.shells.clone().unwrap_or_else(|| {
                Arc::new(PaperLogins {
                    pace: self.pace,
                    seen: Arc::clone(&self.logins),
                })
            }),
            screens: Arc::new(VncDialer::new(Arc::clone(&clock))),
            trees: Arc::new(AtspiDialer),
            clock,
            secrets: Arc::new(|_| Ok(Secret::new("x"))),
            limits: self.limits,
        }))
    }

    /// Plans and applies; returns what came of it and what was told.
    pub(super) async fn apply(&mut self) -> (Applied, Vec<Event>) {
        self.apply_until(tokio::sync::watch::channel(Stop::No).1)
            .await
    }

    pub(super) async fn apply_until(
        &mut self,
        stop: tokio::sync::watch::Receiver<Stop>,
    ) -> (Applied, Vec<Event>) {
        let (applied, events) = self.attempt(stop, None).await;
        (applied.unwrap(), events)
    }

    /// Applies with room for so many records.
    pub(super) async fn apply_within(&mut self, room: usize) -> Result<Applied, RunError> {
        let stop = tokio::sync::watch::channel(Stop::No).1;
        self.attempt(stop, Some(room)).await.0
    }

    /// How the next run is carried out.
    fn options(&mut self) -> ApplyOptions {
        self.runs += 1;
        ApplyOptions {
            run: RunId::new(format!("run{}", self.runs)),
            parallel: self.parallel,
            max_fail: None,
            retry: RetryPolicy::default(),
            grace: Duration::from_secs(30),
            heartbeat: Duration::from_mins(1),
        }
    }

    fn past(&self) -> Arc<DiskPastAttempts> {
        Arc::new(DiskPastAttempts::new(self.dir.path().join("attempts")))
    }

    async fn attempt(
        &mut self,
        stop: tokio::sync::watch::Receiver<Stop>,
        room: Option<usize>,
    ) -> (Result<Applied, RunError>, Vec<Event>) {
        let provider = self.provider();
        let keepers: BTreeMap<ProviderKind, Arc<dyn Keeper>> =
            BTreeMap::from([(ProviderKind::Proxmox, Arc::clone(&provider) as _)]);
        let providers: BTreeMap<ProviderKind, Arc<dyn Provider>> =
            BTreeMap::from([(ProviderKind::Proxmox, provider as _)]);
        let blobs: Arc<dyn Blobs> = Arc::new(DiskBlobs::open(
            &self.dir.path().join("blobs"),
            Arc::new(SystemClock),
        ));
        let builder = Arc::new(Maker(Arc::clone(&blobs)));
        let observed = run::observe(
            &self.desired,
            &self.recorded,
            &keepers,
            &*builder,
            &*blobs,
            Look::Refresh,
        )
        .await;
        let (selection, nothing) = (Selection::default(), BTreeSet::new());
        let plan = plan::plan(&PlanInput {
            desired: &self.desired,
            recorded: &self.recorded,
            observed: &observed,
            selection: &selection,
            done: &nothing,
        });
        let options = self.options();
        let performer = MachinePerformer {
            desired: Arc::new(self.desired.clone()),
            providers,
            builder,
            blobs,
            scripts: self.scripts(),
            own_scripts: BTreeMap::new(),
            eyes: script::Eyes::default(),
            provided: script::Provided::default(),
            cursor: Motion::default(),
        };
        let mut store = MemoryStore {
            recorded: self.recorded.clone(),
            room,
        };
        let mut events = Vec::new();
        let mut tell = |event: &Event| events.push(event.clone());
        let world = World {
            desired: &self.desired,
            recorded: self.recorded.clone(),
            observed: &observed,
            selection: &selection,
        };
        let ports = Ports {
            performer: Arc::new(performer),
            keepers,
            store: &mut store,
            folder: Arc::new(NoFolder),
            past: self.past(),
            clock: Arc::new(Watch(Instant::now())),
            secrets: mosdat::model::Secrets::default(),
        };
        let plan = plan.approve();
        let applied = run::apply(&plan, world, ports, &options, stop, &mut tell).await;
        self.recorded = store.recorded;
        (applied, events)
    }

    fn scripts(&self) -> BTreeMap<mosdat::model::ScenarioName, Arc<scenario::Script>> {
        let dir = self.dir.path().join("scenarios");
        std::fs::create_dir_all(&dir).unwrap();
        let names = self.desired.scenarios.keys();
        names
            .map(|name| {
                std::fs::write(dir.join(format!("{name}.yaml")), SCRIPT).unwrap();
                let files = mosdat::driver::disk::DiskFiles;
                (
                    name.clone(),
                    Arc::new(scenario::load(name, &dir, &files).unwrap()),
                )
            })
            .collect()
    }
}

const SCRIPT: &str = "steps:\n  - shell: \"true\"\n    timeout: 7200\n";

/// Makes a package of nothing.
#[derive(Debug)]
struct Maker(Arc<dyn Blobs>);

#[async_trait]
impl Builder for Maker {
    async fn clean_up(&self) {}

    async fn look(&self, _: &Build) -> SourceSeen {
        SourceSeen::Known {
            identity: "commit 1".into(),
            files: BTreeMap::new(),
        }
    }

    async fn build(
        &self,
        _: BuildRequest<'_>,
        _: &(dyn for<'line> Fn(&'line str) + Send + Sync),
        _: &CancellationToken,
    ) -> Result<Artifact, BuildError> {
        let digest = self.0.put(b"a package").unwrap();
        self.0.remember(digest, digest, "notes_1_all.deb").unwrap();
        Ok(Artifact {
            digest,
            file_name: "notes_1_all.deb".into(),
        })
    }
}

/// Returns how many exercises ended how.
pub(super) fn verdicts(applied: &Applied) -> BTreeMap<Verdict, usize> {
    applied.summary.verdicts.clone()
}

/// Returns what was said of steps that did not pass, and of what could not be given back.
pub(super) fn complaints(events: &[Event]) -> Vec<String> {
    let said = events.iter().filter_map(|event| match event {
        Event::StepFinished {
            key,
            verdict,
            detail,
            ..
        } if !verdict.holds() => Some(format!("{key}: {detail}")),
        Event::Released { what, error } if !error.is_empty() => Some(format!("{what}: {error}")),
        _ => None,
    });
    said.take(5).collect()
}
