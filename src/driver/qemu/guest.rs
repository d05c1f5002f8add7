//! A virtual machine whose session is open.
//!
//! What is asked of the guest itself is [`LinuxGuest`]'s to answer. When an answer fails, the machine
//! is looked at first: whatever else went wrong, the loss of the machine is why.

use super::{Folder, Limits, Picture, Reservation, Vm, layers::Layers, open};
use crate::{
    driver::linux::{LinuxGuest, alive::SignOfLife},
    model::{
        LayerKind, LayerName, LeaseId, MachineName, Outcome, Package, Point, Session, SessionLayers,
    },
    port::{
        AccessibilityTree, Command, Finding, Guest, Held, Output, Process, ProviderError, Screen,
        Window,
    },
};
use async_trait::async_trait;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::time::timeout;

/// How long a machine has, once its connections broke, until it must be known whether it is lost.
const LAST_BREATH: Duration = Duration::from_secs(2);

/// How long QEMU may take to draw what the screen shows.
const PICTURE: Duration = Duration::from_secs(5);

/// A virtual machine whose session is open. Dropped in this order: what runs first, its files last.
#[derive(Debug)]
pub(super) struct QemuGuest {
    pub(super) vm: Vm,
    pub(super) parts: Parts,
    /// Whether it has ended so that its files could be kept.
    pub(super) has_ended_to_be_kept: AtomicBool,
}

/// What is reached of the machine, and where it came from.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) linux: LinuxGuest,
    /// `None` without a desktop.
    pub(super) screen: Option<Arc<dyn Screen>>,
    /// How the screen proves that it is alive.
    pub(super) sign_of_life: Option<SignOfLife>,
    pub(super) ground: Ground,
}

/// Where a machine came from, and what goes with it.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) machine: MachineName,
    pub(super) session: Session,
    pub(super) session_layers: SessionLayers,
    pub(super) lease: LeaseId,
    pub(super) layers: Layers,
    pub(super) limits: Limits,
    /// What tells this QEMU from another.
    pub(super) emulator: String,
    /// Its disks, each the backing file of the one before; the last stands on the image.
    pub(super) disks: Vec<String>,
    pub(super) folder: Folder,
    pub(super) site: Site,
    /// Its share of this computer.
    pub(super) reservation: Reservation,
    /// Keeps the image that its disk stands on.
    pub(super) _image: Box<dyn Held>,
}

/// The folders of a machine, which go with it.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) work: PathBuf,
    pub(super) lease: LeaseId,
}

impl Site {
    pub(super) fn remove(&self) -> std::io::Result<()> {
        Folder::remove(&self.work, &self.lease)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            tracing::warn!(%error, lease = %self.lease, "a folder was left behind");
        }
    }
}

impl QemuGuest {
    pub(super) fn new(vm: Vm, parts: Parts) -> Self {
        Self {
            vm,
            parts,
            has_ended_to_be_kept: AtomicBool::new(false),
        }
    }

    /// Returns what comes of asking the guest, unless the machine is lost meanwhile. Then there may
    /// be no answer ever, and the loss is why, whatever else went wrong.
    async fn while_there<T>(
        &self,
        asked: impl Future<Output = Result<T, ProviderError>> + Send,
    ) -> Result<T, ProviderError> {
        let err = tokio::select! {
            biased;
            why = self.vm.gone() => return Err(self.lost_because(why)),
            answer = asked => match answer {
                Ok(value) => return Ok(value),
                Err(err) => err,
            },
        };
        if !err.is_transient() {
            return Err(self.loss().await.unwrap_or(err));
        }
        // Connections through a machine break before it shows that the machine is why.
        match timeout(LAST_BREATH, self.vm.gone()).await {
            Ok(why) => Err(self.lost_because(why)),
            Err(_) => Err(err),
        }
    }

    async fn loss(&self) -> Option<ProviderError> {
        let why = self.vm.lost().await?;
        Some(self.lost_because(why))
    }

