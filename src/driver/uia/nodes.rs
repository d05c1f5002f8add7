//! What a worker tells of windows and widgets, as nodes of a tree.

use super::roles::{Marks, roles_of};
use crate::model::{Node, NodeQuery, Placement, Rect, SilentApp, Tree};
use serde::Deserialize;

/// A browser's page, whose widgets its program tells only once it is asked.
const PAGE_CLASS: &str = "Chrome_RenderWidgetHostHWND";

/// A window at the top of the desktop, with everything in it.
#[derive(Debug, Deserialize)]
pub(super) struct Window {
    program: String,
    title: String,
    /// Why it was not seen.
    error: Option<String>,
    kind: Option<String>,
    widgets: Vec<Widget>,
}

/// A widget, in UI Automation's words.
#[derive(Debug, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Widget {
    id: String,
    depth: usize,
    control: String,
    name: String,
    class: String,
    offscreen: bool,
    enabled: bool,
    focusable: bool,
    focused: bool,
    password: bool,
    extents: Option<Extents>,
    toggle: Option<String>,
    expanded: Option<String>,
    selected: Option<bool>,
    text: Option<String>,
    read_only: Option<bool>,
    range: Option<f64>,
    modal: Option<bool>,
    state: Option<String>,
    pub(super) actions: Vec<String>,
    #[serde(default)]
    child_count: Option<usize>,
    /// Whether there is more in it that was not read.
    #[serde(default)]
    is_cut: bool,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Extents {
    x: i32,
    y: i32,
    width: i32,
    height: i32,
}

/// What a program is called: by its process, and by the title of its window, as either may be meant.
pub(super) fn app_name(program: &str, title: &str) -> String {
    if title.is_empty() {
        program.to_owned()
    } else {
        format!("{program} ({title})")
    }
}

/// Puts together what was seen, and whatever fits `query` of what shows.
pub(super) fn view(
    windows: &[Window],
    places: bool,
    query: Option<&NodeQuery>,
) -> (Vec<Node>, Tree) {
    let (mut tree, mut found) = (Tree::default(), Vec::new());
    for window in windows {
        let app = app_name(&window.program, &window.title);
        if let Some(why) = &window.error {
            // One that was closed while the others were looked at is not there any more.
            if window.kind.as_deref() != Some("gone") {
                tree.silent_apps.push(silent(&app, why));
            }
            continue;
        }
        if let Some(why) = window.widgets.iter().find_map(Widget::hidden) {
            tree.silent_apps.push(silent(&app, why));
        }
        for widget in &window.widgets {
            let node = widget.node(&app, places);
            let fits = query.filter(|_| widget.shows());
            found.extend(fits.and_then(|query| widget.fitting(&node, query)));
            tree.nodes.push(node);
        }
        tree.apps.push(app);
    }
    (found, tree)
}

fn silent(app: &str, why: &str) -> SilentApp {
    SilentApp {
        name: Some(app.into()),
        label: format!("{app} ({why})"),
    }
}

impl Widget {
    /// Whether a user sees it, as far as its program says.
    pub(super) fn shows(&self) -> bool {
        !self.offscreen && self.place().is_some()
    }

    /// Returns where it is on the screen.
    pub(super) fn place(&self) -> Option<Rect> {
        let Extents {
            x,
            y,
            width,
            height,
        } = self.extents?;
        (width > 0 && height > 0).then_some(Rect {
            x,
            y,
            width,
            height,
        })
    }

    /// Returns the node that it is; its place only where places can be relied on.
    pub(super) fn node(&self, app: &str, places: bool) -> Node {
        let place = self.place().filter(|_| self.shows());
        let mut roles = self.roles();
        Node {
            id: self.id.clone(),
            role: roles.swap_remove(0),
            name: self.name.clone(),
            text: self.words().to_owned(),
            value: self.range.map_or(String::new(), |at| at.to_string()),
            states: self.states().into_iter().map(str::to_owned).collect(),
            extents: place.filter(|_| places),
            placement: match place {
                None => Placement::Unknown,
                Some(_) if places => Placement::Told,
                Some(_) => Placement::Unconfirmed,
            },
            app: app.into(),
            depth: self.depth,
        }
    }

    /// Returns the node in the role that `query` asks for, where it fits.
    fn fitting(&self, node: &Node, query: &NodeQuery) -> Option<Node> {
        let as_role = |role: String| Node {
            role,
            ..node.clone()
        };
        let mut nodes = self.roles().into_iter().map(as_role);
        nodes.find(|node| query.matches(node))
    }

    /// Says why not everything in it was seen, when it was not.
    fn hidden(&self) -> Option<&'static str> {
        if self.is_cut {
            return Some("it lies deeper than was read");
        }
        let is_page = self.class == PAGE_CLASS && self.child_count == Some(0);
        is_page.then_some("its page tells no widgets")
    }

    fn roles(&self) -> Vec<String> {
        let marks = Marks {
            is_top: self.depth == 0,
            is_modal: self.modal == Some(true),
            is_password: self.password,
            is_toggle: self.toggle.is_some(),
            is_page: self.class == PAGE_CLASS,
        };
        roles_of(&self.control, marks)
    }

    /// Returns the text that it shows: what it holds, or for a label what it is called.
    fn words(&self) -> &str {
        match &self.text {
            Some(text) => text,
            None if self.control == "Text" => &self.name,
            None => "",
        }
    }

    fn states(&self) -> Vec<&'static str> {
        let toggled = self.toggle.as_deref();
        let expanded = self.expanded.as_deref().filter(|it| *it != "LeafNode");
        let is_window = self.state.is_some();
        let all = [
            ("active", is_window && self.focused),
            ("checkable", toggled.is_some()),
            ("checked", toggled == Some("On")),
            ("collapsed", expanded == Some("Collapsed")),
            ("editable", self.read_only == Some(false)),
            ("enabled", self.enabled),
            ("expandable", expanded.is_some()),
            ("expanded", expanded == Some("Expanded")),
            ("focusable", self.focusable),
            ("focused", self.focused),
            ("iconified", self.state.as_deref() == Some("Minimized")),
            ("indeterminate", toggled == Some("Indeterminate")),
            ("modal", self.modal == Some(true)),
            ("read-only", self.read_only == Some(true)),
            ("selectable", self.selected.is_some()),
            ("selected", self.selected == Some(true)),
            ("sensitive", self.enabled),
            ("showing", self.shows()),
            ("visible", self.shows()),
        ];
        let held = all.into_iter().filter(|(_, holds)| *holds);
        held.map(|(state, _)| state).collect()
    }
}
