//! Power: whether a machine runs, and what makes it run or stop.

use super::Vm;
use crate::driver::proxmox::api::{ApiError, Call, Reason};
use serde::Deserialize;

/// What a machine does just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Power {
    /// Whether it runs.
    pub is_running: bool,
    /// What QEMU says about it: `running`, `paused`, `internal-error`.
    pub state: String,
    /// What has locked it.
    pub lock: Option<String>,
}

impl Vm {
    /// Returns what it does just now.
    pub async fn power(&self) -> Result<Power, ApiError> {
        #[derive(Deserialize)]
        struct Told {
            status: String,
            #[serde(default)]
            qmpstatus: Option<String>,
            #[serde(default)]
            lock: Option<String>,
        }
        let told: Told = self
            .call(|path| Call::get(format!("{path}/status/current")))
            .await?;
        Ok(Power {
            is_running: told.status == "running",
            state: told.qmpstatus.unwrap_or(told.status),
            lock: told.lock,
        })
    }

    /// Starts it, unless it runs already.
    pub async fn start(&self) -> Result<(), ApiError> {
        let config = self.config().await?;
        let has_device = config.values.keys().any(|key| key.starts_with("hostpci"));
        let limit = self.limits.start * if has_device { 4 } else { 1 };
        let started = self.run("qmstart", limit, |path| {
            Call::post(format!("{path}/status/start"))
        });
        match started.await {
            Err(err) if err.reason() == Reason::Running => Ok(()),
            done => done.map(drop),
        }
    }

    /// Stops it at once, as if it lost its power.
    pub async fn stop(&self) -> Result<(), ApiError> {
        let stopped = self.run("qmstop", self.limits.stop, |path| {
            Call::post(format!("{path}/status/stop"))
        });
        match stopped.await {
            Err(err) if err.reason() == Reason::NotRunning => Ok(()),
            done => done.map(drop),
        }
    }

    /// Has it shut down, and stops it when it does not.
    pub async fn shut_down(&self) -> Result<(), ApiError> {
        let patience = self.limits.shutdown.as_secs();
        let limit = self.limits.shutdown + self.limits.stop;
        let ended = self.run("qmshutdown", limit, |path| {
            Call::post(format!("{path}/status/shutdown"))
                .with("timeout", patience)
                .with("forceStop", 1)
        });
        match ended.await {
            Ok(_) => Ok(()),
            Err(err) if err.reason() == Reason::NotRunning => Ok(()),
            Err(ApiError::Task { .. }) => self.stop().await,
            Err(err) => Err(err),
        }
    }
}
