//! A machine of a cluster whose session is open.
//!
//! What is asked of the guest itself is [`Inside`]'s to answer. When an answer fails, the cluster
//! is asked whether the machine still runs: whatever else went wrong, its loss is why.

use super::{
    api::{ApiError, Call},
    clones::Clones,
    config::Limits,
    hold::Hold,
    inside::Inside,
    reasons::api_error,
};
use crate::{
    driver::linux::alive,
    model::{LayerKind, LayerName, MachineName, Outcome, Package, Point, Session},
    port::{
        AccessibilityTree, Command, Finding, Guest, Output, Process, ProviderError, Screen, Window,
    },
};
use async_trait::async_trait;
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// How long the cluster is asked for its log when something went wrong.
const LOG: Duration = Duration::from_secs(10);

/// A machine of a cluster whose session is open.
#[derive(Debug)]
pub(super) struct ProxmoxGuest {
    parts: Opened,
    hold: Hold,
    /// Whether it was kept, and is of no use any more.
    is_kept: AtomicBool,
}

/// What is reached of the machine.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) machine: MachineName,
    pub(super) session: Session,
    pub(super) inside: Inside,
    /// `None` without a desktop.
    pub(super) screen: Option<Arc<dyn Screen>>,
    pub(super) limits: Limits,
}

impl ProxmoxGuest {
    pub(super) fn new(parts: Opened, hold: Hold) -> Self {
        Self {
            parts,
            hold,
            is_kept: AtomicBool::new(false),
        }
    }

    /// Returns what comes of asking the guest; when that fails, the loss of the machine is why.
    async fn while_there<T>(
        &self,
        asked: impl Future<Output = Result<T, ProviderError>> + Send,
    ) -> Result<T, ProviderError> {
        match asked.await {
            Ok(value) => Ok(value),
            Err(err) => Err(self.loss().await.unwrap_or(err)),
        }
    }

    async fn loss(&self) -> Option<ProviderError> {
        let why = self.what_is_lost().await?;
        let machine = self.parts.machine.clone();
        Some(ProviderError::Lost { machine, why })
    }

    /// Says why the machine is of no use any more, when it is not. A cluster that does not say
    /// whether it runs leaves nothing to rely on.
    async fn what_is_lost(&self) -> Option<String> {
        if let Some(why) = self.hold.lost() {
            return Some(format!("somebody else has it: {why}"));
        }
        match self.hold.vm().power().await {
            Ok(power) if !power.is_running => Some("it has stopped".into()),
            Ok(power) if power.state != "running" => {
                Some(format!("QEMU has stopped it: {}", power.state))
            }
            Ok(_) => None,
            Err(err) => Some(format!("the cluster does not say whether it runs: {err}")),
        }
    }

    /// Keeps a clone: it is stopped, and becomes a template that later steps are cloned from.
    async fn keep_clone(&self, clones: &Clones, layer: &LayerName) -> Result<(), ProviderError> {
        let vm = self.hold.vm();
        let failed = |err: ApiError| self.error("a layer", &err);
        if clones.has(vm, layer).await.map_err(failed)? {
            return Ok(());
        }
        self.check_there().await?;
        self.parts.inside.sync().await?;
        self.parts.inside.close().await;
        vm.shut_down().await.map_err(failed)?;
        // Whoever renewed it now would make the layer somebody's clone.
        self.hold.stop_renewing();
        if let Some(why) = self.hold.lost() {
            let machine = self.parts.machine.clone();
            return Err(ProviderError::Lost { machine, why });
        }
        let kept = clones.keep(vm, layer, &self.parts.machine).await;
        kept.map_err(failed)?;
        self.hold.let_go();
        self.is_kept.store(true, Ordering::Release);
        Ok(())
    }

    async fn keep_snapshot(&self, layer: &LayerName, kind: LayerKind) -> Result<(), ProviderError> {
        let vm = self.hold.vm();
        let failed = |err: ApiError| self.error("a snapshot", &err);
        let snapshots = vm.snapshots().await.map_err(failed)?;
        let there = snapshots.iter().find(|it| it.name == layer.as_str());
        match there {
            Some(whole) if !whole.is_incomplete => return Ok(()),
            Some(_) => vm.remove_snapshot(layer.as_str()).await.map_err(failed)?,
            None => {}
        }
        // A machine that is lost would be lost again for everybody who starts from it.
        self.check_there().await?;
        match kind {
            LayerKind::Disk => self.parts.inside.sync().await?,
            LayerKind::Session => {
                // Nobody may be logged in over the network in a session that others take up.
                self.parts.inside.close().await;
                if let Some(screen) = &self.parts.screen {
                    alive::come_to_rest(&**screen, self.parts.limits.rest).await?;
                }
            }
        }
        let ram = kind == LayerKind::Session;
        let made = vm.snapshot(layer.as_str(), ram, "made by mosdat").await;
        made.map_err(failed)?;
        // It may have broken down while it came to rest: nothing is as still as that.
        if let Err(lost) = self.check_there().await {
            vm.remove_snapshot(layer.as_str()).await.map_err(failed)?;
            return Err(lost);
        }
        self.is_kept.store(true, Ordering::Release);
        Ok(())
    }

