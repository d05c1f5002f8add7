//! What a step does.

use super::{Check, Instruction, Quantifier, Target};
use crate::model::{Button, ContentHash, Profile};
use std::{collections::BTreeMap, time::Duration};

/// What a step does before any keys follow.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Nothing: keys follow, something is awaited, or time passes.
    Nothing,
    /// Has a shell run a text.
    Shell {
        /// The text.
        text: String,
        /// Whether an exit code other than 0 fails the step.
        is_strict: bool,
    },
    /// Starts a program that stays, and waits for its window.
    Launch {
        /// The program, then its arguments. The word `{app_args}` stands for any number of words.
        words: Vec<String>,
        /// Part of the title of the window to wait for; any new window when missing.
        window: Option<String>,
    },
    /// Clicks on something, or points at it.
    Click(Box<Click>),
    /// Pulls something somewhere.
    Drag {
        /// What.
        from: Target,
        /// Where to.
        to: Target,
        /// How the pointer gets there.
        aim: Aim,
    },
    /// Turns the wheel.
    Scroll {
        /// Over what; where the pointer is when missing.
        over: Option<Target>,
        /// Which way.
        direction: Direction,
        /// How many notches.
        notches: u32,
    },
    /// Waits until one or all of several things hold at the same time.
    WaitFor {
        /// How many must hold.
        quantifier: Quantifier,
        /// What; never empty.
        checks: Vec<Check>,
    },
    /// Does something only where something is there.
    If {
        /// What.
        check: Check,
        /// What is done.
        then: Vec<Instruction>,
    },
    /// Closes dialogs that cover the app, by the judgement of a model.
    Sweep,
    /// Steps that belong together: a routine, or what was imported.
    Group(Box<Group>),
    /// Sees to it that a program runs or does not.
    App {
        /// The name of its file.
        name: String,
        /// What is wanted.
        state: AppState,
    },
    /// Keeps a picture of the screen.
    Screenshot,
    /// Keeps the accessibility tree.
    Dump,
    /// Puts a text where `paste` takes it from.
    Clipboard(String),
}

/// A click.
#[derive(Clone, Debug, PartialEq)]
pub struct Click {
    /// On what.
    pub target: Target,
    /// With which button.
    pub button: Button,
    /// How often; 0 only points at it.
    pub times: usize,
    /// How it is done.
    pub means: Means,
    /// How the pointer gets there.
    pub aim: Aim,
    /// How sure it has to be.
    pub care: Care,
    /// What is done right after it, as part of the step.
    pub then: Vec<Instruction>,
}

/// How something is clicked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Means {
    /// With the pointer.
    #[default]
    Pointer,
    /// By the widget's own action with this number.
    Action(usize),
    /// The pointer goes there, then the widget's own action is used.
    Hint(usize),
}

/// How the pointer gets somewhere. What is missing is as the plan file says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Aim {
    /// Along which way.
    pub motion: Option<Profile>,
    /// How long it rests before a button goes down.
    pub dwell: Option<Duration>,
}

/// How sure a click has to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Care {
    /// Whether a model has to say before the click that this is it.
    pub is_prechecked: bool,
    /// Whether a model has to find the place three times.
    pub is_consistent: bool,
    /// What must hold after the click.
    pub verify: Option<Check>,
    /// Whether what is around the place must have changed as it does when something gets the
    /// focus.
    pub diff: Option<Diff>,
}

/// A comparison of what is around a place before and after a click.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diff {
    /// What a model is asked of the two; the usual question when missing.
    pub prompt: Option<String>,
    /// How much is looked at in each direction, in pixels.
    pub reach: i32,
}

/// Which way a wheel turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Towards the beginning.
    Up,
    /// Towards the end.
    Down,
    /// To the left.
    Left,
    /// To the right.
    Right,
}

/// Whether a program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppState {
    /// It has to run.
    Runs,
    /// It must not run.
    RunsNot,
    /// It is ended, whoever started it.
    Killed,
}

/// Steps that belong together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// What is done with packages of which nothing else is said.
    pub usual: GroupWay,
    /// What is done with others, by the digest of the package.
    pub by_package: BTreeMap<ContentHash, GroupWay>,
    /// What is done when one of them did not pass. It changes no verdict.
    pub on_failure: Vec<Instruction>,
}

/// One way through a group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupWay {
    /// What it is called.
    pub name: String,
    /// What is done.
    pub steps: Vec<Instruction>,
    /// A condition that could have led another way, and for which too little is known of the package.
    pub doubt: Option<String>,
}

impl Group {
    /// Returns what is done with a package.
    pub fn way(&self, package: Option<ContentHash>) -> &GroupWay {
        let own = package.and_then(|package| self.by_package.get(&package));
        own.unwrap_or(&self.usual)
    }
}

impl Action {
    /// Returns the lists of steps within.
    pub fn nested(&self) -> Vec<&[Instruction]> {
        match self {
            Self::If { then, .. } => vec![then],
            Self::Click(click) => vec![&click.then],
            Self::Group(group) => {
                let ways = [&group.usual].into_iter().chain(group.by_package.values());
                let ways = ways.map(|way| way.steps.as_slice());
                ways.chain([group.on_failure.as_slice()]).collect()
            }
            Self::Nothing
            | Self::Shell { .. }
            | Self::Launch { .. }
            | Self::Drag { .. }
            | Self::Scroll { .. }
            | Self::WaitFor { .. }
            | Self::Sweep
            | Self::App { .. }
            | Self::Screenshot
            | Self::Dump
            | Self::Clipboard(_) => Vec::new(),
        }
    }

    /// Whether it can turn out wrong by itself.
    pub(super) fn can_fail(&self) -> bool {
        match self {
            Self::Shell { is_strict, .. } => *is_strict,
            Self::Click(click) => click.times > 0 || click.care != Care::default(),
            Self::Launch { .. } | Self::Drag { .. } | Self::WaitFor { .. } => true,
            Self::App { state, .. } => *state != AppState::Killed,
            Self::Scroll { .. }
            | Self::Nothing
            | Self::If { .. }
            | Self::Sweep
            | Self::Group(_)
            | Self::Screenshot
            | Self::Dump
            | Self::Clipboard(_) => false,
        }
    }

    /// Whether doing it again could help when what must hold then does not.
    pub fn is_repeatable(&self) -> bool {
        !matches!(
            self,
            Self::Shell { .. } | Self::Launch { .. } | Self::Group(_) | Self::If { .. }
        )
    }
}
