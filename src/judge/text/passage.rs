//! What of the lines that were read could be a text: words that follow one another.

use crate::model::{Rect, TextLine, TextWord};
use std::ops::RangeInclusive;

/// At most so many lines are one text.
const MOST_LINES: usize = 8;

/// Signs before a text that are no part of it. Not those that make it another: `-5`, `$5`, `.5`.
const BEFORE: &[char] = &[
    '(', '[', '{', '<', '"', '\'', '“', '‘', '„', '«', '¿', '¡', '•', '·',
];

/// Signs after a text that are no part of it. Not those that make it another: `5%`, `5+`.
const AFTER: &[char] = &[
    ')', ']', '}', '>', '"', '\'', '”', '’', '“', '»', '.', ',', ':', ';', '!', '?', '…',
];

/// Words that follow one another.
#[derive(Debug)]
pub(super) struct Passage {
    /// They, with blanks between.
    pub(super) text: String,
    /// Where they are, a rectangle for each line.
    pub(super) rects: Vec<Rect>,
    /// Whether they are all of their lines.
    pub(super) is_whole: bool,
    /// The least of their lines.
    pub(super) confidence: f32,
}

/// Returns all passages with so many characters, blanks not counted. They begin and end with words;
/// signs around the first and the last are left out where `wanted` has none either.
pub(super) fn passages(
    lines: &[TextLine],
    lengths: RangeInclusive<usize>,
    wanted: &str,
) -> Vec<Passage> {
    let is_bare = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let bare = Bare {
        start: is_bare(wanted.trim().chars().next()),
        end: is_bare(wanted.trim().chars().next_back()),
    };
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let beside = chain(lines, at, goes_on_beside);
        let below = chain(lines, at, goes_on_below);
        from_words_of(line, &[line], &lengths, bare, &mut found);
        for chain in [beside, below].iter().filter(|chain| chain.len() > 1) {
            from_words_of(line, chain, &lengths, bare, &mut found);
        }
    }
    found
}

/// At which ends signs are left out.
#[derive(Clone, Copy)]
struct Bare {
    start: bool,
    end: bool,
}

/// Adds all passages of a chain of lines that begin in `first`. Those of more than one line are
/// longer than their first line is.
fn from_words_of(
    first: &TextLine,
    chain: &[&TextLine],
    lengths: &RangeInclusive<usize>,
    bare: Bare,
    found: &mut Vec<Passage>,
) {
    let words: Vec<(usize, &TextWord)> = chain
        .iter()
        .enumerate()
        .flat_map(|(line, text)| text.words.iter().map(move |word| (line, word)))
        .collect();
    for start in 0..first.words.len() {
        for end in start + 1..=words.len() {
            let taken = &words[start..end];
            let last_line = taken[taken.len() - 1].0;
            // Those of one line are found without the chain.
            if chain.len() > 1 && last_line == 0 {
                continue;
            }
            let text = text_of(taken, bare);
            let length = text.chars().filter(|c| !c.is_whitespace()).count();
            if length > *lengths.end() {
                break;
            }
            if length < *lengths.start() || length == 0 {
                continue;
            }
            let is_rest_taken = words.get(end).is_none_or(|(line, _)| *line > last_line);
            found.push(Passage {
                text,
                rects: rects_of(taken),
                is_whole: start == 0 && is_rest_taken,
                confidence: chain[..=last_line]
                    .iter()
                    .map(|l| l.confidence)
                    .fold(1.0, f32::min),
            });
        }
    }
}

fn text_of(taken: &[(usize, &TextWord)], bare: Bare) -> String {
    let words: Vec<&str> = taken.iter().map(|(_, word)| word.text.as_str()).collect();
    let text = words.join(" ");
    let text = if bare.start {
        text.trim_start_matches(BEFORE)
    } else {
        &text
    };
    let text = if bare.end {
        text.trim_end_matches(AFTER)
    } else {
        text
    };
    text.to_owned()
}

fn rects_of(taken: &[(usize, &TextWord)]) -> Vec<Rect> {
    let lines = taken.chunk_by(|one, other| one.0 == other.0);
    let rects = lines.map(|line| line.iter().map(|(_, word)| word.rect));
    rects
        .filter_map(|rects| rects.reduce(Rect::union))
        .collect()
}

/// Returns a line and those that it goes on in.
fn chain(
    lines: &[TextLine],
    start: usize,
    goes_on: fn(&TextLine, &TextLine) -> Option<i32>,
) -> Vec<&TextLine> {
    let mut chain = vec![&lines[start]];
    while chain.len() < MOST_LINES {
        let last = chain[chain.len() - 1];
        let others = lines.iter().filter(|other| !std::ptr::eq(*other, last));
        let near = others.filter_map(|other| Some((goes_on(last, other)?, other)));
        let Some((_, next)) = near.min_by_key(|(gap, other)| (*gap, other.rect)) else {
            break;
        };
        chain.push(next);
    }
    chain
}

/// How far to the right the next piece of the same line is, when it is no further than a wide
/// blank.
fn goes_on_beside(one: &TextLine, other: &TextLine) -> Option<i32> {
    let middle = other.rect.center().y;
    let is_level = (one.rect.y..one.rect.y + one.rect.height).contains(&middle);
    let gap = other.rect.x - (one.rect.x + one.rect.width);
    let height = one.rect.height.min(other.rect.height);
    (is_level && (0..=height).contains(&gap)).then_some(gap)
}

/// How far below the next line of the same paragraph is. Items of a menu are no paragraph: a line
/// that goes on has several words, and begins or is centred where the next one is.
fn goes_on_below(one: &TextLine, other: &TextLine) -> Option<i32> {
    let gap = other.rect.y - (one.rect.y + one.rect.height);
    let height = one.rect.height.max(other.rect.height);
    let is_near = (-height / 4..=height).contains(&gap);
    let is_aligned = (one.rect.x - other.rect.x).abs() <= height / 2
        || (one.rect.center().x - other.rect.center().x).abs() <= height / 2;
    (one.words.len() > 1 && is_near && is_aligned).then_some(gap)
}
