//! From the characters of a line to its words and where they are.

use super::{ink::Ink, recognise::Glyph};
use crate::model::{Rect, TextLine, TextWord};

/// Returns the line, `None` when there is nothing but blanks. `glyphs` were read from `from` pixels
/// left of the ink on.
///
/// Only the blanks that were read part words. Gaps do not: those between the letters of some fonts
/// are as wide as those between the words of others.
pub(super) fn line(glyphs: &[Glyph], ink: &Ink, from: i32) -> Option<TextLine> {
    let words: Vec<&[Glyph]> = glyphs
        .split(|glyph| glyph.text.trim().is_empty())
        .filter(|word| !word.is_empty())
        .collect();
    let mut cuts = vec![0];
    for pair in words.windows(2) {
        let (left, right) = (pair[0].last()?, pair[1].first()?);
        let column = |glyph: &Glyph| (glyph.at as i32 - from).max(0) as usize;
        let cut = widest_gap(&ink.columns, column(left), column(right));
        cuts.push(cut.max(cuts[cuts.len() - 1]));
    }
    cuts.push(ink.columns.len());
    let places = cuts.windows(2).map(|cut| tight(ink, cut[0], cut[1]));
    let words: Vec<TextWord> = words
        .iter()
        .zip(places)
        .map(|(glyphs, rect)| TextWord {
            text: glyphs.iter().map(|glyph| glyph.text.as_str()).collect(),
            rect,
        })
        .collect();
    let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    let text = texts.join(" ");
    let least = glyphs
        .iter()
        .map(|glyph| glyph.confidence)
        .fold(1.0, f32::min);
    (!words.is_empty()).then_some(TextLine {
        text,
        words,
        rect: ink.rect,
        confidence: least,
    })
}

/// Returns the middle of the widest gap between two columns, or the middle of the two when there is
/// none.
fn widest_gap(columns: &[bool], from: usize, to: usize) -> usize {
    let to = to.min(columns.len());
    let from = from.min(to);
    let (mut at, mut best) = (from, None);
    for run in columns[from..to].chunk_by(|one, other| one == other) {
        if !run[0] && best.is_none_or(|(length, _)| run.len() > length) {
            best = Some((run.len(), at + run.len() / 2));
        }
        at += run.len();
    }
    best.map_or(usize::midpoint(from, to), |(_, middle)| middle)
}

/// Returns where the ink between two columns is.
fn tight(ink: &Ink, from: usize, to: usize) -> Rect {
    let columns = &ink.columns[from..to];
    let first = columns.iter().position(|inked| *inked);
    let last = columns.iter().rposition(|inked| *inked);
    let (first, last) = match first.zip(last) {
        Some((first, last)) => (from + first, from + last),
        None => (from, to.max(from + 1) - 1),
    };
    Rect {
        x: ink.rect.x + first as i32,
        y: ink.rect.y,
        width: (last - first + 1) as i32,
        height: ink.rect.height,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glyph(text: &str, at: f32) -> Glyph {
        let confidence = if text == "b" { 0.6 } else { 0.9 };
        Glyph {
            text: text.into(),
            at,
            confidence,
        }
    }

    fn ink(picture: &str) -> Ink {
        let columns: Vec<bool> = picture.chars().map(|c| c == '#').collect();
        let rect = Rect {
            x: 100,
            y: 50,
            width: columns.len() as i32,
            height: 9,
        };
        Ink { rect, columns }
    }

    #[test]
    fn words_end_at_the_widest_gap_between_their_letters() {
        let glyphs = [
            glyph("a", 4.0),
            glyph("b", 7.0),
            glyph(" ", 10.0),
            glyph("c", 12.0),
        ];
        let ink = ink("###.##....##");
        let read = line(&glyphs, &ink, 2).unwrap();
        assert_eq!(read.text, "ab c");
        assert!((read.confidence - 0.6).abs() < 1e-6);
        let places: Vec<(i32, i32)> = read
            .words
            .iter()
            .map(|w| (w.rect.x, w.rect.width))
            .collect();
        assert_eq!(places, [(100, 6), (110, 2)]);
        assert_eq!(read.rect, ink.rect);
    }

    #[test]
    fn words_without_a_gap_still_have_places() {
        let glyphs = [glyph("a", 2.0), glyph(" ", 4.0), glyph("c", 6.0)];
        let read = line(&glyphs, &ink("########"), 0).unwrap();
        let places: Vec<(i32, i32)> = read
            .words
            .iter()
            .map(|w| (w.rect.x, w.rect.width))
            .collect();
        assert_eq!(places, [(100, 4), (104, 4)]);
    }

    #[test]
    fn blanks_are_no_line() {
        assert_eq!(line(&[glyph(" ", 1.0)], &ink("#"), 0), None);
        assert_eq!(line(&[], &ink("#"), 0), None);
    }
}
