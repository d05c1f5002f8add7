//! What the plan files ask for, after `config` has checked them.

use super::{
    BuildName, ContentHash, FormatName, GpuName, KeyLayout, MachineName, MatrixName, Platform,
    PoolName, ScenarioName, SecretSource, Verdict,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::PathBuf, time::Duration};

/// Everything that should hold. Names in it refer to entries of it: `config` has seen to that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    /// What the matrix is called; its recorded state is filed under this.
    pub name: MatrixName,
    /// The app under test.
    pub app: App,
    /// Machines that cells use, by name.
    pub machines: BTreeMap<MachineName, Machine>,
    /// Builds that cells use, by name.
    pub builds: BTreeMap<BuildName, Build>,
    /// GPUs that cells use, by name; `none` is not among them.
    pub gpus: BTreeMap<GpuName, Gpu>,
    /// Scenarios that cells use, by name.
    pub scenarios: BTreeMap<ScenarioName, Scenario>,
    /// Those that are another document on a machine, or are read otherwise because of what it runs.
    pub own_scenarios: BTreeMap<MachineName, BTreeMap<ScenarioName, Scenario>>,
    /// The matrix, already expanded: one entry for each square, in order of machine, GPU, build,
    /// format, scenario.
    pub cells: Vec<Cell>,
    /// How many steps may use each pool at once. A pool that is not named here takes one.
    pub pools: BTreeMap<PoolName, usize>,
    /// How often a failed exercise is tried again.
    pub retries: u32,
    /// How often an exercise that has failed for good is tried again to learn why.
    pub reruns: u32,
    /// How long one exercise may take.
    pub timeout: Duration,
}

impl Desired {
    /// Returns what a scenario is on a machine; `None` only where every cell of both is left out.
    pub fn scenario(&self, machine: &MachineName, name: &ScenarioName) -> Option<&Scenario> {
        let own = self.own_scenarios.get(machine);
        let own = own.and_then(|scenarios| scenarios.get(name));
        own.or_else(|| self.scenarios.get(name))
    }
}

/// The app under test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// Base name of its packages.
    pub name: String,
    /// The version that people read in reports.
    pub version: String,
    /// Path of the program on a machine.
    pub binary: String,
    /// Arguments it is always started with.
    pub args: Vec<String>,
    /// What its process is called.
    pub process_name: String,
    /// How long a smoke check watches it.
    pub timeout: Duration,
}

/// A machine, and what it takes to use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Its name.
    pub name: MachineName,
    /// Who keeps it.
    pub provider: ProviderKind,
    /// What that provider can do.
    pub abilities: Abilities,
    /// The operating system it runs.
    pub platform: Platform,
    /// The snapshot it is restored to.
    pub snapshot: String,
    /// The kind of desktop session it runs.
    pub session: Session,
    /// The node of a cluster it lives on, whose clone slots restoring it takes.
    pub node: Option<String>,
    /// Free text about its desktop.
    pub desktop: String,
    /// Number that its provider knows it by.
    pub vmid: Option<u32>,
    /// Address it is reached at.
    pub ip: Option<String>,
    /// What a virtual machine on this computer is made of; `None` for every other.
    pub hardware: Option<Hardware>,
    /// How a machine is reached that mosdat did not make.
    pub reach: Reach,
    /// Width and height of its screen, where mosdat chooses them.
    pub geometry: (u32, u32),
    /// What is printed on the keys of its keyboard, as its desktop has it.
    pub layout: KeyLayout,
    /// How many steps may use it at once: 1 for a VM that there is once, more for private desktops
    /// and clones, each of which is started anew for its step.
    pub slots: usize,
    /// How its packages are installed, by format.
    pub packages: BTreeMap<FormatName, Package>,
}

impl Machine {
    /// Whether it is cloned from a template for each step.
    pub fn is_cloned(&self) -> bool {
        self.provider == ProviderKind::Proxmox && self.reach.template.is_some()
    }

    /// Whether there is only one of it, which serves one step at a time.
    pub fn is_only_one(&self) -> bool {
        self.provider == ProviderKind::Proxmox && !self.is_cloned()
    }
}

/// How a machine is reached that mosdat did not make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The template that machines are cloned from, instead of one that there is.
    pub template: Option<u32>,
    /// Who logs in.
    pub user: String,
    /// The private key; the user's SSH agent is asked when there is none.
    pub key: Option<PathBuf>,
    /// Where its SSH server listens.
    pub ssh_port: u16,
    /// A VNC server in the guest that is used in place of the provider's console.
    pub console: Option<VncServer>,
    /// Where the user's password is. Nobody logs in with it; scenarios may have to type it.
    pub password: Option<SecretSource>,
}

impl Default for Reach {
    fn default() -> Self {
        Self {
            template: None,
            user: "root".into(),
            key: None,
            ssh_port: 22,
            console: None,
            password: None,
        }
    }
}

/// A VNC server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VncServer {
    /// Name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Where the password is, if it asks for one.
    pub password: Option<SecretSource>,
}

/// What a virtual machine on this computer is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hardware {
    /// The image its disk starts as.
    pub image: String,
    /// Its memory, in MiB.
    pub memory: u32,
    /// How many processors it has.
    pub cpus: u32,
    /// What it can reach.
    pub network: Network,
}

/// What a virtual machine can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// Nobody but mosdat, over SSH.
    Closed,
    /// Whatever this computer can reach.
    Open,
}

impl Network {
    /// Returns the word used in plan files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
        }
    }
}