    fn lost_because(&self, why: String) -> ProviderError {
        let machine = self.parts.ground.machine.clone();
        ProviderError::Lost { machine, why }
    }

    async fn picture(&self) -> Option<Finding> {
        self.parts.screen.as_ref()?;
        let file = self.parts.ground.folder.file("screen.png");
        let drawn = timeout(PICTURE, self.vm.qmp().screendump(&file, Picture::Png)).await;
        drawn.ok()?.ok()?;
        let bytes = super::blocking(move || super::read(&file)).await.ok()?;
        let name = "screen.png".into();
        Some(Finding { name, bytes })
    }
}

#[async_trait]
impl Guest for QemuGuest {
    fn session(&self) -> Session {
        self.parts.ground.session
    }

    fn slowness(&self) -> u32 {
        self.vm.spec.engine.slowness()
    }

    async fn install(&self, package: &Package, file: &Path) -> Result<Outcome, ProviderError> {
        self.while_there(self.parts.linux.install(package, file))
            .await
    }

    async fn uninstall(&self, package: &Package) -> Result<Outcome, ProviderError> {
        self.while_there(self.parts.linux.uninstall(package)).await
    }

    async fn keep(&self, layer: &LayerName, kind: LayerKind) -> Result<(), ProviderError> {
        self.keep_as(layer, kind).await
    }

    async fn lost(&self) -> Option<String> {
        if self.has_ended_to_be_kept.load(Ordering::Acquire) {
            return None;
        }
        self.vm.lost().await
    }

    async fn evidence(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        let lost = self.vm.lost().await;
        if lost.is_none() {
            let (picture, told) = tokio::join!(self.picture(), self.parts.linux.evidence());
            found.extend(picture);
            found.extend(told);
        }
        found.extend(lost.map(|why| Finding {
            name: "machine.txt".into(),
            bytes: why.into_bytes(),
        }));
        found.push(open::serial_log(&self.vm.serial()));
        found
    }

    fn program_path(&self, path: &str) -> String {
        path.into()
    }

    fn environment(&self) -> BTreeMap<String, String> {
        self.parts.linux.environment()
    }

    async fn run(&self, command: &Command, limit: Duration) -> Result<Output, ProviderError> {
        let output = self
            .while_there(self.parts.linux.run(command, limit))
            .await?;
        match (output.exit, self.loss().await) {
            (None, Some(lost)) => Err(lost),
            _ => Ok(output),
        }
    }

    async fn start(&self, command: &Command) -> Result<Box<dyn Process>, ProviderError> {
        self.while_there(self.parts.linux.start(command)).await
    }

    async fn windows(&self) -> Result<Vec<Window>, ProviderError> {
        self.while_there(self.parts.linux.windows()).await
    }

    async fn window_at(&self, point: Point) -> Result<Option<Window>, ProviderError> {
        self.while_there(self.parts.linux.window_at(point)).await
    }

    async fn focus(&self, title: &str) -> Result<(), ProviderError> {
        self.while_there(self.parts.linux.focus(title)).await
    }

    async fn screen(&self) -> Result<Arc<dyn Screen>, ProviderError> {
        let ground = &self.parts.ground;
        match &self.parts.screen {
            Some(screen) => Ok(Arc::clone(screen)),
            None => Err(ProviderError::Unable {
                machine: ground.machine.clone(),
                what: "show a screen".into(),
            }),
        }
    }

    async fn tree(&self) -> Result<Arc<dyn AccessibilityTree>, ProviderError> {
        self.while_there(self.parts.linux.tree()).await
    }

    async fn close(self: Box<Self>) -> Result<(), ProviderError> {
        self.parts.linux.close().await;
        self.vm.quit().await;
        let Ground { site, machine, .. } = &self.parts.ground;
        site.remove().map_err(|err| ProviderError::Unable {
            machine: machine.clone(),
            what: format!("remove its folder: {err}"),
        })
    }
}
