//! What people and pipelines read: events in, documents out.
//!
//! Every document is made from a [`RunView`], which is what a stream of events adds up to; watching
//! a run and reading about it later differ only in when the events come. Nothing here reads a file,
//! a clock or the environment: pictures come from a function that the caller passes in.

mod conclusion;

pub mod html;
pub mod junit;
mod log;

pub mod markdown;
mod matrix;
pub mod older;
pub mod reel;
mod replay;
mod standing;
mod step;
mod view;
pub mod words;

pub use conclusion::{Conclusion, Counts};
pub use log::{LogLine, LogView};
pub use matrix::{MatrixBlock, MatrixRow, MatrixView};
pub use standing::Standing;
pub use step::{Attempt, EvidenceView, InstructionView, StepState, StepView};
pub use view::{Pulse, RunEnd, RunStatus, RunView};
