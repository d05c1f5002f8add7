//! A folder of scenarios, as `config` asks for them. The built-in smoke checks are among them.

use super::{Given, SmokeCheck, load_given};
use crate::model::{
    Diagnostic, Files, Platform, Scenario, ScenarioName, Scenarios, Severity, did_you_mean,
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A folder of scenarios.
pub struct ScenarioFolder {
    dir: PathBuf,
    files: Arc<dyn Files + Send + Sync>,
    given: Given,
}

impl ScenarioFolder {
    /// Takes the scenarios in `dir`, which need not be there.
    pub fn new(dir: PathBuf, files: Arc<dyn Files + Send + Sync>) -> Self {
        Self {
            dir,
            files,
            given: Given::default(),
        }
    }

    /// Takes what is said of scenarios from outside.
    #[must_use]
    pub fn given(self, given: Given) -> Self {
        Self { given, ..self }
    }

    /// Returns the names of the scenarios that have a file.
    fn written(&self) -> Vec<ScenarioName> {
        let files = self.files.list(&self.dir);
        files
            .iter()
            .filter_map(|file| name_of(&self.dir, file))
            .collect()
    }

    fn describe_smoke(&self, name: &ScenarioName, check: SmokeCheck) -> Described {
        if self.written().contains(name) {
            let hint = "give the file another name";
            let message = format!("`{name}.yaml` has the name of a built-in smoke check");
            return Err(vec![placeless(message, Some(hint.into()))]);
        }
        Ok(Scenario {
            name: name.clone(),
            document: name.clone(),
            files: [(name.to_string(), check.rules())].into(),
            variables: BTreeMap::new(),
            needs_session: check.needs_session(),
        })
    }
}

type Described = Result<Scenario, Vec<Diagnostic>>;

impl Scenarios for ScenarioFolder {
    fn names(&self) -> Vec<ScenarioName> {
        let smoke = SmokeCheck::ALL.map(|check| check.name().into());
        let mut names: Vec<ScenarioName> = smoke.into_iter().chain(self.written()).collect();
        names.sort();
        names.dedup();
        names
    }

    fn describe(&self, name: &ScenarioName, platform: Platform) -> Described {
        if let Some(check) = SmokeCheck::of_name(name) {
            return self.describe_smoke(name, check);
        }
        let known = self.names();
        if !known.contains(name) {
            let near = did_you_mean(name.as_str(), known.iter().map(ScenarioName::as_str));
            let hint = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "it would be `{}`",
                    self.dir.join(format!("{name}.yaml")).display()
                ),
            };
            return Err(vec![placeless(
                format!("there is no scenario `{name}`"),
                Some(hint),
            )]);
        }
        let given = Given {
            platform,
            ..self.given.clone()
        };
        let script = load_given(name, &self.dir, &*self.files, &given)?;
        Ok(Scenario {
            document: script.name.clone(),
            name: script.name,
            files: script.files,
            variables: script.given,
            needs_session: script.needs_session,
        })
    }
}

/// Folders whose documents are used by scenarios, and are none.
const PARTS: [&str; 4] = ["routines", "imports", "fixtures", "recipes"];

/// Returns the name of the scenario that `file` holds, when it holds one.
fn name_of(dir: &Path, file: &Path) -> Option<ScenarioName> {
    let path = file.strip_prefix(dir).ok()?.to_str()?;
    let name = path.strip_suffix(".yaml")?;
    let is_hidden = name
        .split('/')
        .any(|part| part.starts_with('.') || part.is_empty());
    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    let is_part = folder.split('/').any(|part| PARTS.contains(&part));
    (!is_hidden && !is_part).then(|| name.into())
}

fn placeless(message: String, hint: Option<String>) -> Diagnostic {
    Diagnostic {
        place: None,
        severity: Severity::Error,
        message,
        hint,
    }
}
