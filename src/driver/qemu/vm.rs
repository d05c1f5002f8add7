//! A running machine: QEMU, and everything it is reached by.
//!
//! Knows how to start one, whether it is lost and why, and how to end it. What is on it is not
//! known here. Dropping it kills QEMU.

use super::{
    Agent, Qmp, QmpError, VmError,
    command_line::{AGENT_SOCKET, QMP_SOCKET, SERIAL_SOCKET, VNC_SOCKET},
    folder::Folder,
    program::{Qemu, last_lines},
    serial::Serial,
    spec::{Spec, Start},
};
use crate::{
    driver::process::{self, ProcessTree},
    port::Exit,
};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{net::UnixStream, time};

/// How often a socket is tried that QEMU has not made yet. Nothing tells when it has.
const PACE: Duration = Duration::from_millis(3);

/// How long a QEMU that closed its connection has until it must have ended.
const LAST_BREATH: Duration = Duration::from_millis(500);

/// How long QEMU may take to end when it was told to: it writes down what its disks lack.
const QUIT: Duration = Duration::from_secs(20);

/// The signal for memory that cannot be had: SIGBUS.
const BUS: i32 = 7;

/// A running machine.
#[derive(Debug)]
pub struct Vm {
    tree: ProcessTree,
    qmp: Qmp,
    agent: Option<Agent>,
    serial: Serial,
    ssh: SocketAddr,
    folder: Folder,
    pub(super) spec: Spec,
}

impl Vm {
    /// Starts a machine, marked with `marker`, and waits until it runs: one that boots has begun
    /// to, one that starts from a state goes on where it was.
    pub async fn start(
        qemu: &Qemu,
        spec: Spec,
        folder: Folder,
        marker: &str,
        limit: Duration,
    ) -> Result<Self, VmError> {
        let arguments = spec.arguments(qemu.sandbox());
        let spawn = qemu.spawn(spec.engine, arguments, folder.sockets(), marker);
        let tree = process::spawn(spawn, None)?;
        let parts = match time::timeout(limit, connect(&folder, &spec, &tree)).await {
            Ok(Ok(parts)) => parts,
            Ok(Err(err)) => return Err(reason(&tree, err).await),
            Err(_) => {
                return Err(VmError::TimedOut {
                    what: "starting QEMU",
                    limit,
                });
            }
        };
        let Parts {
            qmp,
            serial,
            agent,
            port,
        } = parts;
        let vm = Self {
            tree,
            qmp,
            agent,
            serial,
            ssh: (Ipv4Addr::LOCALHOST, port).into(),
            folder,
            spec,
        };
        match vm.take_up(limit).await {
            Ok(()) => Ok(vm),
            Err(err) => Err(reason(&vm.tree, err).await),
        }
    }

    /// Gives it the state that it waits for, when it does.
    async fn take_up(&self, limit: Duration) -> Result<(), VmError> {
        match &self.spec.start {
            Start::Boot | Start::Snapshot(_) => Ok(()),
            Start::State(file) => self.load_state(file, limit).await,
        }
    }

    /// Returns its control connection.
    pub fn qmp(&self) -> &Qmp {
        &self.qmp
    }

    /// Returns the way to its guest agent, when it has a port for one. Whether one is there shows
    /// when it answers.
    pub fn agent(&self) -> Option<&Agent> {
        self.agent.as_ref()
    }

    /// Returns where its SSH server is reached. The port is anybody's once the machine is lost:
    /// who has connected makes sure that it is not.
    pub fn ssh(&self) -> SocketAddr {
        self.ssh
    }

    /// Returns the socket on which its screen is shown.
    pub fn vnc(&self) -> PathBuf {
        self.folder.socket(VNC_SOCKET)
    }

    /// Returns the last 64 KiB that came out of its serial port.
    pub fn serial(&self) -> String {
        self.serial.text()
    }

    /// Returns what it is made of.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Returns its folder.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Returns the process id of QEMU.
    pub fn pid(&self) -> u32 {
        self.tree.pid()
    }

    /// Resets the machine, as its reset button would.
    pub async fn reset(&self) -> Result<(), VmError> {
        self.qmp.reset().await?;
        self.guest_changed().await;
        Ok(())
    }

    /// Says what became of it, when it cannot be used any more. One that stands still cannot:
    /// it answers nobody, and shows its last picture for ever.
    pub async fn lost(&self) -> Option<String> {
        if let Some(why) = self.broken().await {
            return Some(why);
        }
        let is_stopped = self.qmp.signs().is_stopped;
        is_stopped.then(|| "QEMU has stopped it, and it stands still".into())
    }

    /// Says what went wrong with it, if anything did. That it stands still may have been wanted.
    pub async fn broken(&self) -> Option<String> {
        if let Some(exit) = self.tree.exit() {
            return Some(self.end_of(exit));
        }
        let signs = self.qmp.signs();
        if signs.panic.is_some() || self.serial.has_panic() {
            let report = self.serial.panic_report().await;
            return Some(format!("the guest's kernel panicked{report}"));
        }
        if let Some(why) = signs.disk_error {
            return Some(format!("its disk failed, on this computer: {why}"));
        }
        let why = signs.lost?;
        // QEMU's connections end before it does.
        match time::timeout(LAST_BREATH, self.tree.wait()).await {
            Ok(exit) => Some(self.end_of(exit)),
            Err(_) => Some(why),
        }
    }

