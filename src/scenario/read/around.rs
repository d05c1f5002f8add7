//! What reading a document needs besides the document: files, variables, and who asked for it.

use super::{mistakes::Mistakes, template::Scope};
use crate::{
    model::{ContentHash, FileError, Files},
    scenario::variables,
};
use std::{collections::BTreeMap, ops::Range, path::Path, sync::Arc};

/// What reading a document needs besides the document.
pub(super) struct Around<'d> {
    /// Reads pictures and other documents.
    pub(super) files: &'d dyn Files,
    /// The scenario folder.
    pub(super) dir: &'d Path,
    /// The document's own folder, relative to that.
    pub(super) own: String,
    /// The document's text.
    pub(super) text: &'d str,
    /// The document, when it is not the scenario's own.
    pub(super) file: Option<Arc<str>>,
    /// The platform whose routines are used first.
    pub(super) platform: &'static str,
    /// Values for templates.
    pub(super) scope: Scope,
    /// Whether nobody has given a value: then double braces may be anything.
    pub(super) is_bare: bool,
    /// Values that replace `{name}` where that must happen at once.
    pub(super) vars: BTreeMap<String, String>,
    /// The documents that led here, to notice one that leads to itself.
    pub(super) trail: Vec<String>,
    /// Files that were read, with their digests.
    pub(super) read: BTreeMap<String, ContentHash>,
    /// The documents among them.
    pub(super) texts: Vec<String>,
}

impl Around<'_> {
    /// Takes the values that win over the document's own.
    pub(super) fn give(&mut self, vars: &BTreeMap<String, String>) {
        for (name, value) in vars {
            // A password that was rendered would stand in labels and names of files.
            if !variables::is_password(name) {
                self.scope.insert(name.clone(), value.clone().into());
            }
            self.vars.insert(name.clone(), value.clone());
            self.is_bare = false;
        }
    }

    /// Reads the file at `path`, relative to the scenario folder, and remembers that it was.
    pub(super) fn load(&mut self, path: &str) -> Result<Vec<u8>, FileError> {
        let bytes = self.files.read(&self.dir.join(path))?;
        self.read.insert(path.to_owned(), ContentHash::of(&bytes));
        Ok(bytes)
    }

    /// Returns the line that byte `start` of the document is on, counted from 1.
    pub(super) fn line(&self, start: usize) -> usize {
        self.text[..start].matches('\n').count() + 1
    }

    /// Returns `written`, which is relative to the document's folder, relative to the scenario
    /// folder; notes when it leads out of that.
    pub(super) fn beside(
        &self,
        at: &Range<usize>,
        written: &str,
        mistakes: &mut Mistakes<'_>,
    ) -> Option<String> {
        let path = inside(&self.own, written);
        if path.is_none() {
            let message = format!("`{written}` lies outside the scenario folder");
            mistakes.error_with_hint(at, message, "keep pictures beside the scenario");
        }
        path
    }
}

/// Returns `written`, which is relative to the folder `own`, relative to the folder above; `None`
/// when it leads out of that.
fn inside(own: &str, written: &str) -> Option<String> {
    if written.starts_with('/') || written.contains(['\\', '\0']) {
        return None;
    }
    let mut parts: Vec<&str> = own.split('/').filter(|part| !part.is_empty()).collect();
    for part in written.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_stay_inside_the_scenario_folder() {
        assert_eq!(
            inside("notes/new", "../badge.png").unwrap(),
            "notes/badge.png"
        );
        assert_eq!(inside("", "./a//b.png").unwrap(), "a/b.png");
        assert_eq!(inside("notes", "../../secret.png"), None);
        assert_eq!(inside("notes", "/etc/x.png"), None);
    }
}
