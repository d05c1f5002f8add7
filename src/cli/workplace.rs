//! A plan file with everything that is needed to work on it: which driver is behind which port.
//! The only place that knows.

use super::{error::CliError, secrets, settings::Settings};
use crate::{
    config::{self, Loaded},
    driver::{
        atspi::AtspiDialer,
        build::LocalBuilder,
        disk::{DiskBlobs, DiskFiles, DiskStore, SystemClock},
        image::ImageStore,
        local::{Limits, LocalConfig, LocalProvider},
        proxmox::{self, ProxmoxConfig, ProxmoxProvider, api},
        qemu::{self, QemuConfig, QemuProvider},
        sim::{SimClock, SimCluster, SimWorld},
        ssh::{SshConfig, SshDialer, SshLimits},
        vnc::VncDialer,
    },
    model::{
        ProviderKind, ProxmoxSettings, ProxmoxTrust, Recorded, ScenarioName, Source, Timestamp,
    },
    plan::{PlanInput, select::Selection},
    port::{Blobs, Clock, Keeper, LockHolder, Performer, Provider, Store as _},
    run::{self, Look, MachinePerformer},
    scenario::{self, ScenarioFolder, Script, SmokeCheck},
};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// A plan file, read, and where its state lies.
#[derive(Debug)]
pub(super) struct Workplace {
    pub(super) settings: Settings,
    pub(super) file: PathBuf,
    pub(super) loaded: Loaded,
    scenario_dir: PathBuf,
    /// State, runs and, unless the plan file says otherwise, blobs lie below this.
    pub(super) dir: PathBuf,
}

impl Workplace {
    /// Reads the plan file, or returns every mistake in it.
    pub(super) fn open(settings: &Settings, file: Option<&Path>) -> Result<Self, CliError> {
        let file = match file {
            Some(file) => file.to_path_buf(),
            None => only_plan()?,
        };
        let scenario_dir = RefCell::new(PathBuf::new());
        let loaded = config::load(&file, &DiskFiles, &|dir| {
            *scenario_dir.borrow_mut() = dir.to_path_buf();
            Box::new(ScenarioFolder::new(dir.into(), Arc::new(DiskFiles)))
        })?;
        let shown = super::diagnostics::render(&loaded.warnings, settings.face.color_err);
        if !loaded.warnings.is_empty() {
            settings.face.say(&shown);
        }
        let above = settings
            .state_dir
            .clone()
            .or(loaded.settings.state_dir.clone());
        let above = above.unwrap_or_else(|| loaded.settings.root.join("state"));
        // Programs are started in folders of their own, where a relative path means another file.
        let above = std::path::absolute(&above).unwrap_or(above);
        Ok(Self {
            dir: above.join(loaded.desired.name.as_str()),
            settings: settings.clone(),
            scenario_dir: scenario_dir.into_inner(),
            file,
            loaded,
        })
    }

    /// Opens the recorded state.
    pub(super) fn store(&self) -> Result<DiskStore, CliError> {
        Ok(DiskStore::open(&self.dir, Arc::new(SystemClock))?)
    }

    /// Returns who is about to lock the state.
    pub(super) fn holder(&self, operation: &str) -> LockHolder {
        let now = SystemClock.now();
        LockHolder {
            token: None,
            user: self.settings.user(),
            host: Settings::host(),
            pid: std::process::id(),
            operation: operation.into(),
            since: now,
            heartbeat: now,
        }
    }

    /// Opens the state, takes the lock, does `work`, gives the lock back.
    pub(super) fn locked<T>(
        &self,
        operation: &str,
        work: impl FnOnce(&mut DiskStore, Recorded) -> Result<T, CliError>,
    ) -> Result<T, CliError> {
        let mut store = self.store()?;
        store.lock(self.holder(operation))?;
        let result = store
            .load()
            .map_err(CliError::from)
            .and_then(|recorded| work(&mut store, recorded));
        let unlocked = store.unlock();
        let result = result?;
        unlocked?;
        Ok(result)
    }

