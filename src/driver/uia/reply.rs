//! What a worker replies, and whether it could see anything.

use crate::port::TreeError;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use std::collections::BTreeMap;

/// A reply of a worker that could see the desktop.
#[derive(Debug)]
pub(super) struct Reply {
    results: BTreeMap<String, Value>,
    /// Whether it is told places in the screen's own pixels.
    pub(super) knows_pixels: bool,
}

/// Why a worker did not do something.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Refusal {
    /// A word: `gone`, `greyed`, `not_found`, `refused`, ..
    #[serde(default)]
    pub(super) kind: String,
    /// In words.
    #[serde(default)]
    pub(super) error: String,
}

#[derive(Deserialize)]
struct Told {
    nonce: Option<String>,
    sight: Option<Sight>,
    #[serde(default)]
    results: BTreeMap<String, Value>,
    #[serde(default)]
    errors: Vec<String>,
}

/// What proves that a worker can see the desktop. Whatever is missing proves nothing.
#[derive(Deserialize)]
struct Sight {
    session: u32,
    interactive: bool,
    locked: bool,
    windows: usize,
    aware: bool,
}

impl Reply {
    /// Reads the answer to the question `nonce`. An answer to another one, of a worker that is blind,
    /// or that cannot be read, is an error.
    pub(super) fn read(text: &str, nonce: &str) -> Result<Self, TreeError> {
        let unreadable = |why: String| TreeError::Protocol(format!("the worker's reply: {why}"));
        let told: Told = serde_json::from_str(text).map_err(|err| unreadable(err.to_string()))?;
        if told.nonce.as_deref() != Some(nonce) {
            return Err(unreadable("it answers another question".into()));
        }
        let Some(sight) = told.sight else {
            let said = told.errors.join("; ");
            return Err(TreeError::Blind(format!(
                "the worker tells nothing of it: {said}"
            )));
        };
        sight.check()?;
        Ok(Self {
            results: told.results,
            knows_pixels: sight.aware,
        })
    }

    /// Returns what came of an operation, or why it was not done.
    pub(super) fn result<T: DeserializeOwned>(
        &self,
        id: &str,
    ) -> Result<Result<T, Refusal>, TreeError> {
        let unreadable =
            |why: &str| TreeError::Protocol(format!("the worker's result `{id}`: {why}"));
        let value = self
            .results
            .get(id)
            .ok_or_else(|| unreadable("it is missing"))?;
        let failed = |err: serde_json::Error| unreadable(&err.to_string());
        match value.get("ok").and_then(Value::as_bool) {
            Some(true) => T::deserialize(value).map(Ok).map_err(failed),
            Some(false) => Refusal::deserialize(value).map(Err).map_err(failed),
            None => Err(unreadable("it does not say whether it is ok")),
        }
    }
}

impl Sight {
    /// Errs unless there was something to see.
    fn check(&self) -> Result<(), TreeError> {
        let why = if self.session == 0 {
            "the worker runs in session 0, where there is no desktop"
        } else if !self.interactive {
            "the worker runs where nobody can be shown anything"
        } else if self.locked {
            "the screen is locked"
        } else if self.windows == 0 {
            "the worker sees no window at all, not even the desktop's own"
        } else {
            return Ok(());
        };
        Err(TreeError::Blind(why.into()))
    }
}
