//! Scenarios: YAML in; typed instructions, or every mistake with its place, out. The built-in smoke
//! checks are described here as well.
//!
//! Nothing here runs a step: that is `run::script`. Files are read through
//! [`Files`](crate::model::Files), so that a scenario's digest covers exactly what was read.

mod folder;
mod given;
pub mod keys;
pub mod lint;
mod read;
mod reference;
mod schema;
mod script;
mod smoke;
mod variables;

pub use folder::ScenarioFolder;
pub use given::Given;
pub use read::{Trial, Wanted, entry, inputs, load, load_given, load_routine, load_trial};
pub use reference::table;
pub use schema::schema;
pub use script::{
    Action, Aim, AnchorImage, AppState, Bound, Bounds, Bug, Canary, Care, Check, Click, Diff,
    Direction, Expect, Group, GroupWay, Instruction, Kind, Means, Origin, Part, PartError,
    PhaseMark, Press, Quantifier, Rescue, Rung, Script, Target, TextQuery, Typing, Way,
};
pub use smoke::SmokeCheck;
pub use variables::{BUILT_IN, PROVIDED, fill, is_password, refused_name};
