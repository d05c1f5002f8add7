//! One machine of a cluster: what is asked of it and done to it, on whatever node it is.

use super::{
    api::{ApiError, Call, Client, Ending, Errand, Method, Reason, segment},
    census::Register,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// How long tasks may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskLimits {
    /// A start, without passed-through devices; four times as long with one.
    pub start: Duration,
    /// Being stopped.
    pub stop: Duration,
    /// Shutting down by itself, before it is stopped.
    pub shutdown: Duration,
    /// Making, returning to or removing a snapshot; a clone.
    pub snapshot: Duration,
}

impl Default for TaskLimits {
    fn default() -> Self {
        Self {
            start: Duration::from_mins(2),
            stop: Duration::from_mins(1),
            shutdown: Duration::from_mins(2),
            snapshot: Duration::from_mins(10),
        }
    }
}

/// One machine of a cluster.
#[derive(Clone)]
pub struct Vm {
    pub(super) client: Arc<Client>,
    pub(super) register: Arc<Register>,
    /// Its number.
    pub vmid: u32,
    node: Arc<Mutex<String>>,
    limits: TaskLimits,
}

impl fmt::Debug for Vm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vm({} on {})", self.vmid, self.node())
    }
}

/// A machine's configuration, as it will be with its next start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Its keys and values.
    pub values: BTreeMap<String, String>,
    /// What a change has to bring along, so that nobody else's is lost.
    pub digest: String,
}

impl Config {
    /// Returns the text for people.
    pub fn description(&self) -> &str {
        self.get("description").unwrap_or_default()
    }

    /// Returns a value.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }
}

