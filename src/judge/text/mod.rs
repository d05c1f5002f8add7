//! Finds a wanted text among the lines that were read, and says how near it is.
//!
//! Readers confuse letters, and apps show texts that are nearly the wanted one. What is one letter
//! off is therefore never taken for the text itself, unless whoever asks says so: it is told how
//! far off it is and where. Two things alone are forgiven, and named when they are: blanks, and
//! characters that look alike to any reader ([`lookalike`]).

mod distance;
mod lookalike;
mod passage;

use crate::model::{Rect, TextLine};
use passage::{Passage, passages};
use std::fmt;

/// What is looked for, and how strictly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedText {
    /// The text; runs of blanks count as one.
    pub text: String,
    /// Whether capital letters are other letters than small ones.
    pub case: LetterCase,
    /// What is still taken for it.
    pub tolerance: Tolerance,
}

/// Whether capital letters are other letters than small ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LetterCase {
    /// They are.
    #[default]
    Matters,
    /// They are not.
    Ignored,
}

/// What is still taken for the wanted text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tolerance {
    /// Nothing but the text itself.
    Exact,
    /// What no reader can tell from it as well.
    #[default]
    Alike,
    /// What is at most so many letters off as well.
    Letters(usize),
}

/// Of so many letters of a text, one may have been misread.
const MISREAD: usize = 6;

/// A reader that is so sure of every letter has not misread it.
const SURE: f32 = 0.85;

/// How near the wanted text something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nearness {
    /// The text itself.
    Exact,
    /// A reader cannot tell it from the text: `l` for `I`, a dash for another, a blank too few.
    Alike,
    /// So many letters are other ones, missing or too many, at least 1.
    Off(usize),
}

/// Where something like the wanted text is.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundText {
    /// What was read there.
    pub read: String,
    /// How near the wanted text it is.
    pub nearness: Nearness,
    /// Where it is, a rectangle for each line.
    pub rects: Vec<Rect>,
    /// Whether there is nothing else on its lines: `Save`, and not that of `Save as`.
    pub is_whole: bool,
    /// How sure the reader is of the least sure character of its lines, 0 to 1.
    pub confidence: f32,
}

/// What became of looking for a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextSearch {
    /// What is taken for the text: the likest first, whole lines before parts of lines, then from
    /// the top.
    pub found: Vec<FoundText>,
    /// What comes nearest to it without being taken for it.
    pub nearest: Option<FoundText>,
}

impl WantedText {
    /// Returns a text that is looked for as strictly as it should be, unless there is a reason.
    pub fn new(text: &str) -> Self {
        Self {
            text: text.into(),
            case: LetterCase::default(),
            tolerance: Tolerance::default(),
        }
    }
}

impl FoundText {
    /// Returns the rectangle around all of it.
    pub fn rect(&self) -> Rect {
        let rects = self.rects.iter().copied();
        rects.reduce(Rect::union).unwrap_or_default()
    }

    /// Whether it may be `wanted`, misread: that `wanted` is missing cannot be told then.
    pub fn may_be(&self, wanted: &str) -> bool {
        let slips = (wanted.chars().count() / MISREAD).max(1);
        let is_near = matches!(self.nearness, Nearness::Off(letters) if letters <= slips);
        is_near && self.confidence < SURE
    }
}

impl fmt::Display for Nearness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact => f.write_str("exactly"),
            Self::Alike => f.write_str("but for what looks alike"),
            Self::Off(1) => f.write_str("1 letter off"),
            Self::Off(letters) => write!(f, "{letters} letters off"),
        }
    }
}

impl fmt::Display for FoundText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let center = self.rect().center();
        write!(f, "`{}` at {},{}", self.read, center.x, center.y)?;
        match self.nearness {
            Nearness::Exact => Ok(()),
            Nearness::Alike | Nearness::Off(_) => write!(f, " ({})", self.nearness),
        }
    }
}

impl Tolerance {
    fn takes(self, nearness: Nearness) -> bool {
        match (self, nearness) {
            (_, Nearness::Exact) | (Self::Alike | Self::Letters(_), Nearness::Alike) => true,
            (Self::Letters(most), Nearness::Off(letters)) => letters <= most,
            (Self::Exact, _) | (Self::Alike, Nearness::Off(_)) => false,
        }
    }
}

/// Looks for a text: as a line, as words of one, or as words of several lines that go on in one
/// another. Nothing is like an empty text.
pub fn find_text(lines: &[TextLine], wanted: &WantedText) -> TextSearch {
    let text = Compared::new(&wanted.text, wanted.case);
    if text.squeezed.is_empty() {
        return TextSearch::default();
    }
    let slack = match wanted.tolerance {
        Tolerance::Exact | Tolerance::Alike => 0,
        Tolerance::Letters(most) => most,
    };
    // What is too short or too long to be anywhere near is not looked at.
    let slack = slack.max(text.squeezed.len() / 3).max(2);
    let length = text.squeezed.len();
    let all = passages(
        lines,
        length.saturating_sub(slack)..=length + slack,
        &wanted.text,
    );
    let mut all: Vec<FoundText> = all
        .iter()
        .map(|passage| text.held_against(passage))
        .collect();
    all.sort_by_key(|found| {
        (
            found.nearness,
            !found.is_whole,
            found.rect().y,
            found.rect().x,
        )
    });
    let (found, others): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|found| wanted.tolerance.takes(found.nearness));
    // Half of the letters have to be right, or it is not near.
    let is_near = |found: &FoundText| match found.nearness {
        Nearness::Exact | Nearness::Alike => true,
        Nearness::Off(letters) => letters * 2 <= length,
    };
    TextSearch {
        found: without_overlaps(found),
        nearest: others.into_iter().find(is_near),
    }
}

/// Of what shares a pixel with something liker, nothing is left.
fn without_overlaps(found: Vec<FoundText>) -> Vec<FoundText> {
    let mut kept: Vec<FoundText> = Vec::new();
    for next in found {
        let mut rects = kept.iter().flat_map(|other| &other.rects);
        if !rects.any(|rect| next.rects.iter().any(|own| own.intersects(*rect))) {
            kept.push(next);
        }
    }
    kept
}

/// A text in the forms that it is compared in.
struct Compared {
    /// With single blanks.
    spaced: String,
    /// Without blanks.
    squeezed: Vec<char>,
    case: LetterCase,
}

impl Compared {
    fn new(text: &str, case: LetterCase) -> Self {
        let words: Vec<String> = text
            .split_whitespace()
            .map(|word| folded(word, case))
            .collect();
        Self {
            spaced: words.join(" "),
            squeezed: words.concat().chars().collect(),
            case,
        }
    }

    fn held_against(&self, passage: &Passage) -> FoundText {
        let read = Self::new(&passage.text, self.case);
        let nearness = if read.spaced == self.spaced {
            Nearness::Exact
        } else if lookalike::is_alike(&self.spaced, &read.spaced) {
            Nearness::Alike
        } else {
            // What differs is not alike, so that at least a letter is off.
            Nearness::Off(distance::distance(&self.squeezed, &read.squeezed).max(1))
        };
        FoundText {
            read: passage.text.clone(),
            nearness,
            rects: passage.rects.clone(),
            is_whole: passage.is_whole,
            confidence: passage.confidence,
        }
    }
}

fn folded(text: &str, case: LetterCase) -> String {
    match case {
        LetterCase::Matters => text.to_owned(),
        LetterCase::Ignored => text.to_lowercase(),
    }
}

#[cfg(test)]
mod tests;
