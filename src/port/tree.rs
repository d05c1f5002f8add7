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
}

/// Opens accessibility trees. A provider is given one, so that it need not know what carries
/// them.
#[async_trait]
pub trait TreeDialer: Debug + Send + Sync {
    /// Connects to the accessibility bus of a desktop whose programs know where they are on the
    /// screen, as on X11.
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
    /// Returns what must be added to the places that a program tells of widgets in `window`; `None`
    /// when that is not known beyond doubt.
    async fn origin(&self, window: &dyn ToldWindow) -> Option<Origin>;
}

/// What must be added to the places that a program tells of widgets in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Where its places count from: the top left corner of the window's contents, without the title
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
}

impl TreeError {
    /// Whether trying again could help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::NoBus(_) | Self::Lost(_) | Self::TimedOut { .. } => true,
            Self::Protocol(_) => false,
        }
    }
}