    /// Returns the folder of all runs.
    pub(super) fn runs_dir(&self) -> PathBuf {
        self.dir.join("runs")
    }

    /// Whether nothing of it is real, so that time need not be either.
    pub(super) fn is_simulated(&self) -> bool {
        let desired = &self.loaded.desired;
        let sim = |kind| kind == ProviderKind::Sim;
        desired
            .machines
            .values()
            .all(|machine| sim(machine.provider))
            && desired
                .builds
                .values()
                .all(|build| build.source == Source::Simulated)
    }

    /// Runs `work` to its end: in virtual time when nothing is real.
    pub(super) fn block_on<T>(&self, work: impl Future<Output = T>) -> Result<T, CliError> {
        let mut builder = if self.is_simulated() {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            builder.start_paused(true);
            builder
        } else {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            builder.worker_threads(2);
            builder
        };
        Ok(builder.enable_all().build()?.block_on(work))
    }

    /// Makes the drivers. Must be called within the runtime.
    pub(super) fn drivers(&self) -> Result<Drivers, CliError> {
        let Loaded {
            desired, settings, ..
        } = &self.loaded;
        let now = SystemClock.now();
        let clock: Arc<dyn Clock> = if self.is_simulated() {
            Arc::new(SimClock::new(now))
        } else {
            Arc::new(SystemClock)
        };
        let blobs_dir = settings
            .cache_dir
            .clone()
            .unwrap_or_else(|| self.dir.join("cache"));
        let blobs: Arc<dyn Blobs> = Arc::new(DiskBlobs::open(&blobs_dir, Arc::new(SystemClock)));
        let builder = Arc::new(LocalBuilder::new(
            Arc::clone(&blobs),
            self.settings.environment.clone(),
            self.dir.join("build"),
        ));
        let local = Arc::new(LocalProvider::new(LocalConfig {
            work_dir: self.dir.join("desktops"),
            layers_dir: self.dir.join("layers"),
            environment: self.settings.environment.clone(),
            screens: Arc::new(VncDialer::new(Arc::clone(&clock))),
            trees: Arc::new(AtspiDialer),
            limits: Limits::default(),
        }));
        let qemu = Arc::new(self.qemu(&clock));
        let proxmox = self.proxmox(&clock).map(Arc::new);
        let world = SimWorld::open(&self.dir.join("sim-world"))?;
        let machines = desired.machines.values();
        let sim = Arc::new(SimCluster::new(settings.sim.clone(), world, machines));
        let mut keepers: BTreeMap<ProviderKind, Arc<dyn Keeper>> = BTreeMap::from([
            (ProviderKind::Qemu, Arc::clone(&qemu) as Arc<dyn Keeper>),
            (ProviderKind::Local, Arc::clone(&local) as Arc<dyn Keeper>),
            (ProviderKind::Sim, Arc::clone(&sim) as Arc<dyn Keeper>),
        ]);
        let mut providers: BTreeMap<ProviderKind, Arc<dyn Provider>> = BTreeMap::from([
            (ProviderKind::Local, local as Arc<dyn Provider>),
            (ProviderKind::Qemu, qemu as Arc<dyn Provider>),
        ]);
        if let Some(proxmox) = proxmox {
            keepers.insert(ProviderKind::Proxmox, Arc::clone(&proxmox) as _);
            providers.insert(ProviderKind::Proxmox, proxmox);
        }
        Ok(Drivers {
            clock,
            now,
            blobs,
            builder,
            keepers,
            providers,
            sim,
        })
    }

    fn shells(&self) -> SshDialer {
        let agent = self.settings.environment.get("SSH_AUTH_SOCK");
        SshDialer::new(SshConfig {
            known_hosts: self.dir.join("known_hosts"),
            agent: agent.map(PathBuf::from),
            limits: SshLimits::default(),
        })
    }

