//! One machine of a cluster: what is asked of it and done to it, on whatever node it is.

mod agent;
mod cloning;
mod configuration;
mod files;
mod power;
mod snapshots;

pub use agent::Ran;
pub use cloning::Cloning;
pub use configuration::Config;
pub use power::Power;
pub use snapshots::Snapshot;

use super::{
    api::{ApiError, Call, Client, Ending, Errand, Method, Reason, segment},
    census::Register,
};
use serde::de::DeserializeOwned;
use std::{
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

    /// Returns another machine on the same node.
    pub(super) fn sibling(&self, vmid: u32) -> Self {
        let (client, register) = (Arc::clone(&self.client), Arc::clone(&self.register));
        Self::new(client, register, vmid, self.node(), self.limits)
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