    /// Waits until it cannot be used any more, and says what became of it.
    pub async fn gone(&self) -> String {
        tokio::select! {
            _ = self.tree.wait() => {}
            _ = self.qmp.seen(|signs| {
                let is_over = signs.is_stopped || signs.panic.is_some() || signs.disk_error.is_some();
                is_over.then_some(())
            }) => {}
            () = self.serial.panicked() => {}
        }
        let why = self.lost().await;
        why.unwrap_or_else(|| "it ended without a reason".into())
    }

    /// Waits until the machine has been switched off, by its guest or otherwise, and QEMU has
    /// written down everything.
    pub async fn switched_off(&self, limit: Duration) -> Result<(), VmError> {
        let exit = time::timeout(limit, self.tree.wait()).await;
        let exit = exit.map_err(|_| VmError::TimedOut {
            what: "switching the machine off",
            limit,
        })?;
        match (exit, self.qmp.signs().shutdown) {
            (Exit::Code(0), Some(_)) => Ok(()),
            _ => Err(QmpError::Lost(self.end_of(exit)).into()),
        }
    }

    /// Ends QEMU and waits until it is gone. What it was told to write is in its disk's file; the
    /// guest is not asked.
    pub async fn quit(&self) {
        let quitting = async {
            if self.qmp.quit().await.is_ok() {
                self.tree.wait().await;
            }
        };
        if time::timeout(QUIT, quitting).await.is_err() {
            tracing::warn!(pid = self.pid(), "QEMU does not end by itself");
        }
        self.tree.end().await;
    }

    /// Ends QEMU as [`quit`](Self::quit) does, and makes sure that it ended by itself: a disk that it
    /// did not finish looks like any other, and has a digest like any other.
    pub async fn quit_whole(&self) -> Result<(), VmError> {
        self.quit().await;
        match self.tree.exit() {
            Some(Exit::Code(0)) => Ok(()),
            Some(exit) => Err(QmpError::Lost(self.end_of(exit)).into()),
            None => Err(QmpError::Lost("QEMU has not ended".into()).into()),
        }
    }

    /// To be called when the guest is not what it was.
    pub(super) async fn guest_changed(&self) {
        if let Some(agent) = &self.agent {
            agent.guest_changed().await;
        }
    }

    fn end_of(&self, exit: Exit) -> String {
        let lines = last_lines(&self.tree);
        match self.qmp.signs().shutdown {
            Some(shutdown) if shutdown.by_guest => {
                format!("the guest switched its machine off ({})", shutdown.reason)
            }
            Some(shutdown) => format!("QEMU ended ({}), {exit}{lines}", shutdown.reason),
            // Memory that lies in a file needs room for it.
            None if exit == Exit::Signal(BUS) => {
                format!("QEMU {exit}: the disk that its memory lies on is full{lines}")
            }
            None => format!("QEMU {exit}{lines}"),
        }
    }
}

/// What a machine is reached by.
struct Parts {
    qmp: Qmp,
    serial: Serial,
    agent: Option<Agent>,
    port: u16,
}

/// Connects to everything that QEMU offers, as soon as it does.
async fn connect(folder: &Folder, spec: &Spec, tree: &ProcessTree) -> Result<Parts, VmError> {
    let socket = folder.socket(QMP_SOCKET);
    let stream = tokio::select! {
        biased;
        exit = tree.wait() => return Err(ended(tree, exit)),
        stream = connect_to(&socket) => stream?,
    };
    // The others were made before that one, or will have been when it answers. The serial port
    // comes first: what it says while nobody listens is lost.
    let serial = Serial::new(connect_to(&folder.socket(SERIAL_SOCKET)).await?);
    let qmp = Qmp::new(stream).await?;
    let agent = if spec.has_agent_port {
        let stream = connect_to(&folder.socket(AGENT_SOCKET)).await?;
        Some(Agent::new(stream))
    } else {
        None
    };
    let port = qmp.forwarded_port().await?;
    Ok(Parts {
        qmp,
        serial,
        agent,
        port,
    })
}

/// Returns why something went wrong with QEMU: when it has ended, what it said.
async fn reason(tree: &ProcessTree, err: VmError) -> VmError {
    match time::timeout(LAST_BREATH, tree.wait()).await {
        Ok(exit) => ended(tree, exit),
        Err(_) => err,
    }
}

/// Connects to a socket as soon as it is there.
async fn connect_to(socket: &Path) -> Result<UnixStream, VmError> {
    use std::io::ErrorKind::{ConnectionRefused, NotFound};
    loop {
        match UnixStream::connect(socket).await {
            Err(err) if [NotFound, ConnectionRefused].contains(&err.kind()) => {
                time::sleep(PACE).await;
            }
            stream => return stream.map_err(VmError::io("connect to", socket)),
        }
    }
}

fn ended(tree: &ProcessTree, exit: Exit) -> VmError {
    VmError::Program {
        program: "qemu-system-x86_64".into(),
        why: format!("{exit}{}", last_lines(tree)),
    }
}
