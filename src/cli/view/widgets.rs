//! A tree of widgets: as an outline, as one JSON document, or as a count of roles.

use crate::model::{Node, Placement, Tree};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    io::{self, Write},
};

/// Which widgets of a tree are shown.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct Shown {
    /// Part of the application's name, whatever its case; all when empty.
    pub(in crate::cli) app: String,
    /// How deep: 0 for windows only.
    pub(in crate::cli) depth: usize,
    /// Those that do not show as well.
    pub(in crate::cli) hidden: bool,
}

impl Shown {
    /// Whether an application of this name is meant.
    pub(in crate::cli) fn is_meant(&self, app: &str) -> bool {
        app.to_lowercase().contains(&self.app.to_lowercase())
    }

    fn apps<'t>(&'t self, tree: &'t Tree) -> impl Iterator<Item = &'t String> {
        tree.apps.iter().filter(|app| self.is_meant(app))
    }

    /// The widgets of applications that are meant. What lies in a widget that does not show does not
    /// show either.
    fn nodes<'t>(&'t self, tree: &'t Tree) -> impl Iterator<Item = &'t Node> {
        let shows = |node: &Node| node.states.iter().any(|state| state == "showing");
        tree.nodes.iter().filter(move |node| {
            self.is_meant(&node.app) && node.depth <= self.depth && (self.hidden || shows(node))
        })
    }
}

/// Writes an outline: a line each, children further to the right.
pub(in crate::cli) fn outline(out: &mut dyn Write, tree: &Tree, shown: &Shown) -> io::Result<()> {
    let mut app = None;
    for node in shown.nodes(tree) {
        if app != Some(&node.app) {
            writeln!(out, "{}", node.app)?;
            app = Some(&node.app);
        }
        let indent = "  ".repeat(node.depth + 1);
        writeln!(out, "{indent}{}", line(node))?;
    }
    for silent in &tree.silent_apps {
        writeln!(out, "not seen: {}", silent.label)?;
    }
    Ok(())
}

fn line(node: &Node) -> String {
    /// Longer texts are cut.
    const LONGEST: usize = 60;
    let mut words = vec![node.role.clone()];
    if !node.name.is_empty() {
        words.push(format!("{:?}", node.name));
    }
    if !node.text.is_empty() && node.text != node.name {
        let mut text: String = node.text.chars().take(LONGEST).collect();
        if text.len() < node.text.len() {
            text.push('…');
        }
        words.push(format!("holds {text:?}"));
    }
    if !node.value.is_empty() {
        words.push(format!("at {}", node.value));
    }
    // What most widgets are says nothing.
    let usual = ["enabled", "sensitive", "showing", "visible", "focusable"];
    let states = node.states.iter().map(String::as_str);
    let states: Vec<&str> = states.filter(|state| !usual.contains(state)).collect();
    if !states.is_empty() {
        words.push(format!("[{}]", states.join(" ")));
    }
    match (node.extents, node.placement) {
        (Some(place), _) => words.push(format!("({place})")),
        (None, Placement::Unconfirmed) => words.push("(place not confirmed)".into()),
        (None, Placement::Unknown | Placement::Told | Placement::Measured) => {}
    }
    words.join(" ")
}

/// Writes how many widgets there are of each role, the most frequent first.
pub(in crate::cli) fn roles(out: &mut dyn Write, tree: &Tree, shown: &Shown) -> io::Result<()> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for node in shown.nodes(tree) {
        *counts.entry(&node.role).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (role, count) in counts {
        writeln!(out, "{count:5}  {role}")?;
    }
    Ok(())
}

/// Writes one JSON document.
pub(in crate::cli) fn document(
    out: &mut dyn Write,
    machine: &str,
    tree: &Tree,
    shown: &Shown,
) -> io::Result<()> {
    let apps = shown.apps(tree).map(|app| {
        let nodes = shown.nodes(tree).filter(|node| node.app == *app);
        json!({"name": app, "children": nested(nodes)})
    });
    let document = json!({
        "format_version": super::json::FORMAT_VERSION,
        "machine": machine,
        "apps": apps.collect::<Vec<_>>(),
        "not_seen": tree.silent_apps.iter().map(|app| &app.label).collect::<Vec<_>>(),
    });
    writeln!(out, "{document:#}")
}

/// Puts widgets, depth first, into those that they lie in.
fn nested<'t>(nodes: impl Iterator<Item = &'t Node>) -> Vec<Value> {
    let mut open: Vec<(usize, Value)> = vec![(0, json!({"children": []}))];
    for node in nodes {
        close(&mut open, node.depth + 1);
        open.push((node.depth + 1, as_json(node)));
    }
    close(&mut open, 1);
    let (_, mut root) = open.pop().expect("the outermost is never closed");
    let windows = root["children"].as_array_mut();
    windows.map(std::mem::take).unwrap_or_default()
}

