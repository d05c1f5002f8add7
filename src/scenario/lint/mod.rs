//! What is wrong with documents, and what will be one day: mistakes that reading finds, and rules
//! about what was learned the hard way.
//!
//! Rules look at documents as they are written, so that each finding has its place; nothing is
//! carried out.

mod names;
mod phrase;
mod recipe;
mod shell;
mod steps;
mod time;

use super::{
    Given,
    read::{self, yaml},
};
use crate::model::{Diagnostic, Files, Severity, place_of_offset};
use std::{ops::Range, path::Path};

/// What a rule found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What is wrong, and where.
    pub diagnostic: Diagnostic,
    /// The rule; `read` for what keeps a document from being read as it was meant.
    pub rule: &'static str,
}

/// What a document is, which its folder says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Scenario,
    Routine,
    Import,
    Fixture,
    Recipe,
}

/// Every rule besides `read`, with what it is about.
pub const RULES: [(&str, &str); 13] = [
    (
        "statement-alone",
        "a statement that a model judges, without `verify_not`",
    ),
    (
        "phrase-trigger",
        "a phrase that says when something came, not what it is",
    ),
    ("phrase-or", "a phrase with alternatives"),
    ("fixed-wait", "a fixed `wait` before a look"),
    ("nameless", "a condition that any widget of a role fulfils"),
    ("unknown-name", "a `{name}` that nobody knows"),
    ("fixed-user", "a user's number that is not the machine's"),
    ("fixed-display", "a display that is not the session's"),
    ("fixed-path", "a path that the package may not have"),
    ("pixels", "places in pixels"),
    ("process-pattern", "processes by their command line"),
    ("no-check", "a check that cannot fail"),
    ("recipe", "a recipe of another shape"),
];

/// Returns what is wrong with the document at `path`, which is relative to the folder of scenarios
/// `dir`. Scenarios are read with what is `given`.
pub fn lint(path: &str, dir: &Path, files: &dyn Files, given: &Given) -> Vec<Finding> {
    let file = dir.join(path);
    let sort = Sort::of(path);
    let mut findings: Vec<Finding> = mistakes(sort, path, dir, files, given)
        .into_iter()
        .map(|diagnostic| Finding {
            diagnostic,
            rule: "read",
        })
        .collect();
    let bytes = files.read(&file).unwrap_or_default();
    let text = String::from_utf8(bytes).unwrap_or_default();
    let Ok(documents) = yaml::read(&text) else {
        return findings;
    };
    let mut report = Report {
        file: &file,
        text: &text,
        findings: Vec::new(),
    };
    for document in &documents {
        if sort == Sort::Recipe {
            recipe::look(document, &mut report);
            continue;
        }
        steps::look(document, &mut report);
        if sort == Sort::Scenario {
            names::look(document, given, &mut report);
        }
    }
    findings.extend(report.findings);
    findings.sort();
    findings.dedup();
    findings
}

fn mistakes(
    sort: Sort,
    path: &str,
    dir: &Path,
    files: &dyn Files,
    given: &Given,
) -> Vec<Diagnostic> {
    match sort {
        Sort::Scenario => {
            let name = path.strip_suffix(".yaml").unwrap_or(path);
            let given = Given {
                platform: read::platform_of(path),
                ..given.clone()
            };
            match read::load_given(&name.into(), dir, files, &given) {
                Ok(script) => script.warnings,
                Err(found) => found,
            }
        }
        Sort::Routine => read::check_routine(path, dir, files),
        Sort::Import => read::check_steps(path, &["steps"], dir, files),
        Sort::Fixture => read::check_fixture(path, dir, files),
        Sort::Recipe => read::check_steps(path, &[], dir, files),
    }
}

impl Sort {
    fn of(path: &str) -> Self {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let sorts = [
            ("routines", Self::Routine),
            ("imports", Self::Import),
            ("fixtures", Self::Fixture),
            ("recipes", Self::Recipe),
        ];
        let found = sorts
            .iter()
            .find(|(name, _)| folder.split('/').any(|part| part == *name));
        found.map_or(Self::Scenario, |(_, sort)| *sort)
    }
}

/// Collects what rules find in one document.
struct Report<'d> {
    file: &'d Path,
    text: &'d str,
    findings: Vec<Finding>,
}

impl Report<'_> {
    /// Notes what is worth a look, at the bytes `at`, and how to put it right.
    fn warn(&mut self, rule: &'static str, at: &Range<usize>, message: &str, hint: &str) {
        self.note(rule, at, Severity::Warning, message, hint);
    }

    /// Notes what must be mended.
    fn refuse(&mut self, rule: &'static str, at: &Range<usize>, message: &str, hint: &str) {
        self.note(rule, at, Severity::Error, message, hint);
    }

    fn note(
        &mut self,
        rule: &'static str,
        at: &Range<usize>,
        severity: Severity,
        message: &str,
        hint: &str,
    ) {
        let place = place_of_offset(self.file, self.text, at.start, at.end);
        let diagnostic = Diagnostic {
            place: Some(place),
            severity,
            message: message.to_owned(),
            hint: (!hint.is_empty()).then(|| hint.to_owned()),
        };
        self.findings.push(Finding { diagnostic, rule });
    }
}
