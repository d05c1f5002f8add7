//! The accessibility tree of a desktop: what programs say about their own widgets.

use super::Rect;

/// One widget.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// What the tree that it was read from calls it, for as long as it lives. Empty in trees that
    /// come from elsewhere.
    pub id: String,
    /// Its role, in lower case: `push button`, `entry`, `frame`.
    pub role: String,
    /// Its name.
    pub name: String,
    /// Its text, for entries and labels that tell it; empty otherwise.
    pub text: String,
    /// The number that it stands at, for sliders, progress bars and the like: `42`, `0.5`; empty
    /// where it has none or nobody asked.
    pub value: String,
    /// Its states, in lower case: `showing`, `focused`, `checked`.
    pub states: Vec<String>,
    /// Where it is on the screen; `None` when that is not known, for the reason that `placement`
    /// gives.
    pub extents: Option<Rect>,
    /// How it is known where it is.
    pub placement: Placement,
    /// The application it belongs to.
    pub app: String,
    /// How deep it lies: 0 for an application's windows.
    pub depth: usize,
}

/// How it is known where on the screen a widget is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Placement {
    /// It is not: nobody asked, or the widget does not show.
    #[default]
    Unknown,
    /// Its program told, and where programs do not know it, the window system.
    Told,
    /// Its program told where it is in its window, and the picture where the window is.
    Measured,
    /// Its program told where it is in its window. Where that is could not be confirmed, so that the
    /// widget must not be clicked.
    Unconfirmed,
}

/// All widgets of a desktop, depth first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// The widgets.
    pub nodes: Vec<Node>,
    /// Every application that answered. An empty list means that nothing was seen, which is no
    /// proof that nothing is there.
    pub apps: Vec<String>,
    /// Applications that are there and were not seen, or not wholly. What they show is not known: as
    /// long as there is one, a widget that was not found may be there.
    pub silent_apps: Vec<SilentApp>,
}

/// An application that is there and was not seen, or not wholly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SilentApp {
    /// Its name; `None` when it never told one. Then it may be any.
    pub name: Option<String>,
    /// What it is called for people, with the reason where that is not silence: `notes`,
    /// `process 812`, `files (a tree table of 9000 widgets was not read)`.
    pub label: String,
}
