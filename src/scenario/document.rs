//! Reads a scenario's document: what is said about all of it, then its steps.

use super::{
    BUILT_IN, Instruction, Script, fields,
    mistakes::Mistakes,
    step,
    target::Surroundings,
    variables::is_name,
    yaml::{self, Data, Key, Value},
};
use crate::model::{ContentHash, Diagnostic, Files, ScenarioName, Session, Severity, did_you_mean};
use std::{collections::BTreeMap, ops::Range, path::Path};

/// Keys of a document.
const KEYS: [&str; 6] = ["name", "description", "session", "vars", "steps", "cleanup"];

/// Keys that only people and other tools read.
const INFORMATION: [&str; 6] = [
    "app",
    "expected_env",
    "issue",
    "phases",
    "schema_version",
    "tags",
];

/// Keys of the language that this version does not know yet, and that would change what a pass
/// means.
const LATER: [&str; 6] = [
    "bug_signal",
    "checkpoints",
    "imports",
    "postconditions",
    "precondition_check",
    "preconditions",
];

/// Reads the scenario `name` in the folder `dir`, with the pictures it looks for, or returns every
/// mistake in it.
pub fn load(name: &ScenarioName, dir: &Path, files: &dyn Files) -> Result<Script, Vec<Diagnostic>> {
    let path = format!("{name}.yaml");
    let file = dir.join(&path);
    let bytes = files
        .read(&file)
        .map_err(|err| vec![unreadable(&file, &err.to_string())])?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|err| vec![unreadable(&file, &format!("it is not UTF-8: {err}"))])?;
    let mut around = Surroundings {
        files,
        dir,
        own: path.rsplit_once('/').map_or("", |(own, _)| own),
        vars: BTreeMap::new(),
        read: BTreeMap::from([(path.clone(), ContentHash::of(&bytes))]),
    };
    let mut mistakes = Mistakes::new(&file, text);
    let script = read(name, text, &mut around, &mut mistakes);
    let (found, is_fatal) = mistakes.into_parts();
    match script {
        Some(script) if !is_fatal => Ok(Script {
            vars: around.vars,
            files: around.read,
            warnings: found,
            ..script
        }),
        _ => Err(found),
    }
}

fn unreadable(file: &Path, why: &str) -> Diagnostic {
    Diagnostic {
        place: None,
        severity: Severity::Error,
        message: format!("failed to read `{}`: {why}", file.display()),
        hint: None,
    }
}

