//! A program with some hundred widgets, of which one is looked for.

use mosdat::{model::NodeQuery, port::AccessibilityTree};

/// A form of a hundred lines with three widgets each.
pub(crate) const PROGRAM: &str = r#"
import gi
gi.require_version("Gtk", "3.0")
from gi.repository import Gtk
window = Gtk.Window(title="Form")
grid = Gtk.Grid()
window.add(grid)
for n in range(100):
    row, column = n % 20, n // 20 * 3
    grid.attach(Gtk.Label(label=f"Line {n}"), column, row, 1, 1)
    grid.attach(Gtk.Entry(text=f"text {n}", width_chars=4), column + 1, row, 1, 1)
    grid.attach(Gtk.Button(label=f"Do {n}"), column + 2, row, 1, 1)
window.connect("destroy", Gtk.main_quit)
window.show_all()
Gtk.main()
"#;

/// Asks for the last button of the form.
pub(crate) fn last_button() -> NodeQuery {
    NodeQuery {
        role: "push button".into(),
        name: Some("Do 99".into()),
        ..NodeQuery::default()
    }
}

/// Waits until the tree has what is asked for.
pub(crate) async fn wait_for(tree: &dyn AccessibilityTree, query: &NodeQuery) {
    loop {
        let seen = tree.generation();
        if !tree.find(query).await.unwrap().0.is_empty() {
            return;
        }
        tree.changed(seen).await.unwrap();
    }
}
