//! What the provider of machines of a cluster is made with.

use super::{api::Client, vm::TaskLimits};
use crate::{
    model::{Gpu, Machine, MachineName, Secret, SecretSource},
    port::{Clock, ScreenDialer, ShellDialer, TreeDialer},
};
use std::{collections::BTreeMap, fmt, path::PathBuf, sync::Arc, time::Duration};

/// What machines of a cluster are used with.
pub struct ProxmoxConfig {
    /// The server, or why there is none: a secret that is missing, in words for the user.
    pub client: Result<Arc<Client>, String>,
    /// Every machine of the plan, by name.
    pub machines: BTreeMap<MachineName, Machine>,
    /// Every GPU of the plan.
    pub gpus: Vec<Gpu>,
    /// The resource pool that clones are put into.
    pub pool: Option<String>,
    /// Where it is written down what has to be given back.
    pub work_dir: PathBuf,
    /// Who holds leases: `user@host`.
    pub holder: String,
    /// Logs in on machines.
    pub shells: Arc<dyn ShellDialer>,
    /// Connects to screens.
    pub screens: Arc<dyn ScreenDialer>,
    /// Connects to accessibility buses.
    pub trees: Arc<dyn TreeDialer>,
    /// Tells what time it is in guests that were kept.
    pub clock: Arc<dyn Clock>,
    /// Reads secrets.
    pub secrets: Arc<Secrets>,
    /// How long things may take.
    pub limits: Limits,
}

impl fmt::Debug for ProxmoxConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxmoxConfig")
            .field("client", &self.client)
            .field("work_dir", &self.work_dir)
            .field("holder", &self.holder)
            .finish_non_exhaustive()
    }
}

/// Looks a secret up, or says what is missing.
pub(super) type Secrets = dyn Fn(&SecretSource) -> Result<Secret, String> + Send + Sync;

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Tasks of the cluster.
    pub tasks: TaskLimits,
    /// A machine that somebody else has, until it is given up.
    pub turn: Duration,
    /// How long a lease holds that nobody renews.
    pub lease: Duration,
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
            tasks: TaskLimits::default(),
            turn: Duration::from_mins(30),
            lease: Duration::from_mins(10),
            boot: Duration::from_mins(5),
            resume: Duration::from_mins(3),
            alive: Duration::from_secs(45),
            rest: Duration::from_secs(20),
            install: Duration::from_mins(10),
        }
    }
}
