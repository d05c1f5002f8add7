//! What the provider of virtual machines is made with.

use super::Devices;
use crate::{
    model::{Accelerator, SessionLayers},
    port::{Clock, Images, ScreenDialer, ShellDialer, TreeDialer},
};
use std::{path::PathBuf, sync::Arc, time::Duration};

/// What virtual machines are made with.
#[derive(Clone, Debug)]
pub struct QemuConfig {
    /// Where the folders of open machines lie, on the same file system as the layers.
    pub work_dir: PathBuf,
    /// Where layers are kept.
    pub layers_dir: PathBuf,
    /// The user's folder for what lives as long as the login, when there is one.
    pub runtime_dir: Option<PathBuf>,
    /// Where programs are looked for: `PATH`.
    pub path_var: String,
    /// What runs the guests' instructions.
    pub accelerator: Accelerator,
    /// How open sessions are kept.
    pub session_layers: SessionLayers,
    /// Knows the images.
    pub images: Arc<dyn Images>,
    /// Logs in on machines.
    pub shells: Arc<dyn ShellDialer>,
    /// Connects to screens.
    pub screens: Arc<dyn ScreenDialer>,
    /// Connects to accessibility buses.
    pub trees: Arc<dyn TreeDialer>,
    /// Tells what time it is in guests that were kept.
    pub clock: Arc<dyn Clock>,
    /// Where this computer tells of devices that can be passed through.
    pub devices: Devices,
    /// How long things may take.
    pub limits: Limits,
}

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// QEMU, until it runs.
    pub start: Duration,
    /// A guest that boots, until its session is open.
    pub boot: Duration,
    /// A kept session, until it can be used.
    pub resume: Duration,
    /// A screen, until it has followed the pointer.
    pub alive: Duration,
    /// A desktop that is to be kept, until it is kept as it is.
    pub rest: Duration,
    /// Installing a package.
    pub install: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            start: Duration::from_mins(1),
            boot: Duration::from_mins(5),
            resume: Duration::from_mins(3),
            alive: Duration::from_secs(45),
            rest: Duration::from_secs(20),
            install: Duration::from_mins(10),
        }
    }
}
