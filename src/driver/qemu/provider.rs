//! The provider of virtual machines on this computer: what there is, how one is opened, and how what
//! a crash left is found again.

use super::{
    Amount, Budget, Engine, Engines, Folder, Proof, Qemu, QemuConfig,
    guest::{Ground, Site},
    layers::{KeptLayer, Layers},
    open::{self, Opening},
    reasons::{check_session, no_image, vm_error},
};
use crate::{
    driver::process,
    model::{
        ContentHash, Hardware, Image, Layer, LayerName, Lease, LeaseId, Machine, MachineName,
        Presence,
    },
    port::{Guest, Keeper, Provider, ProviderError, Wanted},
};
use async_trait::async_trait;
use std::{
    collections::BTreeMap,
    io,
    os::unix::fs::MetadataExt as _,
    sync::{Mutex, PoisonError},
};
use tokio::sync::OnceCell;

/// Keeps virtual machines on this computer.
#[derive(Debug)]
pub struct QemuProvider {
    config: QemuConfig,
    layers: Layers,
    /// The images that the plan is made for, by machine.
    planned: Mutex<BTreeMap<MachineName, ContentHash>>,
    qemu: OnceCell<Qemu>,
    computer: OnceCell<Computer>,
}

/// What all machines of this computer share.
#[derive(Debug)]
struct Computer {
    budget: Budget,
    engines: Engines,
}

impl QemuProvider {
    /// Returns the provider; nothing is looked at yet.
    pub fn new(config: QemuConfig) -> Self {
        Self {
            layers: Layers::new(config.layers_dir.clone()),
            planned: Mutex::default(),
            qemu: OnceCell::new(),
            computer: OnceCell::new(),
            config,
        }
    }

    async fn qemu(&self, machine: &MachineName) -> Result<&Qemu, ProviderError> {
        let found = self
            .qemu
            .get_or_try_init(|| Qemu::find(&self.config.path_var));
        found.await.map_err(|err| vm_error(machine, &err))
    }

    async fn computer(&self, machine: &MachineName) -> Result<&Computer, ProviderError> {
        let runtime_dir = self.config.runtime_dir.clone();
        let look = || async {
            super::blocking(move || {
                let dir = Budget::usual_folder(runtime_dir.as_deref())?;
                Ok(Computer {
                    budget: Budget::new(&dir, Amount::of_this_computer()?),
                    engines: Engines::new(dir.join("engines.json")),
                })
            })
            .await
        };
        let computer = self.computer.get_or_try_init(look).await;
        computer.map_err(|err| ProviderError::Start {
            machine: machine.clone(),
            what: "its share of this computer".into(),
            why: err.to_string(),
        })
    }

    async fn engine(
        &self,
        machine: &MachineName,
        image: &Image,
        marker: &str,
    ) -> Result<Engine, ProviderError> {
        let of = |image: &Image| Proof::of(image, marker);
        let images = || self.config.images.list().unwrap_or_default();
        let proof = of(image).or_else(|| images().iter().find_map(of));
        let (qemu, engines) = (
            self.qemu(machine).await?,
            &self.computer(machine).await?.engines,
        );
        let choice = engines.choose(self.config.accelerator, qemu, proof.as_ref());
        let choice = choice.await.map_err(|err| vm_error(machine, &err))?;
        if let Some(why) = &choice.why {
            tracing::debug!(why, "guests are run without KVM");
        }
        Ok(choice.engine)
    }

    /// Returns what marks everything that is started under `lease`. Machines of another work folder
    /// may have leases of the same name.
    fn marker(&self, lease: &LeaseId) -> String {
        let place = self.config.work_dir.join(lease.as_str());
        let digest = ContentHash::of(place.as_os_str().as_encoded_bytes());
        format!("{lease}-{}", digest.short())
    }

    /// Returns the image of a machine, which has to be the one that was seen when the machine was
    /// looked at: what comes of it is recorded under that one's name.
    fn image(&self, machine: &Machine, hardware: &Hardware) -> Result<Image, ProviderError> {
        let name = &hardware.image;
        let unable = |what| ProviderError::Unable {
            machine: machine.name.clone(),
            what,
        };
        match self.config.images.find(name) {
            Ok(Some(image)) if self.is_planned(machine, &image) => Ok(image),
            Ok(Some(_)) => Err(unable(format!(
                "start from the image `{name}`: it is another one than when the plan was made; plan again"
            ))),
            Ok(None) => Err(unable(no_image(name))),
            Err(err) => Err(unable(format!("start from the image `{name}`: {err}"))),
        }
    }

