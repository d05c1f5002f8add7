//! Collects what is written wrong, so that a reader goes on after the first mistake. Decides
//! nothing: whoever finds a mistake says what it is.

use super::source::{At, Sources};
use crate::model::{Diagnostic, Severity};
use std::cell::RefCell;

/// Mistakes in the order they were found.
#[derive(Debug, Default)]
pub(super) struct Mistakes {
    list: RefCell<Vec<Mistake>>,
}

#[derive(Debug)]
struct Mistake {
    at: At,
    severity: Severity,
    message: String,
    hint: String,
    /// Where the other half of the mistake is, when it takes two.
    first: Option<At>,
}

impl Mistakes {
    /// Adds a mistake; an empty `hint` is none.
    pub(super) fn error(&self, at: At, message: impl Into<String>, hint: impl Into<String>) {
        self.add(at, Severity::Error, message.into(), hint.into(), None);
    }

    /// Adds something that is worth a look, and stops nothing.
    pub(super) fn warn(&self, at: At, message: impl Into<String>, hint: impl Into<String>) {
        self.add(at, Severity::Warning, message.into(), hint.into(), None);
    }

    /// Adds a mistake that consists in being there a second time.
    pub(super) fn again(&self, at: At, first: At, message: impl Into<String>) {
        let message = message.into();
        self.add(at, Severity::Error, message, String::new(), Some(first));
    }

    /// Whether anything must be mended.
    pub(super) fn has_errors(&self) -> bool {
        let list = self.list.borrow();
        list.iter().any(|found| found.severity == Severity::Error)
    }

    /// Returns what was found so far, in order of files and lines, which are counted here.
    pub(super) fn take(&self, sources: &Sources) -> Vec<Diagnostic> {
        let mut list = self.list.take();
        list.sort_by_key(|mistake| mistake.at);
        let mut diagnostics: Vec<_> = list
            .into_iter()
            .map(|mistake| diagnostic(mistake, sources))
            .collect();
        diagnostics.dedup();
        diagnostics
    }

    fn add(&self, at: At, severity: Severity, message: String, hint: String, first: Option<At>) {
        self.list.borrow_mut().push(Mistake {
            at,
            severity,
            message,
            hint,
            first,
        });
    }
}

fn diagnostic(mistake: Mistake, sources: &Sources) -> Diagnostic {
    let first = mistake.first.and_then(|at| sources.place(at));
    let hint = match first {
        Some(first) => format!("the first is at {}:{}", first.file.display(), first.line),
        None => mistake.hint,
    };
    Diagnostic {
        place: sources.place(mistake.at),
        severity: mistake.severity,
        message: mistake.message,
        hint: (!hint.is_empty()).then_some(hint),
    }
}
