//! What one look at all applications brought, and which of it may be what is looked for.
//!
//! It asks nobody: text and places are not part of it.

use super::{application::Application, widget::Widget};
use crate::model::{Node, NodeQuery, Tree};

/// What one look at all applications brought.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) apps: Vec<Application>,
    /// Who was not seen, or not wholly.
    pub(super) silent: Vec<String>,
}

/// A widget that may be what is looked for.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) node: Node,
    pub(super) widget: Widget,
    /// The title of its window.
    pub(super) window: String,
}

impl View {
    /// The widgets that show and fit, depth first.
    pub(super) fn candidates(&self, query: &NodeQuery) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        for app in &self.apps {
            let mut window = "";
            for (widget, depth) in &app.widgets {
                if *depth == 0 {
                    window = &widget.name;
                }
                let node = widget.to_node(&app.name, *depth);
                if widget.states.is_showing() && query.matches(&node) {
                    candidates.push(Candidate {
                        node,
                        widget: widget.clone(),
                        window: window.to_owned(),
                    });
                }
            }
        }
        candidates
    }

    pub(super) fn into_tree(self) -> Tree {
        let nodes = self.apps.iter().flat_map(|app| {
            let widgets = app.widgets.iter();
            widgets.map(|(widget, depth)| widget.to_node(&app.name, *depth))
        });
        Tree {
            nodes: nodes.collect(),
            apps: self.apps.iter().map(|app| app.name.clone()).collect(),
            silent_apps: self.silent,
        }
    }
}