/// A snapshot of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// What it is called.
    pub name: String,
    /// When it was made, in seconds since the Unix epoch.
    pub time: u64,
    /// Whether the memory is kept too.
    pub has_ram: bool,
    /// Whether it was broken off while it was made.
    pub is_incomplete: bool,
}

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
    /// Takes a machine by its number and the node that it was last on.
    pub fn of(client: Arc<Client>, vmid: u32, node: &str, limits: TaskLimits) -> Self {
        Self::new(client, Arc::default(), vmid, node.into(), limits)
    }

    pub(super) fn new(
        client: Arc<Client>,
        register: Arc<Register>,
        vmid: u32,
        node: String,
        limits: TaskLimits,
    ) -> Self {
        Self {
            client,
            register,
            vmid,
            node: Arc::new(Mutex::new(node)),
            limits,
        }
    }

    /// Returns the node it was on when it was last asked.
    pub fn node(&self) -> String {
        self.node
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Makes a call below the machine's path. `method`, path and parameters come from `make`, which is
    /// given the node; when the machine has moved to another, the call is made again there.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        make: impl Fn(String) -> Call,
    ) -> Result<T, ApiError> {
        let here = self.node();
        let err = match self.client.ask(&make(self.path(&here))).await {
            Ok(answer) => return Ok(answer),
            Err(err) => err,
        };
        match self.moved(&here, &err).await {
            Some(there) => self.client.ask(&make(self.path(&there))).await,
            None => Err(err),
        }
    }

    /// Has a task done, on whatever node the machine is.
    async fn run(
        &self,
        kind: &'static str,
        limit: Duration,
        make: impl Fn(String) -> Call,
    ) -> Result<Ending, ApiError> {
        let errand = |node: String| Errand {
            call: make(self.path(&node)),
            node,
            vmid: self.vmid,
            kind,
            limit,
        };
        let here = self.node();
        let err = match self.client.run(&errand(here.clone())).await {
            Ok(ending) => return Ok(ending),
            Err(err) => err,
        };
        match self.moved(&here, &err).await {
            Some(there) => self.client.run(&errand(there)).await,
            None => Err(err),
        }
    }

    fn path(&self, node: &str) -> String {
        format!("/nodes/{}/qemu/{}", segment(node), self.vmid)
    }

    /// Returns the node that the machine has moved to, when that is why it was not found.
    async fn moved(&self, from: &str, err: &ApiError) -> Option<String> {
        let is_elsewhere = err.reason() == Reason::NoMachine
            || err.status() == Some(595)
            || matches!(err, ApiError::Refused { message, .. } if message.contains("hostname lookup"));
        if !is_elsewhere {
            return None;
        }
        let census = self.register.census(&self.client, Duration::ZERO).await;
        let there = census.ok()?.vms.get(&self.vmid)?.node.clone();
        if there == from {
            return None;
        }
        tracing::debug!(vmid = self.vmid, from, to = there, "a machine has moved");
        let mut node = self.node.lock().unwrap_or_else(PoisonError::into_inner);
        node.clone_from(&there);
        Some(there)
    }

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

    /// Lists its snapshots.
    pub async fn snapshots(&self) -> Result<Vec<Snapshot>, ApiError> {
        #[derive(Deserialize)]
        struct Told {
            name: String,
            #[serde(default)]
            snaptime: Option<u64>,
            #[serde(default)]
            vmstate: Option<u8>,
            #[serde(default)]
            snapstate: Option<String>,
        }
        let told: Vec<Told> = self
            .call(|path| Call::get(format!("{path}/snapshot")))
            .await?;
        // The last of the list is the machine itself.
        let real = told.into_iter().filter(|one| one.name != "current");
        let snapshots = real.map(|one| Snapshot {
            name: one.name,
            time: one.snaptime.unwrap_or(0),
            has_ram: one.vmstate == Some(1),
            is_incomplete: one.snapstate.is_some(),
        });
        Ok(snapshots.collect())
    }

    /// Makes a snapshot, with the memory or without. Without it the guest's file systems are
    /// brought to rest first, where its agent answers.
    pub async fn snapshot(&self, name: &str, ram: bool, why: &str) -> Result<(), ApiError> {
        let made = self.run("qmsnapshot", self.limits.snapshot, |path| {
            Call::post(format!("{path}/snapshot"))
                .with("snapname", name)
                .with("vmstate", u8::from(ram))
                .with("description", why)
        });
        made.await.map(drop)
    }

    /// Returns to a snapshot. Afterwards it runs when its memory was kept, and is stopped otherwise.
    pub async fn roll_back(&self, name: &str) -> Result<(), ApiError> {
        // Starting it is left to a task of its own, which can be awaited.
        let done = self.run("qmrollback", self.limits.snapshot, |path| {
            Call::post(format!("{path}/snapshot/{}/rollback", segment(name)))
        });
        done.await.map(drop)
    }

    /// Removes a snapshot. One that is gone is no error.
    pub async fn remove_snapshot(&self, name: &str) -> Result<(), ApiError> {
        let removed = self.run("qmdelsnapshot", self.limits.snapshot, |path| {
            Call::delete(format!("{path}/snapshot/{}", segment(name)))
        });
        match removed.await {
            Err(err) if err.reason() == Reason::NoSnapshot => Ok(()),
            done => done.map(drop),
        }
    }

    /// Returns its configuration, as it will be with its next start.
    pub async fn config(&self) -> Result<Config, ApiError> {
        self.read_config(|path| Call::get(format!("{path}/config")))
            .await
    }

    /// Returns the configuration that a snapshot brings back.
    pub async fn config_of(&self, snapshot: &str) -> Result<Config, ApiError> {
        self.read_config(|path| Call::get(format!("{path}/config")).with("snapshot", snapshot))
            .await
    }

    async fn read_config(&self, make: impl Fn(String) -> Call) -> Result<Config, ApiError> {
        let told: BTreeMap<String, Value> = self.call(make).await?;
        let mut values: BTreeMap<String, String> = told
            .into_iter()
            .map(|(key, value)| {
                let text = value.as_str().map(str::to_owned);
                (key, text.unwrap_or_else(|| value.to_string()))
            })
            .collect();
        let digest = values.remove("digest").unwrap_or_default();
        Ok(Config { values, digest })
    }

    /// Changes its configuration from `seen`: sets values, removes those that are `None`. When
    /// somebody else changed it meanwhile, nothing is changed and the reason is
    /// [`Reason::Changed`].
    pub async fn change(
        &self,
        seen: &Config,
        changes: &BTreeMap<&str, Option<String>>,
    ) -> Result<(), ApiError> {
        let removed = changes.iter().filter(|(_, value)| value.is_none());
        let removed: Vec<&str> = removed.map(|(key, _)| *key).collect();
        let change = |path: String| {
            let mut call = Call::put(format!("{path}/config")).with("digest", &seen.digest);
            for (key, value) in changes {
                if let Some(value) = value {
                    call = call.with(*key, value);
                }
            }
            if !removed.is_empty() {
                call = call.with("delete", removed.join(","));
            }
            call
        };
        let Err(err) = self.call::<Value>(change).await else {
            return Ok(());
        };
        if !err.is_unknown() {
            return Err(err);
        }
        // Nobody knows whether it was done, so it is looked at.
        let now = self.config().await?;
        let is_done = changes
            .iter()
            .all(|(key, value)| now.get(key) == value.as_deref());
        if is_done {
            return Ok(());
        }
        if now.digest == seen.digest {
            return self.call::<Value>(change).await.map(drop);
        }
        Err(err)
    }

    /// Makes a call of its guest agent.
    pub(super) async fn agent<T: DeserializeOwned>(
        &self,
        method: Method,
        command: &str,
        params: &[(&str, String)],
    ) -> Result<T, ApiError> {
        self.call(|path| {
            let path = format!("{path}/agent/{command}");
            let call = match method {
                Method::Get => Call::get(path),
                Method::Post | Method::Put | Method::Delete => Call::post(path),
            };
            let call = params
                .iter()
                .fold(call, |call, (name, value)| call.with(*name, value));
            // Whether it is worth asking again depends on what is asked.
            call.within(Duration::from_secs(10))
        })
        .await
    }
}