    /// Makes the provider of machines of a Proxmox VE cluster, where one is used.
    fn proxmox(&self, clock: &Arc<dyn Clock>) -> Option<ProxmoxProvider> {
        let Loaded {
            desired, settings, ..
        } = &self.loaded;
        let settings = settings.proxmox.as_ref()?;
        let machines = desired.machines.iter();
        let own = machines.filter(|(_, machine)| machine.provider == ProviderKind::Proxmox);
        let machines: BTreeMap<_, _> = own
            .map(|(name, machine)| (name.clone(), machine.clone()))
            .collect();
        if machines.is_empty() {
            return None;
        }
        let environment = self.settings.environment.clone();
        let user = self.settings.user();
        Some(ProxmoxProvider::new(ProxmoxConfig {
            client: self.cluster(settings, clock),
            machines,
            gpus: desired.gpus.values().cloned().collect(),
            work_dir: self.dir.join("proxmox"),
            holder: format!("{user}@{}", Settings::host()),
            shells: Arc::new(self.shells()),
            screens: Arc::new(VncDialer::new(Arc::clone(clock))),
            trees: Arc::new(AtspiDialer),
            clock: Arc::clone(clock),
            secrets: Arc::new(move |secret| secrets::find(secret, &environment)),
            limits: proxmox::Limits::default(),
        }))
    }

    /// Prepares for calls to a cluster, or says what is missing. Nothing is sent.
    fn cluster(
        &self,
        settings: &ProxmoxSettings,
        clock: &Arc<dyn Clock>,
    ) -> Result<Arc<api::Client>, String> {
        let Some(host) = &settings.host else {
            return Err("`[proxmox]` has no `host`".into());
        };
        let Some(secret) = &settings.secret else {
            return Err("`[proxmox]` has no `token_secret` and no `password`".into());
        };
        let secret = secrets::find(secret, &self.settings.environment)?;
        let user = settings.user.clone();
        let credentials = if settings.is_token {
            api::Credentials::Token { id: user, secret }
        } else {
            let password = secret;
            api::Credentials::Password { user, password }
        };
        let trust = match &settings.trust {
            ProxmoxTrust::System => api::Trust::System,
            ProxmoxTrust::Ca(file) => api::Trust::Ca(file.clone()),
            ProxmoxTrust::Fingerprint(text) => api::Trust::Fingerprint(text.clone()),
        };
        let https = api::Https::new(&api::Endpoint {
            host: host.clone(),
            port: settings.port,
            trust,
            connect: Duration::from_secs(10),
        })?;
        let limits = api::ApiLimits {
            in_flight: settings.calls,
            ..api::ApiLimits::default()
        };
        let log = api::CallLog::to(self.dir.join("logs/proxmox.jsonl"), Arc::clone(clock));
        let client = api::Client::new(Arc::new(https), credentials, limits, log, Arc::clone(clock));
        Ok(Arc::new(client))
    }

    /// Makes the provider of virtual machines on this computer.
    fn qemu(&self, clock: &Arc<dyn Clock>) -> QemuProvider {
        let settings = &self.loaded.settings.qemu;
        let get = |name: &str| self.settings.environment.get(name).cloned();
        let images = self.settings.images_dir(None, settings.images.as_deref());
        // Whoever has no home has no images there either; what needs one says so.
        let images = images.unwrap_or_else(|_| self.dir.join("images"));
        QemuProvider::new(QemuConfig {
            work_dir: self.dir.join("machines"),
            layers_dir: self.dir.join("machine-layers"),
            runtime_dir: get("XDG_RUNTIME_DIR").map(PathBuf::from),
            path_var: get("PATH").unwrap_or_default(),
            accelerator: settings.accelerator,
            session_layers: settings.session_layers,
            images: Arc::new(ImageStore::new(images)),
            shells: Arc::new(self.shells()),
            screens: Arc::new(VncDialer::new(Arc::clone(clock))),
            trees: Arc::new(AtspiDialer),
            clock: Arc::clone(clock),
            devices: qemu::Devices::default(),
            limits: qemu::Limits::default(),
        })
    }

