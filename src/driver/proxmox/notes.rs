//! What has to be given back, written down before it is taken: a small file for each thing, so that
//! the end of the next run finds what a crash left.

use serde::{Serialize, de::DeserializeOwned};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Sorts of things that are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// A machine of the plan: under its name, its number.
    Machine,
    /// A clone: under its number.
    Clone,
    /// A machine that has a GPU in its configuration: under its number.
    Holder,
    /// A machine that was shut down because of its GPU: under its number.
    Displaced,
}

impl Sort {
    fn as_str(self) -> &'static str {
        match self {
            Self::Machine => "machine",
            Self::Clone => "clone",
            Self::Holder => "holder",
            Self::Displaced => "displaced",
        }
    }
}

/// Small files in one folder.
#[derive(Debug)]
pub(super) struct Notes {
    dir: PathBuf,
}

impl Notes {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// Writes something down, as a whole or not at all.
    pub(super) fn add(&self, sort: Sort, name: &str, value: &impl Serialize) -> io::Result<()> {
        fs::create_dir_all(&self.dir)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.dir)?;
        serde_json::to_writer(&mut file, value)?;
        file.as_file().sync_all()?;
        file.persist(self.path(sort, name))?;
        fs::File::open(&self.dir)?.sync_all()
    }

    /// Returns what is written down under a name.
    pub(super) fn get<T: DeserializeOwned>(&self, sort: Sort, name: &str) -> Option<T> {
        read(&self.path(sort, name)).ok()
    }

    /// Returns everything of a sort.
    pub(super) fn all<T: DeserializeOwned>(&self, sort: Sort) -> io::Result<Vec<T>> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(err) => return Err(err),
        };
        let start = format!("{}-", sort.as_str());
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&start) {
                found.push(read(&entry.path())?);
            }
        }
        Ok(found)
    }

    /// Forgets something. What is not there is no error.
    pub(super) fn remove(&self, sort: Sort, name: &str) -> io::Result<()> {
        match fs::remove_file(self.path(sort, name)) {
            Err(err) if err.kind() != io::ErrorKind::NotFound => Err(err),
            _ => Ok(()),
        }
    }

    fn path(&self, sort: Sort, name: &str) -> PathBuf {
        self.dir.join(format!("{}-{name}.json", sort.as_str()))
    }
}

fn read<T: DeserializeOwned>(file: &Path) -> io::Result<T> {
    Ok(serde_json::from_reader(fs::File::open(file)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_down_is_found_by_whoever_comes_next() {
        let dir = tempfile::tempdir().unwrap();
        let notes = Notes::new(dir.path().join("new"));
        assert!(notes.all::<u32>(Sort::Holder).unwrap().is_empty());
        notes.add(Sort::Holder, "101", &101).unwrap();
        notes.add(Sort::Displaced, "105", &105).unwrap();
        let later = Notes::new(dir.path().join("new"));
        assert_eq!(later.all::<u32>(Sort::Holder).unwrap(), [101]);
        assert_eq!(later.get::<u32>(Sort::Displaced, "105"), Some(105));
        later.remove(Sort::Holder, "101").unwrap();
        later.remove(Sort::Holder, "101").unwrap();
        assert!(notes.all::<u32>(Sort::Holder).unwrap().is_empty());
    }
}
