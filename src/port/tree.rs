//! A desktop's accessibility tree.

use super::Sockets;
use crate::model::{Node, NodeQuery, Placement, Point, Rect, Tree};
use async_trait::async_trait;
use std::{fmt::Debug, sync::Arc, time::Duration};

/// An accessibility tree that can be asked.
#[async_trait]
pub trait AccessibilityTree: Debug + Send + Sync {
    /// Returns everything that is there, without places.
    async fn read(&self) -> Result<Tree, TreeError>;

    /// Returns the nodes that show and fit, depth first, with their places, and the tree they
    /// were found in as a proof of sight.
    async fn find(&self, query: &NodeQuery) -> Result<(Vec<Node>, Tree), TreeError>;

    /// Returns how many changes were heard of so far. Who asks before looking, looks, and then
    /// waits for a change since then, misses nothing.
    fn generation(&self) -> u64;

    /// Waits until something may have changed after generation `since`. Callers look again, and
    /// bring their own time-out: some programs say nothing.
    async fn changed(&self, since: u64) -> Result<(), TreeError>;

    /// Returns where `node`, which this tree has found, is on the screen now, or `None` when it
    /// does not show any more or nobody knows where its window is.
    async fn place(&self, node: &Node) -> Result<Option<Rect>, TreeError>;

    /// Returns everything that is there like [`read`](Self::read); what shows has its text, its
    /// value and its place, as far as they can be had within a few seconds. For people and for
    /// evidence: asking for so much takes long.
    async fn read_placed(&self) -> Result<Tree, TreeError>;

    /// Returns the names of what `node`, which this tree has found, offers to do, in its program's
    /// order: `click`, `press`. Empty when it offers nothing.
    async fn actions(&self, node: &Node) -> Result<Vec<String>, TreeError>;

    /// Has the program of `node` do what is at `index` of its [`actions`](Self::actions), and
    /// returns once the program has said that it does. What comes of it shows later, if at all: it
    /// proves nothing about the app. Many programs say so whatever they do.
    async fn act(&self, node: &Node, index: usize) -> Result<(), TreeError>;

    /// Returns the deepest widget that shows at a point of the screen, with its place; `None` when
    /// nobody knows which it is: no window is there, several are, or an application is silent.
    async fn at(&self, point: Point) -> Result<Option<Node>, TreeError>;

    /// Returns those that `node` lies in, the nearest first, with their places where they show and
    /// have one. At most `most` of them.
    async fn around(&self, node: &Node, most: usize) -> Result<Vec<Node>, TreeError>;
}

/// Opens accessibility trees. A provider is given one, so that it need not know what carries
/// them.
#[async_trait]
pub trait TreeDialer: Debug + Send + Sync {
    /// Connects to the accessibility bus of a desktop whose programs know where they are on the
    /// screen in its pixels, as on X11 when nothing enlarges.
    async fn dial(&self, address: &BusAddress) -> Result<Arc<dyn AccessibilityTree>, TreeError>;

    /// Connects to the accessibility bus of a desktop whose programs know only where they are in
    /// their own window, as on Wayland; `windows` knows the rest.
    async fn dial_among(
        &self,
        address: &BusAddress,
        windows: Arc<dyn WindowOrigin>,
    ) -> Result<Arc<dyn AccessibilityTree>, TreeError>;
}

/// Knows what the window system hides from programs: where their windows are.
#[async_trait]
pub trait WindowOrigin: Debug + Send + Sync {
    /// Returns how the places that a program tells of widgets in `window` become places on the screen; `None`
    /// when that is not known beyond doubt.
    async fn origin(&self, window: &dyn ToldWindow) -> Option<Origin>;
}

/// How the places that a program tells of widgets in a window become places on the screen: they are
/// multiplied, and moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Origin {
    /// How many pixels of the screen's picture one unit of the program has. 1 but for programs and
    /// screens that enlarge.
    pub scale: f64,
    /// Where its places count from, in pixels of the picture: the top left corner of the window's contents, without the title
    /// bar that the window system draws, but with the shadow that a program draws itself. That is
    /// 0,0 for windows of X11 programs, which know where they are.
    pub at: Point,
    /// How that is known.
    pub placement: Placement,
}

