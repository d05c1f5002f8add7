//! The tables of keys in the documentation.

use super::keys::{self, Holder, KnownKey, Usual};

/// Returns the table of the keys of one sort of map, as Markdown.
pub fn table(holder: Holder) -> String {
    let mut table = "| key | takes | does | when missing |\n|---|---|---|---|\n".to_owned();
    for key in keys::all().filter(|key| key.holder == holder) {
        table.push_str(&row(key));
    }
    table
}

fn row(key: &KnownKey) -> String {
    let takes = key.takes.to_string();
    let does = match key.alias_of {
        Some(other) => format!("The same as `{other}`."),
        None => key.does.to_owned(),
    };
    let usual = match key.usual {
        Usual::Nothing => "",
        Usual::Is(usual) => usual,
        Usual::Needed => "an error",
    };
    format!("| `{}` | {takes} | {does} | {usual} |\n", key.name)
}
