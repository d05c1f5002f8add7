//! Opening a machine: from its image or a kept layer to a session that is proved to work.
//!
//! ```text
//! image, disk layer  -> boots -> agent answers -> login -> session is open -> screen is alive
//! session layer      -> goes on where it was -> clock, login, screen, all at once
//! ```

use super::{
    Amount, Engine, Qemu, QemuConfig, Ram, Spec, Start, Vm, VmError,
    guest::{Ground, Parts, QemuGuest},
    keep::SNAPSHOT,
    layers::{DEVICES, KeptLayer, KeptSession, RAM, SessionForm},
};
use crate::{
    driver::linux::{
        self, LinuxConfig, LinuxGuest,
        alive::{self, SignOfLife},
    },
    model::{Hardware, Image, Keyboard, LeaseId, Machine, Session, SessionLayers},
    port::{Finding, Login, ProviderError, Screen, ScreenAddress, Shell, ShellError},
};
use std::{fs, io, path::Path, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep, timeout_at};

/// How often a login that is refused by a guest that boots is tried again. Nothing tells when its
/// server is there.
const PACE: Duration = Duration::from_millis(250);

/// Only so many lines of the serial console are shown.
const SHOWN_LINES: usize = 12;

/// A machine that is being opened.
#[derive(Debug)]
pub(super) struct Opening<'a> {
    pub(super) config: &'a QemuConfig,
    pub(super) machine: &'a Machine,
    pub(super) hardware: &'a Hardware,
    pub(super) image: &'a Image,
    pub(super) kept: Option<&'a KeptLayer>,
    pub(super) lease: &'a LeaseId,
    pub(super) devices: Vec<String>,
    pub(super) marker: &'a str,
    pub(super) ground: Ground,
}

/// What became reachable of a machine that was woken.
struct Woken {
    linux: LinuxGuest,
    screen: Option<Arc<dyn Screen>>,
    sign_of_life: Option<SignOfLife>,
}

