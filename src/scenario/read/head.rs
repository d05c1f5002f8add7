//! Reads what a scenario's document says beside its steps.

use super::{
    action::refuse_unknown,
    around::Around,
    document, fields,
    mistakes::Mistakes,
    parts::Parts,
    yaml::{Data, Key, Value},
};
use crate::{
    model::{ScenarioName, Session, did_you_mean},
    scenario::{
        Bug, Kind, PhaseMark, Script,
        keys::{self, Holder},
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// Keys of the language that this version does not know yet, and that would change what a pass
/// means.
const LATER: [&str; 1] = ["checkpoints"];

/// Reads everything but the steps.
pub(super) fn read(
    name: &ScenarioName,
    entries: &[(Key, Value)],
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Script {
    let mut script = empty(name);
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
            "phases" => script.phases = phases(key, value, mistakes),
            "imports" => imports(key, value, entries, mistakes),
            _ => other(key, mistakes),
        }
    }
    script.kind = kind(entries, around, mistakes).unwrap_or_default();
    script
}

/// Returns a scenario that says nothing yet.
pub(super) fn empty(name: &ScenarioName) -> Script {
    Script {
        name: name.clone(),
        title: name.to_string(),
        description: String::new(),
        needs_session: None,
        kind: Kind::Functional,
        vars: BTreeMap::new(),
        setup: Vec::new(),
        steps: Vec::new(),
        cleanup: Vec::new(),
        phases: Vec::new(),
        only: None,
        files: BTreeMap::new(),
        given: BTreeMap::new(),
        warnings: Vec::new(),
    }
}

fn other(key: &Key, mistakes: &mut Mistakes<'_>) {
    let word = key.text.as_str();
    if keys::knows(Holder::Document, word) {
        return;
    }
    if LATER.contains(&word) {
        let message = format!("`{word}` is not known to this version yet");
        mistakes.error(&key.at, message);
    } else if let Some(near) = did_you_mean(word, keys::names(Holder::Document)) {
        let hint = format!("did you mean `{near}`?");
        mistakes.error_with_hint(&key.at, format!("a scenario has no key `{word}`"), hint);
    } else {
        mistakes.warning(&key.at, format!("`{word}` does nothing"), None);
    }
}

/// Reads what the end of the scenario says.
fn kind(
    entries: &[(Key, Value)],
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Kind> {
    let find = |name: &str| {
        let entry = entries.iter().find(|(key, _)| key.text == name);
        entry.map(|(key, value)| (key, value))
    };
    let kinds = [("functional", false), ("bug-confirmation", true)];
    let is_bug = match find("kind") {
        Some((key, value)) => fields::choice(key, value, &kinds, mistakes)?,
        None => false,
    };
    let (issue, signal) = (find("issue"), find("bug_signal"));
    let precondition = find("precondition_check");
    if !is_bug {
        for (key, _) in [signal, precondition].into_iter().flatten() {
            let message = format!(
                "`{}` says something only with `kind: bug-confirmation`",
                key.text
            );
            mistakes.error(&key.at, message);
        }
        return Some(Kind::Functional);
    }
    let (kind_key, _) = find("kind")?;
    for (name, found) in [
        ("issue", issue),
        ("bug_signal", signal),
        ("precondition_check", precondition),
    ] {
        if found.is_none() {
            let message = format!("a scenario that confirms a bug needs `{name}`");
            mistakes.error(&kind_key.at, message);
        }
    }
    let (signal, precondition, issue) = (signal?, precondition?, issue?);
    let [id, title, url] = issue_of(issue.0, issue.1, mistakes)?;
    let bug = Bug {
        id,
        title,
        url,
        signal: document::whole_check(signal, around, mistakes)?,
        precondition: document::whole_check(precondition, around, mistakes)?,
    };
    Some(Kind::BugConfirmation(Box::new(bug)))
}

/// Reads the number, title and address of an issue.
fn issue_of(key: &Key, value: &Value, mistakes: &mut Mistakes<'_>) -> Option<[String; 3]> {
    let mut parts = Parts::new(Holder::Issue, fields::map(key, value, mistakes)?);
    let mut text = |name: &str, mistakes: &mut Mistakes<'_>| {
        let found = parts.take(name);
        found.and_then(|(key, value)| fields::text(key, value, mistakes))
    };
    let id = text("id", mistakes);
    let title = text("title", mistakes).unwrap_or_default();
    let url = text("url", mistakes).unwrap_or_default();
    for name in ["suspected_pr", "reporter_version"] {
        text(name, mistakes);
    }
    refuse_unknown(key, &parts, mistakes);
    if id.is_none() {
        mistakes.error(&key.at, "`issue` needs an `id`");
    }
    Some([id?, title, url])
}

fn phases(key: &Key, value: &Value, mistakes: &mut Mistakes<'_>) -> Vec<PhaseMark> {
    let mut marks: Vec<PhaseMark> = Vec::new();
    for item in fields::list(key, value, mistakes).unwrap_or_default() {
        let Some(mark) = phase(key, item, mistakes) else {
            continue;
        };
        if marks.iter().any(|other| other.id == mark.id) {
            mistakes.error(&item.at, format!("the phase `{}` comes twice", mark.id));
        }
        if marks
            .last()
            .is_some_and(|last| last.from_step >= mark.from_step)
        {
            let message = format!(
                "the phase `{}` does not begin after the one before",
                mark.id
            );
            mistakes.error(&item.at, message);
        }
        marks.push(mark);
    }
    marks
}

fn phase(key: &Key, item: &Value, mistakes: &mut Mistakes<'_>) -> Option<PhaseMark> {
    let mut parts = Parts::new(Holder::Phase, fields::map(key, item, mistakes)?);
    let id = parts.take("id");
    let id = id.and_then(|(key, value)| fields::text(key, value, mistakes));
    let name = parts.take("name");
    let name = name.and_then(|(key, value)| fields::text(key, value, mistakes));
    let from = parts.take("from_step");
    let from = from.and_then(|(key, value)| fields::whole(key, value, 1..=100_000, mistakes));
    refuse_unknown(key, &parts, mistakes);
    if id.is_none() || from.is_none() {
        mistakes.error(&item.at, "a phase has an `id`, a `name` and a `from_step`");
    }
    let id = id?;
    Some(PhaseMark {
        name: name.unwrap_or_else(|| id.clone()),
        id,
        from_step: from? as usize,
    })
}

/// Notes phases that begin after the last step.
pub(super) fn refuse_late_phases(
    script: &Script,
    entries: &[(Key, Value)],
    mistakes: &mut Mistakes<'_>,
) {
    let steps = entries.iter().find(|(key, _)| key.text == "steps");
    let count = steps.and_then(|(_, value)| {
        let Data::List(items) = &value.data else {
            return None;
        };
        Some(items.len())
    });
    let late = |mark: &&PhaseMark| count.is_some_and(|count| mark.from_step > count);
    let at = entries.iter().find(|(key, _)| key.text == "phases");
    if let (Some(mark), Some((key, _))) = (script.phases.iter().find(late), at) {
        let message = format!("the phase `{}` begins after the last step", mark.id);
        mistakes.error(&key.at, message);
    }
}

/// Notes where the declared imports are not those that are used.
fn imports(key: &Key, value: &Value, entries: &[(Key, Value)], mistakes: &mut Mistakes<'_>) {
    let declared = fields::list(key, value, mistakes).unwrap_or_default();
    let declared: BTreeSet<String> = declared
        .iter()
        .filter_map(|item| fields::text(key, item, mistakes))
        .collect();
    let mut used = BTreeSet::new();
    for (key, value) in entries {
        if matches!(key.text.as_str(), "steps" | "cleanup") {
            imported(value, &mut used);
        }
    }
    for name in declared.symmetric_difference(&used) {
        let message = if declared.contains(name) {
            format!("`{name}` is declared and not imported")
        } else {
            format!("`{name}` is imported and not declared")
        };
        mistakes.warning(&key.at, message, None);
    }
}

/// Collects the names of what is imported below `value`.
fn imported(value: &Value, used: &mut BTreeSet<String>) {
    match &value.data {
        Data::Tagged(tag, inner) if tag == "!import" => {
            if let Data::Text(name) = &inner.data {
                used.insert(name.clone());
            }
        }
        Data::List(items) => items.iter().for_each(|item| imported(item, used)),
        Data::Map(entries) => {
            for (key, value) in entries {
                if let (Data::Text(name), "import") = (&value.data, key.text.as_str()) {
                    used.insert(name.clone());
                } else {
                    imported(value, used);
                }
            }
        }
        Data::Null | Data::Flag(_) | Data::Number(..) | Data::Text(_) | Data::Tagged(..) => {}
    }
}
