//! Steps with `{name}` replaced in every text, just before they are carried out.

use super::{
    Action, Canary, Care, Check, Click, Diff, Expect, Instruction, Rescue, Target, TextQuery,
    Typing, Way,
};
use crate::{model::NodeQuery, scenario::fill};
use std::collections::BTreeMap;

/// Values by name.
type Variables = BTreeMap<String, String>;

impl Instruction {
    /// Returns the instruction with `{name}` replaced in every text, but for steps within it, which
    /// are filled when their turn comes. The words of a launch are left alone: who starts it knows
    /// which of them stand for several. Keys were read when the document was.
    #[must_use]
    pub fn filled(&self, variables: &Variables) -> Self {
        Self {
            label: fill(&self.label, variables),
            focus: self.focus.as_ref().map(|title| fill(title, variables)),
            action: self.action.filled(variables),
            typing: self.typing.filled(variables),
            expect: self.expect.filled(variables),
            rescue: self.rescue.as_ref().map(|rescue| Rescue {
                goal: fill(&rescue.goal, variables),
                turns: rescue.turns,
                check: rescue.check.filled(variables),
            }),
            ..self.clone()
        }
    }
}

impl Action {
    fn filled(&self, variables: &Variables) -> Self {
        let fill = |text: &String| fill(text, variables);
        match self {
            Self::Shell { text, is_strict } => Self::Shell {
                text: fill(text),
                is_strict: *is_strict,
            },
            Self::Launch { words, window } => Self::Launch {
                words: words.clone(),
                window: window.as_ref().map(fill),
            },
            Self::Click(click) => Self::Click(Box::new(click.filled(variables))),
            Self::Drag { from, to, aim } => Self::Drag {
                from: from.filled(variables),
                to: to.filled(variables),
                aim: *aim,
            },
            Self::Scroll {
                over,
                direction,
                notches,
            } => Self::Scroll {
                over: over.as_ref().map(|over| over.filled(variables)),
                direction: *direction,
                notches: *notches,
            },
            Self::WaitFor { quantifier, checks } => Self::WaitFor {
                quantifier: *quantifier,
                checks: filled(checks, variables),
            },
            Self::If { check, then } => Self::If {
                check: check.filled(variables),
                then: then.clone(),
            },
            Self::App { name, state } => Self::App {
                name: fill(name),
                state: *state,
            },
            Self::Clipboard(text) => Self::Clipboard(fill(text)),
            Self::Nothing | Self::Sweep | Self::Group(_) | Self::Screenshot | Self::Dump => {
                self.clone()
            }
        }
    }
}

impl Click {
    fn filled(&self, variables: &Variables) -> Self {
        let care = &self.care;
        Self {
            target: self.target.filled(variables),
            care: Care {
                verify: care.verify.as_ref().map(|check| check.filled(variables)),
                diff: care.diff.as_ref().map(|diff| Diff {
                    prompt: diff.prompt.as_ref().map(|text| fill(text, variables)),
                    reach: diff.reach,
                }),
                ..*care
            },
            ..self.clone()
        }
    }
}

impl Typing {
    fn filled(&self, variables: &Variables) -> Self {
        Self {
            canary: self.canary.as_ref().map(|canary| Canary {
                text: canary.text.clone(),
                verify: canary.verify.filled(variables),
            }),
            text: self.text.as_ref().map(|text| fill(text, variables)),
            verify: self.verify.as_ref().map(|check| check.filled(variables)),
            ..self.clone()
        }
    }
}

impl Expect {
    fn filled(&self, variables: &Variables) -> Self {
        let stays_away = self.stays_away.as_ref();
        Self {
            all: filled(&self.all, variables),
            any: filled(&self.any, variables),
            stays_away: stays_away.map(|(check, time)| (check.filled(variables), *time)),
            ..*self
        }
    }
}

fn filled(checks: &[Check], variables: &Variables) -> Vec<Check> {
    checks.iter().map(|check| check.filled(variables)).collect()
}

impl Check {
    /// Returns the check with `{name}` replaced in every text.
    #[must_use]
    pub fn filled(&self, variables: &Variables) -> Self {
        Self {
            target: self.target.filled(variables),
            is_absent: self.is_absent,
        }
    }
}

impl Target {
    fn filled(&self, variables: &Variables) -> Self {
        Self {
            ways: self.ways.iter().map(|way| way.filled(variables)).collect(),
            ..self.clone()
        }
    }
}

impl Way {
    fn filled(&self, variables: &Variables) -> Self {
        let fill = |text: &String| fill(text, variables);
        match self {
            Self::Node(query) => Self::Node(NodeQuery {
                role: fill(&query.role),
                name: query.name.as_ref().map(fill),
                app: fill(&query.app),
                text: query.text.as_ref().map(fill),
                value: query.value.as_ref().map(fill),
                ..query.clone()
            }),
            Self::Text(query) => Self::Text(TextQuery {
                text: fill(&query.text),
                ..*query
            }),
            Self::Window(title) => Self::Window(fill(title)),
            Self::Thing(text) => Self::Thing(fill(text)),
            Self::Statement(text) => Self::Statement(fill(text)),
            Self::Anchor(_) => self.clone(),
        }
    }
}
