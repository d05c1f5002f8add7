//! What was found out about this computer, as it is kept in a file.

#![expect(
    clippy::disallowed_methods,
    reason = "losing the file costs time, nothing else"
)]

use super::Choice;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::Path,
};

/// What was found out, as it is kept.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Known {
    /// The start of the computer that it holds for.
    pub(super) boot: String,
    pub(super) choices: BTreeMap<String, Choice>,
}

impl Known {
    /// Reads it; what holds no longer, or cannot be read, is as if it were not there.
    pub(super) fn read(file: &Path, boot: &str) -> Self {
        let bytes = fs::read(file).unwrap_or_default();
        let known = serde_json::from_slice::<Self>(&bytes).unwrap_or_default();
        if known.boot == boot {
            return known;
        }
        Self {
            boot: boot.into(),
            choices: BTreeMap::new(),
        }
    }

    /// Writes it as a whole. Of two who write at once one is not remembered.
    pub(super) fn write(&self, file: &Path) -> io::Result<()> {
        let dir = file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(dir)?;
        let mut new = tempfile::NamedTempFile::new_in(dir)?;
        new.write_all(&serde_json::to_vec_pretty(self)?)?;
        new.persist(file)?;
        Ok(())
    }
}