/// Who keeps machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProviderKind {
    /// A Proxmox VE cluster.
    Proxmox,
    /// Virtual machines on this computer.
    Qemu,
    /// Private desktops on this computer.
    Local,
    /// A simulated cluster in virtual time.
    Sim,
}

impl ProviderKind {
    /// Every provider.
    pub const ALL: [Self; 4] = [Self::Proxmox, Self::Qemu, Self::Local, Self::Sim];

    /// Returns the word used in plan files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proxmox => "proxmox",
            Self::Qemu => "qemu",
            Self::Local => "local",
            Self::Sim => "sim",
        }
    }
}

/// What a provider can do, as data that the planner obeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abilities {
    /// Whether installed machines can be kept as layers. Without it, what lies between the base
    /// and a step is done again for each step.
    pub layers: bool,
    /// Whether a machine is kept as soon as it has started from its base, so that it boots once and
    /// not for each package.
    pub base_layer: bool,
    /// Whether a running session can be kept, so that `checkpoint` makes sense.
    pub live_layers: LiveLayers,
}

/// When a running session can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LiveLayers {
    /// Never.
    Never,
    /// While no GPU is passed through: the state of a real device cannot be kept.
    WithoutGpu,
    /// Always.
    Always,
}

impl LiveLayers {
    /// Whether a session can be kept, with a GPU or without.
    pub fn hold(self, has_gpu: bool) -> bool {
        match self {
            Self::Never => false,
            Self::WithoutGpu => !has_gpu,
            Self::Always => true,
        }
    }
}

/// A kind of desktop session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Session {
    /// An X server.
    X11,
    /// A Wayland compositor.
    Wayland,
    /// No desktop.
    None,
}

impl Session {
    /// Returns the word used in plan files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X11 => "x11",
            Self::Wayland => "wayland",
            Self::None => "none",
        }
    }
}

/// How a package of one format is installed on one machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its format.
    pub format: FormatName,
    /// Command that installs it, with `{file}` for its path; empty where the provider unpacks.
    pub install: String,
    /// Command that removes it.
    pub uninstall: String,
    /// Path of the program when it comes from this package; the app's `binary` otherwise.
    pub app_path: Option<String>,
    /// What its process is called; the app's otherwise.
    pub process_name: Option<String>,
    /// Which file of a build's `dist_dir` it is.
    pub file_glob: String,
}

/// A version of the app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// Its name.
    pub name: BuildName,
    /// Where it comes from.
    pub source: Source,
    /// Shell lines that turn the source into packages, in order.
    pub commands: Vec<String>,
    /// Where the packages then lie, below the source.
    pub dist_dir: PathBuf,
    /// Variables of the environment that reach the commands. No other does.
    pub env: Vec<String>,
    /// How long the commands may take together.
    pub timeout: Duration,
}

/// Where a build comes from. Paths are absolute or relative to the working directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A folder, as it is.
    Path(PathBuf),
    /// A commit of a git repository.
    Git {
        /// Path or address of the repository.
        repository: String,
        /// Branch, tag or commit.
        reference: String,
    },
    /// A finished package; the glob must match one file of each format.
    Package(String),
    /// Nothing real: the simulated cluster makes it up.
    Simulated,
}

/// A GPU that can be passed through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gpu {
    /// Its name.
    pub name: GpuName,
    /// Its PCI address, `0000:01:00`.
    pub pci: Option<String>,
    /// Name of a Proxmox resource mapping.
    pub mapping: Option<String>,
    /// Whether the hypervisor's console stays on (`compute`) or turns black (`primary`).
    pub is_primary: bool,
    /// Whether it is taken from a machine that is not in the plan, which gets it back afterwards.
    pub take_over: bool,
}

/// A scenario, as far as planning needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Its name.
    pub name: ScenarioName,
    /// The name of its document, which may be another one for each machine.
    pub document: ScenarioName,
    /// Each file it consists of, by path relative to the scenario folder, with its digest: the
    /// document, the routines and fixtures it uses, anchor images. A built-in smoke check has one
    /// entry, named after itself, that stands for its rules.
    pub files: BTreeMap<String, ContentHash>,
    /// The digest of each value that it is given from outside and may use, by the variable's name.
    /// Passwords are not among them.
    pub variables: BTreeMap<String, ContentHash>,
    /// The session it cannot do without; `None` when any will do.
    pub needs_session: Option<Session>,
}

/// One square of the matrix.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// Where.
    pub machine: MachineName,
    /// With which GPU, or `none`.
    pub gpu: GpuName,
    /// Which version.
    pub build: BuildName,
    /// In which package format.
    pub format: FormatName,
    /// Doing what.
    pub scenario: ScenarioName,
    /// Why it is left out, when it is.
    pub skip: Option<String>,
    /// What it is expected to do instead of passing.
    pub expect: Option<Expectation>,
}

/// A known verdict other than `passed`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expectation {
    /// The verdict.
    pub verdict: Verdict,
    /// Why it is known.
    pub why: String,
}

impl Expectation {
    /// Returns `raw` as the plan file sees it: a failure that was foretold is `expected`, a pass
    /// where a failure was foretold is news and so `failed`.
    pub fn judge(expectation: Option<&Self>, raw: Verdict) -> Verdict {
        match expectation {
            Some(known) if known.verdict == raw => Verdict::Expected,
            Some(_) if raw.holds() => Verdict::Failed,
            Some(_) | None => raw,
        }
    }
}