    async fn check_there(&self) -> Result<(), ProviderError> {
        match self.loss().await {
            Some(lost) => Err(lost),
            None => Ok(()),
        }
    }

    /// Returns the last tasks of the machine, for whoever wants to know what happened to it.
    async fn tasks(&self) -> Option<Finding> {
        #[derive(Deserialize)]
        struct Task {
            upid: String,
            #[serde(default)]
            status: String,
        }
        let vm = self.hold.vm();
        let path = format!("/nodes/{}/tasks", super::api::segment(&vm.node()));
        let call = Call::get(path)
            .with("vmid", vm.vmid)
            .with("source", "all")
            .with("limit", 20)
            .within(LOG);
        let tasks: Vec<Task> = vm.client.ask(&call).await.ok()?;
        let lines = tasks
            .iter()
            .map(|task| format!("{} {}\n", task.upid, task.status));
        Some(Finding {
            name: "tasks.txt".into(),
            bytes: lines.collect::<String>().into_bytes(),
        })
    }

    fn error(&self, what: &str, err: &ApiError) -> ProviderError {
        api_error(&self.parts.machine, what, err)
    }
}

#[async_trait]
impl Guest for ProxmoxGuest {
    fn session(&self) -> Session {
        self.parts.session
    }

    fn slowness(&self) -> u32 {
        1
    }

    async fn install(&self, package: &Package, file: &Path) -> Result<Outcome, ProviderError> {
        self.while_there(self.parts.inside.install(package, file))
            .await
    }

    async fn uninstall(&self, package: &Package) -> Result<Outcome, ProviderError> {
        self.while_there(self.parts.inside.uninstall(package)).await
    }

    async fn keep(&self, layer: &LayerName, kind: LayerKind) -> Result<(), ProviderError> {
        match self.hold.clones() {
            Some(clones) => self.keep_clone(clones, layer).await,
            None => self.keep_snapshot(layer, kind).await,
        }
    }

    async fn lost(&self) -> Option<String> {
        if self.is_kept.load(Ordering::Acquire) {
            return None;
        }
        self.what_is_lost().await
    }

    async fn evidence(&self) -> Vec<Finding> {
        let lost = self.what_is_lost().await;
        let mut found = match lost {
            None => self.parts.inside.evidence().await,
            Some(why) => vec![Finding {
                name: "machine.txt".into(),
                bytes: why.into_bytes(),
            }],
        };
        found.extend(self.tasks().await);
        found
    }

    fn program_path(&self, path: &str) -> String {
        path.into()
    }

    fn environment(&self) -> BTreeMap<String, String> {
        self.parts.inside.environment()
    }

    async fn run(&self, command: &Command, limit: Duration) -> Result<Output, ProviderError> {
        let output = self
            .while_there(self.parts.inside.run(command, limit))
            .await?;
        match output.exit {
            Some(_) => Ok(output),
            None => self.check_there().await.map(|()| output),
        }
    }

    async fn start(&self, command: &Command) -> Result<Box<dyn Process>, ProviderError> {
        self.while_there(self.parts.inside.start(command)).await
    }

    async fn windows(&self) -> Result<Vec<Window>, ProviderError> {
        self.while_there(self.parts.inside.windows()).await
    }

    async fn window_at(&self, point: Point) -> Result<Option<Window>, ProviderError> {
        self.while_there(self.parts.inside.window_at(point)).await
    }

    async fn focus(&self, title: &str) -> Result<(), ProviderError> {
        self.while_there(self.parts.inside.focus(title)).await
    }

    async fn screen(&self) -> Result<Arc<dyn Screen>, ProviderError> {
        match &self.parts.screen {
            Some(screen) => Ok(Arc::clone(screen)),
            None => Err(ProviderError::Unable {
                machine: self.parts.machine.clone(),
                what: "show a screen".into(),
            }),
        }
    }

    async fn tree(&self) -> Result<Arc<dyn AccessibilityTree>, ProviderError> {
        self.while_there(self.parts.inside.tree()).await
    }

    async fn close(self: Box<Self>) -> Result<(), ProviderError> {
        let Self { parts, hold, .. } = *self;
        parts.inside.close().await;
        let given = hold.give_back().await;
        given.map_err(|err| api_error(&parts.machine, "its release", &err))
    }
}
