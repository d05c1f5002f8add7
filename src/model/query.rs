//! What is looked for in a tree of widgets.

use super::{Node, role::is_role_of};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What to look for in a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeQuery {
    /// The role, in lower case. Other names of the same role fit as well.
    pub role: String,
    /// The name; any when missing.
    pub name: Option<String>,
    /// Whether `name` may be part of the widget's name.
    pub name_is_part: bool,
    /// Part of the application's name, whatever its case; any application when empty.
    pub app: String,
    /// Text that the widget must hold.
    pub text: Option<String>,
    /// The number that it must stand at, as text: `50` is `50.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// States that it must be in, or must not be in: `checked`, `sensitive`. A name that is none of
    /// [`STATES`] fits no widget.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub states: BTreeMap<String, bool>,
}

/// The states that a widget can be in.
pub const STATES: &[&str] = &[
    "active",
    "animated",
    "armed",
    "busy",
    "checkable",
    "checked",
    "collapsed",
    "defunct",
    "editable",
    "enabled",
    "expandable",
    "expanded",
    "focusable",
    "focused",
    "has-popup",
    "has-tooltip",
    "horizontal",
    "iconified",
    "indeterminate",
    "invalid",
    "invalid-entry",
    "is-default",
    "manages-descendants",
    "modal",
    "multi-line",
    "multiselectable",
    "opaque",
    "pressed",
    "read-only",
    "required",
    "resizable",
    "selectable",
    "selectable-text",
    "selected",
    "sensitive",
    "showing",
    "single-line",
    "stale",
    "supports-autocompletion",
    "transient",
    "truncated",
    "vertical",
    "visible",
    "visited",
];

/// Whether there is a state of this name.
pub fn is_state(name: &str) -> bool {
    STATES.iter().any(|state| is_same_state(state, name))
}

/// People write spaces where programs write dashes.
fn is_same_state(state: &str, name: &str) -> bool {
    let dashed = name.bytes().map(|byte| match byte {
        b' ' | b'_' => b'-',
        other => other.to_ascii_lowercase(),
    });
    dashed.eq(state.bytes())
}

impl NodeQuery {
    /// Whether `node` is what is looked for.
    pub fn matches(&self, node: &Node) -> bool {
        let holds = |text: &String| node.text.contains(text.as_str());
        self.matches_outside(node)
            && self.text.as_ref().is_none_or(holds)
            && self.value.as_ref().is_none_or(|it| is_at(&node.value, it))
    }

    /// Whether `node` is what is looked for, as far as can be told without what it holds: its text
    /// and its value.
    pub fn matches_outside(&self, node: &Node) -> bool {
        let name_fits = match (&self.name, self.name_is_part) {
            (None, _) => true,
            (Some(name), false) => node.name == *name,
            (Some(name), true) => node.name.contains(name.as_str()),
        };
        name_fits
            && is_role_of(&self.role, node)
            && node.app.to_lowercase().contains(&self.app.to_lowercase())
            && self.states_fit(node)
    }

    fn states_fit(&self, node: &Node) -> bool {
        self.states.iter().all(|(name, wanted)| {
            let is_in = node.states.iter().any(|state| is_same_state(state, name));
            is_state(name) && is_in == *wanted
        })
    }
}

/// Whether `told`, which is empty where a widget has no value, is the number `wanted`.
fn is_at(told: &str, wanted: &str) -> bool {
    match (told.parse::<f64>(), wanted.trim().parse::<f64>()) {
        (Ok(told), Ok(wanted)) => (told - wanted).abs() <= 1e-9 * wanted.abs().max(1.0),
        _ => false,
    }
}

impl std::fmt::Display for NodeQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.role)?;
        if let Some(name) = &self.name {
            write!(f, " `{name}`")?;
        }
        if let Some(text) = &self.text {
            write!(f, " holding `{text}`")?;
        }
        if let Some(value) = &self.value {
            write!(f, " at {value}")?;
        }
        for (state, wanted) in &self.states {
            let not = if *wanted { "" } else { "not " };
            write!(f, " that is {not}{state}")?;
        }
        if !self.app.is_empty() {
            write!(f, " of `{}`", self.app)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node() -> Node {
        Node {
            role: "check box".into(),
            name: "Remember me".into(),
            value: "0.5".into(),
            states: ["showing", "single-line"].map(str::to_owned).into(),
            ..Node::default()
        }
    }

    fn with_states(states: &[(&str, bool)]) -> NodeQuery {
        let states = states.iter().map(|(name, is)| ((*name).to_owned(), *is));
        NodeQuery {
            role: "check box".into(),
            states: states.collect(),
            ..NodeQuery::default()
        }
    }

    #[test]
    fn a_state_is_asked_for_or_against() {
        for (states, fits) in [
            (&[("checked", true)][..], false),
            (&[("checked", false)], true),
            (&[("showing", true), ("checked", false)], true),
            (&[("showing", false)], false),
            (&[("single line", true)], true),
            // A slip of the pen must not hold of everything.
            (&[("chekced", false)], false),
        ] {
            assert_eq!(with_states(states).matches(&node()), fits, "{states:?}");
        }
        assert!(is_state("Read only") && !is_state("chekced"));
    }

    #[test]
    fn a_value_is_a_number_however_it_is_written() {
        let at = |value: &str| NodeQuery {
            value: Some(value.into()),
            ..with_states(&[])
        };
        assert!(at("0.50").matches(&node()) && at(" .5").matches(&node()));
        assert!(!at("0.51").matches(&node()) && !at("half").matches(&node()));
        let without = Node {
            value: String::new(),
            ..node()
        };
        assert!(!at("0").matches(&without) && !at("").matches(&without));
    }

    #[test]
    fn what_is_not_asked_for_is_not_written_down() {
        let written = serde_json::to_string(&with_states(&[])).unwrap();
        let before =
            r#"{"role":"check box","name":null,"name_is_part":false,"app":"","text":null}"#;
        assert_eq!(written, before);
        let read: NodeQuery = serde_json::from_str(before).unwrap();
        assert_eq!(read, with_states(&[]));
        let told = with_states(&[("checked", false), ("focused", true)]).to_string();
        assert_eq!(told, "check box that is not checked that is focused");
    }
}
