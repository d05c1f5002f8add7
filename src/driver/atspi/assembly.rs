//! Widgets in any order, put together as a tree, and where it has gaps.
//!
//! It asks nobody: what is missing is for [`walk`](super::walk) to get.

use super::widget::{Reference, Widget};
use std::collections::{BTreeMap, BTreeSet};

/// The widgets of one application.
#[derive(Debug)]
pub(super) struct Assembly {
    root: Reference,
    /// The application's windows, in the order that its root tells.
    windows: Vec<Reference>,
    widgets: BTreeMap<Reference, Widget>,
}

impl Assembly {
    pub(super) fn new(root: Reference, windows: Vec<Reference>, widgets: Vec<Widget>) -> Self {
        let mut new = Self {
            root,
            windows,
            widgets: BTreeMap::new(),
        };
        new.add(widgets);
        new
    }

    pub(super) fn root(&self) -> &Reference {
        &self.root
    }

    /// Adds widgets that were found later.
    pub(super) fn add(&mut self, widgets: impl IntoIterator<Item = Widget>) {
        for widget in widgets {
            self.widgets.insert(widget.at.clone(), widget);
        }
    }

    /// Puts a widget below the parent that calls it its child. Returns whether it is known.
    pub(super) fn adopt(&mut self, at: &Reference, parent: &Reference, index: i32) -> bool {
        let known = self.widgets.get_mut(at);
        let is_known = known.is_some();
        if let Some(widget) = known {
            widget.parent = parent.clone();
            widget.index = index;
        }
        is_known
    }

    pub(super) fn len(&self) -> usize {
        self.widgets.len()
    }

    /// The windows that are known by name only.
    pub(super) fn missing_windows(&self) -> Vec<Reference> {
        let is_missing = |window: &&Reference| !self.widgets.contains_key(window);
        self.windows.iter().filter(is_missing).cloned().collect()
    }

    /// The widgets that show and have children of which not all are known. Those that do not show
    /// can have no child that does.
    pub(super) fn gaps(&self) -> Vec<&Widget> {
        let children = self.children();
        let is_gap = |widget: &&Widget| {
            let known = children.get(&widget.at).map_or(0, Vec::len);
            widget.states.is_showing() && widget.children.is_none_or(|there| there > known)
        };
        let placed = self.placed(&children);
        placed
            .into_iter()
            .map(|(widget, _)| widget)
            .filter(is_gap)
            .collect()
    }

    /// All widgets that hang together with the application's windows, depth first, with their
    /// depth: 0 for the windows.
    pub(super) fn into_widgets(self) -> Vec<(Widget, usize)> {
        let children = self.children();
        let placed = self.placed(&children);
        placed
            .into_iter()
            .map(|(widget, depth)| (widget.clone(), depth))
            .collect()
    }

    fn children(&self) -> BTreeMap<&Reference, Vec<&Widget>> {
        let mut children: BTreeMap<_, Vec<&Widget>> = BTreeMap::new();
        for widget in self
            .widgets
            .values()
            .filter(|widget| widget.at != self.root)
        {
            children.entry(&widget.parent).or_default().push(widget);
        }
        for siblings in children.values_mut() {
            siblings.sort_by_key(|widget| widget.index);
        }
        children
    }

    fn placed<'a>(
        &'a self,
        children: &BTreeMap<&Reference, Vec<&'a Widget>>,
    ) -> Vec<(&'a Widget, usize)> {
        let windows = self.windows.iter().filter_map(|at| self.widgets.get(at));
        let mut ahead: Vec<_> = windows.map(|window| (window, 0)).collect();
        ahead.reverse();
        // A faulty program may make a widget its own ancestor.
        let mut seen = BTreeSet::new();
        let mut placed = Vec::with_capacity(self.widgets.len());
        while let Some((widget, depth)) = ahead.pop() {
            if !seen.insert(&widget.at) {
                continue;
            }
            placed.push((widget, depth));
            let below = children.get(&widget.at).into_iter().flatten().rev();
            ahead.extend(below.map(|child| (*child, depth + 1)));
        }
        placed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::atspi::widget::States;

    fn at(path: &str) -> Reference {
        Reference::new(":1.1", path)
    }

    fn widget(path: &str, parent: &str, index: i32, children: Option<usize>) -> Widget {
        Widget {
            at: at(path),
            parent: at(parent),
            index,
            children,
            name: path.into(),
            role: "panel".into(),
            states: States::of_words(&[1 << 25]),
            abilities: None,
        }
    }

    fn assembly(widgets: Vec<Widget>) -> Assembly {
        Assembly::new(at("/root"), vec![at("/w2"), at("/w1")], widgets)
    }

    fn outline(assembly: Assembly) -> Vec<String> {
        let widgets = assembly.into_widgets();
        let lines = widgets
            .iter()
            .map(|(w, depth)| format!("{depth}{}", w.name));
        lines.collect()
    }

    #[test]
    fn widgets_lie_depth_first_in_the_order_of_their_indexes() {
        let assembly = assembly(vec![
            widget("/b", "/w1", 1, Some(0)),
            widget("/c", "/a", 0, Some(0)),
            widget("/a", "/w1", 0, Some(1)),
            widget("/w1", "/root", 0, Some(2)),
            widget("/w2", "/root", 1, Some(0)),
            widget("/root", "/elsewhere", 0, Some(2)),
            widget("/torn", "/off", 0, Some(0)),
        ]);
        assert!(assembly.gaps().is_empty());
        assert_eq!(outline(assembly), ["0/w2", "0/w1", "1/a", "2/c", "1/b"]);
    }

    #[test]
    fn widgets_with_unknown_children_are_gaps_where_they_show() {
        let mut hidden = widget("/hidden", "/w1", 0, Some(9));
        hidden.states = States::default();
        let assembly = assembly(vec![
            widget("/w1", "/root", 0, Some(2)),
            hidden,
            widget("/table", "/w1", 1, None),
            widget("/lazy", "/table", 0, Some(1)),
        ]);
        let gaps: Vec<_> = assembly.gaps().iter().map(|w| w.name.clone()).collect();
        assert_eq!(gaps, ["/table", "/lazy"]);
        assert_eq!(assembly.missing_windows(), [at("/w2")]);
    }

    #[test]
    fn a_widget_that_named_another_parent_lies_where_it_is_claimed() {
        let mut assembly = assembly(vec![
            widget("/w1", "/root", 0, Some(1)),
            widget("/torn", "/off", 7, Some(0)),
        ]);
        assert_eq!(assembly.gaps().len(), 1);
        assert!(assembly.adopt(&at("/torn"), &at("/w1"), 0));
        assert!(!assembly.adopt(&at("/new"), &at("/w1"), 1));
        assert!(assembly.gaps().is_empty());
        assert_eq!(outline(assembly), ["0/w1", "1/torn"]);
    }

    #[test]
    fn a_widget_that_is_its_own_ancestor_is_taken_once() {
        let mut circle = widget("/w1", "/a", 0, Some(1));
        circle.children = Some(1);
        let assembly = assembly(vec![circle, widget("/a", "/w1", 0, Some(1))]);
        assert_eq!(outline(assembly), ["0/w1", "1/a"]);
    }
}
