//! Reads documents that are made to be used by scenarios, without one: routines, imported steps,
//! fixtures.

use super::{
    around::Around,
    document::{only, rendered, unreadable},
    fields, fixture,
    mistakes::Mistakes,
    routine, step,
    template::Scope,
    yaml::{Data, Key, Value},
};
use crate::{
    model::{ContentHash, Diagnostic, Files, Platform, Severity},
    scenario::{Given, Group, variables},
};
use std::{collections::BTreeMap, path::Path};

/// Returns what is wrong with the routine at `path`. Inputs that a call must give are taken to be
/// texts.
pub(in crate::scenario) fn check_routine(
    path: &str,
    dir: &Path,
    files: &dyn Files,
) -> Vec<Diagnostic> {
    check(path, dir, files, |document, around, mistakes| {
        routine::read(name_of(path), document, &needed(document), around, mistakes);
    })
}

/// Returns the steps that a call of the routine at `path` with the values `with` comes to, or what
/// is wrong with it.
pub fn load_routine(
    path: &str,
    dir: &Path,
    files: &dyn Files,
    with: &BTreeMap<String, serde_json::Value>,
) -> Result<Group, Vec<Diagnostic>> {
    let mut group = None;
    let found = check(path, dir, files, |document, around, mistakes| {
        let name = name_of(path);
        group = routine::read(name, document, with, around, mistakes);
    });
    let is_fatal = found.iter().any(|one| one.severity == Severity::Error);
    group.filter(|_| !is_fatal).ok_or(found)
}

/// Returns what is wrong with the fixture at `path`.
pub(in crate::scenario) fn check_fixture(
    path: &str,
    dir: &Path,
    files: &dyn Files,
) -> Vec<Diagnostic> {
    check(path, dir, files, |document, around, mistakes| {
        fixture::read(document, around, mistakes);
    })
}

pub(super) fn name_of(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".yaml").unwrap_or(name)
}

/// Returns what is wrong with the steps behind `lists` of the document at `path`, or with the steps
/// that it consists of.
pub(in crate::scenario) fn check_steps(
    path: &str,
    lists: &[&str],
    dir: &Path,
    files: &dyn Files,
) -> Vec<Diagnostic> {
    check(path, dir, files, |document, around, mistakes| {
        let whole = Key {
            at: document.at.clone(),
            text: "steps".into(),
        };
        let mut read = |key: &Key, value: &Value| {
            let value = rendered(value, around, mistakes);
            step::several(key, &value, around, mistakes);
        };
        match &document.data {
            Data::List(_) if lists.contains(&"steps") => read(&whole, document),
            Data::Map(entries) => {
                for (key, value) in entries {
                    if lists.contains(&key.text.as_str()) {
                        read(key, value);
                    }
                }
            }
            Data::Null
            | Data::Flag(_)
            | Data::Number(..)
            | Data::Text(_)
            | Data::List(_)
            | Data::Tagged(..) => {
                fields::wrong(&whole, document, "a map", mistakes);
            }
        }
    })
}

fn check(
    path: &str,
    dir: &Path,
    files: &dyn Files,
    read: impl FnOnce(&Value, &mut Around<'_>, &mut Mistakes<'_>),
) -> Vec<Diagnostic> {
    let given = Given {
        platform: platform_of(path),
        ..Given::default()
    };
    alone(path, dir, files, &given, read).found
}

/// What came of reading one document, without a scenario that uses it.
pub(super) struct Alone {
    /// What is wrong, or worth a look.
    pub(super) found: Vec<Diagnostic>,
    /// Every file that was read, with its digest.
    pub(super) read: BTreeMap<String, ContentHash>,
    /// The documents among them.
    pub(super) texts: Vec<String>,
}

/// Reads the document at `path` with what is given from outside.
pub(super) fn alone(
    path: &str,
    dir: &Path,
    files: &dyn Files,
    given: &Given,
    read: impl FnOnce(&Value, &mut Around<'_>, &mut Mistakes<'_>),
) -> Alone {
    let file = dir.join(path);
    let refused = |why: String| Alone {
        found: vec![unreadable(&file, &why)],
        read: BTreeMap::new(),
        texts: Vec::new(),
    };
    let bytes = match files.read(&file) {
        Ok(bytes) => bytes,
        Err(err) => return refused(err.to_string()),
    };
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(err) => return refused(format!("it is not UTF-8: {err}")),
    };
    let mut around = Around {
        files,
        dir,
        own: path.rsplit_once('/').map_or("", |(own, _)| own).to_owned(),
        text,
        file: Some(path.into()),
        platform: given.platform.as_str(),
        scope: variables::placeholders(),
        // What a scenario would give is not known here.
        is_bare: true,
        vars: BTreeMap::new(),
        trail: vec![path.to_owned()],
        read: BTreeMap::from([(path.to_owned(), ContentHash::of(&bytes))]),
        texts: vec![text.to_owned()],
    };
    around.give(&given.vars);
    let mut mistakes = Mistakes::new(&file, text);
    if let Some(document) = only(text, &mut mistakes) {
        read(&document, &mut around, &mut mistakes);
    }
    Alone {
        found: mistakes.into_parts().0,
        read: around.read,
        texts: around.texts,
    }
}

/// Returns what the machines run that a document is for, as far as its folder tells.
pub(in crate::scenario) fn platform_of(path: &str) -> Platform {
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    // Such a folder may be called after a machine: `windows11`.
    let found = Platform::ALL
        .into_iter()
        .find(|(word, _)| folders.split('/').any(|folder| folder.starts_with(word)));
    found.map_or_else(Platform::default, |(_, platform)| platform)
}

/// Returns a text for each input of a routine that has no default.
fn needed(document: &Value) -> Scope {
    let inputs = |value: &Value| {
        if let Data::Map(entries) = &value.data {
            entries.clone()
        } else {
            Vec::new()
        }
    };
    let declared = inputs(document).into_iter();
    let declared = declared.filter(|(key, _)| key.text == "inputs");
    let declared = declared.flat_map(|(_, value)| inputs(&value));
    declared
        .filter(|(_, value)| !inputs(value).iter().any(|(key, _)| key.text == "default"))
        .map(|(key, _)| (key.text.clone(), format!("{{{}}}", key.text).into()))
        .collect()
}
