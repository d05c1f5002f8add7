//! Scenarios: YAML in; typed instructions, or every mistake with its place, out. The built-in smoke
//! checks are described here as well.
//!
//! Nothing here runs a step: that is `run::script`. Files are read through
//! [`Files`](crate::model::Files), so that a scenario's digest covers exactly what was read.

mod action;
mod condition;
mod document;
mod fields;
mod folder;
mod label;
mod mistakes;
mod role;
mod script;
mod smoke;
mod step;
mod target;
mod variables;
mod word;
mod yaml;

pub use document::load;
pub use folder::ScenarioFolder;
pub use script::{Action, AnchorImage, Check, Instruction, Quantifier, Script, Target};
pub use smoke::SmokeCheck;
pub use variables::{BUILT_IN, fill};
