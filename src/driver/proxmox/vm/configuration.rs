//! The configuration of a machine, changed only as it was seen.

use super::Vm;
use crate::driver::proxmox::api::{ApiError, Call, Reason};
use serde_json::Value;
use std::collections::BTreeMap;

/// How often a change that others were ahead of is tried.
const TRIES: usize = 10;

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

    /// Whether one of its tags is `tag`.
    pub fn has_tag(&self, tag: &str) -> bool {
        let tags = self.get("tags").unwrap_or_default();
        tags.split([';', ',', ' ']).any(|one| one == tag)
    }

    /// Returns a value.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }
}

impl Vm {
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

    /// Changes what `make` wants to be changed in its configuration, again when somebody else was
    /// faster.
    pub async fn rework(
        &self,
        make: impl Fn(&Config) -> BTreeMap<&'static str, Option<String>>,
    ) -> Result<(), ApiError> {
        let mut tries = 0;
        loop {
            let seen = self.config().await?;
            let changes = make(&seen);
            if changes.is_empty() {
                return Ok(());
            }
            tries += 1;
            match self.change(&seen, &changes).await {
                Err(err) if err.reason() == Reason::Changed && tries < TRIES => {}
                done => return done,
            }
        }
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
}