    /// Reads the scripts that cells use. They were read before without a mistake.
    fn scripts(&self) -> Result<BTreeMap<ScenarioName, Arc<Script>>, CliError> {
        let names = self.loaded.desired.scenarios.keys();
        let names = names.filter(|name| SmokeCheck::of_name(name).is_none());
        names
            .map(|name| {
                let script = scenario::load(name, &self.scenario_dir, &DiskFiles)?;
                // What is run has to be what was planned, or its result would be filed wrongly.
                if script.files != self.loaded.desired.scenarios[name].files {
                    let why = format!("scenario `{name}` changed just now; run the command again");
                    return Err(CliError::Usage(why));
                }
                Ok((name.clone(), Arc::new(script)))
            })
            .collect()
    }

    /// Makes what carries out steps.
    pub(super) fn performer(&self, drivers: &Drivers) -> Result<Arc<dyn Performer>, CliError> {
        let desired = Arc::new(self.loaded.desired.clone());
        let machines = MachinePerformer {
            desired: Arc::clone(&desired),
            providers: drivers.providers.clone(),
            builder: Arc::clone(&drivers.builder) as _,
            blobs: Arc::clone(&drivers.blobs),
            scripts: self.scripts()?,
        };
        Ok(Arc::new(super::dispatch::Dispatch {
            desired,
            sim: Arc::clone(&drivers.sim) as _,
            machines: Arc::new(machines),
        }))
    }

    /// Recalls the state, without a lock, and looks at the world: all that a plan is made from.
    pub(super) fn look(&self, selection: Selection, look: Look) -> Result<Scene<'_>, CliError> {
        let recorded = self.store()?.load()?;
        self.block_on(async {
            let drivers = self.drivers()?;
            Ok(self.observe(&drivers, recorded, selection, look).await)
        })?
    }

    /// Looks at the world.
    pub(super) async fn observe(
        &self,
        drivers: &Drivers,
        recorded: Recorded,
        selection: Selection,
        look: Look,
    ) -> Scene<'_> {
        let desired = &self.loaded.desired;
        let observed = run::observe(
            desired,
            &recorded,
            &drivers.keepers,
            &*drivers.builder,
            &*drivers.blobs,
            look,
        )
        .await;
        Scene {
            desired,
            recorded,
            observed,
            selection,
            nothing: BTreeSet::new(),
        }
    }
}

/// The ports, made real.
#[derive(Debug)]
pub(super) struct Drivers {
    pub(super) clock: Arc<dyn Clock>,
    /// When they were made, by the clock on the wall.
    pub(super) now: Timestamp,
    pub(super) blobs: Arc<dyn Blobs>,
    pub(super) builder: Arc<LocalBuilder>,
    pub(super) keepers: BTreeMap<ProviderKind, Arc<dyn Keeper>>,
    providers: BTreeMap<ProviderKind, Arc<dyn Provider>>,
    sim: Arc<SimCluster>,
}

/// Everything that a plan is made from.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) desired: &'a crate::model::Desired,
    pub(super) recorded: Recorded,
    pub(super) observed: crate::model::Observed,
    pub(super) selection: Selection,
    nothing: BTreeSet<crate::model::StepKey>,
}

impl Scene<'_> {
    /// Returns it as the planner takes it.
    pub(super) fn input(&self) -> PlanInput<'_> {
        PlanInput {
            desired: self.desired,
            recorded: &self.recorded,
            observed: &self.observed,
            selection: &self.selection,
            done: &self.nothing,
        }
    }
}

/// Returns the only plan file there is.
fn only_plan() -> Result<PathBuf, CliError> {
    use crate::model::Files as _;
    let files = DiskFiles.list(Path::new("plans"));
    let plans = files.into_iter().filter(|file| {
        file.extension().is_some_and(|ending| ending == "toml")
            && file.parent() == Some(Path::new("plans"))
    });
    let plans: Vec<_> = plans.collect();
    match &plans[..] {
        [only] => Ok(only.clone()),
        [] => Err(CliError::Usage(
            "there is no plan file in `plans/`; name one".into(),
        )),
        several => {
            let names: Vec<_> = several
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            let names = names.join(", ");
            Err(CliError::Usage(format!(
                "there are several plan files; name one of {names}"
            )))
        }
    }
}
