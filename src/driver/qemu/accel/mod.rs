//! Which engine runs a machine: the processor where that works, else QEMU.
//!
//! That there is a `/dev/kvm` proves little: on some computers, virtual ones above all, firmware
//! runs by it and Linux hangs. So it is proved by a kernel that gets as far as running a program.
//! The answer holds until the computer is started anew, or QEMU or the kernel is another.

#![expect(
    clippy::disallowed_methods,
    reason = "what was found out about this computer is kept in a file"
)]

mod known;
#[cfg(test)]
mod tests;

use super::{Qemu, VmError, command_line, program::last_lines, spec::Engine};
use crate::{
    driver::process::{self, ProcessTree},
    model::{Accelerator, Boot, ContentHash, Image},
};
use known::Known;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{Mutex, Notify},
    time::{self, Instant},
};

/// What an image's first program says when the kernel was told to prove that it runs.
const ALIVE: &str = "mosdat: alive";

/// How long a kernel has to prove that it runs. By KVM it takes a second or two.
const LIMIT: Duration = Duration::from_secs(30);

/// Where the kernel offers its virtualization.
const DEVICE: &str = "/dev/kvm";

/// Knows which engine to use.
#[derive(Debug)]
pub struct Engines {
    file: PathBuf,
    device: PathBuf,
    limit: Duration,
    /// One trial at a time: those behind find its answer.
    trial: Mutex<()>,
}

/// Which engine to use, and why it is not a better one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The engine.
    pub engine: Engine,
    /// Why it is not the processor, when it is not.
    pub why: Option<String>,
}

/// A kernel by which KVM can be proved to work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    pub(super) kernel: PathBuf,
    pub(super) initrd: PathBuf,
    pub(super) arguments: String,
    /// What everything is marked with that is started for it.
    pub(super) marker: String,
}

impl Proof {
    /// Returns the proof that comes with an image, when it has a kernel of its own.
    pub fn of(image: &Image, marker: &str) -> Option<Self> {
        match &image.boot {
            Boot::Kernel {
                kernel,
                initrd,
                arguments,
            } => Some(Self {
                kernel: kernel.clone(),
                initrd: initrd.clone(),
                arguments: arguments.clone(),
                marker: marker.to_owned(),
            }),
            Boot::Disk => None,
        }
    }

    /// Tries whether the kernel runs by `engine`, and says what stands in the way.
    pub async fn holds(
        &self,
        qemu: &Qemu,
        engine: Engine,
        limit: Duration,
    ) -> Result<Result<(), String>, VmError> {
        Ok(Trial::start(qemu, engine, self)?
            .outcome(Instant::now() + limit)
            .await)
    }
}

impl Engines {
    /// Remembers in `file` what was found out.
    pub fn new(file: PathBuf) -> Self {
        Self {
            file,
            device: DEVICE.into(),
            limit: LIMIT,
            trial: Mutex::new(()),
        }
    }

    /// Returns which engine to use. Without any `proof` nothing is tried, and it is not KVM.
    pub async fn choose(
        &self,
        wanted: Accelerator,
        qemu: &Qemu,
        proof: Option<&Proof>,
    ) -> Result<Choice, VmError> {
        if wanted == Accelerator::Tcg {
            return Ok(Choice {
                engine: Engine::Tcg,
                why: None,
            });
        }
        let choice = self.best(qemu, proof).await?;
        match (wanted, choice) {
            (
                Accelerator::Kvm,
                Choice {
                    engine: Engine::Tcg,
                    why,
                },
            ) => {
                let why = why.unwrap_or_default();
                Err(VmError::NoKvm { why })
            }
            (_, choice) => Ok(choice),
        }
    }

