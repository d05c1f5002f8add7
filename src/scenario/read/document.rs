//! Reads a scenario's document: what is said about all of it, then its steps.

use super::{
    around::Around,
    condition, fields, head,
    mistakes::Mistakes,
    step, template,
    yaml::{self, Data, Key, Value},
};
use crate::{
    model::{ContentHash, Diagnostic, Files, ScenarioName, Severity},
    scenario::{Given, Instruction, Kind, Script, variables},
};
use std::{collections::BTreeMap, ops::Range, path::Path};

/// Reads the scenario `name` in the folder `dir`, with everything it uses, or returns every mistake
/// in it.
pub fn load(name: &ScenarioName, dir: &Path, files: &dyn Files) -> Result<Script, Vec<Diagnostic>> {
    load_given(name, dir, files, &Given::default())
}

/// The same, with what is given from outside.
pub fn load_given(
    name: &ScenarioName,
    dir: &Path,
    files: &dyn Files,
    given: &Given,
) -> Result<Script, Vec<Diagnostic>> {
    let path = format!("{name}.yaml");
    let file = dir.join(&path);
    let bytes = files
        .read(&file)
        .map_err(|err| vec![unreadable(&file, &err.to_string())])?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|err| vec![unreadable(&file, &format!("it is not UTF-8: {err}"))])?;
    let mut around = Around {
        files,
        dir,
        own: path.rsplit_once('/').map_or("", |(own, _)| own).to_owned(),
        text,
        file: None,
        platform: given.platform.as_str(),
        scope: variables::placeholders(),
        is_bare: true,
        vars: BTreeMap::new(),
        trail: vec![path.clone()],
        read: BTreeMap::from([(path.clone(), ContentHash::of(&bytes))]),
        texts: vec![text.to_owned()],
    };
    let mut mistakes = Mistakes::new(&file, text);
    let script = read(name, given, &mut around, &mut mistakes);
    let (found, is_fatal) = mistakes.into_parts();
    match script {
        Some(script) if !is_fatal => Ok(Script {
            given: given.mentioned(&around.texts, &script.vars),
            vars: around.vars,
            files: around.read,
            warnings: found,
            ..script
        }),
        _ => Err(found),
    }
}

pub(super) fn unreadable(file: &Path, why: &str) -> Diagnostic {
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
    given: &Given,
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Script> {
    let whole = only(around.text, mistakes)?;
    let Data::Map(entries) = &whole.data else {
        let hint = "it begins with `steps:`";
        mistakes.error_with_hint(&whole.at, "a scenario is a map", hint);
        return None;
    };
    // Variables first: everything else is read with them.
    if let Some((key, value)) = entries.iter().find(|(key, _)| key.text == "vars") {
        own_variables(key, value, around, mistakes);
    }
    let own = around.vars.clone();
    around.give(&given.vars);
    let mut script = head::read(name, entries, around, mistakes);
    script.vars = own;
    let mut steps_at: Option<&Range<usize>> = None;
    for (key, value) in entries {
        match key.text.as_str() {
            "steps" => {
                steps_at = Some(&key.at);
                script.steps = steps((key, value), around, mistakes);
            }
            "cleanup" => script.cleanup = steps((key, value), around, mistakes),
            _ => {}
        }
    }
    match steps_at {
        None => mistakes.error(
            &whole.at,
            "the scenario has no `steps`, so it tests nothing",
        ),
        Some(at) if script.kind == Kind::Functional => refuse_idle(&script.steps, at, mistakes),
        Some(_) => {}
    }
    head::refuse_late_phases(&script, entries, mistakes);
    Some(script)
}

/// Returns the only document in `text`.
pub(super) fn only(text: &str, mistakes: &mut Mistakes<'_>) -> Option<Value> {
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

/// Renders the templates below `value`.
pub(super) fn rendered(value: &Value, around: &Around<'_>, mistakes: &mut Mistakes<'_>) -> Value {
    template::render(value, &around.scope, around.is_bare, mistakes)
}

fn steps(
    (key, value): (&Key, &Value),
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Vec<Instruction> {
    let value = rendered(value, around, mistakes);
    if value.data == Data::List(Vec::new()) && key.text == "steps" {
        mistakes.error(&key.at, "`steps` is empty, so the scenario tests nothing");
    }
    step::several(key, &value, around, mistakes)
}

/// Reads a check that is about the whole scenario.
pub(super) fn whole_check(
    (key, value): (&Key, &Value),
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<crate::scenario::Check> {
    let value = rendered(value, around, mistakes);
    condition::check(key, &value, false, around, mistakes)
}

/// Notes a scenario that would pass whatever the app did. Where steps could not be read, those
/// may have been the ones that can fail.
fn refuse_idle(steps: &[Instruction], at: &Range<usize>, mistakes: &mut Mistakes<'_>) {
    let is_idle = !steps.is_empty() && !steps.iter().any(Instruction::can_fail);
    if is_idle && !mistakes.has_errors() {
        let hint = "add a `verify`, `wait_for` or `shell` step that tells whether it went well";
        mistakes.error_with_hint(at, "nothing in the scenario can fail", hint);
    }
}

/// Takes the scenario's own variables.
fn own_variables(key: &Key, value: &Value, around: &mut Around<'_>, mistakes: &mut Mistakes<'_>) {
    for (key, value) in fields::map(key, value, mistakes).unwrap_or_default() {
        let name = key.text.as_str();
        if variables::BUILT_IN.contains(&name) {
            mistakes.error(&key.at, format!("`{name}` is set by mosdat"));
        } else if !variables::is_name(name) {
            let hint = "names are letters, digits and `_`";
            let message = format!("`{name}` cannot be a variable's name");
            mistakes.error_with_hint(&key.at, message, hint);
        } else {
            let json = value.json();
            let text = if let Data::Number(_, written) = &value.data {
                // As it was written: 1.50 stays 1.50.
                written.clone()
            } else {
                variables::text_of(&json)
            };
            around.vars.insert(name.to_owned(), text);
            around.scope.insert(name.to_owned(), json);
            around.is_bare = false;
        }
    }
}
