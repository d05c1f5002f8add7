//! A plan in a file, bound to the facts that it read.
//!
//! The file holds what was asked for and what was read, not what to do: applying it makes the plan
//! anew, and refuses when it would not be the same plan.

use super::{arguments::SelectArguments, error::CliError, face};
use crate::{model::Fact, scenario::is_password};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// A plan in a file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SavedPlan {
    /// Says what kind of file it is, and counts incompatible changes.
    mosdat_plan: u32,
    /// The plan file it was made from.
    pub(super) file: PathBuf,
    target: Vec<String>,
    exclude: Vec<String>,
    replace: Vec<String>,
    failed: bool,
    partition: Option<String>,
    no_refresh: bool,
    /// Variables of scenarios, but for passwords.
    #[serde(default)]
    pub(super) var: BTreeMap<String, String>,
    /// What it rests on.
    pub(super) facts: Vec<Fact>,
}

const FORMAT: u32 = 1;

impl SavedPlan {
    pub(super) fn new(
        file: &Path,
        select: &SelectArguments,
        mut var: BTreeMap<String, String>,
        facts: Vec<Fact>,
    ) -> Self {
        var.retain(|name, _| !is_password(name));
        Self {
            mosdat_plan: FORMAT,
            file: file.into(),
            target: select.target.clone(),
            exclude: select.exclude.clone(),
            replace: select.replace.clone(),
            failed: select.failed,
            partition: select.partition.clone(),
            no_refresh: select.no_refresh,
            var,
            facts,
        }
    }

    /// What was asked for when it was made.
    pub(super) fn select(&self) -> SelectArguments {
        SelectArguments {
            target: self.target.clone(),
            exclude: self.exclude.clone(),
            replace: self.replace.clone(),
            failed: self.failed,
            partition: self.partition.clone(),
            no_refresh: self.no_refresh,
        }
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), CliError> {
        let text = serde_json::to_string_pretty(self).expect("a saved plan is plain data");
        face::write_file(path, text.as_bytes())
    }

    /// Reads a saved plan; `None` when the file is something else, such as a plan file.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, CliError> {
        use crate::model::Files as _;
        let Ok(bytes) = crate::driver::disk::DiskFiles.read(path) else {
            return Ok(None);
        };
        if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
            return Ok(None);
        }
        let refuse = |why: String| CliError::Document {
            path: path.into(),
            why,
        };
        let saved: Self = serde_json::from_slice(&bytes).map_err(|err| refuse(err.to_string()))?;
        if saved.mosdat_plan != FORMAT {
            let why = format!("it has format {}, not {FORMAT}", saved.mosdat_plan);
            return Err(refuse(why));
        }
        Ok(Some(saved))
    }
}
