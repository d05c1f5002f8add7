//! Which document a scenario is on which machine: what lies in a folder that is called after an
//! operating system, or after a machine, is for these. Reads no document.

use crate::model::{Machine, MachineName, Platform, ScenarioName};
use std::collections::{BTreeMap, BTreeSet};

/// The names of scenarios: those of their documents, and those that stand for another document on
/// each machine.
pub(super) struct Names {
    /// All of them, sorted.
    pub(super) all: Vec<ScenarioName>,
    documents: BTreeSet<ScenarioName>,
    /// The documents that a name may stand for besides its own.
    others: BTreeMap<ScenarioName, Vec<ScenarioName>>,
}

impl Names {
    pub(super) fn new<'m>(
        documents: Vec<ScenarioName>,
        machines: impl Iterator<Item = &'m MachineName>,
    ) -> Self {
        let platforms = Platform::ALL.iter().map(|(word, _)| *word);
        let folders: BTreeSet<&str> = platforms.chain(machines.map(MachineName::as_str)).collect();
        let mut others: BTreeMap<ScenarioName, Vec<ScenarioName>> = BTreeMap::new();
        for document in &documents {
            if let Some((folder, name)) = document.as_str().split_once('/')
                && folders.contains(folder)
                && !name.contains('/')
            {
                let name = ScenarioName::from(name);
                others.entry(name).or_default().push(document.clone());
            }
        }
        let all: BTreeSet<ScenarioName> = documents.iter().chain(others.keys()).cloned().collect();
        Self {
            all: all.into_iter().collect(),
            documents: documents.into_iter().collect(),
            others,
        }
    }

    /// Returns the documents that `name` stands for, when it has none of its own.
    pub(super) fn stands_for(&self, name: &str) -> Option<&[ScenarioName]> {
        let name = ScenarioName::from(name);
        let others = self.others.get(&name)?;
        (!self.documents.contains(&name)).then_some(others)
    }

    /// Returns the document that is carried out on `machine`, or why there is none.
    pub(super) fn document(
        &self,
        name: &ScenarioName,
        machine: &Machine,
    ) -> Result<ScenarioName, String> {
        let runs = machine.platform;
        if let Some((folder, _)) = name.as_str().split_once('/') {
            let platforms = Platform::ALL.into_iter();
            let bound = match folder {
                "smoke" => Some(Platform::Linux),
                _ => platforms
                    .filter(|(word, _)| *word == folder)
                    .map(|(_, platform)| platform)
                    .next(),
            };
            return match bound.filter(|platform| *platform != runs) {
                None => Ok(name.clone()),
                Some(wanted) => Err(format!("is for {wanted}; `{}` runs {runs}", machine.name)),
            };
        }
        if !self.others.contains_key(name) {
            return Ok(name.clone());
        }
        let folders = [machine.name.as_str(), runs.as_str()];
        let own = folders.map(|folder| ScenarioName::new(format!("{folder}/{name}")));
        let mut candidates = own.into_iter().chain([name.clone()]);
        candidates
            .find(|candidate| self.documents.contains(candidate))
            .ok_or_else(|| format!("there is no `{name}` for {runs}"))
    }
}
