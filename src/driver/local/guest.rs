//! A private desktop that is open, as the rest of mosdat sees it.
//!
//! A desktop of which a part has died tells nothing about the app any more: whatever is asked of
//! it is answered with the loss.

use super::{
    desktop::Desktop,
    folder::Folder,
    install::{Installation, blocking},
    installed::Installed,
    layers::Layers,
    never_started::NeverStarted,
    package,
    part::Ground,
    provider::LocalConfig,
    sockets::LocalSockets,
};
use crate::{
    driver::process::{self, ProcessTree, SpawnError},
    model::{Keyboard, LayerKind, LayerName, LeaseId, Outcome, Package, Point, Session},
    port::{
        AccessibilityTree, BusAddress, Command, Finding, Guest, Output, Process, ProviderError,
        Screen, ScreenAddress, Window, with_causes,
    },
};
use async_trait::async_trait;
use std::{
    collections::BTreeMap,
    io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::OnceCell, time};

/// A private desktop that is open.
#[derive(Debug)]
pub(super) struct LocalGuest {
    screen: OnceCell<Arc<dyn Screen>>,
    tree: OnceCell<Arc<dyn AccessibilityTree>>,
    /// Commands that have ended; programs they started may live on until the desktop closes.
    ended: Mutex<Vec<ProcessTree>>,
    opened: Opened,
}

/// Everything that opening a desktop brought together. Dropped in this order: what runs first,
/// its folder last.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) desktop: Desktop,
    pub(super) config: LocalConfig,
    pub(super) layers: Layers,
    pub(super) session: Session,
    pub(super) lease: LeaseId,
    pub(super) ground: Ground,
    pub(super) installed: Arc<Installed>,
    pub(super) site: Site,
}

impl LocalGuest {
    pub(super) fn new(opened: Opened) -> Self {
        Self {
            screen: OnceCell::new(),
            tree: OnceCell::new(),
            ended: Mutex::default(),
            opened,
        }
    }

    /// Says what became of the desktop, when not all of it runs any more.
    async fn alive(&self) -> Result<(), ProviderError> {
        match self.opened.desktop.lost().await {
            None => Ok(()),
            Some(why) => Err(self.lost(why)),
        }
    }

    fn lost(&self, why: String) -> ProviderError {
        let machine = self.opened.ground.machine.clone();
        ProviderError::Lost { machine, why }
    }

    fn unable(&self, what: impl Into<String>) -> ProviderError {
        ProviderError::Unable {
            machine: self.opened.ground.machine.clone(),
            what: what.into(),
        }
    }

    async fn spawn(
        &self,
        command: &Command,
    ) -> Result<Result<ProcessTree, SpawnError>, ProviderError> {
        self.alive().await?;
        let mut env = self.environment();
        for (name, value) in &command.env {
            match value {
                Some(value) => env.insert(name.clone(), value.clone()),
                None => env.remove(name),
            };
        }
        let spawn = self.opened.ground.spawn(command.argv.clone(), &env);
        Ok(process::spawn(spawn, None))
    }

    fn refused(&self, command: &Command, err: &SpawnError) -> ProviderError {
        ProviderError::Run {
            machine: self.opened.ground.machine.clone(),
            program: command.argv.first().cloned().unwrap_or_default(),
            why: with_causes(err),
        }
    }

    /// Lets what a command started live on until the desktop closes.
    fn hold(&self, tree: ProcessTree) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.push(tree);
    }
}

#[async_trait]
impl Guest for LocalGuest {
    fn session(&self) -> Session {
        self.opened.session
    }

    fn slowness(&self) -> u32 {
        1
    }

    async fn install(&self, package: &Package, file: &Path) -> Result<Outcome, ProviderError> {
        self.alive().await?;
        let Opened {
            installed,
            ground,
            config,
            ..
        } = &self.opened;
        let install_error = |err: io::Error| ProviderError::Install {
            machine: ground.machine.clone(),
            why: err.to_string(),
        };
        let to_change = Arc::clone(installed);
        let prefix = blocking(move || to_change.to_change()).await;
        let installation = Installation {
            package,
            file,
            prefix: prefix.map_err(install_error)?,
            ground,
            variables: &self.environment(),
            path_var: config.path_var(),
            limit: config.limits.install,
        };
        installation.run().await
    }

    async fn uninstall(&self, package: &Package) -> Result<Outcome, ProviderError> {
        // What is unpacked for one desktop goes with it; there is nothing that could remove it.
        Err(self.unable(format!(
            "remove packages in the format `{}`",
            package.format
        )))
    }

    async fn lost(&self) -> Option<String> {
        self.opened.desktop.lost().await
    }

    async fn evidence(&self) -> Vec<Finding> {
        Vec::new()
    }

    async fn keep(&self, layer: &LayerName, kind: LayerKind) -> Result<(), ProviderError> {
        if kind == LayerKind::Session {
            return Err(self.unable("keep its session"));
        }
        let Opened {
            layers,
            lease,
            installed,
            ground,
            ..
        } = &self.opened;
        let (layers, lease, prefix) = (layers.clone(), lease.clone(), installed.path());
        let (machine, name) = (ground.machine.clone(), layer.clone());
        let kept = blocking(move || layers.keep(&machine, &name, &lease, &prefix)).await;
        kept.map_err(|err| self.unable(format!("keep the layer `{layer}`: {err}")))
    }

