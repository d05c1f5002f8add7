//! Which step of a scenario.

use std::fmt;

/// Which step of a scenario: its number, and those of the steps within it that lead to it.
#[derive(Clone, Debug)]
pub(super) struct StepPath(Vec<usize>);

impl StepPath {
    /// Returns the number of the step of the document.
    pub(super) fn first(&self) -> usize {
        self.0[0]
    }

    /// Returns the step with this number, counted from 1.
    pub(super) fn top(number: usize) -> Self {
        Self(vec![number])
    }

    /// Returns the step with this number within this one.
    pub(super) fn within(&self, number: usize) -> Self {
        let mut path = self.0.clone();
        path.push(number);
        Self(path)
    }

    /// Returns the beginning of the names of its files.
    pub(super) fn file(&self) -> String {
        let text = self.to_string();
        if self.0[0] < 10 {
            format!("0{text}")
        } else {
            text
        }
    }
}

impl fmt::Display for StepPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&numbers.join("."))
    }
}