/// A window, as its program tells of it: it does not know where it is.
#[async_trait]
pub trait ToldWindow: Debug + Send + Sync {
    /// Returns what its program is called.
    fn app(&self) -> &str;

    /// Returns its title.
    fn title(&self) -> &str;

    /// Returns the windows of its program that show, with their titles and outlines, itself among
    /// them.
    async fn family(&self) -> Vec<(String, Vec<Rect>)>;

    /// Returns what its content may be: what it says of itself, and what its parts cover together.
    /// The two differ where a program draws a shadow into its window.
    async fn outlines(&self) -> Vec<Rect>;

    /// Returns where its widgets that show are in it, and those of every other window. `None` when
    /// not everything that shows was seen.
    async fn layout(&self) -> Option<Layout>;
}

/// Where widgets that show are in their windows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The widgets of the window that is asked about.
    pub widgets: Vec<Rect>,
    /// Those of every other window, window by window.
    pub others: Vec<Vec<Rect>>,
}

/// Where a desktop's session bus listens, and as whom to knock.
#[derive(Clone, Debug)]
pub struct BusAddress {
    /// Opens sockets of the computer that the desktop runs on.
    pub sockets: Arc<dyn Sockets>,
    /// D-Bus address of the session bus.
    pub session_bus: String,
    /// The user whose session it is.
    pub uid: u32,
}

/// The accessibility tree could not be used. Never the same as "the node is not there".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// The desktop has no accessibility bus.
    #[error("failed to reach the accessibility bus: {0}")]
    NoBus(String),
    /// Whoever was to look could not see the desktop.
    #[error("nobody could see the desktop: {0}")]
    Blind(String),
    /// The bus was lost.
    #[error("lost the accessibility bus: {0}")]
    Lost(String),
    /// A call did not come back.
    #[error("the accessibility bus has not answered for {} s", limit.as_secs())]
    TimedOut {
        /// How long it had.
        limit: Duration,
    },
    /// An answer could not be read.
    #[error("an application answered what cannot be read: {0}")]
    Protocol(String),
    /// A widget that was found is not there any more.
    #[error("{0} is not there any more")]
    Gone(String),
    /// A widget does not offer what was asked of it.
    #[error("{node} has no action {index}; {}", offered(actions))]
    NoAction {
        /// Which widget.
        node: String,
        /// What was asked for.
        index: usize,
        /// What it offers.
        actions: Vec<String>,
    },
    /// A widget is greyed out, and does nothing.
    #[error("{0} is greyed out")]
    GreyedOut(String),
    /// A program did not do what was asked of it.
    #[error("the program says that {node} did not do `{action}`")]
    Refused {
        /// Which widget.
        node: String,
        /// The action's name.
        action: String,
    },
    /// A program did not say whether it does what was asked of it. It may do it yet.
    #[error("nobody knows whether {node} did `{action}`: the program has not answered within {} s", limit.as_secs())]
    Unanswered {
        /// Which widget.
        node: String,
        /// The action's name.
        action: String,
        /// How long it had.
        limit: Duration,
    },
}

/// Says what a widget offers to do.
fn offered(actions: &[String]) -> String {
    if actions.is_empty() {
        return "it has none".into();
    }
    let numbered = actions.iter().enumerate();
    let words: Vec<_> = numbered.map(|(n, it)| format!("{n} is `{it}`")).collect();
    words.join(", ")
}

impl TreeError {
    /// Whether trying again could help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::NoBus(_)
            | Self::Blind(_)
            | Self::Lost(_)
            | Self::TimedOut { .. }
            | Self::Gone(_)
            | Self::GreyedOut(_) => true,
            // Done twice would be another thing than done once.
            Self::Unanswered { .. }
            | Self::Protocol(_)
            | Self::NoAction { .. }
            | Self::Refused { .. } => false,
        }
    }
}
