//! How the user wants mosdat to work, apart from what should hold.

use super::{Motion, Phase, SecretSource, VlmSettings};
use std::{collections::BTreeMap, path::PathBuf, time::Duration};

/// How the user wants mosdat to work.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// The folder that everything is relative to: the one above `plans/`, or the plan file's own.
    pub root: PathBuf,
    /// Where state and run folders are kept, when not in `state/` below the root.
    pub state_dir: Option<PathBuf>,
    /// Where blobs are kept, when not below the state.
    pub cache_dir: Option<PathBuf>,
    /// Private desktops.
    pub local: LocalSettings,
    /// Virtual machines on this computer.
    pub qemu: QemuSettings,
    /// A Proxmox VE server or cluster, where the plan file names one.
    pub proxmox: Option<ProxmoxSettings>,
    /// Vision models, where the plan file has any.
    pub vlm: Option<VlmSettings>,
    /// Where scenarios sign in, and as whom.
    pub sign_in: SignIn,
    /// The simulated cluster.
    pub sim: SimSettings,
    /// How the pointer moves, where a scenario does not say.
    pub cursor: Motion,
}

/// Where scenarios sign in, and as whom, as far as somebody says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignIn {
    /// The server's address.
    pub workspace_url: Option<String>,
    /// The user there.
    pub test_user: Option<String>,
    /// Where that user's password is.
    pub test_password: Option<SecretSource>,
}

/// Private desktops on this computer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalSettings {
    /// How many desktops may be open at once; the number of processors when missing.
    pub parallel: Option<usize>,
}

/// Virtual machines on this computer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QemuSettings {
    /// Where images lie, when not where they usually do.
    pub images: Option<PathBuf>,
    /// What runs the guest's instructions.
    pub accelerator: Accelerator,
    /// How running sessions are kept.
    pub session_layers: SessionLayers,
}

/// A Proxmox VE server or cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxmoxSettings {
    /// Its name or address. Whoever talks to no machine can do without.
    pub host: Option<String>,
    /// Its port.
    pub port: u16,
    /// Who mosdat is there: a user, or an API token `user@realm!name`.
    pub user: String,
    /// Whether that is a token.
    pub is_token: bool,
    /// Where the password, or the token's secret, is.
    pub secret: Option<SecretSource>,
    /// What vouches for the server.
    pub trust: ProxmoxTrust,
    /// How many calls may be under way at once.
    pub calls: usize,
    /// The resource pool that clones are put into, whose privileges then hold for them.
    pub pool: Option<String>,
}

/// What vouches for a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxmoxTrust {
    /// What the system trusts.
    System,
    /// A file with certificates.
    Ca(PathBuf),
    /// The SHA-256 of its certificate.
    Fingerprint(String),
}

/// What runs a guest's instructions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Accelerator {
    /// The processor where that works, else QEMU. Whether it works is tried, not looked up.
    #[default]
    Auto,
    /// The processor.
    Kvm,
    /// QEMU, which translates them.
    Tcg,
}

/// How running sessions are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SessionLayers {
    /// As templates where QEMU can, else as snapshots.
    #[default]
    Auto,
    /// As templates: a clone maps the memory of the template and copies what it writes to.
    Template,
    /// As snapshots within the disk, which are read whole each time.
    Snapshot,
}

/// A simulated cluster in virtual time.
#[derive(Clone, Debug, PartialEq)]
pub struct SimSettings {
    /// What durations and faults are drawn from: the same seed gives the same run.
    pub seed: u64,
    /// How long a step of each phase takes: least and most.
    pub durations: BTreeMap<Phase, (Duration, Duration)>,
    /// How often an exercise fails, from 0 to 1.
    pub fail_rate: f64,
    /// How often an attempt at an exercise fails for no reason, from 0 to 1.
    pub flake_rate: f64,
    /// How often a step is blocked for good, from 0 to 1.
    pub block_rate: f64,
    /// How often an attempt is hit by a fault that passes, from 0 to 1.
    pub transient_rate: f64,
    /// How often a driver panics, from 0 to 1.
    pub panic_rate: f64,
    /// How often a machine does not answer when looked at, from 0 to 1.
    pub unknown_rate: f64,
    /// Whether machines can be kept as layers.
    pub layers: bool,
    /// Whether running sessions can be kept.
    pub live_layers: bool,
}

impl Default for SimSettings {
    fn default() -> Self {
        let seconds = |least, most| (Duration::from_secs(least), Duration::from_secs(most));
        let durations = [
            (Phase::Build, seconds(30, 90)),
            (Phase::Restore, seconds(10, 30)),
            (Phase::AttachGpu, seconds(5, 10)),
            (Phase::Install, seconds(5, 40)),
            (Phase::Checkpoint, seconds(2, 5)),
            (Phase::Exercise, seconds(10, 120)),
        ];
        Self {
            seed: 0,
            durations: durations.into(),
            fail_rate: 0.0,
            flake_rate: 0.0,
            block_rate: 0.0,
            transient_rate: 0.0,
            panic_rate: 0.0,
            unknown_rate: 0.0,
            layers: true,
            live_layers: false,
        }
    }
}