/// Gives those that are so deep, or deeper, to what they lie in.
fn close(open: &mut Vec<(usize, Value)>, depth: usize) {
    while open.last().is_some_and(|(own, _)| *own >= depth) {
        let (_, child) = open.pop().expect("there is a last one");
        if let Some((_, parent)) = open.last_mut()
            && let Some(children) = parent["children"].as_array_mut()
        {
            children.push(child);
        }
    }
}

fn as_json(node: &Node) -> Value {
    let placement = match node.placement {
        Placement::Unknown => "unknown",
        Placement::Told => "told",
        Placement::Measured => "measured",
        Placement::Unconfirmed => "unconfirmed",
    };
    let extents = node
        .extents
        .map(|it| json!({"x": it.x, "y": it.y, "width": it.width, "height": it.height}));
    json!({
        "role": node.role,
        "name": node.name,
        "text": node.text,
        "value": node.value,
        "states": node.states,
        "extents": extents,
        "placement": placement,
        "children": [],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Rect, SilentApp};

    fn tree() -> Tree {
        let node = |app: &str, depth, role: &str, name: &str, states: &[&str]| Node {
            role: role.into(),
            name: name.into(),
            app: app.into(),
            depth,
            states: states.iter().map(|it| (*it).to_owned()).collect(),
            ..Node::default()
        };
        let mut check = node("Notes", 2, "check box", "Sure?", &["showing", "checked"]);
        check.extents = Some(Rect {
            x: 3,
            y: 4,
            width: 50,
            height: 20,
        });
        let mut text = node("Notes", 1, "text", "", &["showing", "editable"]);
        text.text = "a\nb".into();
        text.placement = Placement::Unconfirmed;
        let mut slider = node("Other", 1, "slider", "Size", &["showing"]);
        slider.value = "47.5".into();
        Tree {
            nodes: vec![
                node("Notes", 0, "frame", "Notes", &["showing", "active"]),
                node("Notes", 1, "filler", "", &["showing"]),
                check,
                text,
                node("Notes", 1, "push button", "Hidden", &[]),
                node("Other", 0, "frame", "Other", &["showing"]),
                slider,
            ],
            apps: vec!["Notes".into(), "Other".into()],
            silent_apps: vec![SilentApp {
                name: None,
                label: "process 7".into(),
            }],
        }
    }

    fn written(write: impl Fn(&mut dyn Write) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn shown(app: &str) -> Shown {
        Shown {
            app: app.into(),
            depth: 30,
            hidden: false,
        }
    }

    #[test]
    fn an_outline_tells_what_shows_and_what_was_not_seen() {
        insta::assert_snapshot!(written(|out| outline(out, &tree(), &shown(""))), @r#"
        Notes
          frame "Notes" [active]
            filler
              check box "Sure?" [checked] (50x20 at 3,4)
            text holds "a\nb" [editable] (place not confirmed)
        Other
          frame "Other"
            slider "Size" at 47.5
        not seen: process 7
        "#);
        let hidden = Shown {
            hidden: true,
            depth: 1,
            ..shown("NOT")
        };
        insta::assert_snapshot!(written(|out| outline(out, &tree(), &hidden)), @r#"
        Notes
          frame "Notes" [active]
            filler
            text holds "a\nb" [editable] (place not confirmed)
            push button "Hidden"
        not seen: process 7
        "#);
    }

    #[test]
    fn roles_are_counted() {
        let counted = written(|out| roles(out, &tree(), &shown("")));
        let wanted = "    2  frame\n    1  check box\n    1  filler\n    1  slider\n    1  text\n";
        assert_eq!(counted, wanted);
    }

    #[test]
    fn a_document_holds_what_lies_in_what() {
        let text = written(|out| document(out, "desktop", &tree(), &shown("")));
        let value: Value = serde_json::from_str(&text).unwrap();
        let [notes, other] = value["apps"].as_array().unwrap().as_slice() else {
            panic!("{text}");
        };
        let frame = &notes["children"][0];
        assert_eq!(frame["children"].as_array().unwrap().len(), 2, "{text}");
        let check = &frame["children"][0]["children"][0];
        assert_eq!(
            check["extents"],
            json!({"x": 3, "y": 4, "width": 50, "height": 20})
        );
        assert_eq!(frame["children"][1]["text"], "a\nb");
        assert_eq!(frame["children"][1]["placement"], "unconfirmed");
        assert_eq!(other["children"][0]["children"][0]["value"], "47.5");
        assert_eq!(value["not_seen"], json!(["process 7"]));
    }
}