    fn is_planned(&self, machine: &Machine, image: &Image) -> bool {
        let planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        let planned = planned.get(&machine.name);
        planned.is_none_or(|planned| *planned == image.identity)
    }

    /// Returns the layer to start from, after checking that it is what was kept.
    async fn find_layer(
        &self,
        machine: &Machine,
        from: &Layer,
        engine: Engine,
    ) -> Result<Option<KeptLayer>, ProviderError> {
        let Layer::Kept(name) = from else {
            return Ok(None);
        };
        let Some(kept) = self.layers.find(&machine.name, name) else {
            return Err(ProviderError::NoLayer {
                machine: machine.name.clone(),
                layer: from.clone(),
            });
        };
        let session = kept.manifest.session.as_ref();
        let is_strange = session.is_some_and(|session| {
            session.engine != engine.as_str() || Some(&session.emulator) != self.emulator().as_ref()
        });
        let damage = if is_strange {
            Some("another QEMU, or another accelerator, made it".into())
        } else {
            let (layers, kept) = (self.layers.clone(), kept.clone());
            let checked = super::blocking(move || Ok(layers.damage(&kept))).await;
            checked.unwrap_or_else(|err| Some(err.to_string()))
        };
        let Some(why) = damage else {
            return Ok(Some(kept));
        };
        if let Err(error) = self.layers.remove(&machine.name, name) {
            tracing::warn!(%error, layer = %name, "a damaged layer could not be removed");
        }
        Err(ProviderError::DamagedLayer {
            machine: machine.name.clone(),
            layer: name.clone(),
            why,
        })
    }

    /// Returns what tells the QEMU that is installed from another, without asking it.
    fn emulator(&self) -> Option<String> {
        let program = process::find_program("qemu-system-x86_64", &self.config.path_var)?;
        let meta = program.metadata().ok()?;
        let text = format!(
            "{} {} {}.{:09}",
            program.display(),
            meta.size(),
            meta.mtime(),
            meta.mtime_nsec()
        );
        Some(ContentHash::of(text.as_bytes()).short())
    }

    async fn start(&self, wanted: &Wanted<'_>) -> Result<Box<dyn Guest>, ProviderError> {
        let Wanted {
            machine,
            gpu,
            from,
            lease,
        } = *wanted;
        let unable = |what: String| ProviderError::Unable {
            machine: machine.name.clone(),
            what,
        };
        // What is missing for a GPU is known before anything is started.
        let devices = gpu.map(|gpu| self.config.devices.pass(gpu)).transpose();
        let devices = devices.map_err(|why| unable(format!("be given a GPU: {why}")))?;
        let hardware = machine.hardware.as_ref();
        let hardware =
            hardware.ok_or_else(|| unable("be started: nothing says what it is made of".into()))?;
        let image = self.image(machine, hardware)?;
        check_session(machine, &image)?;
        let hold = self.config.images.hold(&image);
        let hold =
            hold.map_err(|err| unable(format!("start from the image `{}`: {err}", image.name)))?;
        let qemu = self.qemu(&machine.name).await?;
        let marker = self.marker(lease);
        let engine = self.engine(&machine.name, &image, &marker).await?;
        let kept = self.find_layer(machine, from, engine).await?;
        let folder = Folder::create(&self.config.work_dir, lease);
        let folder = folder.map_err(|err| ProviderError::Start {
            machine: machine.name.clone(),
            what: "its folder".into(),
            why: err.to_string(),
        })?;
        let site = Site {
            work: self.config.work_dir.clone(),
            lease: lease.clone(),
        };
        let amount = open::amount(engine, hardware);
        let budget = &self.computer(&machine.name).await?.budget;
        let reservation = budget.reserve(amount).await;
        let reservation = reservation.map_err(|err| vm_error(&machine.name, &err))?;
        let opening = Opening {
            config: &self.config,
            machine,
            hardware,
            image: &image,
            kept: kept.as_ref(),
            lease,
            devices: devices.into_iter().collect(),
            marker: &marker,
            ground: Ground {
                machine: machine.name.clone(),
                session: machine.session,
                session_layers: self.config.session_layers,
                lease: lease.clone(),
                layers: self.layers.clone(),
                limits: self.config.limits,
                emulator: self.emulator().unwrap_or_default(),
                disks: Vec::new(),
                folder,
                site,
                reservation,
                _image: hold,
            },
        };
        let opened = opening.run(qemu, engine).await;
        let opened = match &kept {
            Some(kept) if kept.manifest.session.is_some() => self.note_start(kept, opened),
            Some(_) | None => opened,
        };
        Ok(Box::new(opened?))
    }

