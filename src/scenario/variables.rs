//! `{name}` in texts: replaced from a map. No expressions, no escapes: `${name}` is the shell's,
//! and a name that is not in the map stays as it is.

use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Variables that every scenario has without saying so.
pub const BUILT_IN: [&str; 5] = ["app_path", "app_args", "build", "machine", "timestamp"];

/// Variables that a scenario has where the plan file or the environment says what they are, and it
/// does not say it itself.
pub const PROVIDED: [&str; 4] = ["workspace_url", "test_user", "test_password", "vm_password"];

/// Whether the variable is a password, which nobody gets to see.
pub fn is_password(name: &str) -> bool {
    matches!(name, "test_password" | "vm_password")
}

/// Says why `name` cannot be a variable that somebody sets, when it cannot.
pub fn refused_name(name: &str) -> Option<&'static str> {
    if BUILT_IN.contains(&name) {
        Some("it is set by mosdat")
    } else if is_name(name) {
        None
    } else {
        Some("names are letters, digits and `_`")
    }
}

/// Whether the word `name` stands anywhere in `text`.
pub(super) fn is_mentioned(name: &str, text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// Replaces each `{name}` that `variables` knows. Values are not looked at again.
pub fn fill(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (before, after) = rest.split_at(open);
        filled.push_str(before);
        let value = named(after).and_then(|name| Some((name, variables.get(name)?)));
        match value {
            Some((name, value)) if !before.ends_with('$') => {
                filled.push_str(value);
                rest = &after[name.len() + 2..];
            }
            _ => {
                filled.push('{');
                rest = &after[1..];
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// Returns the name in the braces that `text` starts with.
fn named(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix('{')?.split_once('}')?;
    is_name(name).then_some(name)
}

/// Whether `text` could be the name of a variable.
pub(super) fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Returns what templates find for the variables that get their value when a step is carried out:
/// the way these are written in texts.
pub(super) fn placeholders() -> BTreeMap<String, Json> {
    let names = BUILT_IN.iter().chain(&PROVIDED);
    names
        .map(|name| ((*name).to_owned(), format!("{{{name}}}").into()))
        .collect()
}

/// Writes a value as a text: texts as they are, the rest as JSON.
pub(super) fn text_of(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
            value.to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> String {
        let variables = [("title", "Milk"), ("app_path", "/opt/{title}"), ("n", "")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        fill(text, &variables.into())
    }

    #[test]
    fn names_in_braces_are_replaced() {
        assert_eq!(check("{title} and {title}{n}!"), "Milk and Milk!");
    }

    #[test]
    fn a_name_is_mentioned_where_it_stands_as_a_word() {
        for text in ["{{ title | upper }}", "x{title}", "title: 1", "vars.title"] {
            assert!(is_mentioned("title", text), "{text}");
        }
        for text in ["titles", "{sub_title}", "Title", ""] {
            assert!(!is_mentioned("title", text), "{text}");
        }
    }

    #[test]
    fn values_are_not_looked_at_again() {
        assert_eq!(check("{app_path}"), "/opt/{title}");
    }

    #[test]
    fn what_is_the_shells_stays() {
        let text = "echo ${title} {unknown} {a,b} {} { title } {title";
        assert_eq!(check(text), text);
        assert_eq!(check("awk '{print}' {{title}}"), "awk '{print}' {Milk}");
    }
}
