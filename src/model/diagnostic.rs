//! Diagnostics: what is written wrong in a file, where, and how to put it right.

use std::path::PathBuf;

/// One mistake in a file that a person wrote.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// Where; missing when the mistake is in no one place, such as an empty directory.
    pub place: Option<Place>,
    /// Whether it must be mended before anything runs.
    pub severity: Severity,
    /// What is wrong, as one sentence without a full stop.
    pub message: String,
    /// How to put it right.
    pub hint: Option<String>,
}

/// Whether a mistake stops mosdat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing runs until it is mended.
    Error,
    /// Worth a look.
    Warning,
}

/// A place in a text file, with the line itself, so that it can be shown without reading again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, as the user would name it.
    pub file: PathBuf,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// How many characters are meant, at least 1.
    pub length: usize,
    /// The line itself.
    pub text: String,
}

/// Finds the place of the bytes `start..end` of `text`.
pub fn place_of_offset(file: &std::path::Path, text: &str, start: usize, end: usize) -> Place {
    let start = text.floor_char_boundary(start.min(text.len()));
    let end = text.ceil_char_boundary(end.clamp(start, text.len()));
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let length = text[start..end.min(line_end).max(start)].chars().count();
    // The end of a line may be two characters, neither of which is shown.
    let line = text[line_start..line_end].trim_end_matches('\r');
    let before = &text[line_start..start.min(line_start + line.len())];
    Place {
        file: file.into(),
        line: text[..line_start].matches('\n').count() + 1,
        column: before.chars().count() + 1,
        length: length.max(1),
        text: line.into(),
    }
}

/// Returns the candidate that `word` was probably meant to be.
pub fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let word = word.to_lowercase();
    let near = candidates.into_iter().map(|name| {
        let alike =
            similar::TextDiff::from_chars(word.as_str(), name.to_lowercase().as_str()).ratio();
        (alike, name)
    });
    let best = near.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= 0.6).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_place_counts_lines_and_characters_from_one() {
        let text = "a = 1\nä = zwei\n";
        let place = place_of_offset(Path::new("x.toml"), text, 11, 15);
        assert_eq!((place.line, place.column, place.length), (2, 5, 4));
        assert_eq!(place.text, "ä = zwei");
    }

    #[test]
    fn a_place_between_the_two_ends_of_a_line_is_shown_after_it() {
        let place = place_of_offset(Path::new("x.toml"), "a\r\nb", 2, 3);
        assert_eq!((place.line, place.column, place.length), (1, 2, 1));
        assert_eq!(place.text, "a");
    }

    #[test]
    fn only_a_near_word_is_suggested() {
        assert_eq!(
            did_you_mean("machnes", ["machines", "builds"]),
            Some("machines")
        );
        assert_eq!(did_you_mean("zebra", ["machines", "builds"]), None);
    }
}
