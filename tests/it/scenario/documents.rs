//! Scenarios that lie in memory, and how their mistakes are shown.

use mosdat::{
    model::{Diagnostic, FileError, Files},
    scenario::{Script, load},
};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
};

/// Files of a project that lie in memory.
#[derive(Clone, Default)]
pub(super) struct Memory(BTreeMap<PathBuf, Vec<u8>>);

impl Memory {
    pub(super) fn with(mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.0
            .insert(Path::new("scenarios").join(path), bytes.into());
        self
    }
}

impl Files for Memory {
    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        self.0.get(path).cloned().ok_or(FileError::Missing)
    }

    fn list(&self, dir: &Path) -> Vec<PathBuf> {
        self.0
            .keys()
            .filter(|path| path.starts_with(dir))
            .cloned()
            .collect()
    }
}

pub(super) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and so on";

pub(super) fn read(text: &str) -> Result<Script, Vec<Diagnostic>> {
    let files = Memory::default()
        .with("a/note.yaml", text)
        .with("a/badge.png", PNG);
    let files = files.with("a/broken.png", "GIF89a");
    load(&"a/note".into(), Path::new("scenarios"), &files)
}

/// Reads a scenario that uses the other documents of `others`, by path.
pub(super) fn read_among(text: &str, others: &[(&str, &str)]) -> Result<Script, Vec<Diagnostic>> {
    let files = Memory::default().with("a/note.yaml", text);
    let files = others
        .iter()
        .fold(files, |files, (path, text)| files.with(path, *text));
    load(&"a/note".into(), Path::new("scenarios"), &files)
}

/// Returns the mistakes in `text` as they would be shown.
pub(super) fn mistakes(text: &str) -> String {
    told(&read(text).unwrap_err())
}

pub(super) fn told(found: &[Diagnostic]) -> String {
    let mut told = String::new();
    for one in found {
        if let Some(place) = &one.place {
            write!(told, "{}:{}+{} ", place.line, place.column, place.length).unwrap();
        }
        write!(told, "{:?}: {}", one.severity, one.message).unwrap();
        if let Some(hint) = &one.hint {
            write!(told, " ({hint})").unwrap();
        }
        told.push('\n');
    }
    told
}
