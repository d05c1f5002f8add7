//! What mosdat asks of the outside world, as small traits.
//!
//! Each speaks only of [`model`](crate::model) values, so that a fake is a screenful, and says in
//! its error whether trying again could help. What implements them is in `driver`; who picks is
//! `cli`.

mod anchors;
mod builder;
mod cache;
mod causes;
mod check;
mod clock;
mod evidence;
mod guest;
mod images;
mod input;
mod motion;
mod past;
mod performer;
mod provider;
mod reader;
mod screen;
mod shell;
mod socket;
mod store;
mod tree;
mod vision;

pub use anchors::{AnchorKey, Anchors, AnchorsError, RememberedAnchor};
pub use builder::{Artifact, BuildError, BuildRequest, Builder};
pub use cache::{Blobs, CacheError};
pub use causes::with_causes;
pub use check::{Check, Health};
pub use clock::Clock;
pub use evidence::{EvidenceError, RunFolder};
pub use guest::{Command, Exit, Finding, Guest, Output, Process, SCRIPT, Window};
pub use images::{Held, ImageError, Images};
pub use motion::path;
pub use past::PastAttempts;
pub use performer::{Idle, Performer, Task, Watcher};
pub use provider::{Keeper, Provider, ProviderError, Wanted};
pub use reader::{Reader, ReaderError, Readers};
pub use screen::{Console, ConsoleLine, Input, Screen, ScreenAddress, ScreenDialer, ScreenError};
pub use shell::{Login, RemoteProcess, Shell, ShellDialer, ShellError, ShellOutput};
pub use socket::{ByteStream, SocketName, Sockets};
pub use store::{Durability, LockHolder, LockToken, Store, StoreError};
pub use tree::{
    AccessibilityTree, BusAddress, Layout, Origin, ToldWindow, TreeDialer, TreeError, WindowOrigin,
};
pub use vision::{View, Vision, VisionError};