    /// Notes whether a machine went on from a kept session: one that never does is made again.
    fn note_start<T>(
        &self,
        kept: &KeptLayer,
        opened: Result<T, ProviderError>,
    ) -> Result<T, ProviderError> {
        let went_on = match &opened {
            Ok(_) => true,
            Err(ProviderError::Start { .. }) => false,
            // Something else was in the way.
            Err(_) => return opened,
        };
        let removed = self.layers.note_start(kept, went_on);
        if let Err(error) = &removed {
            tracing::warn!(%error, layer = %kept.dir.display(), "a layer could not be removed");
        }
        opened.map_err(|mut err| {
            if let (ProviderError::Start { why, .. }, Ok(true)) = (&mut err, removed) {
                why.push_str("; what was kept of it is removed, and the next run makes it again");
            }
            err
        })
    }

    /// Ends and removes everything of `lease`, whoever started it.
    async fn give_back(&self, machine: &MachineName, lease: &LeaseId) -> io::Result<()> {
        let count = process::end_marked(&self.marker(lease)).await;
        tracing::debug!(%lease, count, "the processes of a lease are gone");
        Folder::remove(&self.config.work_dir, lease)?;
        self.layers.reclaim(machine, lease)
    }

    /// Looks at a machine: its image, and the layers that this QEMU can start from.
    fn look(&self, machine: &Machine) -> Presence {
        let Some(hardware) = &machine.hardware else {
            let why = "nothing says what it is made of".into();
            return Presence::Absent { why };
        };
        let image = match self.config.images.find(&hardware.image) {
            Ok(Some(image)) => image,
            Ok(None) => {
                return Presence::Absent {
                    why: no_image(&hardware.image),
                };
            }
            Err(err) => {
                return Presence::Unknown {
                    why: err.to_string(),
                };
            }
        };
        let mut planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        planned.insert(machine.name.clone(), image.identity);
        drop(planned);
        let Some(emulator) = self.emulator() else {
            let why = "`qemu-system-x86_64` is not installed; apt install qemu-system-x86";
            return Presence::Absent { why: why.into() };
        };
        let layers = match self.layers.list(&machine.name) {
            Ok(layers) => layers,
            Err(err) => {
                let why = format!("failed to list its layers: {err}");
                return Presence::Unknown { why };
            }
        };
        let is_usable = |layer: &LayerName| {
            let kept = self.layers.find(&machine.name, layer);
            let session = kept.and_then(|kept| kept.manifest.session);
            session.is_none_or(|session| session.emulator == emulator)
        };
        Presence::Present {
            base: image.identity.short(),
            layers: layers.into_iter().filter(is_usable).collect(),
            abilities: None,
        }
    }
}

#[async_trait]
impl Keeper for QemuProvider {
    async fn observe(&self, machine: &Machine) -> Presence {
        self.look(machine)
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
impl Provider for QemuProvider {
    async fn open(&self, wanted: &Wanted<'_>) -> Result<Box<dyn Guest>, ProviderError> {
        let Wanted { machine, lease, .. } = *wanted;
        match self.start(wanted).await {
            Ok(guest) => Ok(guest),
            Err(err) => {
                // QEMU is told to end already; here it is waited for.
                let used = self.give_back(&machine.name, lease).await;
                if let Err(error) = used {
                    tracing::warn!(%error, "a machine that did not start left something behind");
                }
                Err(err)
            }
        }
    }
}