    fn program_path(&self, path: &str) -> String {
        match package::find(&self.opened.installed.path(), path) {
            Some(found) => found.display().to_string(),
            None => path.into(),
        }
    }

    fn environment(&self) -> BTreeMap<String, String> {
        let Opened {
            installed, desktop, ..
        } = &self.opened;
        installed.variables(&desktop.variables)
    }

    async fn run(&self, command: &Command, limit: Duration) -> Result<Output, ProviderError> {
        let started = self.spawn(command).await?;
        let tree = started.map_err(|err| self.refused(command, &err))?;
        let exit = time::timeout(limit, tree.wait()).await.ok();
        if exit.is_none() {
            tree.end().await;
        }
        let text = tree.output();
        self.hold(tree);
        // What a command did on a desktop that is gone is not what it does on one that works.
        self.alive().await?;
        Ok(Output { exit, text })
    }

    async fn start(&self, command: &Command) -> Result<Box<dyn Process>, ProviderError> {
        match self.spawn(command).await? {
            Ok(tree) => Ok(Box::new(tree)),
            Err(err) => match NeverStarted::of(&err) {
                Some(ended) => Ok(Box::new(ended)),
                None => Err(self.refused(command, &err)),
            },
        }
    }

    async fn windows(&self) -> Result<Vec<Window>, ProviderError> {
        self.alive().await?;
        let limit = self.opened.config.limits.answer;
        let answer = time::timeout(limit, self.opened.desktop.windows()).await;
        let Ok(answer) = answer else {
            return Err(ProviderError::TimedOut {
                machine: self.opened.ground.machine.clone(),
                what: "list its windows".into(),
                seconds: limit.as_secs(),
            });
        };
        match answer {
            None => Err(self.unable("show windows")),
            Some(Ok(windows)) => Ok(windows),
            Some(Err(err)) => {
                self.alive().await?;
                Err(self.lost(format!("its windows could not be listed: {err}")))
            }
        }
    }

    async fn window_at(&self, point: Point) -> Result<Option<Window>, ProviderError> {
        self.alive().await?;
        let limit = self.opened.config.limits.answer;
        let answer = time::timeout(limit, self.opened.desktop.window_at(point)).await;
        match answer {
            Ok(Ok(window)) => Ok(window),
            Ok(Err(err)) => {
                self.alive().await?;
                Err(self.lost(format!("its windows could not be listed: {err}")))
            }
            Err(_) => Err(ProviderError::TimedOut {
                machine: self.opened.ground.machine.clone(),
                what: "list its windows".into(),
                seconds: limit.as_secs(),
            }),
        }
    }

    async fn focus(&self, title: &str) -> Result<(), ProviderError> {
        self.alive().await?;
        let limit = self.opened.config.limits.answer;
        let what = format!("give the focus to a window `{title}`");
        let Ok(answer) = time::timeout(limit, self.opened.desktop.focus(title)).await else {
            return Err(ProviderError::TimedOut {
                machine: self.opened.ground.machine.clone(),
                what,
                seconds: limit.as_secs(),
            });
        };
        match answer {
            None | Some(Ok(false)) => Err(self.unable(&what)),
            Some(Ok(true)) => Ok(()),
            Some(Err(err)) => {
                self.alive().await?;
                Err(self.lost(format!("it did not {what}: {err}")))
            }
        }
    }

    async fn screen(&self) -> Result<Arc<dyn Screen>, ProviderError> {
        self.alive().await?;
        let vnc = self.opened.desktop.vnc();
        let socket = vnc.ok_or_else(|| self.unable("show a screen"))?;
        let address = ScreenAddress::Unix(socket.into());
        let dialer = &self.opened.config.screens;
        let dial = || dialer.dial(&address, Keyboard::default());
        let screen = self.screen.get_or_try_init(dial).await;
        Ok(Arc::clone(screen?))
    }

    async fn tree(&self) -> Result<Arc<dyn AccessibilityTree>, ProviderError> {
        self.alive().await?;
        if self.opened.session == Session::None {
            return Err(self.unable("show widgets"));
        }
        let address = BusAddress {
            sockets: Arc::new(LocalSockets),
            session_bus: self.opened.desktop.bus().into(),
            uid: rustix::process::geteuid().as_raw(),
        };
        let dial = async || {
            let dialer = &self.opened.config.trees;
            // Only a compositor may not know, so that the picture has to tell.
            let screen = match self.opened.session {
                Session::Wayland => self.screen().await.ok(),
                Session::X11 | Session::None => None,
            };
            match self.opened.desktop.origins(screen) {
                None => dialer.dial(&address).await,
                Some(origins) => dialer.dial_among(&address, origins).await,
            }
        };
        Ok(Arc::clone(self.tree.get_or_try_init(dial).await?))
    }

    async fn close(self: Box<Self>) -> Result<(), ProviderError> {
        // Programs and display are asked to end at once; whoever does not is made to.
        process::end_marked(&self.opened.ground.marker).await;
        self.opened.desktop.end().await;
        let removed = self.opened.site.folder.remove();
        removed.map_err(|err| self.unable(format!("remove its folder: {err}")))
    }
}

/// The folder of a desktop, which goes with it.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) folder: Folder,
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Err(error) = self.folder.remove() {
            tracing::warn!(%error, folder = ?self.folder, "a folder was left behind");
        }
    }
}
