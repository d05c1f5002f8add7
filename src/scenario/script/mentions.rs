//! Which variables a scenario cannot do without.

use super::{Action, Instruction, Kind, Script};
use crate::scenario::fill;
use std::collections::BTreeMap;

impl Script {
    /// Whether `{name}` stands in any text of it that is filled in when it is carried out.
    pub fn mentions(&self, name: &str) -> bool {
        let probe = BTreeMap::from([(name.to_owned(), String::new())]);
        let in_steps = |steps: &[Instruction]| steps.iter().any(|step| step.mentions(&probe));
        let in_end = match &self.kind {
            Kind::Functional => false,
            Kind::BugConfirmation(bug) => [&bug.precondition, &bug.signal]
                .into_iter()
                .any(|check| check.filled(&probe) != *check),
        };
        let parts = [&self.setup, &self.steps, &self.cleanup];
        in_end || parts.into_iter().any(|steps| in_steps(steps))
    }
}

impl Instruction {
    fn mentions(&self, probe: &BTreeMap<String, String>) -> bool {
        let in_words = if let Action::Launch { words, .. } = &self.action {
            words.iter().any(|word| fill(word, probe) != *word)
        } else {
            false
        };
        let within = self.action.nested().into_iter().flatten();
        in_words
            || self.filled(probe) != *self
            || within.into_iter().any(|step| step.mentions(probe))
    }
}
