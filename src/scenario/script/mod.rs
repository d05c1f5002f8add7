//! What a scenario says, after its document has been checked. Plain values; nothing is looked up
//! any more.
//!
//! ```text
//! Script -> Instruction (one step) -> Action   what is done
//!                                  |- Typing   keys that follow
//!                                  '- Expect   what must hold then -> Check -> Target
//! ```

mod action;
mod filled;
mod instruction;
mod mentions;
mod part;
mod target;
mod words;

pub use action::{Action, Aim, AppState, Care, Click, Diff, Direction, Group, GroupWay, Means};
pub use instruction::{Canary, Expect, Instruction, Origin, Press, Rescue, Typing};
pub use part::{Bound, Bounds, Part, PartError};
pub use target::{AnchorImage, Check, Quantifier, Rung, Target, TextQuery, Way};

use crate::model::{ContentHash, Diagnostic, ScenarioName, Session};
use std::collections::BTreeMap;

/// A scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// Its name: the path of its file, without the ending.
    pub name: ScenarioName,
    /// What people call it.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// The session it cannot do without; `None` when any will do.
    pub needs_session: Option<Session>,
    /// What its end says.
    pub kind: Kind,
    /// Its own variables, as texts.
    pub vars: BTreeMap<String, String>,
    /// What is done before: where that does not pass, nothing is learned. Of fixtures only.
    pub setup: Vec<Instruction>,
    /// What is done, in order; never empty.
    pub steps: Vec<Instruction>,
    /// What is done at the end, however that came.
    pub cleanup: Vec<Instruction>,
    /// Parts of it that have a name, in order.
    pub phases: Vec<PhaseMark>,
    /// The steps that are carried out; all when missing.
    pub only: Option<Part>,
    /// Each file it consists of, by path relative to the scenario folder, with its digest.
    pub files: BTreeMap<String, ContentHash>,
    /// The digest of each value that it is given from outside and may use, by name. Passwords are
    /// not among them.
    pub given: BTreeMap<String, ContentHash>,
    /// What is worth a look, though nothing has to be mended.
    pub warnings: Vec<Diagnostic>,
}

/// What the end of a scenario says.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Kind {
    /// Every step has to pass.
    #[default]
    Functional,
    /// The steps lead to where a bug shows or does not.
    BugConfirmation(Box<Bug>),
}

/// A bug that somebody reported.
#[derive(Clone, Debug, PartialEq)]
pub struct Bug {
    /// Its number or name.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Where it is told of.
    pub url: String,
    /// Holds when the app got far enough for the bug to show.
    pub precondition: Check,
    /// Holds when the bug shows.
    pub signal: Check,
}

/// Where a named part of a scenario begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhaseMark {
    /// What it is called on the command line.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Its first step, counted from 1 as the document does.
    pub from_step: usize,
}
