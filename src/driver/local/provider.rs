//! The provider of private desktops: what there is, how a desktop is opened, and how what a crash
//! left is found again.

use super::{
    desktop::Desktop,
    folder::{Folder, User},
    guest::{LocalGuest, Opened, Site},
    installed::Installed,
    layers::Layers,
    part::Ground,
    programs,
};
use crate::{
    driver::process,
    model::{Layer, LayerName, Lease, LeaseId, Machine, MachineName, Presence, Session},
    port::{Guest, Keeper, Provider, ProviderError, ScreenDialer, TreeDialer, Wanted, with_causes},
};
use async_trait::async_trait;
use std::{collections::BTreeMap, io, path::PathBuf, sync::Arc, time::Duration};

/// The user and group that whoever is nobody has on every Linux.
const NOBODY: User = (65534, 65534);

/// What private desktops are made with.
#[derive(Clone, Debug)]
pub struct LocalConfig {
    /// Where the folders of open desktops lie. One that is too deep for sockets is passed by in
    /// favour of `/tmp/mosdat-UID`.
    pub work_dir: PathBuf,
    /// Where layers are kept.
    pub layers_dir: PathBuf,
    /// mosdat's own environment. Only `PATH` of it reaches a desktop.
    pub environment: BTreeMap<String, String>,
    /// Connects to screens.
    pub screens: Arc<dyn ScreenDialer>,
    /// Connects to accessibility buses.
    pub trees: Arc<dyn TreeDialer>,
    /// How long things may take.
    pub limits: Limits,
}

impl LocalConfig {
    /// Returns where programs are looked for.
    pub(super) fn path_var(&self) -> &str {
        self.environment.get("PATH").map_or("", |path| path)
    }
}

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Each part of a desktop, until it is ready.
    pub start: Duration,
    /// Installing a package.
    pub install: Duration,
    /// Any question about windows.
    pub answer: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            start: Duration::from_secs(30),
            install: Duration::from_mins(5),
            answer: Duration::from_secs(10),
        }
    }
}

/// Keeps private desktops on this computer.
#[derive(Clone, Debug)]
pub struct LocalProvider {
    config: LocalConfig,
    layers: Layers,
}

impl LocalProvider {
    /// Makes a provider. Nothing is looked at or started yet.
    pub fn new(mut config: LocalConfig) -> Self {
        // Programs start in folders of their own.
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        config.work_dir = absolute(config.work_dir);
        config.layers_dir = absolute(config.layers_dir);
        let layers = Layers::new(config.layers_dir.clone());
        Self { config, layers }
    }

    /// Returns what everything is marked with that is started for `lease`. Other work folders
    /// may hold a lease of the same name.
    fn marker(&self, lease: &LeaseId) -> String {
        self.config
            .work_dir
            .join(lease.as_str())
            .display()
            .to_string()
    }

    fn ground(&self, machine: &Machine, lease: &LeaseId, user: Option<User>) -> Ground {
        Ground {
            machine: machine.name.clone(),
            user,
            marker: self.marker(lease),
            dir: PathBuf::from("/"),
            limit: self.config.limits.start,
        }
    }

    async fn start(
        &self,
        machine: &Machine,
        from: &Layer,
        lease: &LeaseId,
    ) -> Result<LocalGuest, ProviderError> {
        let layer = self.find_layer(machine, from)?;
        let user = other_user(machine.session);
        let mut ground = self.ground(machine, lease, user);
        let failed = |what: &str, err: io::Error| ground.not_started(what, with_causes(&err));
        let folder = Folder::create(&self.config.work_dir, lease, user)
            .map_err(|err| failed("the folder", err))?;
        let site = Site { folder };
        let folder = &site.folder;
        let installed = Installed::new(folder, layer, user)
            .map_err(|err| failed("the copy of the layer", err))?;
        ground.dir = folder.home();
        let (session, geometry) = (machine.session, machine.geometry);
        let desktop =
            Desktop::start(&ground, folder, session, geometry, self.config.path_var()).await?;
        Ok(LocalGuest::new(Opened {
            desktop,
            config: self.config.clone(),
            layers: self.layers.clone(),
            session,
            lease: lease.clone(),
            ground,
            installed: Arc::new(installed),
            site,
        }))
    }

