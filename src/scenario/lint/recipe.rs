//! The shape of recipes: notes on what was learned, which nothing carries out.

use super::{
    Report,
    steps::get,
    yaml::{Data, Value},
};

/// Keys of a recipe, and whether texts stand behind them as a list.
const KEYS: [(&str, Shape); 7] = [
    ("slug", Shape::Text),
    ("title", Shape::Text),
    ("symptoms", Shape::Texts),
    ("constraint", Shape::Text),
    ("pivots", Shape::Pivots),
    ("sources", Shape::Texts),
    ("related_recipes", Shape::Texts),
];

const COSTS: [&str; 4] = ["low", "medium", "high", "external"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Text,
    Texts,
    Pivots,
}

pub(super) fn look(document: &Value, report: &mut Report<'_>) {
    let Data::Map(entries) = &document.data else {
        report.refuse("recipe", &document.at, "a recipe is a map", "");
        return;
    };
    for (key, value) in entries {
        if let Some((_, shape)) = KEYS.iter().find(|(name, _)| *name == key.text) {
            fits(&key.text, *shape, value, report);
        } else {
            let message = format!("a recipe has no key `{}`", key.text);
            report.refuse("recipe", &key.at, &message, "");
        }
    }
    for name in ["slug", "title", "symptoms"] {
        if get(entries, name).is_none() {
            let message = format!("a recipe needs a `{name}`");
            report.refuse("recipe", &document.at, &message, "");
        }
    }
}

fn fits(name: &str, shape: Shape, value: &Value, report: &mut Report<'_>) {
    let wanted = match (shape, &value.data) {
        (Shape::Text, Data::Text(text)) => {
            let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if name == "slug" && !text.chars().all(is_plain) {
                let message = format!("`{text}` is no slug");
                let hint = "small letters, digits and `-`";
                report.refuse("recipe", &value.at, &message, hint);
            }
            return;
        }
        (Shape::Texts, Data::List(_)) => return,
        (Shape::Pivots, Data::List(items)) => {
            for item in items {
                pivot(item, report);
            }
            return;
        }
        (Shape::Text, _) => "a text",
        (Shape::Texts | Shape::Pivots, _) => "a list",
    };
    let message = format!("`{name}` must be {wanted}");
    report.refuse("recipe", &value.at, &message, "");
}

fn pivot(item: &Value, report: &mut Report<'_>) {
    let Data::Map(entries) = &item.data else {
        report.refuse("recipe", &item.at, "a pivot is a map", "");
        return;
    };
    for name in ["id", "summary"] {
        if get(entries, name).is_none() {
            let message = format!("a pivot needs `{name}`");
            report.refuse("recipe", &item.at, &message, "");
        }
    }
    if let Some(cost) = get(entries, "cost")
        && !COSTS
            .iter()
            .any(|known| cost.data == Data::Text((*known).into()))
    {
        let message = "`cost` is one of `low`, `medium`, `high`, `external`";
        report.refuse("recipe", &cost.at, message, "");
    }
}
