//! What documents beside scenarios say of themselves, for those who look for one.

use super::yaml::{self, Data, Value};
use crate::scenario::variables;

/// An input that a routine declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// What sort of value it is.
    pub sort: Option<String>,
    /// Its value where nobody gives one.
    pub default: Option<String>,
}

/// Returns the text behind the key `name` of a document; nothing when it has none or is no YAML.
pub fn entry(text: &str, name: &str) -> Option<String> {
    let documents = yaml::read(text).ok()?;
    text_of(behind(documents.first()?, name)?)
}

/// Returns the inputs that a routine declares.
pub fn inputs(text: &str) -> Vec<Wanted> {
    let documents = yaml::read(text).unwrap_or_default();
    let declared = documents
        .first()
        .and_then(|whole| behind(whole, "inputs"))
        .map(|value| &value.data);
    let Some(Data::Map(entries)) = declared else {
        return Vec::new();
    };
    let wanted = |name: &str, value: &Value| Wanted {
        name: name.to_owned(),
        sort: behind(value, "type").and_then(text_of),
        default: behind(value, "default").map(|value| variables::text_of(&value.json())),
    };
    entries
        .iter()
        .map(|(key, value)| wanted(&key.text, value))
        .collect()
}

fn behind<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let Data::Map(entries) = &value.data else {
        return None;
    };
    let found = entries.iter().find(|(key, _)| key.text == name);
    found.map(|(_, value)| value)
}

fn text_of(value: &Value) -> Option<String> {
    match &value.data {
        Data::Text(text) | Data::Number(_, text) => Some(text.clone()),
        Data::Null | Data::Flag(_) | Data::List(_) | Data::Map(_) | Data::Tagged(..) => None,
    }
}
