//! Reads what a step brings in from another document: a routine with its inputs, or imported steps.

use super::{
    action::refuse_unknown,
    around::Around,
    document, fields,
    mistakes::Mistakes,
    parts::Parts,
    routine, step,
    template::Scope,
    yaml::{Data, Key, Value},
};
use crate::{
    model::{FileError, did_you_mean},
    scenario::{Action, Group, GroupWay, keys::Holder},
};
use std::path::Path;

/// How many folders above a document's own are looked into.
const HIGHEST: usize = 8;

/// Brings in a routine: `routine: open-note`, or a map with `name` and `with`.
pub(super) fn routine(
    key: &Key,
    value: &Value,
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Action> {
    let (name, with) = if let Data::Map(entries) = &value.data {
        let mut parts = Parts::new(Holder::Call, entries);
        let name = parts.take("name");
        let with = parts.take("with").map(|(_, value)| value);
        refuse_unknown(key, &parts, mistakes);
        let Some((key, value)) = name else {
            mistakes.error(&key.at, "`routine` needs a `name`");
            return None;
        };
        (fields::text(key, value, mistakes)?, with)
    } else {
        (fields::text(key, value, mistakes)?, None)
    };
    let with = given(with, mistakes)?;
    let names = [
        format!("routines/{}/{name}.yaml", around.platform),
        format!("routines/{name}.yaml"),
    ];
    bring(
        "routine",
        &name,
        &names,
        value,
        around,
        mistakes,
        |document, around, mistakes| routine::read(&name, document, &with, around, mistakes),
    )
}

/// Brings in steps: `import: cleanup`.
pub(super) fn import(
    key: &Key,
    value: &Value,
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Action> {
    let name = fields::text(key, value, mistakes)?;
    let names = [format!("imports/{name}.yaml")];
    bring(
        "import",
        &name,
        &names,
        value,
        around,
        mistakes,
        |document, around, mistakes| {
            let mut is_list = None;
            if let Data::Map(entries) = &document.data {
                let found = entries.iter().find(|(key, _)| key.text == "steps");
                is_list = found.map(|(key, value)| (key.clone(), value));
            } else if let Data::List(_) = document.data {
                let steps = Key {
                    at: document.at.clone(),
                    text: "steps".into(),
                };
                is_list = Some((steps, document));
            }
            let Some((key, list)) = is_list else {
                let message = "what is imported is a list of steps, or a map with `steps`";
                mistakes.error(&document.at, message);
                return None;
            };
            let list = document::rendered(list, around, mistakes);
            let steps = step::several(&key, &list, around, mistakes);
            Some(Group {
                usual: GroupWay {
                    name: format!("[import:{name}]"),
                    steps,
                    doubt: None,
                },
                ..Group::default()
            })
        },
    )
}

/// Returns the values of `with`, whose templates have been rendered already.
fn given(with: Option<&Value>, mistakes: &mut Mistakes<'_>) -> Option<Scope> {
    let Some(with) = with else {
        return Some(Scope::new());
    };
    let Data::Map(entries) = &with.data else {
        mistakes.error(
            &with.at,
            format!("`with` must be a map, not {}", with.sort()),
        );
        return None;
    };
    let entries = entries.iter();
    Some(
        entries
            .map(|(key, value)| (key.text.clone(), value.json()))
            .collect(),
    )
}

/// Finds another document, reads it, and notes what is wrong with it.
fn bring(
    sort: &str,
    name: &str,
    names: &[String],
    at: &Value,
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
    read: impl FnOnce(&Value, &mut Around<'_>, &mut Mistakes<'_>) -> Option<Group>,
) -> Option<Action> {
    let (path, bytes) = find(sort, name, names, at, around, mistakes)?;
    if around.trail.contains(&path) {
        let round = around.trail.join("` -> `");
        mistakes.error(
            &at.at,
            format!("`{path}` leads to itself: `{round}` -> `{path}`"),
        );
        return None;
    }
    let Ok(text) = String::from_utf8(bytes) else {
        mistakes.error(&at.at, format!("`{path}` is not UTF-8"));
        return None;
    };
    let file = around.dir.join(&path);
    let mut own_mistakes = Mistakes::new(&file, &text);
    let mut trail = around.trail.clone();
    trail.push(path.clone());
    let mut inner = Around {
        own: Path::new(&path)
            .parent()
            .and_then(Path::to_str)
            .unwrap_or_default()
            .to_owned(),
        text: &text,
        file: Some(path.as_str().into()),
        trail,
        scope: around.scope.clone(),
        vars: around.vars.clone(),
        read: std::mem::take(&mut around.read),
        texts: std::mem::take(&mut around.texts),
        ..*around
    };
    inner.texts.push(text.clone());
    let document = document::only(&text, &mut own_mistakes);
    let group = document.and_then(|document| read(&document, &mut inner, &mut own_mistakes));
    around.read = std::mem::take(&mut inner.read);
    around.texts = std::mem::take(&mut inner.texts);
    drop(inner);
    let (found, is_fatal) = own_mistakes.into_parts();
    mistakes.take(found);
    let group = group.filter(|_| !is_fatal)?;
    Some(Action::Group(Box::new(group)))
}

/// Looks for the first of `names` in the document's folder and those above it.
fn find(
    sort: &str,
    name: &str,
    names: &[String],
    at: &Value,
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<(String, Vec<u8>)> {
    let is_plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    if !name.split('/').all(is_plain) || name.contains('\\') {
        mistakes.error(&at.at, format!("`{name}` cannot be the name of a {sort}"));
        return None;
    }
    let folders = folders(&around.own);
    for folder in &folders {
        for name in names {
            let path = format!("{folder}{name}");
            match around.load(&path) {
                Ok(bytes) => return Some((path, bytes)),
                Err(FileError::Missing) => {}
                Err(err @ FileError::Unreadable(_)) => {
                    mistakes.error(&at.at, format!("failed to read `{path}`: {err}"));
                    return None;
                }
            }
        }
    }
    let known = known(&folders, names, around);
    let hint = match did_you_mean(name, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "it would be `{}`, here or in a folder above",
            names.join("` or `")
        ),
    };
    mistakes.error_with_hint(&at.at, format!("there is no {sort} `{name}`"), hint);
    None
}

/// Returns the document's folder and those above it, nearest first, as beginnings of paths.
fn folders(own: &str) -> Vec<String> {
    let mut parts: Vec<&str> = own.split('/').filter(|part| !part.is_empty()).collect();
    let mut found = Vec::new();
    for _ in 0..=HIGHEST {
        let mut folder = parts.join("/");
        if !folder.is_empty() {
            folder.push('/');
        }
        found.push(folder);
        match parts.last() {
            None | Some(&"..") => parts.push(".."),
            Some(_) => drop(parts.pop()),
        }
    }
    found
}

/// Returns the names of the documents that could have been meant.
fn known(folders: &[String], names: &[String], around: &Around<'_>) -> Vec<String> {
    let mut known = Vec::new();
    for folder in folders {
        for dir in names.iter().filter_map(|name| Path::new(name).parent()) {
            let dir = around.dir.join(folder).join(dir);
            let files = around.files.list(&dir);
            let stems = files.iter().filter_map(|file| file.file_stem()?.to_str());
            known.extend(stems.map(str::to_owned));
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_looked_into_from_the_nearest_up() {
        let found = folders("a/b");
        assert_eq!(found[..5], ["a/b/", "a/", "", "../", "../../"]);
        assert_eq!(found.len(), HIGHEST + 1);
    }
}
