//! The provider by itself, on a prepared machine, with limits and an image of the test's own.

use super::{
    fleet::{Desktop, Fleet},
    images,
    witness::Witness,
};
use mosdat::{
    config,
    driver::{
        atspi::AtspiDialer,
        disk::{DiskFiles, SystemClock},
        image::ImageStore,
        qemu::{Limits, QemuConfig, QemuProvider},
        ssh::{SshConfig, SshDialer, SshLimits},
        vnc::VncDialer,
    },
    model::{ContentHash, Image, Layer, LayerName, LeaseId, Machine, Presence, RunId},
    port::{
        Command, Guest, Held, ImageError, Images, Keeper as _, Output, Provider as _,
        ProviderError, Wanted,
    },
    scenario::ScenarioFolder,
};
use std::{
    fs,
    sync::{Arc, Mutex},
    time::Duration,
};

/// Long enough for anything on a busy computer.
pub(super) const LONG: Duration = Duration::from_mins(5);

/// A provider whose layers are those of a prepared fleet.
#[derive(Debug)]
pub(super) struct World {
    pub(super) fleet: Fleet,
    pub(super) machine: Machine,
    provider: QemuProvider,
    images: Arc<Changed>,
}

impl World {
    /// Returns a world whose limits are those of `limits`, and whose image is changed by `change`.
    pub(super) fn new(limits: Limits, change: impl FnOnce(&mut Image, &Fleet)) -> Self {
        Self::made(Desktop::None, change, |config| config.limits = limits)
    }

    /// Returns a world whose machine shows `desktop`, whose image is changed by `change`, and its
    /// provider by `adapt`.
    pub(super) fn made(
        desktop: Desktop,
        change: impl FnOnce(&mut Image, &Fleet),
        adapt: impl FnOnce(&mut QemuConfig),
    ) -> Self {
        let fleet = Fleet::prepared(desktop);
        let store = ImageStore::new(images::folder());
        let mut image = store.find(images::NAME).unwrap().unwrap();
        change(&mut image, &fleet);
        let images = Arc::new(Changed {
            image: Mutex::new(image),
            store,
        });
        let shells = SshConfig {
            known_hosts: fleet.path().join("known_hosts"),
            agent: None,
            limits: SshLimits::default(),
        };
        let mut config = QemuConfig {
            work_dir: fleet.state().join("machines"),
            layers_dir: fleet.state().join("machine-layers"),
            runtime_dir: None,
            path_var: Witness::path_var(),
            accelerator: mosdat::model::Accelerator::Tcg,
            session_layers: mosdat::model::SessionLayers::Auto,
            images: Arc::clone(&images) as Arc<dyn Images>,
            shells: Arc::new(SshDialer::new(shells)),
            screens: Arc::new(VncDialer::new(Arc::new(SystemClock))),
            trees: Arc::new(AtspiDialer),
            clock: Arc::new(SystemClock),
            devices: mosdat::driver::qemu::Devices::default(),
            limits: Limits::default(),
        };
        adapt(&mut config);
        Self {
            machine: machine(&fleet),
            provider: QemuProvider::new(config),
            images,
            fleet,
        }
    }

    /// Returns the layer that a step of the prepared fleet left.
    pub(super) fn layer(&self, phase: &str) -> Layer {
        let dir = self.fleet.layer(&self.fleet.on_machine(phase));
        let name = dir.file_name().unwrap().to_str().unwrap();
        Layer::Kept(LayerName::parse(name).unwrap())
    }

    /// Looks at the machine, as whoever plans does.
    pub(super) async fn observe(&self) -> Presence {
        self.provider.observe(&self.machine).await
    }

    /// Has the image's name stand for another image from now on.
    pub(super) fn replace_image(&self) {
        self.images.image.lock().unwrap().identity = ContentHash::of(b"another");
    }

    /// Opens the machine as the lease `number`.
    pub(super) async fn open(
        &self,
        from: &Layer,
        number: usize,
    ) -> Result<Box<dyn Guest>, ProviderError> {
        let lease = LeaseId::new(&RunId::new("r"), number);
        self.provider
            .open(&Wanted::plain(&self.machine, from, &lease))
            .await
    }

    /// No process and no folder of a machine is there.
    pub(super) fn assert_nothing_left(&self) {
        let machines = self.fleet.machines();
        assert!(machines.is_empty(), "{machines:?}");
        let folders = fs::read_dir(self.fleet.state().join("machines"));
        let folders: Vec<_> = folders.into_iter().flatten().flatten().collect();
        assert!(folders.is_empty(), "{folders:?}");
    }
}

/// Runs a text as root.
pub(super) async fn as_root(guest: &dyn Guest, text: &str) -> Result<Output, ProviderError> {
    let argv = ["sudo", "-n", "sh", "-c", text].map(str::to_owned);
    let command = Command {
        argv: argv.into(),
        ..Command::default()
    };
    guest.run(&command, LONG).await
}

/// Returns the fleet's machine, as its plan file describes it.
fn machine(fleet: &Fleet) -> Machine {
    let plan = fleet.path().join("plan.toml");
    let loaded = config::load(&plan, &DiskFiles, &|dir, _| {
        Box::new(ScenarioFolder::new(dir.into(), Arc::new(DiskFiles)))
    });
    let machines = loaded.unwrap().desired.machines;
    machines.into_values().next().unwrap()
}

/// The images of a store, but for one.
#[derive(Debug)]
struct Changed {
    image: Mutex<Image>,
    store: ImageStore,
}

impl Images for Changed {
    fn find(&self, name: &str) -> Result<Option<Image>, ImageError> {
        let image = self.image.lock().unwrap();
        Ok((name == image.name).then(|| image.clone()))
    }

    fn list(&self) -> Result<Vec<Image>, ImageError> {
        Ok(vec![self.image.lock().unwrap().clone()])
    }

    fn hold(&self, image: &Image) -> Result<Box<dyn Held>, ImageError> {
        // It may rest on a file of the test's own.
        let stored = self.store.find(&image.name)?.unwrap();
        Images::hold(&self.store, &stored)
    }
}
