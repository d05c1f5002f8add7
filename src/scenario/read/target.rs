//! Reads what a step looks for: by which ways, and which of them may be used.

use super::{
    around::Around,
    fields,
    mistakes::Mistakes,
    parts::Parts,
    role::ROLES,
    yaml::{Data, Key, Value},
};
use crate::{
    model::{NodeQuery, Rect, STATES, did_you_mean, is_state},
    scenario::{
        AnchorImage, Means, Rung, Target, TextQuery, Way, fill,
        keys::{self, Holder},
    },
};
use std::collections::BTreeMap;

/// A target, and how it is to be clicked.
#[derive(Debug)]
pub(super) struct Drafted {
    pub(super) target: Target,
    pub(super) means: Means,
}

/// Reads a target out of the keys of a map; a name is part of the widget's where nothing else is
/// said and `name_is_part`. Keys that are none of a target are left.
pub(super) fn read(
    parts: &mut Parts<'_>,
    whole: &Value,
    name_is_part: bool,
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Drafted> {
    let before = mistakes.errors();
    let area = parts.take("area");
    let area = area.and_then(|(key, value)| rect(key, value, mistakes));
    let (via, means) = via(parts, mistakes);
    let mut ways = Vec::new();
    if let Some((key, value)) = parts.take("window") {
        let title = fields::text(key, value, mistakes);
        ways.extend(title.map(Way::Window));
    }
    if let Some((key, value)) = parts.take("anchor") {
        let image = anchor(key, value, around, mistakes);
        ways.extend(image.map(Way::Anchor));
    }
    if ["role", "name", "name_substr"]
        .iter()
        .any(|key| parts.has(key))
    {
        let query = node(parts, whole, name_is_part, mistakes);
        ways.extend(query.map(Way::Node));
    } else if let Some((key, value)) = parts.take("text") {
        ways.extend(text(parts, key, value, mistakes).map(Way::Text));
    }
    if let Some((key, value)) = parts.take("describe") {
        let phrase = fields::text(key, value, mistakes);
        ways.extend(phrase.map(Way::Thing));
    }
    if mistakes.errors() > before {
        return None;
    }
    let hint = "a widget has a `role`, a picture an `anchor`, a window a `window`, a text on the screen a `text`";
    if ways.is_empty() {
        mistakes.error_with_hint(&whole.at, "this says nothing to look for", hint);
        return None;
    }
    if ways.len() > 1 && ways.iter().any(|way| matches!(way, Way::Window(_))) {
        let message = "a window is looked for by its title alone";
        mistakes.error_with_hint(&whole.at, message, hint);
        return None;
    }
    let target = Target { ways, via, area };
    Some(Drafted { target, means })
}

/// Reads a target that has a map of its own.
pub(super) fn of_map(
    key: &Key,
    value: &Value,
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Drafted> {
    let entries = fields::map(key, value, mistakes)?;
    let mut parts = Parts::new(Holder::Target, entries);
    let drafted = read(&mut parts, value, false, around, mistakes);
    refuse_rest(&format!("`{}`", key.text), &parts, mistakes);
    drafted
}

/// Notes the keys of a map that is a target which nobody took.
pub(super) fn refuse_rest(what: &str, parts: &Parts<'_>, mistakes: &mut Mistakes<'_>) {
    let known = parts.known();
    for key in parts.rest() {
        let word = key.text.as_str();
        if keys::knows(Holder::Check, word) {
            let message = format!("`{word}` says nothing in {what} as it stands");
            mistakes.error_with_hint(&key.at, message, belongs(word));
        } else {
            mistakes.unknown(&key.at, format!("{what} has no key `{word}`"), word, &known);
        }
    }
}

/// Says what a key of a target goes with.
fn belongs(word: &str) -> &'static str {
    match word {
        "app" | "app_filter" | "name_substr" | "action_idx" | "value" | "states" => {
            "it goes with a `role`"
        }
        "fuzzy" | "ignore_case" => "it goes with a `text` on the screen",
        _ => "it has no meaning here",
    }
}

fn node(
    parts: &mut Parts<'_>,
    whole: &Value,
    name_is_part: bool,
    mistakes: &mut Mistakes<'_>,
) -> Option<NodeQuery> {
    let name = parts.take("name");
    let name = name.map(|(key, value)| fields::text(key, value, mistakes));
    let is_part = parts.take("name_substr");
    let is_part = is_part.map(|(key, value)| fields::flag(key, value, mistakes));
    let app = parts.take_one(&["app", "app_filter"], mistakes);
    let app = app.map(|(key, value)| app_name(key, value, mistakes));
    let text = parts.take("text");
    let text = text.map(|(key, value)| fields::text(key, value, mistakes));
    let value_at = parts.take("value");
    let value_at = value_at.and_then(|(key, value)| fields::text(key, value, mistakes));
    let states = parts.take("states");
    let states = states.map(|(key, value)| states_of(key, value, mistakes));
    let Some((key, value)) = parts.take("role") else {
        let hint = "add it, for instance `role: push button`";
        mistakes.error_with_hint(&whole.at, "a widget needs a `role`", hint);
        return None;
    };
    let role = role(key, value, mistakes)?;
    if is_part == Some(Some(true)) && name.is_none() {
        let message = "`name_substr` without a `name` says nothing: every such widget fits";
        mistakes.warning(&whole.at, message, None);
    }
    Some(NodeQuery {
        role,
        name: name.flatten(),
        name_is_part: is_part.flatten().unwrap_or(name_is_part),
        app: app.flatten().unwrap_or_default(),
        text: text.flatten(),
        value: value_at,
        states: states.unwrap_or_default(),
    })
}

/// Reads `[checked, not sensitive]`.
fn states_of(key: &Key, value: &Value, mistakes: &mut Mistakes<'_>) -> BTreeMap<String, bool> {
    let mut states = BTreeMap::new();
    for item in fields::list(key, value, mistakes).unwrap_or_default() {
        let Some(text) = fields::text(key, item, mistakes) else {
            continue;
        };
        let (name, wanted) = match text.strip_prefix("not ") {
            Some(name) => (name.trim(), false),
            None => (text.trim(), true),
        };
        if !is_state(name) {
            let message = format!("no widget can be in the state `{name}`");
            mistakes.unknown(&item.at, message, name, STATES);
        }
        states.insert(name.to_owned(), wanted);
    }
    states
}

fn role(key: &Key, value: &Value, mistakes: &mut Mistakes<'_>) -> Option<String> {
    let role = fields::text(key, value, mistakes)?.to_lowercase();
    let is_known = ROLES.contains(&role.as_str()) || role.contains('{');
    if !is_known {
        let near = did_you_mean(&role, ROLES.iter().copied());
        let hint = near.map(|near| format!("did you mean `{near}`?"));
        mistakes.warning(
            &value.at,
            format!("no toolkit is known to use the role `{role}`"),
            hint,
        );
    }
    Some(role)
}

/// An application's name may be empty: any will do.
pub(super) fn app_name(key: &Key, value: &Value, mistakes: &mut Mistakes<'_>) -> Option<String> {
    if value.data == Data::Text(String::new()) {
        return Some(String::new());
    }
    fields::text(key, value, mistakes)
}

fn text(
    parts: &mut Parts<'_>,
    key: &Key,
    value: &Value,
    mistakes: &mut Mistakes<'_>,
) -> Option<TextQuery> {
    let slack = parts.take("fuzzy");
    let slack = slack.and_then(|(key, value)| fields::whole(key, value, 0..=20, mistakes));
    let ignores_case = parts.take("ignore_case");
    let ignores_case = ignores_case.and_then(|(key, value)| fields::flag(key, value, mistakes));
    Some(TextQuery {
        text: fields::text(key, value, mistakes)?,
        slack: slack.unwrap_or(0) as usize,
        ignores_case: ignores_case.unwrap_or(false),
    })
}

/// Reads which rungs may be used, and how something is clicked: one key says both, for the older
/// words were there first.
fn via(parts: &mut Parts<'_>, mistakes: &mut Mistakes<'_>) -> (Vec<Rung>, Means) {
    let index = parts.take("action_idx");
    let index = index.and_then(|(key, value)| fields::whole(key, value, 0..=99, mistakes));
    let index = index.unwrap_or(0) as usize;
    let Some((key, value)) = parts.take("via") else {
        return (Vec::new(), Means::Pointer);
    };
    let one = std::slice::from_ref(value);
    let words = if let Data::List(items) = &value.data {
        items.as_slice()
    } else {
        one
    };
    let means = [
        ("pointer", Means::Pointer),
        ("action", Means::Action(index)),
        ("hint", Means::Hint(index)),
    ];
    let (mut rungs, mut chosen) = (Vec::new(), Means::Pointer);
    for word in words {
        let Some(text) = fields::text(key, word, mistakes) else {
            continue;
        };
        let rung = Rung::NAMES.iter().find(|(name, _)| *name == text);
        let means_of = means.iter().find(|(name, _)| *name == text);
        match (rung, means_of) {
            (Some((_, rung)), _) => rungs.push(*rung),
            (None, Some((_, means))) => chosen = *means,
            (None, None) => {
                let rungs = Rung::NAMES.iter().map(|(name, _)| *name);
                let known: Vec<&str> = rungs.chain(means.iter().map(|(name, _)| *name)).collect();
                let message = format!("`via` knows no `{text}`");
                mistakes.unknown(&word.at, message, &text, &known);
            }
        }
    }
    (rungs, chosen)
}

/// Reads `[x, y, width, height]`.
fn rect(key: &Key, value: &Value, mistakes: &mut Mistakes<'_>) -> Option<Rect> {
    let items = fields::list(key, value, mistakes)?;
    let numbers = items
        .iter()
        .map(|item| fields::whole(key, item, 0..=65_535, mistakes));
    let numbers: Option<Vec<u32>> = numbers.collect();
    let numbers = numbers?;
    let [x, y, width, height] = numbers[..] else {
        let message = "`area` is a list of left edge, top edge, width and height";
        mistakes.error(&value.at, message);
        return None;
    };
    if width == 0 || height == 0 {
        mistakes.error(&value.at, "`area` has no pixel");
        return None;
    }
    Some(Rect {
        x: x as i32,
        y: y as i32,
        width: width as i32,
        height: height as i32,
    })
}

fn anchor(
    key: &Key,
    value: &Value,
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<AnchorImage> {
    let written = fields::text(key, value, mistakes)?;
    let written = fill(&written, &around.vars);
    let path = around.beside(&value.at, &written, mistakes)?;
    match around.load(&path) {
        Ok(png) if png.starts_with(b"\x89PNG\r\n\x1a\n") => {
            let png = png.into();
            Some(AnchorImage { path, png })
        }
        Ok(_) => {
            mistakes.error(&value.at, format!("`{path}` is no PNG picture"));
            None
        }
        Err(err) => {
            mistakes.error(
                &value.at,
                format!("failed to read the picture `{path}`: {err}"),
            );
            None
        }
    }
}
