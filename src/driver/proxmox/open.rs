//! Opening a machine: from its base or a kept layer to a session that is proved to work.
//!
//! ```text
//! held -> returned to the snapshot -> GPU given or taken -> runs -> agent -> login -> screen
//! ```

use super::{
    api::{ApiError, Reason},
    config::ProxmoxConfig,
    console::{ClusterConsole, GuestConsole},
    gpu,
    guest::Opened,
    inside::Inside,
    look::snapshot_identity,
    provider::ProxmoxProvider,
    reasons::api_error,
    vm::{Snapshot, Vm},
};
use crate::{
    driver::{
        linux::{self, LinuxConfig, LinuxGuest, alive},
        uia::{UiaLimits, WindowsConfig, WindowsGuest},
    },
    model::{Gpu, Layer, Machine, Platform, Session},
    port::{Console, Login, ProviderError, Screen, Shell, ShellError, with_causes},
};
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout_at};

/// Where the public half of the key is that SSH servers show first.
const HOST_KEY: &str = "/etc/ssh/ssh_host_ed25519_key.pub";

/// How often a guest that boots is asked again.
const PACE: Duration = Duration::from_millis(500);

/// A machine that is being opened.
pub(super) struct Opening<'a> {
    pub(super) provider: &'a ProxmoxProvider,
    pub(super) config: &'a ProxmoxConfig,
    pub(super) machine: &'a Machine,
    pub(super) gpu: Option<&'a Gpu>,
    pub(super) from: &'a Layer,
    pub(super) vm: Vm,
}

