//! The lines that a step's programs wrote: the first and the last of them, and how many lie between.
//!
//! It does not keep everything: the run's folder does.

use super::words;
use crate::model::Timestamp;
use std::collections::VecDeque;

const FIRST_LINES: usize = 40;
const LAST_LINES: usize = 160;
const LINE_LENGTH: usize = 1_000;

/// One line, cleaned of control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it came.
    pub at: Timestamp,
    /// What it says.
    pub text: String,
}

/// The first and the last lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogView {
    first: Vec<LogLine>,
    last: VecDeque<LogLine>,
    dropped: usize,
}

impl LogView {
    /// Takes one more line.
    pub fn push(&mut self, at: Timestamp, text: &str) {
        let text = words::cut(&words::clean(text), LINE_LENGTH);
        let line = LogLine { at, text };
        if self.first.len() < FIRST_LINES {
            self.first.push(line);
            return;
        }
        if self.last.len() == LAST_LINES {
            self.last.pop_front();
            self.dropped += 1;
        }
        self.last.push_back(line);
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// Returns how many lines are kept.
    pub fn len(&self) -> usize {
        self.first.len() + self.last.len()
    }

    /// Returns the kept lines as text, with a note where lines are missing.
    pub fn to_text(&self) -> String {
        let mut lines: Vec<String> = self.first.iter().map(|line| line.text.clone()).collect();
        if self.dropped > 0 {
            lines.push(format!(
                "[{} left out here; the run's folder has them]",
                words::count(self.dropped, "line", "lines")
            ));
        }
        lines.extend(self.last.iter().map(|line| line.text.clone()));
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_log_keeps_both_ends_and_says_what_is_missing() {
        let mut log = LogView::default();
        for number in 0..1_000 {
            log.push(Timestamp(number), &format!("line {number}"));
        }
        let text = log.to_text();
        assert_eq!(log.len(), FIRST_LINES + LAST_LINES);
        assert!(text.starts_with("line 0\n"), "{text}");
        assert!(text.ends_with("line 999"), "{text}");
        assert!(text.contains("[800 lines left out here"), "{text}");
    }

    #[test]
    fn a_log_line_cannot_move_the_cursor() {
        let mut log = LogView::default();
        log.push(Timestamp(0), "\u{1b}[2Jgone\u{7}");
        assert_eq!(log.to_text(), "gone");
    }
}
