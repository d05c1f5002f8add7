//! One step of a scenario.

use super::{Action, Check};
use crate::model::Chord;
use std::{fmt, sync::Arc, time::Duration};

/// One step of a scenario: something is done, keys follow, something must hold then.
#[derive(Clone, Debug, PartialEq)]
pub struct Instruction {
    /// What people call it.
    pub label: String,
    /// Where it is written.
    pub origin: Origin,
    /// The window that gets the focus first, by part of its title.
    pub focus: Option<String>,
    /// What it does.
    pub action: Action,
    /// The keys that follow.
    pub typing: Typing,
    /// What must hold then.
    pub expect: Expect,
    /// How often it may be done until what must hold does; 1 or more. What was done is not undone
    /// in between. Passing at a later attempt makes the scenario flaky.
    pub attempts: u32,
    /// How long the action and the keys may take.
    pub timeout: Duration,
    /// How long nothing is done between the keys and the look at what must hold.
    pub pause: Duration,
    /// Whether the scenario ends when it does not pass.
    pub must_pass: bool,
    /// Who may try to put right what went wrong.
    pub rescue: Option<Rescue>,
}

/// Where a step is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The file, relative to the scenario folder; `None` for the scenario's own.
    pub file: Option<Arc<str>>,
    /// The line it starts on, counted from 1.
    pub line: usize,
}

/// Keys, in the order in which they are used.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Typing {
    /// Keys that are pressed first.
    pub before: Option<Press>,
    /// A character that is typed to see that it arrives, and removed.
    pub canary: Option<Canary>,
    /// The text.
    pub text: Option<String>,
    /// What must hold when the text was typed.
    pub verify: Option<Check>,
    /// Keys that are pressed last.
    pub after: Option<Press>,
}

/// Keys that are pressed together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Press {
    /// As written: `ctrl+s`.
    pub text: String,
    /// The same, read.
    pub chord: Chord,
}

/// A character that is typed to see that it arrives.
#[derive(Clone, Debug, PartialEq)]
pub struct Canary {
    /// The character, for which no key has to be held.
    pub text: String,
    /// What must hold when it has arrived.
    pub verify: Check,
}

/// What must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expect {
    /// All of these, on the same picture.
    pub all: Vec<Check>,
    /// One of these, when there are any.
    pub any: Vec<Check>,
    /// Whether a model must say so twice out of three times.
    pub is_consistent: bool,
    /// What must not come up, and how long that is watched.
    pub stays_away: Option<(Check, Duration)>,
    /// How long the others may take to come true.
    pub timeout: Duration,
}

/// Who may try to put right what went wrong: a model that sees the screen and uses keyboard and
/// pointer.
#[derive(Clone, Debug, PartialEq)]
pub struct Rescue {
    /// What is to be reached.
    pub goal: String,
    /// How often it may do something.
    pub turns: u32,
    /// What must hold in the end.
    pub check: Check,
}

impl Typing {
    /// Whether nothing is typed at all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Expect {
    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty() && self.any.is_empty() && self.stays_away.is_none()
    }
}

impl Instruction {
    /// Whether it says something about the app that can turn out wrong.
    pub(in crate::scenario) fn can_fail(&self) -> bool {
        let nested = self
            .action
            .nested()
            .iter()
            .any(|steps| steps.iter().any(|step| step.must_pass && step.can_fail()));
        let is_checked =
            !self.expect.is_empty() || self.typing.verify.is_some() || self.typing.canary.is_some();
        self.must_pass && (self.action.can_fail() || is_checked || nested)
    }
}

/// Reads like `line 12`, or `routines/open.yaml line 3`.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file} ")?;
        }
        write!(f, "line {}", self.line)
    }
}
