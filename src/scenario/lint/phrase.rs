//! Rules about words for a model, and about conditions.

use super::{
    Report,
    steps::{Step, get},
    yaml::{Data, Key, Value},
};

/// Words that say when something came.
const TRIGGERS: [&str; 9] = [
    "just", "after", "when", "once", "now", "newly", "appeared", "appears", "recently",
];

pub(super) fn look(step: &Step<'_>, report: &mut Report<'_>) {
    for (key, value) in step.entries() {
        descriptions(key, value, report);
    }
    let statement = step.text("verify");
    if let (Some((_, value)), None) = (statement, step.get("verify_not")) {
        let message = "a statement stands alone: it may have held before as well";
        let hint = "add `verify_not` with what was there before";
        report.warn("statement-alone", &value.at, message, hint);
    }
    if let Some(wait) = step.get("wait_for") {
        conditions(wait, report);
    }
}

/// Looks at each phrase that describes one thing, but not within steps of their own.
fn descriptions(key: &Key, value: &Value, report: &mut Report<'_>) {
    match &value.data {
        Data::Text(text) if ["localize", "describe"].contains(&key.text.as_str()) => {
            phrase(text, value, report);
        }
        Data::Map(entries) => {
            for (key, value) in entries {
                descriptions(key, value, report);
            }
        }
        Data::List(items) if !["then", "then_steps"].contains(&key.text.as_str()) => {
            for item in items {
                descriptions(key, item, report);
            }
        }
        Data::Null
        | Data::Flag(_)
        | Data::Number(..)
        | Data::Text(_)
        | Data::List(_)
        | Data::Tagged(..) => {}
    }
}

fn phrase(text: &str, value: &Value, report: &mut Report<'_>) {
    let mut words = text
        .split(|c: char| !c.is_alphanumeric())
        .map(str::to_lowercase);
    let all: Vec<String> = words.by_ref().collect();
    if let Some(word) = all.iter().find(|word| TRIGGERS.contains(&word.as_str())) {
        let message = format!("`{word}` says when something came; a picture does not show that");
        let hint = "say what it is and where it stands";
        report.warn("phrase-trigger", &value.at, &message, hint);
    }
    if all.iter().any(|word| word == "or") {
        let message = "the phrase describes one thing or another: which was found is left open";
        let hint = "describe one; alternatives are a list in `accept_any` or `any`";
        report.warn("phrase-or", &value.at, message, hint);
    }
}

fn conditions(wait: &Value, report: &mut Report<'_>) {
    let Data::Map(entries) = &wait.data else {
        return;
    };
    for list in ["any", "all"] {
        let Some(Data::List(items)) = get(entries, list).map(|value| &value.data) else {
            continue;
        };
        for item in items {
            let Data::Map(keys) = &item.data else {
                continue;
            };
            let narrows = ["name", "text", "value", "states", "describe", "anchor"];
            let is_narrow = narrows.iter().any(|name| get(keys, name).is_some());
            if get(keys, "role").is_some() && !is_narrow {
                let message = "any widget of that role will do, of whatever name";
                let hint = "add its `name`";
                report.warn("nameless", &item.at, message, hint);
            }
        }
    }
}
