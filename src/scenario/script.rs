//! What a scenario says, after its document has been checked. Plain values; nothing is looked up
//! any more.

use super::fill;
use crate::model::{Button, Chord, ContentHash, Diagnostic, NodeQuery, ScenarioName, Session};
use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

/// A scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Its name: the path of its file, without the ending.
    pub name: ScenarioName,
    /// What people call it.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// The session it cannot do without; `None` when any will do.
    pub needs_session: Option<Session>,
    /// Its own variables.
    pub vars: BTreeMap<String, String>,
    /// What is done, in order; never empty.
    pub steps: Vec<Instruction>,
    /// What is done at the end, however that came.
    pub cleanup: Vec<Instruction>,
    /// Each file it consists of, by path relative to the scenario folder, with its digest.
    pub files: BTreeMap<String, ContentHash>,
    /// What is worth a look, though nothing has to be mended.
    pub warnings: Vec<Diagnostic>,
}

/// One step of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// What people call it.
    pub label: String,
    /// How long it may take.
    pub timeout: Duration,
    /// What it does.
    pub action: Action,
    /// The line of the document it starts on, counted from 1.
    pub line: usize,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Has a shell run a text; its exit code counts.
    Shell(String),
    /// Starts a program that stays, and waits for its window.
    Launch {
        /// The program, then its arguments. The word `{app_args}` stands for any number of words.
        words: Vec<String>,
        /// Part of the title of the window to wait for; any new window when missing.
        window: Option<String>,
    },
    /// Presses keys together.
    Key {
        /// As written: `ctrl+s`.
        text: String,
        /// The same, read.
        chord: Chord,
    },
    /// Types a text.
    Type(String),
    /// Does nothing for a while.
    Wait(Duration),
    /// Clicks on something.
    Click {
        /// On what; never a window.
        target: Target,
        /// With which button.
        button: Button,
        /// Whether twice.
        is_double: bool,
    },
    /// Waits until something holds, and fails if it does not.
    Verify(Check),
    /// Waits until one or all of several things hold.
    WaitFor {
        /// How many must hold at the same time.
        quantifier: Quantifier,
        /// What; never empty.
        checks: Vec<Check>,
    },
}

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

/// Something on a desktop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A widget of the accessibility tree.
    Node(NodeQuery),
    /// A picture on the screen.
    Anchor(AnchorImage),
    /// A window, by part of its title.
    Window(String),
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

impl Instruction {
    /// Returns the instruction with `{name}` replaced in every text. The words of a launch are
    /// left alone: who starts it knows which of them stand for several.
    #[must_use]
    pub fn filled(&self, variables: &BTreeMap<String, String>) -> Self {
        Self {
            label: fill(&self.label, variables),
            action: self.action.filled(variables),
            ..self.clone()
        }
    }
}

impl Action {
    fn filled(&self, variables: &BTreeMap<String, String>) -> Self {
        let fill = |text: &String| fill(text, variables);
        match self {
            Self::Shell(text) => Self::Shell(fill(text)),
            Self::Type(text) => Self::Type(fill(text)),
            Self::Launch { words, window } => Self::Launch {
                words: words.clone(),
                window: window.as_ref().map(fill),
            },
            Self::Click {
                target,
                button,
                is_double,
            } => Self::Click {
                target: target.filled(variables),
                button: *button,
                is_double: *is_double,
            },
            Self::Verify(check) => Self::Verify(check.filled(variables)),
            Self::WaitFor { quantifier, checks } => Self::WaitFor {
                quantifier: *quantifier,
                checks: checks.iter().map(|check| check.filled(variables)).collect(),
            },
            // The chord was read when the document was.
            Self::Key { .. } | Self::Wait(_) => self.clone(),
        }
    }

    /// Whether it says something about the app that can turn out wrong.
    pub(super) fn can_fail(&self) -> bool {
        match self {
            Self::Shell(_)
            | Self::Launch { .. }
            | Self::Click { .. }
            | Self::Verify(_)
            | Self::WaitFor { .. } => true,
            Self::Key { .. } | Self::Type(_) | Self::Wait(_) => false,
        }
    }
}

impl Check {
    fn filled(&self, variables: &BTreeMap<String, String>) -> Self {
        Self {
            target: self.target.filled(variables),
            is_absent: self.is_absent,
        }
    }
}

impl Target {
    fn filled(&self, variables: &BTreeMap<String, String>) -> Self {
        let fill = |text: &String| fill(text, variables);
        match self {
            Self::Node(query) => Self::Node(NodeQuery {
                role: fill(&query.role),
                name: query.name.as_ref().map(fill),
                name_is_part: query.name_is_part,
                app: fill(&query.app),
                text: query.text.as_ref().map(fill),
            }),
            Self::Window(title) => Self::Window(fill(title)),
            Self::Anchor(_) => self.clone(),
        }
    }
}

/// Reads like the end of "click ..".
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(query) => query.fmt(f),
            Self::Anchor(anchor) => write!(f, "picture `{}`", anchor.path),
            Self::Window(title) => write!(f, "window `{title}`"),
        }
    }
}

/// Reads like the end of "verify ..".
impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let negation = if self.is_absent { "no " } else { "" };
        write!(f, "{negation}{}", self.target)
    }
}

/// Reads as an order, for people: what a step is called when nobody named it.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shell(text) => write!(f, "run `{}`", first_line(text)),
            Self::Launch { words, .. } => write!(f, "launch `{}`", words.join(" ")),
            Self::Key { text, .. } => write!(f, "press {text}"),
            Self::Type(text) => write!(f, "type `{}`", first_line(text)),
            Self::Wait(time) => write!(f, "wait {} s", time.as_secs_f64()),
            Self::Click {
                target,
                button,
                is_double,
            } => {
                let twice = if *is_double { "double-" } else { "" };
                let which = match button {
                    Button::Left => "",
                    Button::Middle => "middle-",
                    Button::Right => "right-",
                };
                write!(f, "{twice}{which}click {target}")
            }
            Self::Verify(check) => write!(f, "verify {check}"),
            Self::WaitFor { quantifier, checks } => {
                let link = match quantifier {
                    Quantifier::Any => " or ",
                    Quantifier::All => " and ",
                };
                let checks: Vec<String> = checks.iter().map(ToString::to_string).collect();
                write!(f, "wait for {}", checks.join(link))
            }
        }
    }
}

/// Returns the first line that says something, shortened so that it fits into a list.
fn first_line(text: &str) -> String {
    let says = |line: &&str| !line.is_empty() && !line.starts_with('#');
    let mut lines = text.lines().map(str::trim).filter(says);
    let line = lines.next().unwrap_or_default();
    let is_cut = line.chars().count() > 60 || lines.next().is_some();
    let mut short: String = line.chars().take(60).collect();
    if is_cut {
        short.push('…');
    }
    short
}