/// Reads the document, or notes why it is none. The script's variables and files are in `around`.
fn read(
    name: &ScenarioName,
    text: &str,
    around: &mut Surroundings<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Script> {
    let whole = only_document(text, mistakes)?;
    let Data::Map(entries) = &whole.data else {
        let hint = "it begins with `steps:`";
        mistakes.error_with_hint(&whole.at, "a scenario is a map", hint);
        return None;
    };
    // Variables first: keys and pictures are read with them.
    if let Some((key, value)) = entries.iter().find(|(key, _)| key.text == "vars") {
        around.vars = variables(key, value, mistakes);
    }
    let mut script = Script {
        name: name.clone(),
        title: name.to_string(),
        description: String::new(),
        needs_session: None,
        vars: BTreeMap::new(),
        steps: Vec::new(),
        cleanup: Vec::new(),
        files: BTreeMap::new(),
        warnings: Vec::new(),
    };
    let mut steps_at: Option<&Range<usize>> = None;
    for (key, value) in entries {
        match key.text.as_str() {
            "name" => script.title = fields::text(key, value, mistakes).unwrap_or_default(),
            "description" => {
                script.description = fields::text(key, value, mistakes).unwrap_or_default();
            }
            "session" => {
                let known = [("x11", Session::X11), ("wayland", Session::Wayland)];
                script.needs_session = fields::choice(key, value, &known, mistakes);
            }
            "vars" => {}
            "steps" => {
                steps_at = Some(&key.at);
                script.steps = steps(text, (key, value), around, mistakes);
            }
            "cleanup" => script.cleanup = steps(text, (key, value), around, mistakes),
            _ => other(key, value, mistakes),
        }
    }
    match steps_at {
        None => mistakes.error(
            &whole.at,
            "the scenario has no `steps`, so it tests nothing",
        ),
        Some(at) => refuse_idle(&script.steps, at, mistakes),
    }
    Some(script)
}

fn only_document(text: &str, mistakes: &mut Mistakes<'_>) -> Option<Value> {
    match yaml::read(text) {
        Ok(mut documents) if documents.len() == 1 => documents.pop(),
        Ok(documents) if documents.is_empty() => {
            mistakes.error(&(0..0), "the file is empty, so it tests nothing");
            None
        }
        Ok(documents) => {
            let message = "a file holds one scenario, and this one holds several documents";
            mistakes.error(&documents[1].at, message);
            None
        }
        Err(wrong) => {
            match wrong.hint {
                Some(hint) => mistakes.error_with_hint(&wrong.at, wrong.message, hint),
                None => mistakes.error(&wrong.at, wrong.message),
            }
            None
        }
    }
}

fn steps(
    text: &str,
    (key, value): (&Key, &Value),
    around: &mut Surroundings<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Vec<Instruction> {
    let Some(items) = fields::list(key, value, mistakes) else {
        return Vec::new();
    };
    if items.is_empty() && key.text == "steps" {
        mistakes.error(&key.at, "`steps` is empty, so the scenario tests nothing");
    }
    let steps = items
        .iter()
        .map(|item| step::read(text, item, around, mistakes));
    // All of them are read, so that every mistake is told.
    let steps: Vec<Option<Instruction>> = steps.collect();
    steps.into_iter().flatten().collect()
}

/// Notes a scenario that would pass whatever the app did. Where steps could not be read, those
/// may have been the ones that can fail.
fn refuse_idle(steps: &[Instruction], at: &Range<usize>, mistakes: &mut Mistakes<'_>) {
    let is_idle = !steps.is_empty() && !steps.iter().any(|step| step.action.can_fail());
    if is_idle && !mistakes.has_errors() {
        let hint = "add a `verify`, `wait_for` or `shell` step that tells whether it went well";
        mistakes.error_with_hint(at, "nothing in the scenario can fail", hint);
    }
}

fn variables(key: &Key, value: &Value, mistakes: &mut Mistakes<'_>) -> BTreeMap<String, String> {
    let mut known = BTreeMap::new();
    for (key, value) in fields::map(key, value, mistakes).unwrap_or_default() {
        if BUILT_IN.contains(&key.text.as_str()) {
            mistakes.error(&key.at, format!("`{}` is set by mosdat", key.text));
        } else if !is_name(&key.text) {
            let hint = "names are letters, digits and `_`";
            let message = format!("`{}` cannot be a variable's name", key.text);
            mistakes.error_with_hint(&key.at, message, hint);
        } else if let Some(text) = variable(key, value, mistakes) {
            known.insert(key.text.clone(), text);
        }
    }
    known
}

/// Reads a variable's value, which may be empty.
fn variable(key: &Key, value: &Value, mistakes: &mut Mistakes<'_>) -> Option<String> {
    if let Data::Text(text) = &value.data {
        return Some(text.clone());
    }
    fields::text(key, value, mistakes)
}

fn other(key: &Key, value: &Value, mistakes: &mut Mistakes<'_>) {
    let word = key.text.as_str();
    if INFORMATION.contains(&word) {
        return;
    }
    if word == "kind" {
        fields::choice(key, value, &[("functional", ())], mistakes);
    } else if LATER.contains(&word) {
        mistakes.error(
            &key.at,
            format!("`{word}` is not known to this version yet"),
        );
    } else if let Some(near) = did_you_mean(word, KEYS) {
        let hint = format!("did you mean `{near}`?");
        mistakes.error_with_hint(&key.at, format!("a scenario has no key `{word}`"), hint);
    } else {
        mistakes.warning(&key.at, format!("`{word}` does nothing"), None);
    }
}
