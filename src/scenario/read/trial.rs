//! Reads a routine that is tested by itself: a script of one call, with a fixture around it.

use super::{
    alone::{Alone, alone, name_of},
    fixture, head, routine, step,
};
use crate::{
    model::{Diagnostic, Files, ScenarioName, Severity},
    scenario::{Action, Given, Instruction, Script},
};
use serde_json::Value as Json;
use std::{collections::BTreeMap, path::Path};

/// How a routine is called to test it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trial {
    /// The values of its inputs.
    pub with: BTreeMap<String, Json>,
    /// The path of the fixture's document, relative to the folder of scenarios; none is needed.
    pub fixture: Option<String>,
}

/// Returns the script that tests the routine with the document `name`, or every mistake in what it
/// consists of.
pub fn load_trial(
    name: &ScenarioName,
    trial: &Trial,
    dir: &Path,
    files: &dyn Files,
    given: &Given,
) -> Result<Script, Vec<Diagnostic>> {
    let path = format!("{name}.yaml");
    let mut script = head::empty(name);
    script.title = format!("the routine `{}` by itself", name_of(&path));
    let mut parts = Vec::new();
    if let Some(path) = &trial.fixture {
        parts.push(alone(
            path,
            dir,
            files,
            given,
            |document, around, mistakes| {
                let fixture = fixture::read(document, around, mistakes);
                if let Some(fixture) = fixture {
                    (script.setup, script.cleanup) = (fixture.setup, fixture.teardown);
                }
            },
        ));
    }
    parts.push(alone(
        &path,
        dir,
        files,
        given,
        |document, around, mistakes| {
            let called = name_of(&path);
            let Some(group) = routine::read(called, document, &trial.with, around, mistakes) else {
                return;
            };
            script.steps = vec![step::plain(Action::Group(Box::new(group)), 1, around)];
            if !script.steps.iter().any(Instruction::can_fail) && !mistakes.has_errors() {
                let hint = "add a postcondition that tells whether it went well";
                let message = "nothing in the routine can fail, so a test of it says nothing";
                mistakes.error_with_hint(&document.at, message, hint);
            }
        },
    ));
    name_setup(&mut script.setup);
    finished(script, parts, given)
}

/// Says in the label what a step is there for.
fn name_setup(setup: &mut [Instruction]) {
    for step in setup {
        step.label = format!("setup: {}", step.label);
    }
}

fn finished(
    mut script: Script,
    parts: Vec<Alone>,
    given: &Given,
) -> Result<Script, Vec<Diagnostic>> {
    let mut texts = Vec::new();
    for part in parts {
        script.files.extend(part.read);
        script.warnings.extend(part.found);
        texts.extend(part.texts);
    }
    script.given = given.mentioned(&texts, &script.vars);
    script.vars = given.vars.clone();
    let mut found = script.warnings.iter();
    if found.any(|one| one.severity == Severity::Error) {
        return Err(script.warnings);
    }
    Ok(script)
}
