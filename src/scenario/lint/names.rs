//! The rule about `{name}` in texts.

use super::{
    Report,
    steps::get,
    yaml::{Data, Value},
};
use crate::{
    model::did_you_mean,
    scenario::{BUILT_IN, Given, PROVIDED, variables},
};

/// Looks at every text of a scenario.
pub(super) fn look(document: &Value, given: &Given, report: &mut Report<'_>) {
    let Data::Map(entries) = &document.data else {
        return;
    };
    let mut known: Vec<&str> = [&BUILT_IN[..], &PROVIDED].concat();
    known.extend(given.vars.keys().map(String::as_str));
    if let Some(Data::Map(vars)) = get(entries, "vars").map(|value| &value.data) {
        known.extend(vars.iter().map(|(key, _)| key.text.as_str()));
    }
    for (key, value) in entries {
        if key.text != "vars" {
            texts(&key.text, value, &known, report);
        }
    }
}

fn texts(key: &str, value: &Value, known: &[&str], report: &mut Report<'_>) {
    match &value.data {
        Data::Text(text) => unknown(key, text, value, known, report),
        Data::List(items) => {
            for item in items {
                texts(key, item, known, report);
            }
        }
        Data::Map(entries) => {
            for (key, value) in entries {
                texts(&key.text, value, known, report);
            }
        }
        Data::Null | Data::Flag(_) | Data::Number(..) | Data::Tagged(..) => {}
    }
}

fn unknown(key: &str, text: &str, value: &Value, known: &[&str], report: &mut Report<'_>) {
    // What is in double braces is for templates, which refuse what they do not know.
    let bare = text.replace("{{", "").replace("}}", "");
    let mut before = ' ';
    for (at, brace) in bare.char_indices() {
        let opens = brace == '{' && before != '$';
        before = brace;
        let name = bare[at + brace.len_utf8()..].split('}').next();
        let Some(name) = name.filter(|name| opens && variables::is_name(name)) else {
            continue;
        };
        let is_closed = bare[at + 1 + name.len()..].starts_with('}');
        if !is_closed || known.contains(&name) {
            continue;
        }
        let near = did_you_mean(name, known.iter().copied());
        // Braces are common in texts for a shell; only a slip is told there.
        if key == "shell" && near.is_none() {
            continue;
        }
        let hint = near.map_or_else(
            || "it stays as it is, unless it is given from outside".to_owned(),
            |near| format!("did you mean `{{{near}}}`?"),
        );
        let message = format!("nobody knows `{{{name}}}`");
        report.warn("unknown-name", &value.at, &message, &hint);
    }
}
