//! Which driver is behind which port, for one plan file. The only place that knows.

use super::{error::CliError, secrets, settings::Settings, workplace::Workplace};
use crate::{
    config::Loaded,
    driver::{
        atspi::AtspiDialer,
        build::LocalBuilder,
        disk::{DiskAnchors, DiskBlobs, SystemClock},
        image::ImageStore,
        local::{Limits, LocalConfig, LocalProvider},
        ocr::{TextReaders, TextReadersConfig},
        proxmox::{self, ProxmoxConfig, ProxmoxProvider, api},
        qemu::{self, QemuConfig, QemuProvider},
        sim::{SimClock, SimCluster, SimWorld},
        ssh::{SshConfig, SshDialer, SshLimits},
        vnc::VncDialer,
    },
    model::{ProviderKind, ProxmoxSettings, ProxmoxTrust, Timestamp},
    port::{Blobs, Clock, Keeper, Provider, ProviderError},
    run::script::Eyes,
};
use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

/// The ports, made real.
#[derive(Debug)]
pub(super) struct Drivers {
    pub(super) clock: Arc<dyn Clock>,
    /// When they were made, by the clock on the wall.
    pub(super) now: Timestamp,
    pub(super) blobs: Arc<dyn Blobs>,
    pub(super) builder: Arc<LocalBuilder>,
    pub(super) keepers: BTreeMap<ProviderKind, Arc<dyn Keeper>>,
    pub(super) providers: BTreeMap<ProviderKind, Arc<dyn Provider>>,
    pub(super) sim: Arc<SimCluster>,
    /// What scenarios are seen with besides screens and trees.
    pub(super) eyes: Eyes,
}

impl Drivers {
    /// Has every provider give back what earlier runs kept and did not give back.
    pub(super) async fn wind_up(&self) -> Result<(), ProviderError> {
        for keeper in self.keepers.values() {
            keeper.wind_up().await?;
        }
        Ok(())
    }
}

impl Settings {
    /// Makes what reads text. Nothing is looked for before something has to be read.
    pub(super) fn readers(&self) -> TextReaders {
        TextReaders::new(TextReadersConfig {
            models: self.model_folders(),
            environment: self.environment.clone(),
        })
    }
}

impl Workplace {
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
        let blobs = DiskBlobs::open(&self.cache_dir(), Arc::new(SystemClock));
        let blobs: Arc<dyn Blobs> = Arc::new(blobs);
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
        let vision = self.vision(&clock);
        Ok(Drivers {
            clock,
            now,
            blobs,
            builder,
            keepers,
            providers,
            sim,
            eyes: Eyes {
                vision: vision.map(|vlm| Arc::new(vlm) as _),
                readers: Some(Arc::new(self.settings.readers())),
                anchors: Some(Arc::new(DiskAnchors::new(self.scenario_dir.clone()))),
            },
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
            pool: settings.pool.clone(),
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
}
