//! Everything that mosdat keeps on disk: recorded state, blobs, the folders of runs, plain files.
//!
//! Decides nothing about what is kept; it sees to it that what was written is what is read, or
//! that the difference is told.

mod anchors;
mod blobs;
mod clock;
mod compaction;
mod files;
mod frame;
mod guard;
mod journal;
mod keeper;
mod lock;
mod past;
mod replace;
mod routine_tests;
mod runs;
mod store;
mod stored;

pub use anchors::{DiskAnchors, Proposal};
pub use blobs::DiskBlobs;
pub use clock::SystemClock;
pub use files::DiskFiles;
pub use lock::LockRules;
pub use past::DiskPastAttempts;
pub use routine_tests::{RoutineTest, RoutineTests};
pub use runs::{DiskRunFolder, file_name, newest_run, read_events, runs};
pub use store::{DiskStore, Recovered};
