//! What one look at all applications brought, and which of it may be what is looked for.
//!
//! It asks nobody: text and places are not part of it.

use super::{
    application::Application,
    widget::{Reference, Widget},
};
use crate::model::{Node, SilentApp, Tree};

/// What one look at all applications brought.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) apps: Vec<Application>,
    /// Who was not seen, or not wholly.
    pub(super) silent: Vec<SilentApp>,
}

/// A widget that may be what is looked for.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) node: Node,
    pub(super) widget: Widget,
    /// Its window.
    pub(super) window: InView,
}

/// A window that was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct InView {
    pub(super) at: Reference,
    pub(super) app: String,
    pub(super) title: String,
}

/// A window, and those of its widgets that show.
#[derive(Debug)]
pub(super) struct Showing {
    pub(super) at: Reference,
    pub(super) widgets: Vec<Reference>,
}

impl View {
    /// The widgets that show and fit as far as is known yet, depth first.
    pub(super) fn candidates(&self, fits: impl Fn(&Node) -> bool) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        for app in &self.apps {
            let mut window = None;
            for (widget, depth) in &app.widgets {
                if *depth == 0 {
                    window = Some(widget);
                }
                let node = widget.to_node(&app.name, *depth);
                let window = window.unwrap_or(widget);
                if widget.states.is_showing() && fits(&node) {
                    candidates.push(Candidate {
                        node,
                        widget: widget.clone(),
                        window: InView {
                            at: window.at.clone(),
                            app: app.name.clone(),
                            title: window.name.clone(),
                        },
                    });
                }
            }
        }
        candidates
    }

    /// The windows with those of their widgets that show and have a place.
    pub(super) fn showing(&self) -> Vec<Showing> {
        let mut windows: Vec<Showing> = Vec::new();
        for app in &self.apps {
            for (widget, depth) in &app.widgets {
                if *depth == 0 {
                    windows.push(Showing {
                        at: widget.at.clone(),
                        widgets: Vec::new(),
                    });
                }
                let has_place = widget.abilities.is_none_or(|it| it.has_place);
                if let Some(window) = windows.last_mut()
                    && widget.states.is_showing()
                    && has_place
                {
                    window.widgets.push(widget.at.clone());
                }
            }
        }
        windows.retain(|window| !window.widgets.is_empty());
        windows
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