impl Opening<'_> {
    /// Starts the machine and wakes its session.
    pub(super) async fn run(
        mut self,
        qemu: &Qemu,
        engine: Engine,
    ) -> Result<QemuGuest, ProviderError> {
        let folder = self.ground.folder.clone();
        let disk = self.make_disk(qemu).await?;
        let spec = self.spec(engine, &disk);
        let vm = Vm::start(qemu, spec, folder, self.marker, self.config.limits.start).await;
        let vm = vm.map_err(|err| self.not_started(&err))?;
        let counted = self.ground.reservation.belongs_to(vm.pid());
        counted.map_err(|err| self.not_started(&err))?;
        let woken = tokio::select! {
            biased;
            why = vm.gone() => Err(self.never_woke(&vm, &why)),
            woken = self.wake(&vm) => woken,
        }?;
        Ok(QemuGuest::new(
            vm,
            Parts {
                linux: woken.linux,
                screen: woken.screen,
                sign_of_life: woken.sign_of_life,
                ground: self.ground,
            },
        ))
    }

    /// Makes the disk that the machine writes to, and returns its name.
    async fn make_disk(&mut self, qemu: &Qemu) -> Result<String, ProviderError> {
        let own = format!("disk-{}.qcow2", self.lease);
        let overlay = self.ground.folder.file(&own);
        self.ground.disks = vec![own.clone()];
        let below = match self.kept {
            None => self.image.disk.clone(),
            Some(layer) => {
                let dir = overlay.parent().unwrap_or(Path::new("."));
                layer.lend_disks(dir).map_err(|err| self.not_made(&err))?;
                let disks = &layer.manifest.disks;
                let (top, rest) = disks
                    .split_first()
                    .ok_or_else(|| self.not_made(&io::Error::other("the layer has no disk")))?;
                if self.session_form() == Some(SessionForm::Snapshot) {
                    // A snapshot is seen only in the very disk that it lies in.
                    self.ground.disks.extend(rest.iter().cloned());
                    let from = layer.file(top);
                    let copied = super::blocking(move || {
                        fs::copy(&from, &overlay)?;
                        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
                        fs::set_permissions(&overlay, mode)
                    });
                    copied.await.map_err(|err| self.not_made(&err))?;
                    return Ok(own);
                }
                self.ground.disks.extend(disks.iter().cloned());
                // Found beside the overlay, wherever both are moved together.
                top.into()
            }
        };
        let made = qemu.create_overlay(&below, &overlay).await;
        made.map_err(|err| self.not_started(&err))?;
        Ok(own)
    }

    fn spec(&self, engine: Engine, disk: &str) -> Spec {
        let folder = &self.ground.folder;
        let is_template = self.config.session_layers != SessionLayers::Snapshot;
        let (ram, start) = match (self.kept, self.session_form()) {
            (Some(layer), Some(SessionForm::Template)) => (
                Ram::CopyOnWrite(layer.file(RAM)),
                Start::State(layer.file(DEVICES)),
            ),
            (_, Some(SessionForm::Snapshot)) => (Ram::Anonymous, Start::Snapshot(SNAPSHOT.into())),
            // Whoever boots may be kept with its session.
            (_, _) if is_template => (Ram::File(folder.file(RAM)), Start::Boot),
            (_, _) => (Ram::Anonymous, Start::Boot),
        };
        Spec {
            name: self.machine.name.to_string(),
            engine,
            cpus: self.hardware.cpus,
            memory: self.hardware.memory,
            ram,
            session: self.machine.session,
            geometry: self.machine.geometry,
            network: self.hardware.network,
            disk: folder.file(disk),
            boot: self.image.boot.clone(),
            has_agent_port: self.image.has_agent,
            devices: self.devices.clone(),
            start,
        }
    }

    fn session_form(&self) -> Option<SessionForm> {
        self.kept_session().map(|session| session.form)
    }

    fn kept_session(&self) -> Option<&KeptSession> {
        self.kept?.manifest.session.as_ref()
    }

    async fn wake(&self, vm: &Vm) -> Result<Woken, ProviderError> {
        match self.kept_session() {
            None => self.wake_booting(vm).await,
            Some(kept) => self.wake_kept(vm, kept).await,
        }
    }

    /// Waits for a machine that boots, one thing after the other.
    async fn wake_booting(&self, vm: &Vm) -> Result<Woken, ProviderError> {
        let limit = self.config.limits.boot;
        let deadline = Instant::now() + limit;
        if let Some(agent) = vm.agent() {
            let ready = agent.ready(limit).await;
            ready.map_err(|err| self.never_woke(vm, &err.to_string()))?;
        }
        let shell = self.log_in(vm, deadline).await;
        let shell = shell.map_err(|err| self.no_login(vm, err))?;
        let linux = LinuxGuest::log_in(self.linux(&shell)).await?;
        let Some(screen) = self.dial_screen(vm).await? else {
            return Ok(Woken {
                linux,
                screen: None,
                sign_of_life: None,
            });
        };
        let follows = alive::follows(&*screen, self.config.limits.alive).await?;
        let sign_of_life = if follows {
            SignOfLife::Pointer
        } else {
            SignOfLife::Display
        };
        Ok(Woken {
            linux: linux.with_screen(Arc::clone(&screen)),
            screen: Some(screen),
            sign_of_life: Some(sign_of_life),
        })
    }

    /// Brings a machine that goes on where it was into the present, and proves that it is there.
    async fn wake_kept(&self, vm: &Vm, kept: &KeptSession) -> Result<Woken, ProviderError> {
        let limit = self.config.limits.resume;
        let deadline = Instant::now() + limit;
        let clock = async {
            let Some(agent) = vm.agent() else {
                return Ok(());
            };
            let synced = async {
                agent.ready(limit).await?;
                agent.set_time(self.now()).await
            };
            synced
                .await
                .map_err(|err| self.never_woke(vm, &err.to_string()))
        };
        let login = async {
            let shell = self.log_in(vm, deadline).await;
            let shell = shell.map_err(|err| self.no_login(vm, err))?;
            let taken = LinuxGuest::take_up(self.linux(&shell), kept.known.clone()).await;
            let taken = taken.map_err(|err| self.never_woke(vm, &err.to_string()))?;
            if vm.agent().is_none() {
                let set = taken.set_time(self.now()).await;
                set.map_err(|err| self.start_error("the clock", &err.to_string()))?;
            }
            Ok(taken)
        };
        let screen = async {
            let Some(screen) = self.dial_screen(vm).await? else {
                return Ok(None);
            };
            if kept.sign_of_life == Some(SignOfLife::Pointer) {
                let why = match alive::follows(&*screen, self.config.limits.alive).await {
                    Ok(true) => return Ok(Some(screen)),
                    Ok(false) => "its screen does not follow the pointer".into(),
                    Err(err) => err.to_string(),
                };
                return Err(self.never_woke(vm, &why));
            }
            Ok(Some(screen))
        };
        let ((), linux, screen) = tokio::try_join!(clock, login, screen)?;
        let linux = match &screen {
            Some(screen) => linux.with_screen(Arc::clone(screen)),
            None => linux,
        };
        Ok(Woken {
            linux,
            screen,
            sign_of_life: kept.sign_of_life,
        })
    }

    async fn log_in(&self, vm: &Vm, deadline: Instant) -> Result<Arc<dyn Shell>, ShellError> {
        let login = Login {
            address: vm.ssh(),
            user: self.image.user.clone(),
            key: self.image.key.clone(),
            host_key: self.image.host_key.clone(),
            known_as: format!("{}-{}", self.image.name, self.image.identity.short()),
        };
        loop {
            let last = match timeout_at(deadline, self.config.shells.dial(&login)).await {
                Ok(Err(err)) if err.is_transient() => err,
                Ok(done) => return done,
                Err(_) => ShellError::TimedOut {
                    what: "let anybody in".into(),
                    limit: self.config.limits.boot,
                },
            };
            if Instant::now() + PACE >= deadline {
                return Err(last);
            }
            sleep(PACE).await;
        }
    }

    fn linux(&self, shell: &Arc<dyn Shell>) -> LinuxConfig {
        LinuxConfig {
            machine: self.machine.name.clone(),
            shell: Arc::clone(shell),
            session: self.machine.session,
            user: self.image.user.clone(),
            trees: Arc::clone(&self.config.trees),
            limits: linux::Limits {
                session: self.config.limits.boot,
                install: self.config.limits.install,
                ..linux::Limits::default()
            },
        }
    }

    async fn dial_screen(&self, vm: &Vm) -> Result<Option<Arc<dyn Screen>>, ProviderError> {
        // Without a graphics card QEMU shows a picture of its own, which is no screen.
        if self.machine.session == Session::None {
            return Ok(None);
        }
        let address = ScreenAddress::Unix(vm.vnc());
        let keyboard = Keyboard::Places(self.machine.layout);
        Ok(Some(self.config.screens.dial(&address, keyboard).await?))
    }

    fn now(&self) -> Duration {
        Duration::from_millis(self.config.clock.now().0)
    }

    fn not_made(&self, err: &io::Error) -> ProviderError {
        self.start_error("the disk", &err.to_string())
    }

    fn not_started(&self, err: &VmError) -> ProviderError {
        super::reasons::vm_error(&self.machine.name, err)
    }

    fn no_login(&self, vm: &Vm, err: ShellError) -> ProviderError {
        if err.is_transient() {
            self.never_woke(vm, &err.to_string())
        } else {
            err.into()
        }
    }

    /// Says that the machine did not come to where it can be used, with what it said last.
    fn never_woke(&self, vm: &Vm, why: &str) -> ProviderError {
        let what = match self.kept_session() {
            None => "the guest",
            Some(_) => "the kept session",
        };
        self.start_error(what, &format!("{why}{}", last_words(&vm.serial())))
    }

    fn start_error(&self, what: &str, why: &str) -> ProviderError {
        ProviderError::Start {
            machine: self.machine.name.clone(),
            what: what.into(),
            why: why.into(),
        }
    }
}

/// Returns how much of this computer a machine of this hardware may come to use.
pub(super) fn amount(engine: Engine, hardware: &Hardware) -> Amount {
    Amount {
        memory: engine.footprint(hardware.memory),
        cpus: engine.processors(hardware.cpus),
    }
}

/// Returns the end of what came out of a serial port, for people.
fn last_words(serial: &str) -> String {
    let lines: Vec<&str> = serial.lines().filter(|it| !it.trim().is_empty()).collect();
    if lines.is_empty() {
        return "; nothing came out of its serial port".into();
    }
    let shown = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
    let shown: Vec<String> = shown.iter().map(|line| format!("\n  {line}")).collect();
    format!("; its serial port said last{}", shown.concat())
}

/// Returns what came out of a serial port as evidence.
pub(super) fn serial_log(serial: &str) -> Finding {
    Finding {
        name: "serial.txt".into(),
        bytes: serial.as_bytes().to_vec(),
    }
}