    /// Ends and removes everything of `lease`, whoever started it.
    async fn give_back(&self, machine: &MachineName, lease: &LeaseId) -> io::Result<()> {
        let count = process::end_marked(&self.marker(lease)).await;
        tracing::debug!(%lease, count, "the processes of a lease are gone");
        for folder in Folder::places(&self.config.work_dir, lease) {
            folder.remove()?;
        }
        self.layers.reclaim(machine, lease)
    }

    fn find_layer(
        &self,
        machine: &Machine,
        from: &Layer,
    ) -> Result<Option<PathBuf>, ProviderError> {
        let Layer::Kept(name) = from else {
            return Ok(None);
        };
        let missing = || ProviderError::NoLayer {
            machine: machine.name.clone(),
            layer: from.clone(),
        };
        let found = self.layers.find(&machine.name, name);
        found.map(Some).ok_or_else(missing)
    }
}

#[async_trait]
impl Keeper for LocalProvider {
    async fn observe(&self, machine: &Machine) -> Presence {
        let base = match programs::identity(machine.session, self.config.path_var()) {
            Ok(base) => base,
            Err(ProviderError::MissingProgram { program, package }) => {
                return Presence::Absent {
                    why: format!("`{program}` is not installed; apt install {package}"),
                };
            }
            Err(err) => {
                return Presence::Unknown {
                    why: with_causes(&err),
                };
            }
        };
        match self.layers.list(&machine.name) {
            Ok(layers) => Presence::Present {
                base,
                layers,
                abilities: None,
            },
            Err(err) => Presence::Unknown {
                why: format!("failed to list its layers: {err}"),
            },
        }
    }

    async fn remove_layer(
        &self,
        machine: &MachineName,
        layer: &LayerName,
    ) -> Result<(), ProviderError> {
        self.layers
            .remove(machine, layer)
            .map_err(|err| ProviderError::Unable {
                machine: machine.clone(),
                what: format!("remove the layer `{layer}`: {err}"),
            })
    }

    async fn reclaim(&self, lease: &Lease) -> Result<(), ProviderError> {
        let unable = |err: io::Error| ProviderError::Unable {
            machine: lease.machine.clone(),
            what: format!("give back what `{}` used: {err}", lease.id),
        };
        self.give_back(&lease.machine, &lease.id)
            .await
            .map_err(unable)
    }
}

#[async_trait]
impl Provider for LocalProvider {
    async fn open(&self, wanted: &Wanted<'_>) -> Result<Box<dyn Guest>, ProviderError> {
        let Wanted {
            machine,
            from,
            lease,
            ..
        } = *wanted;
        if let Some(gpu) = wanted.gpu {
            return Err(ProviderError::Unable {
                machine: machine.name.clone(),
                what: format!(
                    "be given the GPU `{}`: it is a desktop of this computer",
                    gpu.name
                ),
            });
        }
        // All that is missing is known before anything is started.
        programs::identity(machine.session, self.config.path_var())?;
        match self.start(machine, from, lease).await {
            Ok(guest) => Ok(Box::new(guest)),
            Err(err) => {
                // The parts that did start are told to end already; here they are waited for.
                let used = self.give_back(&machine.name, lease).await;
                if let Err(error) = used {
                    tracing::warn!(%error, "a desktop that did not start left something behind");
                }
                Err(err)
            }
        }
    }
}

/// Returns the user that a desktop runs as, when it cannot be mosdat's own: sway refuses to work
/// for root.
fn other_user(session: Session) -> Option<User> {
    let is_root = rustix::process::geteuid().is_root();
    (is_root && session == Session::Wayland).then_some(NOBODY)
}
