//! A part of a scenario: some of its steps, in a row. What comes of it says nothing about the rest.

use super::{Instruction, Kind, Script};
use crate::model::did_you_mean;
use std::fmt;

/// Where a part begins and ends, as somebody asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Where it begins; with the first step when missing.
    pub from: Option<Bound>,
    /// What it ends with; the last step when missing.
    pub until: Option<Bound>,
}

/// Where a part begins, or ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// At a step, counted from 1 as the document does.
    Step(usize),
    /// With a phase, by its id.
    Phase(String),
}

/// The steps of a part, counted from 1 as the document does. Neither is beyond the last, and in them
/// something can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    first: usize,
    last: usize,
}

impl Part {
    /// Whether the step with this number belongs to it.
    pub fn has(self, number: usize) -> bool {
        (self.first..=self.last).contains(&number)
    }
}

/// Reads like `2-3`.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

/// There is no such part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PartError {
    /// No step has that number.
    #[error("`{scenario}` has {count} steps, and no step {number}")]
    Step {
        /// Of which scenario.
        scenario: String,
        /// How many there are.
        count: usize,
        /// The number.
        number: usize,
    },
    /// No phase has that id.
    #[error("`{scenario}` has no phase `{id}`; {hint}")]
    Phase {
        /// Of which scenario.
        scenario: String,
        /// The id.
        id: String,
        /// Which there are.
        hint: String,
    },
    /// It ends before it begins.
    #[error("the part ends with step {last}, before it begins with step {first}")]
    Backwards {
        /// Where it would begin.
        first: usize,
        /// Where it would end.
        last: usize,
    },
    /// It would pass whatever the app did.
    #[error("nothing in the steps {part} of `{scenario}` can fail, so they would test nothing")]
    Idle {
        /// Of which scenario.
        scenario: String,
        /// The steps.
        part: Part,
    },
}

impl Script {
    /// Returns the steps within `bounds`; nothing when that is all of them.
    pub fn part(&self, bounds: &Bounds) -> Result<Option<Part>, PartError> {
        let count = self.steps.len();
        let first = match &bounds.from {
            None => 1,
            Some(Bound::Step(number)) => self.known(*number)?,
            Some(Bound::Phase(id)) => self.phases[self.phase(id)?].from_step,
        };
        let last = match &bounds.until {
            None => count,
            Some(Bound::Step(number)) => self.known(*number)?,
            Some(Bound::Phase(id)) => {
                let next = self.phases.get(self.phase(id)? + 1);
                next.map_or(count, |next| next.from_step - 1)
            }
        };
        if last < first {
            return Err(PartError::Backwards { first, last });
        }
        let part = Part { first, last };
        if (first, last) == (1, count) {
            return Ok(None);
        }
        // What the end of a bug confirmation says can be wrong as well, where it is reached.
        let says_something = last == count && self.kind != Kind::Functional;
        let mut steps = self.steps[first - 1..last].iter();
        if !says_something && !steps.any(Instruction::can_fail) {
            let scenario = self.name.to_string();
            return Err(PartError::Idle { scenario, part });
        }
        Ok(Some(part))
    }

    fn known(&self, number: usize) -> Result<usize, PartError> {
        if (1..=self.steps.len()).contains(&number) {
            return Ok(number);
        }
        Err(PartError::Step {
            scenario: self.name.to_string(),
            count: self.steps.len(),
            number,
        })
    }

    fn phase(&self, id: &str) -> Result<usize, PartError> {
        let found = self.phases.iter().position(|mark| mark.id == id);
        found.ok_or_else(|| {
            let known: Vec<&str> = self.phases.iter().map(|mark| mark.id.as_str()).collect();
            let hint = match did_you_mean(id, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => "it has none".into(),
                None => format!("there are `{}`", known.join("`, `")),
            };
            PartError::Phase {
                scenario: self.name.to_string(),
                id: id.into(),
                hint,
            }
        })
    }
}
