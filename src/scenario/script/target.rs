//! What is looked for on a desktop, and by which ways.

use crate::model::{NodeQuery, Rect};
use std::{fmt, sync::Arc};

/// How many of several checks must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// One.
    Any,
    /// Every one, at the same time.
    All,
}

/// Something that may be there or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What.
    pub target: Target,
    /// Whether it must not be there, rather than be there.
    pub is_absent: bool,
}

/// Something on a desktop, and how it can be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The ways it is described, cheapest first; never empty.
    pub ways: Vec<Way>,
    /// The rungs that may be used; all when empty.
    pub via: Vec<Rung>,
    /// The part of the screen where it is looked for; everywhere when missing.
    pub area: Option<Rect>,
}

/// One way to describe something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// A window, by part of its title.
    Window(String),
    /// A picture on the screen.
    Anchor(AnchorImage),
    /// A widget of the accessibility tree.
    Node(NodeQuery),
    /// A text on the screen.
    Text(TextQuery),
    /// One thing, in words for a model.
    Thing(String),
    /// Something that is true or not, in words for a model.
    Statement(String),
}

/// A way of finding something, cheapest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rung {
    /// Every pixel of a picture.
    Exact,
    /// A picture that looks the same.
    Like,
    /// The accessibility tree.
    Tree,
    /// Text that is read in the picture.
    Text,
    /// A vision model.
    Model,
}

/// A text to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextQuery {
    /// The text.
    pub text: String,
    /// How many letters may be read otherwise.
    pub slack: usize,
    /// Whether capital and small letters are the same.
    pub ignores_case: bool,
}

/// A picture to look for.
#[derive(Clone, PartialEq, Eq)]
pub struct AnchorImage {
    /// Its file, relative to the scenario folder.
    pub path: String,
    /// The file's content.
    pub png: Arc<[u8]>,
}

impl fmt::Debug for AnchorImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} bytes", self.path, self.png.len())
    }
}

impl Target {
    /// Describes something by one way, without narrowing it down.
    pub fn by(way: Way) -> Self {
        Self {
            ways: vec![way],
            via: Vec::new(),
            area: None,
        }
    }

    /// Whether `rung` may be used.
    pub fn allows(&self, rung: Rung) -> bool {
        self.via.is_empty() || self.via.contains(&rung)
    }
}

impl Rung {
    /// Every rung, cheapest first, by its name.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("exact", Self::Exact),
        ("like", Self::Like),
        ("tree", Self::Tree),
        ("text", Self::Text),
        ("model", Self::Model),
    ];
}