impl Opening<'_> {
    /// Brings the machine to where it was kept, and wakes its session.
    pub(super) async fn run(self) -> Result<Opened, ProviderError> {
        // A clone is as it was kept from the start.
        let has_ram = !self.machine.is_cloned() && self.roll_back().await?;
        self.power_on().await?;
        let limits = self.config.limits;
        let limit = if has_ram { limits.resume } else { limits.boot };
        let deadline = Instant::now() + limit;
        let ready = self.vm.agent_ready(limit).await;
        ready.map_err(|err| self.error("the guest agent", &err))?;
        if let Some(gpu) = self.gpu {
            let seen = self.vm.sees(gpu).await;
            let seen = seen.map_err(|err| self.error("a look at its devices", &err))?;
            seen.map_err(|why| self.start_error(&format!("the GPU `{}`", gpu.name), &why))?;
        }
        let shell = self.log_in(deadline).await?;
        let (inside, screen) = match self.machine.platform {
            Platform::Linux => self.linux_session(&shell, limit, has_ram).await?,
            Platform::Windows => {
                let windows = WindowsGuest::log_in(self.windows(&shell, limit)).await?;
                (Inside::Windows(windows), self.screen().await?)
            }
            Platform::Macos => {
                let machine = self.machine.name.clone();
                let what = "be used: nobody knows its system yet, which is macOS".into();
                return Err(ProviderError::Unable { machine, what });
            }
        };
        Ok(Opened {
            machine: self.machine.name.clone(),
            session: self.machine.session,
            inside,
            screen,
            limits,
        })
    }

    async fn linux_session(
        &self,
        shell: &Arc<dyn Shell>,
        limit: Duration,
        has_ram: bool,
    ) -> Result<(Inside, Option<Arc<dyn Screen>>), ProviderError> {
        let linux = LinuxGuest::log_in(self.linux(shell, limit)).await?;
        if has_ram {
            // It woke up where it fell asleep.
            let now = Duration::from_millis(self.config.clock.now().0);
            linux.set_time(now).await?;
        }
        let screen = self.screen().await?;
        let linux = match &screen {
            Some(screen) => linux.with_screen(Arc::clone(screen)),
            None => linux,
        };
        Ok((Inside::Linux(linux), screen))
    }

    /// Returns the machine to the snapshot to start from. Says whether it woke up there.
    async fn roll_back(&self) -> Result<bool, ProviderError> {
        let snapshot = self.snapshot().await?;
        let done = self.vm.roll_back(&snapshot.name).await;
        done.map_err(|err| self.error("the return to its snapshot", &err))?;
        Ok(snapshot.has_ram)
    }

    /// Finds the snapshot to start from, which has to be the one that the plan was made for.
    async fn snapshot(&self) -> Result<Snapshot, ProviderError> {
        let snapshots = self.vm.snapshots().await;
        let snapshots = snapshots.map_err(|err| self.error("a look at its snapshots", &err))?;
        let base = self.machine.snapshot.as_str();
        let found = snapshots.iter().find(|snapshot| snapshot.name == base);
        let identity = found.map(|found| snapshot_identity(self.vm.vmid, found));
        self.provider
            .check_planned(self.machine, identity.as_deref())?;
        let name = match self.from {
            Layer::Base => base,
            Layer::Kept(layer) => layer.as_str(),
        };
        let found = snapshots.iter().find(|snapshot| snapshot.name == name);
        found.cloned().ok_or_else(|| ProviderError::NoLayer {
            machine: self.machine.name.clone(),
            layer: self.from.clone(),
        })
    }

    /// Sees to it that the machine runs, with the GPU that is wanted and no other.
    async fn power_on(&self) -> Result<(), ProviderError> {
        let failed = |err: ApiError| self.error("its start", &err);
        let all = &self.config.gpus;
        if self.gpu.is_some() {
            self.provider.note_holder(self.machine, &self.vm)?;
        }
        let config = self.vm.config().await.map_err(failed)?;
        if !gpu::changes(&config, self.gpu, all).is_empty() {
            // A device changes hands only while nothing runs.
            self.vm.stop().await.map_err(failed)?;
            self.vm.give(self.gpu, all).await.map_err(failed)?;
        }
        if self.vm.power().await.map_err(failed)?.is_running {
            return Ok(());
        }
        let deadline = Instant::now() + self.config.limits.turn;
        loop {
            let err = match self.vm.start().await {
                Ok(()) => return Ok(()),
                Err(err) => err,
            };
            match (err.reason(), self.gpu) {
                (Reason::DeviceInUse(other), Some(gpu)) => {
                    let freed = self.provider.free(gpu, other, self.machine, deadline);
                    freed.await?;
                }
                (Reason::NoFreeDevice, Some(gpu)) => {
                    self.provider.await_any(gpu, self.machine, deadline).await?;
                }
                _ => return Err(failed(err)),
            }
        }
    }

    /// Returns the guest's address: the one that was given, or the first that its agent tells.
    async fn address(&self, deadline: Instant) -> Result<SocketAddr, ProviderError> {
        let port = self.machine.reach.ssh_port;
        let unknown = |why: String| self.start_error("the login", &why);
        if let Some(given) = &self.machine.ip {
            if let Ok(ip) = given.parse::<IpAddr>() {
                return Ok((ip, port).into());
            }
            let found = tokio::net::lookup_host((given.as_str(), port)).await;
            let mut found =
                found.map_err(|err| unknown(format!("`{given}` is not known: {err}")))?;
            return found
                .next()
                .ok_or_else(|| unknown(format!("`{given}` has no address")));
        }
        loop {
            let addresses = self.vm.addresses().await;
            let last = match addresses {
                Ok(addresses) if !addresses.is_empty() => return Ok((addresses[0], port).into()),
                Ok(_) => "its agent tells no address; say `ip`".to_owned(),
                Err(err) if err.is_transient() || err.reason() == Reason::AgentSilent => {
                    err.to_string()
                }
                Err(err) => return Err(self.error("its address", &err)),
            };
            if Instant::now() + PACE >= deadline {
                return Err(unknown(last));
            }
            sleep(PACE).await;
        }
    }

    /// Asks a clone for the key that its SSH server has: each may have made its own when it first
    /// started, so there is none to remember. Where the role may not ask, they share one.
    async fn host_key(&self) -> Option<String> {
        if !self.machine.is_cloned() {
            return None;
        }
        match self.vm.read_file(HOST_KEY).await {
            Ok(key) => String::from_utf8(key).ok(),
            Err(error) => {
                let vmid = self.vm.vmid;
                tracing::debug!(%error, vmid, "the guest agent does not tell the host key");
                None
            }
        }
    }

    /// Names whose host key it is: clones have that of their template.
    fn known_as(&self) -> String {
        let vmid = self.machine.reach.template.unwrap_or(self.vm.vmid);
        format!("{}-{vmid}", self.machine.name)
    }

    async fn log_in(&self, deadline: Instant) -> Result<Arc<dyn Shell>, ProviderError> {
        let reach = &self.machine.reach;
        let login = Login {
            address: self.address(deadline).await?,
            user: reach.user.clone(),
            key: reach.key.clone(),
            host_key: self.host_key().await,
            known_as: self.known_as(),
        };
        loop {
            let last = match timeout_at(deadline, self.config.shells.dial(&login)).await {
                Ok(Err(err)) if err.is_transient() => err,
                Ok(Err(err)) => return Err(err.into()),
                Ok(Ok(shell)) => return Ok(shell),
                Err(_) => ShellError::TimedOut {
                    what: "let anybody in".into(),
                    limit: self.config.limits.boot,
                },
            };
            if Instant::now() + PACE >= deadline {
                return Err(self.start_error("the login", &last.to_string()));
            }
            sleep(PACE).await;
        }
    }

    fn windows(&self, shell: &Arc<dyn Shell>, session: Duration) -> WindowsConfig {
        WindowsConfig {
            machine: self.machine.name.clone(),
            shell: Arc::clone(shell),
            token: format!("{:016x}", fastrand::u64(..)),
            session,
            limits: UiaLimits::default(),
        }
    }

    fn linux(&self, shell: &Arc<dyn Shell>, session: Duration) -> LinuxConfig {
        LinuxConfig {
            machine: self.machine.name.clone(),
            shell: Arc::clone(shell),
            session: self.machine.session,
            user: self.machine.reach.user.clone(),
            trees: Arc::clone(&self.config.trees),
            limits: linux::Limits {
                session,
                install: self.config.limits.install,
                ..linux::Limits::default()
            },
        }
    }

    /// Opens the screen and makes sure that something shows on it.
    async fn screen(&self) -> Result<Option<Arc<dyn Screen>>, ProviderError> {
        // The console of a machine whose GPU is its screen shows nothing.
        let is_primary = self.gpu.is_some_and(|gpu| gpu.is_primary);
        let has_other = self.machine.reach.console.is_some();
        if self.machine.session == Session::None || is_primary && !has_other {
            return Ok(None);
        }
        let console: Arc<dyn Console> = match &self.machine.reach.console {
            None => Arc::new(ClusterConsole::new(self.vm.clone(), self.machine.layout)),
            Some(server) => {
                let password = server.password.as_ref().map(|it| (self.config.secrets)(it));
                let password = password.transpose();
                Arc::new(GuestConsole {
                    host: server.host.clone(),
                    port: server.port,
                    layout: self.machine.layout,
                    password: password.map_err(|why| self.start_error("the console", &why))?,
                })
            }
        };
        let dialled = self.config.screens.dial_console(console).await;
        let screen = dialled.map_err(|err| self.dark(&with_causes(&err)))?;
        let follows = alive::follows(&*screen, self.config.limits.alive).await?;
        if !follows && alive::is_dark(&screen.frame().await?) {
            return Err(self.dark("it shows nothing but black"));
        }
        Ok(Some(screen))
    }

    /// Says that nothing can be seen, and what helps.
    fn dark(&self, why: &str) -> ProviderError {
        let hint = match (self.gpu, &self.machine.reach.console) {
            (_, Some(_)) => "",
            (Some(_), None) => {
                "; where a GPU has become the screen, run a VNC server in the guest and name it as \
                 `console = { vnc = \"HOST:PORT\" }`"
            }
            (None, None) => "; the machine needs `vga: std` (or `virtio`, `qxl`) for a console",
        };
        self.start_error("the console", &format!("{why}{hint}"))
    }

    fn error(&self, what: &str, err: &ApiError) -> ProviderError {
        api_error(&self.machine.name, what, err)
    }

    fn start_error(&self, what: &str, why: &str) -> ProviderError {
        ProviderError::Start {
            machine: self.machine.name.clone(),
            what: what.into(),
            why: why.into(),
        }
    }
}
