//! What is said of scenarios from outside: on the command line, in the plan file, by the environment.

use super::variables::{is_mentioned, is_password};
use crate::model::{ContentHash, Platform};
use std::collections::{BTreeMap, BTreeSet};

/// What is said of scenarios from outside. Passwords are no part of it, unless somebody typed one.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Values of variables, which win over the scenario's own.
    pub vars: BTreeMap<String, String>,
    /// Values where the scenario has no variable of that name. They are filled in when a step is
    /// carried out.
    pub usual: BTreeMap<String, String>,
    /// What the machine runs: its routines are used before those for every machine.
    pub platform: Platform,
}

impl Given {
    /// Returns the values that a scenario of these documents may use, which has `own` variables.
    pub(super) fn mentioned(
        &self,
        documents: &[String],
        own: &BTreeMap<String, String>,
    ) -> BTreeMap<String, ContentHash> {
        let usual = self
            .usual
            .iter()
            .filter(|(name, _)| !own.contains_key(*name));
        let all: BTreeMap<&String, &String> = usual.chain(&self.vars).collect();
        let mut texts: Vec<&str> = documents.iter().map(String::as_str).collect();
        let mut used: BTreeSet<&String> = BTreeSet::new();
        // A value may itself speak of a variable.
        while let Some(text) = texts.pop() {
            for (name, value) in &all {
                if is_mentioned(name, text) && used.insert(*name) {
                    texts.push(value.as_str());
                }
            }
        }
        let used = used.into_iter().filter(|name| !is_password(name));
        used.map(|name| (name.clone(), ContentHash::of(all[name].as_bytes())))
            .collect()
    }
}
