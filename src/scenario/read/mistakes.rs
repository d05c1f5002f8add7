//! Collects what is wrong with one document, so that everything is told at once.

use crate::model::{Diagnostic, Severity, did_you_mean, place_of_offset};
use std::{ops::Range, path::Path};

/// What is wrong with one document, so far.
#[derive(Debug)]
pub(super) struct Mistakes<'d> {
    file: &'d Path,
    text: &'d str,
    found: Vec<Diagnostic>,
}

impl<'d> Mistakes<'d> {
    /// Starts with a document in which nothing is wrong.
    pub(super) fn new(file: &'d Path, text: &'d str) -> Self {
        let found = Vec::new();
        Self { file, text, found }
    }

    /// Notes what must be mended, at the bytes `at`.
    pub(super) fn error(&mut self, at: &Range<usize>, message: impl Into<String>) {
        self.note(at, Severity::Error, message.into(), None);
    }

    /// Notes what must be mended, and how.
    pub(super) fn error_with_hint(
        &mut self,
        at: &Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.note(at, Severity::Error, message.into(), Some(hint.into()));
    }

    /// Notes what is worth a look.
    pub(super) fn warning(
        &mut self,
        at: &Range<usize>,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        self.note(at, Severity::Warning, message.into(), hint);
    }

    /// Notes that `word` is none of `known`, with the one that was probably meant, or all of them.
    pub(super) fn unknown(
        &mut self,
        at: &Range<usize>,
        message: impl Into<String>,
        word: &str,
        known: &[&str],
    ) {
        let hint = match did_you_mean(word, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known are {}", listed(known)),
        };
        self.error_with_hint(at, message, hint);
    }

    /// Whether something must be mended, so far.
    pub(super) fn has_errors(&self) -> bool {
        self.errors() > 0
    }

    /// Returns how much must be mended, so far.
    pub(super) fn errors(&self) -> usize {
        let is_fatal = |found: &&Diagnostic| found.severity == Severity::Error;
        self.found.iter().filter(is_fatal).count()
    }

    /// Takes what was found in another document that this one uses.
    pub(super) fn take(&mut self, found: Vec<Diagnostic>) {
        self.found.extend(found);
    }

    /// Returns everything found, by place, and whether any of it must be mended.
    pub(super) fn into_parts(mut self) -> (Vec<Diagnostic>, bool) {
        let own = self.file;
        self.found.sort_by_key(|found| {
            let place = found.place.as_ref();
            let is_elsewhere = place.is_some_and(|place| place.file != own);
            (is_elsewhere, place.map(|place| (place.line, place.column)))
        });
        let is_fatal = self.has_errors();
        (self.found, is_fatal)
    }

    fn note(
        &mut self,
        at: &Range<usize>,
        severity: Severity,
        message: String,
        hint: Option<String>,
    ) {
        let place = place_of_offset(self.file, self.text, at.start, at.end);
        self.found.push(Diagnostic {
            place: Some(place),
            severity,
            message,
            hint,
        });
    }
}

/// Writes `words` as a list for people.
pub(super) fn listed(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}
