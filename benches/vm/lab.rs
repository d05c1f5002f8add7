//! A virtual machine to measure on, its kept session, and the machines that are opened from it.

use crate::usage;
use mosdat::{
    driver::{
        atspi::AtspiDialer,
        disk::SystemClock,
        qemu::{Limits, QemuConfig, QemuProvider},
        ssh::{SshConfig, SshDialer, SshLimits},
        vnc::VncDialer,
    },
    model::{
        Abilities, Accelerator, Hardware, Image, Layer, LayerKind, LayerName, LeaseId, LiveLayers,
        Machine, MachineName, Network, ProviderKind, Reach, RunId, Session, SessionLayers,
    },
    port::{Command, Guest, Output, Provider as _, Wanted},
};
use std::{
    cell::Cell,
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Memory and processors of the machine, as in `plans/notes-vms.toml`.
pub(crate) const MEMORY: u32 = 768;
pub(crate) const CPUS: u32 = 1;

/// Long enough for anything in a guest that is translated on a busy computer.
pub(crate) const LONG: Duration = Duration::from_mins(2);

/// A virtual machine to measure on.
pub(crate) struct Lab {
    dir: TempDir,
    provider: QemuProvider,
    pub(crate) machine: Machine,
    pub(crate) image: Image,
    opened: Cell<usize>,
}

/// A machine that is open, and what opening it took.
pub(crate) struct Opened {
    pub(crate) guest: Box<dyn Guest>,
    /// The process of QEMU.
    pub(crate) pid: u32,
    /// The folder with its disk and sockets.
    pub(crate) folder: PathBuf,
    pub(crate) cost: Cost,
}

/// What something took, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) wall: f64,
    /// Processor time of QEMU.
    pub(crate) qemu: f64,
    /// Processor time of this process.
    pub(crate) own: f64,
}

impl Lab {
    pub(crate) fn new(image: Image, images: Arc<dyn mosdat::port::Images>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(SystemClock);
        let provider = QemuProvider::new(QemuConfig {
            work_dir: dir.path().join("work"),
            layers_dir: dir.path().join("layers"),
            runtime_dir: Some(dir.path().join("runtime")),
            path_var: std::env::var("PATH").unwrap(),
            accelerator: Accelerator::Auto,
            session_layers: SessionLayers::Auto,
            images,
            shells: Arc::new(shells(dir.path())),
            screens: Arc::new(VncDialer::new(Arc::clone(&clock) as _)),
            trees: Arc::new(AtspiDialer),
            clock,
            devices: mosdat::driver::qemu::Devices::default(),
            limits: Limits::default(),
        });
        Self {
            dir,
            provider,
            machine: machine(&image),
            image,
            opened: Cell::new(0),
        }
    }

    /// Opens a machine, and says what that took until its desktop was proved to be alive.
    pub(crate) async fn open(&self, from: &Layer) -> Opened {
        self.opened.set(self.opened.get() + 1);
        // Nothing that runs beside this benchmark has a lease of this name.
        let run = RunId::new(format!("bench{}", std::process::id()));
        let lease = LeaseId::new(&run, self.opened.get());
        let (start, own) = (Instant::now(), usage::own_cpu_seconds());
        let guest = self
            .provider
            .open(&Wanted::plain(&self.machine, from, &lease))
            .await;
        let wall = start.elapsed().as_secs_f64();
        let guest = guest.unwrap();
        let own = usage::own_cpu_seconds() - own;
        // Its mark goes on after the lease's name.
        let [pid] = usage::started_under(&format!("{lease}-"))[..] else {
            panic!("QEMU is not the only process of `{lease}`");
        };
        Opened {
            guest,
            pid,
            folder: self.dir.path().join("work").join(lease.as_str()),
            cost: Cost {
                wall,
                qemu: usage::cpu_seconds(pid),
                own,
            },
        }
    }

    /// Boots the machine and keeps its session. Returns what booting took.
    pub(crate) async fn keep(&self) -> (Layer, Cost) {
        let booted = self.open(&Layer::Base).await;
        let layer = LayerName::parse("mosdat-00000000000000000001").unwrap();
        let kept = booted.guest.keep(&layer, LayerKind::Session).await;
        kept.unwrap();
        booted.guest.close().await.unwrap();
        (Layer::Kept(layer), booted.cost)
    }

    /// Returns the folder of a kept layer.
    pub(crate) fn layer_folder(&self, layer: &Layer) -> PathBuf {
        let Layer::Kept(name) = layer else {
            panic!("the base has no folder");
        };
        let layers = self.dir.path().join("layers");
        layers.join(self.machine.name.as_str()).join(name.as_str())
    }

    /// Returns what logs in on machines.
    pub(crate) fn shells(&self) -> SshDialer {
        shells(self.dir.path())
    }

    /// Returns the folder of open machines.
    pub(crate) fn work_dir(&self) -> PathBuf {
        self.dir.path().join("work")
    }
}

impl Opened {
    /// Runs a command in the session to its end.
    pub(crate) async fn shell(&self, text: &str) -> Output {
        self.guest.run(&Command::shell(text), LONG).await.unwrap()
    }

    pub(crate) async fn close(self) {
        self.guest.close().await.unwrap();
    }
}

fn shells(dir: &Path) -> SshDialer {
    SshDialer::new(SshConfig {
        known_hosts: dir.join("known-hosts"),
        agent: None,
        limits: SshLimits::default(),
    })
}

fn machine(image: &Image) -> Machine {
    Machine {
        name: MachineName::new("vm"),
        provider: ProviderKind::Qemu,
        abilities: Abilities {
            layers: true,
            base_layer: true,
            live_layers: LiveLayers::WithoutGpu,
        },
        platform: mosdat::model::Platform::Linux,
        snapshot: String::new(),
        session: Session::X11,
        node: None,
        desktop: String::new(),
        vmid: None,
        ip: None,
        reach: Reach::default(),
        hardware: Some(Hardware {
            image: image.name.clone(),
            memory: MEMORY,
            cpus: CPUS,
            network: Network::Closed,
        }),
        geometry: (1024, 768),
        layout: mosdat::model::KeyLayout::default(),
        slots: 4,
        packages: BTreeMap::new(),
    }
}
