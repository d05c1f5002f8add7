//! What a machine is made of, and what it starts from.

use crate::model::{Boot, Network, Session};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// How much memory QEMU may use for instructions that it has translated, in MiB. The default is a
/// gigabyte, which many machines at once cannot have.
pub(super) const TRANSLATED: u32 = 256;

/// A machine: what it is made of and how it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// What it is called in lists of processes.
    pub name: String,
    /// What runs its instructions.
    pub engine: Engine,
    /// How many processors it has.
    pub cpus: u32,
    /// How much memory it has, in MiB.
    pub memory: u32,
    /// Where its memory lies.
    pub ram: Ram,
    /// The session it is to show, which decides over its graphics card.
    pub session: Session,
    /// Width and height of its screen.
    pub geometry: (u32, u32),
    /// What it can reach.
    pub network: Network,
    /// Its disk, a qcow2 file that it writes to.
    pub disk: PathBuf,
    /// Where its first instructions come from.
    pub boot: Boot,
    /// Whether the guest agent has a port to be reached at.
    pub has_agent_port: bool,
    /// Further devices, in QEMU's own words.
    pub devices: Vec<String>,
    /// What it starts from.
    pub start: Start,
}

/// What runs a machine's instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// The processor of this computer.
    Kvm,
    /// The processor of this computer, without the bits that tell of its faults: some computers
    /// that are virtual themselves cannot show those to a guest.
    KvmReduced,
    /// QEMU, which translates them.
    Tcg,
}

impl Engine {
    /// Returns how many times as long as elsewhere things may take in a guest. Translated programs
    /// take five to ten times as long; what they wait for does not.
    pub fn slowness(self) -> u32 {
        match self {
            Self::Kvm | Self::KvmReduced => 1,
            Self::Tcg => 4,
        }
    }

    /// Returns the word for plans, logs and hashes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::KvmReduced => "kvm-reduced",
            Self::Tcg => "tcg",
        }
    }

    /// Returns how many processors a machine with `cpus` of its own counts for: one that translates
    /// seldom waits, and suffers most from what runs beside it.
    pub fn processors(self, cpus: u32) -> u32 {
        match self {
            Self::Kvm | Self::KvmReduced => cpus,
            Self::Tcg => cpus.saturating_mul(2),
        }
    }

    /// Returns the most memory that a process with a machine of `memory` MiB may come to use, in
    /// MiB: the guest's, the screen's, QEMU's own, and translated instructions.
    pub fn footprint(self, memory: u32) -> u64 {
        let own = match self {
            Self::Kvm | Self::KvmReduced => 128,
            Self::Tcg => 128 + TRANSLATED,
        };
        u64::from(memory) + u64::from(own)
    }
}

/// Where a machine's memory lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ram {
    /// In no file.
    Anonymous,
    /// In this file, which changes as the memory does: the machine can become a template.
    File(PathBuf),
    /// In this file at first, which stays as it is; what is written to is copied.
    CopyOnWrite(PathBuf),
}

/// What a machine starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// It boots.
    Boot,
    /// The snapshot within its disk that has this name.
    Snapshot(String),
    /// The state in this file, and the memory as it lies in its own.
    State(PathBuf),
}