    async fn best(&self, qemu: &Qemu, proof: Option<&Proof>) -> Result<Choice, VmError> {
        let no = |why: String| Choice {
            engine: Engine::Tcg,
            why: Some(why),
        };
        if let Err(err) = File::options().read(true).write(true).open(&self.device) {
            return Ok(no(self.closed(&err)));
        }
        let Some(proof) = proof else {
            return Ok(no("no image has a kernel of its own to try it with".into()));
        };
        let _trial = self.trial.lock().await;
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let mut known = Known::read(&self.file, &boot);
        let key = key(qemu, proof).map_err(VmError::io("read", &proof.kernel))?;
        if let Some(choice) = known.choices.get(&key) {
            return Ok(choice.clone());
        }
        let choice = match self.try_all(qemu, proof).await? {
            Ok(engine) => Choice { engine, why: None },
            Err(why) => no(why),
        };
        tracing::info!(?choice, "tried which engine runs machines");
        known.choices.insert(key, choice.clone());
        // Not to be remembered costs time, nothing else.
        if let Err(error) = known.write(&self.file) {
            tracing::warn!(%error, "which engine runs machines could not be written down");
        }
        Ok(choice)
    }

    fn closed(&self, err: &io::Error) -> String {
        let device = self.device.display();
        let kind = err.kind();
        if kind == io::ErrorKind::NotFound {
            format!("there is no `{device}`")
        } else if kind == io::ErrorKind::PermissionDenied {
            format!("this user may not use `{device}`; members of its group may, often `kvm`")
        } else {
            format!("`{device}` cannot be used: {err}")
        }
    }

    /// Tries KVM in every way, all at once, and returns the best that works, or why none does.
    async fn try_all(&self, qemu: &Qemu, proof: &Proof) -> Result<Result<Engine, String>, VmError> {
        let end = Instant::now() + self.limit;
        let start = |engine| Trial::start(qemu, engine, proof);
        let trials = [start(Engine::Kvm)?, start(Engine::KvmReduced)?];
        let mut reasons = Vec::new();
        for trial in &trials {
            match trial.outcome(end).await {
                Ok(()) => return Ok(Ok(trial.engine)),
                Err(why) => reasons.push(format!("{}: {why}", trial.engine.as_str())),
            }
        }
        Ok(Err(reasons.join("; ")))
    }
}

/// A kernel on its way to its first program. Dropping it kills it.
struct Trial {
    engine: Engine,
    begun: Instant,
    tree: ProcessTree,
    alive: Arc<Notify>,
}

impl Trial {
    fn start(qemu: &Qemu, engine: Engine, proof: &Proof) -> Result<Self, VmError> {
        let alive = Arc::new(Notify::new());
        let told = Arc::clone(&alive);
        let on_line = move |line: &str| {
            if line.contains(ALIVE) {
                told.notify_one();
            }
        };
        let arguments = command_line::trial(engine, proof, qemu.sandbox());
        let spawn = qemu.spawn(engine, arguments, Path::new("/"), &proof.marker);
        let tree = process::spawn(spawn, Some(Arc::new(on_line)))?;
        Ok(Self {
            engine,
            begun: Instant::now(),
            tree,
            alive,
        })
    }

    /// Waits until it is known whether the kernel gets there, and says what stands in the way.
    async fn outcome(&self, end: Instant) -> Result<(), String> {
        tokio::select! {
            biased;
            () = self.alive.notified() => Ok(()),
            exit = self.tree.wait() => {
                // It may have ended right after saying so.
                let is_proved = self.tree.output().contains(ALIVE);
                let why = || format!("QEMU {exit}{}", last_lines(&self.tree));
                is_proved.then_some(()).ok_or_else(why)
            }
            () = time::sleep_until(end) => {
                let took = self.begun.elapsed().as_secs_f64();
                Err(format!("a kernel does not get to its first program within {took:.1} s"))
            }
        }
    }
}

/// Names everything that the outcome of a trial depends on.
fn key(qemu: &Qemu, proof: &Proof) -> io::Result<String> {
    let file = |path: &Path| {
        let meta = path.metadata()?;
        let (size, seconds, rest) = (meta.len(), meta.mtime(), meta.mtime_nsec());
        Ok::<_, io::Error>(format!("{} {size} {seconds} {rest}", path.display()))
    };
    let parts = [
        qemu.version.clone(),
        proof.arguments.clone(),
        file(&proof.kernel)?,
        file(&proof.initrd)?,
    ];
    Ok(ContentHash::of(parts.join("\n").as_bytes()).short())
}
