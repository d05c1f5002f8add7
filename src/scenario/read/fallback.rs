//! Reads the fallbacks of a routine, and chooses among them: once for packages of which nothing is
//! known, and once for each that was traced.

use super::{
    action::refuse_unknown,
    around::Around,
    document, fields,
    mistakes::Mistakes,
    parts::Parts,
    step,
    template::{self, Scope},
    yaml::{Data, Key},
};
use crate::{
    model::{Capabilities, ContentHash, KeyEffect},
    scenario::{Instruction, keys::Holder, variables::is_mentioned},
};
use std::{collections::BTreeMap, path::Path};

/// Other steps of a routine.
#[derive(Debug)]
pub(super) struct Fallback {
    when: String,
    at: Key,
    pub(super) steps: Vec<Instruction>,
}

/// Which steps are taken.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Choice {
    /// The fallback, by its place in the list; the usual steps when missing.
    pub(super) index: Option<usize>,
    /// The condition before it that could not be evaluated.
    pub(super) doubt: Option<String>,
}

impl Fallback {
    /// Returns its condition.
    pub(super) fn when(&self) -> &str {
        &self.when
    }

    /// Whether its condition is about what the app was seen to do.
    fn asks_capability(&self) -> bool {
        is_mentioned("capability", &self.when)
    }
}

/// Reads the fallbacks; all of them, so that every mistake is told.
pub(super) fn read(
    parts: &mut Parts<'_>,
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Vec<Fallback> {
    let Some((key, value)) = parts.take("fallbacks") else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for item in fields::list(key, value, mistakes).unwrap_or_default() {
        let Data::Map(entries) = &item.data else {
            let wanted = "a list of maps with `when` and `steps`";
            fields::wrong(key, item, wanted, mistakes);
            continue;
        };
        let mut parts = Parts::new(Holder::Fallback, entries);
        let when = parts.take("when");
        let when = when.and_then(|(key, value)| {
            let text = fields::text(key, value, mistakes)?;
            let at = value.at.clone();
            Some((
                text,
                Key {
                    at,
                    text: "when".into(),
                },
            ))
        });
        let steps = parts.take("steps");
        refuse_unknown(key, &parts, mistakes);
        let (Some((when, at)), Some((steps_key, list))) = (when, steps) else {
            mistakes.error(&item.at, "a fallback needs `when` and `steps`");
            continue;
        };
        refuse_other_words(&when, &at, mistakes);
        let list = document::rendered(list, around, mistakes);
        let steps = step::several(steps_key, &list, around, mistakes);
        if steps.is_empty() && !mistakes.has_errors() {
            mistakes.error(&steps_key.at, "a fallback has at least one step");
        }
        found.push(Fallback { when, at, steps });
    }
    found
}

/// Chooses with what was found out about one package, or about none.
pub(super) fn choose(
    fallbacks: &[Fallback],
    asked: &Scope,
    known: Option<&Capabilities>,
) -> Choice {
    let mut asked = asked.clone();
    if let Some(known) = known {
        let told = known.accelerators.iter();
        // What could not be told is no word that a condition may be compared with.
        let told = told.filter(|(_, effect)| **effect != KeyEffect::Unknown);
        let told = told.map(|(key, effect)| (key.clone(), effect.as_str().into()));
        let told: serde_json::Map<String, serde_json::Value> = told.collect();
        let capability = serde_json::json!({"accelerators": told});
        asked.insert("capability".into(), capability);
    }
    let mut choice = Choice::default();
    for (index, fallback) in fallbacks.iter().enumerate() {
        // `default` is for where each condition before it is known not to hold.
        let is_true = if fallback.when == "default" {
            choice.doubt.is_none()
        } else {
            match template::evaluates(&fallback.when, &asked) {
                Some(is_true) => is_true,
                None if fallback.asks_capability() => {
                    choice.doubt.get_or_insert_with(|| fallback.when.clone());
                    false
                }
                None => false,
            }
        };
        if is_true {
            choice.index = Some(index);
            break;
        }
    }
    choice
}

/// Returns what was found out about each package, when a condition asks for it; notes documents that
/// cannot count, and that there is none.
pub(super) fn known(
    fallbacks: &[Fallback],
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> BTreeMap<ContentHash, Capabilities> {
    let mut known = BTreeMap::new();
    let Some(asking) = fallbacks.iter().find(|one| one.asks_capability()) else {
        return known;
    };
    let folder = around.dir.join(Capabilities::FOLDER);
    let mut is_wrong = false;
    for file in around.files.list(&folder) {
        let name = file.strip_prefix(&folder).ok().and_then(Path::to_str);
        let Some(name) = name.filter(|name| name.strip_suffix(".json").is_some()) else {
            continue;
        };
        let path = format!("{}/{name}", Capabilities::FOLDER);
        let read = around.load(&path).map_err(|err| err.to_string());
        match read.and_then(|bytes| Capabilities::read(name, &bytes)) {
            Ok(one) => drop(known.insert(one.package, one)),
            Err(why) => {
                is_wrong = true;
                let message = format!("`{path}` counts for nothing: {why}");
                mistakes.warning(&asking.at.at, message, Some(TRACE.into()));
            }
        }
    }
    if known.is_empty() && !is_wrong {
        let message = "no package was traced, so the usual steps are done";
        mistakes.warning(&asking.at.at, message, Some(TRACE.into()));
    }
    known
}

const TRACE: &str = "`mosdat trace` finds out what the keys of the app do";

/// Notes a comparison with a word that nothing is ever called: it would never be true.
fn refuse_other_words(when: &str, at: &Key, mistakes: &mut Mistakes<'_>) {
    for part in when.split("accelerators[").skip(1) {
        let Some((_, rest)) = part.split_once(']') else {
            continue;
        };
        let rest = rest.trim_start();
        let compared = rest.strip_prefix("==").or_else(|| rest.strip_prefix("!="));
        let Some(word) = compared.and_then(|rest| quoted(rest.trim_start())) else {
            continue;
        };
        let known = KeyEffect::ALL.map(|(word, _)| word);
        if !known.contains(&word) {
            let message = format!("nothing that comes of a key is called `{word}`");
            mistakes.unknown(&at.at, message, word, &known);
        }
    }
}

fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text[1..].split_once(quote).map(|(word, _)| word)
}
