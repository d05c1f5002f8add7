//! Finds the steps of a document, wherever they stand, and has every rule look at each.

use super::{
    Report, phrase, shell, time,
    yaml::{Data, Key, Value},
};

/// Keys behind which steps stand.
const LISTS: [&str; 9] = [
    "steps",
    "then",
    "then_steps",
    "preconditions",
    "postconditions",
    "setup_steps",
    "teardown_steps",
    "cleanup",
    "on_failure",
];

/// Those of them that put things in order: nothing has to hold there.
const TIDYING: [&str; 4] = ["setup_steps", "teardown_steps", "cleanup", "on_failure"];

/// A step as it is written.
pub(super) struct Step<'v> {
    entries: &'v [(Key, Value)],
    /// Whether it only puts things in order.
    pub(super) is_tidying: bool,
}

/// Looks at every step of `document`.
pub(super) fn look(document: &Value, report: &mut Report<'_>) {
    if let Data::List(items) = &document.data {
        list(items, false, report);
    } else {
        below(document, false, report);
    }
}

fn below(value: &Value, is_tidying: bool, report: &mut Report<'_>) {
    match &value.data {
        Data::Map(entries) => {
            for (key, value) in entries {
                let name = key.text.as_str();
                let is_tidying = is_tidying || TIDYING.contains(&name);
                if let (Data::List(items), true) = (&value.data, LISTS.contains(&name)) {
                    list(items, is_tidying, report);
                } else {
                    below(value, is_tidying, report);
                }
            }
        }
        Data::List(items) => items
            .iter()
            .for_each(|item| below(item, is_tidying, report)),
        Data::Null | Data::Flag(_) | Data::Number(..) | Data::Text(_) | Data::Tagged(..) => {}
    }
}

fn list(items: &[Value], is_tidying: bool, report: &mut Report<'_>) {
    let mut steps = Vec::new();
    for item in items {
        if let Data::Map(entries) = &item.data {
            steps.push(Step {
                entries,
                is_tidying,
            });
            below(item, is_tidying, report);
        }
    }
    for (index, step) in steps.iter().enumerate() {
        phrase::look(step, report);
        shell::look(step, report);
        time::look(step, steps.get(index + 1), report);
    }
}

impl<'v> Step<'v> {
    /// Returns what stands behind a key.
    pub(super) fn get(&self, name: &str) -> Option<&'v Value> {
        get(self.entries, name)
    }

    /// Returns the text behind a key.
    pub(super) fn text(&self, name: &str) -> Option<(&'v str, &'v Value)> {
        let value = self.get(name)?;
        let Data::Text(text) = &value.data else {
            return None;
        };
        Some((text, value))
    }

    /// Whether it looks at what the app did.
    pub(super) fn looks(&self) -> bool {
        const LOOKS: [&str; 7] = [
            "verify",
            "verify_not",
            "verify_atspi",
            "accept_any",
            "assert_no",
            "wait_for",
            "wait_gone",
        ];
        LOOKS.iter().any(|name| self.get(name).is_some())
    }

    /// Returns every key with what stands behind it.
    pub(super) fn entries(&self) -> &'v [(Key, Value)] {
        self.entries
    }
}

/// Returns what stands behind the key `name` of a map.
pub(super) fn get<'v>(entries: &'v [(Key, Value)], name: &str) -> Option<&'v Value> {
    let found = entries.iter().find(|(key, _)| key.text == name);
    found.map(|(_, value)| value)
}
