//! Mistakes in files, drawn with the line they are in and a caret below.
//!
//! One look for every file format. It reads no file: a diagnostic carries its line.

use crate::model::{Diagnostic, Place, Severity};
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use std::fmt::Write as _;

/// Draws every mistake, sorted by place, and how many there are. Those without a place come first.
pub(super) fn render(diagnostics: &[Diagnostic], color: bool) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut sorted: Vec<&Diagnostic> = diagnostics.iter().collect();
    sorted.sort();
    sorted.dedup();
    let mut text = String::new();
    for diagnostic in &sorted {
        let drawn = renderer.render(&[group(diagnostic)]);
        write!(text, "{}\n\n", drawn.trim_end()).expect("writing to a string does not fail");
    }
    text + &count(&sorted)
}

fn group(diagnostic: &Diagnostic) -> Group<'_> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(one_paragraph(&diagnostic.message)));
    if let Some(place) = &diagnostic.place {
        group = group.element(snippet(place));
    }
    match &diagnostic.hint {
        Some(hint) => group.element(Level::HELP.message(hint.as_str())),
        None => group,
    }
}

fn snippet(place: &Place) -> Snippet<'_, annotate_snippets::Annotation<'_>> {
    let byte_of = |characters: usize| {
        let mut starts = place.text.char_indices().map(|(byte, _)| byte);
        starts.nth(characters).unwrap_or(place.text.len())
    };
    let first = place.column.saturating_sub(1);
    let span = byte_of(first)..byte_of(first + place.length.max(1));
    Snippet::source(place.text.as_str())
        .line_start(place.line)
        .path(place.file.to_string_lossy())
        .annotation(AnnotationKind::Primary.span(span))
}

/// A title is one line in the drawing.
fn one_paragraph(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn count(diagnostics: &[&Diagnostic]) -> String {
    let number = |severity| {
        diagnostics
            .iter()
            .filter(|one| one.severity == severity)
            .count()
    };
    let said = |number: usize, noun: &str| match number {
        0 => None,
        1 => Some(format!("1 {noun}")),
        _ => Some(format!("{number} {noun}s")),
    };
    let errors = said(number(Severity::Error), "error");
    let warnings = said(number(Severity::Warning), "warning");
    let parts: Vec<String> = errors.into_iter().chain(warnings).collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!("{}\n", parts.join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn mistake(file: &str, line: usize, text: &str, word: &str) -> Diagnostic {
        let column = text[..text.find(word).unwrap()].chars().count() + 1;
        Diagnostic {
            place: Some(Place {
                file: Path::new(file).into(),
                line,
                column,
                length: word.chars().count(),
                text: text.into(),
            }),
            severity: Severity::Error,
            message: format!("`{word}` is unknown"),
            hint: None,
        }
    }

    #[test]
    fn mistakes_are_drawn_in_order_with_their_lines_and_counted() {
        let mut machine = mistake(
            "plans/notes.toml",
            12,
            "machnes = [\"debian12\"]",
            "machnes",
        );
        machine.hint = Some("did you mean `machines`?".into());
        let mut role = mistake("plans/notes.toml", 3, "name = \"ä\" # zwölf", "zwölf");
        role.severity = Severity::Warning;
        let step = mistake("a.yaml", 7, "  - clik: {role: entry}", "clik");
        let drawn = render(&[machine, role, step], false);
        insta::assert_snapshot!(drawn, @r#"
        error: `clik` is unknown
         --> a.yaml:7:5
          |
        7 |   - clik: {role: entry}
          |     ^^^^

        warning: `zwölf` is unknown
         --> plans/notes.toml:3:14
          |
        3 | name = "ä" # zwölf
          |              ^^^^^

        error: `machnes` is unknown
          --> plans/notes.toml:12:1
           |
        12 | machnes = ["debian12"]
           | ^^^^^^^
           |
           = help: did you mean `machines`?

        2 errors and 1 warning
        "#);
    }

    #[test]
    fn a_mistake_without_a_place_is_drawn_too() {
        let nowhere = Diagnostic {
            place: None,
            severity: Severity::Error,
            message: "there is no plan file".into(),
            hint: Some("write one, or name its folder with `--project`".into()),
        };
        insta::assert_snapshot!(render(&[nowhere], false), @"
        error: there is no plan file
         |
         = help: write one, or name its folder with `--project`

        1 error
        ");
    }

    #[test]
    fn a_mistake_at_the_end_of_a_line_or_of_a_file_is_drawn() {
        let mut end = mistake("a.toml", 4, "name = ", "=");
        end.message = "the value is missing".into();
        if let Some(place) = &mut end.place {
            place.column = 8;
        }
        let mut empty = end.clone();
        empty.place = Some(Place {
            file: "b.toml".into(),
            line: 1,
            column: 1,
            length: 1,
            text: String::new(),
        });
        insta::assert_snapshot!(render(&[end, empty], false), @"
        error: the value is missing
         --> a.toml:4:8
          |
        4 | name = 
          |        ^

        error: the value is missing
         --> b.toml:1:1
          |
        1 |
          | ^

        2 errors
        ");
    }

    #[test]
    fn the_same_mistake_is_told_once_and_none_is_silent() {
        let one = mistake("a.toml", 1, "x = 1", "x");
        let drawn = render(&[one.clone(), one], false);
        assert!(drawn.ends_with("\n1 error\n"), "{drawn}");
        assert_eq!(render(&[], false), "");
    }

    #[test]
    fn colour_is_only_used_when_asked_for() {
        let one = mistake("a.toml", 1, "x = 1", "x");
        assert!(render(std::slice::from_ref(&one), true).contains('\u{1b}'));
        assert!(!render(&[one], false).contains('\u{1b}'));
    }
}
