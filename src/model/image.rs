//! Guest images: disks that virtual machines on this computer start from.

use super::{ContentHash, Session};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A guest image, as it lies on this computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// What plan files call it.
    pub name: String,
    /// Stands for everything in it: an image made anew from another recipe, or from other packages,
    /// has another identity.
    pub identity: ContentHash,
    /// Its disk, a qcow2 file that nothing writes to.
    pub disk: PathBuf,
    /// How it starts.
    pub boot: Boot,
    /// The user whose desktop it shows, who may become root without a password.
    pub user: String,
    /// The private key that lets that user in; `None` leaves it to the user's SSH agent.
    pub key: Option<PathBuf>,
    /// The public key that the guest shows, as in `ssh-ed25519 AAAA..`, where it is known before the
    /// first connection. Otherwise the first one seen is remembered.
    pub host_key: Option<String>,
    /// The sessions it can show. One that starts from its own disk shows what it shows.
    pub sessions: Vec<Session>,
    /// Whether the QEMU guest agent runs in it.
    pub has_agent: bool,
}

/// How an image starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Boot {
    /// QEMU loads the kernel. The session to show is one of its arguments, `mosdat.session=x11`.
    Kernel {
        /// The kernel.
        kernel: PathBuf,
        /// The first file system.
        initrd: PathBuf,
        /// Arguments for the kernel, but for the session.
        arguments: String,
    },
    /// Its own boot loader does, from the disk, as on a PC with a BIOS.
    Disk,
}
