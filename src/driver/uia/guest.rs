//! A machine with Windows on which somebody is logged in at the screen.
//!
//! Its widgets can be asked for; its screen is its provider's. Programs are neither installed nor
//! started in it so far: who asks for that is told so.

use super::{tree::UiaTree, worker::UiaLimits};
use crate::{
    model::MachineName,
    port::{AccessibilityTree, ProviderError, Shell, TreeError},
};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, sleep};

/// How long after a failure a session is looked for again.
const PACE: Duration = Duration::from_secs(1);

/// What it takes to use a machine with Windows.
#[derive(Clone, Debug)]
pub struct WindowsConfig {
    /// The machine, for messages.
    pub machine: MachineName,
    /// A login as the user whose session it is.
    pub shell: Arc<dyn Shell>,
    /// What tells this use of the machine from others: lower-case letters and digits.
    pub token: String,
    /// How long it may take until the session is open.
    pub session: Duration,
    /// How long questions about widgets may take.
    pub limits: UiaLimits,
}

/// A machine with Windows on which somebody is logged in at the screen.
#[derive(Debug)]
pub struct WindowsGuest {
    config: WindowsConfig,
    tree: Arc<UiaTree>,
}

impl WindowsGuest {
    /// Waits until somebody is logged in at the screen, and what shows there can be seen.
    pub async fn log_in(config: WindowsConfig) -> Result<Self, ProviderError> {
        let deadline = Instant::now() + config.session;
        loop {
            let shell = Arc::clone(&config.shell);
            let err = match UiaTree::open(shell, &config.token, config.limits).await {
                Ok(tree) => {
                    let tree = Arc::new(tree);
                    return Ok(Self { config, tree });
                }
                Err(err) => err,
            };
            let is_lost = config.shell.lost().is_some() || matches!(err, TreeError::Lost(_));
            if is_lost || !err.is_transient() || Instant::now() + PACE >= deadline {
                return Err(ProviderError::Start {
                    machine: config.machine,
                    what: "the session".into(),
                    why: err.to_string(),
                });
            }
            sleep(PACE).await;
        }
    }

    /// Returns the accessibility tree.
    pub fn tree(&self) -> Result<Arc<dyn AccessibilityTree>, ProviderError> {
        match self.config.shell.lost() {
            Some(why) => Err(ProviderError::Lost {
                machine: self.config.machine.clone(),
                why,
            }),
            None => Ok(Arc::clone(&self.tree) as Arc<dyn AccessibilityTree>),
        }
    }

    /// Says that the machine cannot `what` so far.
    pub fn unable(&self, what: &str) -> ProviderError {
        ProviderError::Unable {
            machine: self.config.machine.clone(),
            what: format!(
                "{what}: its system is Windows, of which only the screen and widgets are used so far"
            ),
        }
    }

    /// Ends the worker and the login. What cannot be ended is left to whoever resets the machine.
    pub async fn close(&self) {
        if let Err(error) = self.tree.close().await {
            tracing::debug!(%error, machine = %self.config.machine, "a worker was left");
        }
        self.config.shell.close().await;
    }
}
