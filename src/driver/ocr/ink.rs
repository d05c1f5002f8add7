//! Where the ink of a line is: what the box of a detector holds besides background.
//!
//! Boxes jitter with the place of a line on the screen, ink does not. So ink is what lines are
//! remembered by.

use super::{pieces::pieces, raster};
use crate::model::{Frame, Rect};
use std::{collections::BTreeMap, ops::Range};

/// A pixel whose red, green or blue differs from the background's by more than this is ink.
const CONTRAST: u8 = 32;

/// What is lower than this, in pixels, is no letter.
const LETTER: i32 = 4;

/// The ink of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ink {
    /// The smallest rectangle that holds it.
    pub(super) rect: Rect,
    /// For each column of that, whether there is ink in it.
    pub(super) columns: Vec<bool>,
}

impl Ink {
    /// Takes all of `area` for ink.
    pub(super) fn all(area: Rect) -> Self {
        Self {
            rect: area,
            columns: vec![true; area.width as usize],
        }
    }
}

/// Returns the ink of the lines in `area` whose middle is at one of the rows `seen`, or of the one
/// that is nearest to its middle where there are none. Where no ink can be told from the background,
/// all of `area` is.
pub(super) fn inks(frame: &Frame, area: Rect, seen: Range<i32>) -> Vec<Ink> {
    let seen = (seen.start - area.y).max(0) as usize..(seen.end - area.y).max(0) as usize;
    let Some(mask) = Mask::of(frame, area) else {
        return vec![Ink::all(area)];
    };
    let rows = mask.rows();
    let lines = lines(&rows, seen);
    let found: Vec<Ink> = lines
        .into_iter()
        .filter_map(|line| mask.ink(area, line))
        .collect();
    if found.is_empty() {
        vec![Ink::all(area)]
    } else {
        found
    }
}

/// Which pixels of a box are ink.
struct Mask {
    width: usize,
    height: usize,
    is_ink: Vec<bool>,
    /// The columns that are not ink nearly all the way, as the edge of a field or of a window is.
    columns: Vec<usize>,
}

impl Mask {
    fn of(frame: &Frame, area: Rect) -> Option<Self> {
        let (width, height) = (area.width as usize, area.height as usize);
        let pixels = raster::pixels(frame, area);
        let ground = commonest(&pixels)?;
        let mut is_ink: Vec<bool> = pixels.iter().map(|pixel| differs(*pixel, ground)).collect();
        wipe_frames(&mut is_ink, width);
        let count = |x: &usize| (0..height).filter(|y| is_ink[y * width + x]).count();
        let columns = (0..width).filter(|x| !is_long(count(x), height)).collect();
        Some(Self {
            width,
            height,
            is_ink,
            columns,
        })
    }

    fn at(&self, x: usize, y: usize) -> bool {
        self.is_ink[y * self.width + x]
    }

    /// For each row, whether it is one of a line: has ink, and not all the way.
    fn rows(&self) -> Vec<bool> {
        let is_text = |y: usize| {
            let count = self.columns.iter().filter(|x| self.at(**x, y)).count();
            count > 0 && !is_long(count, self.columns.len())
        };
        (0..self.height).map(is_text).collect()
    }

    /// Returns the ink of the line between two rows.
    fn ink(&self, area: Rect, (top, bottom): (usize, usize)) -> Option<Ink> {
        // What is ink further up and further down than letters are is an edge, or it is a cursor.
        let (above, below) = (top.saturating_sub(2), (bottom + 2).min(self.height));
        let is_edge =
            |x: usize| above < top && below > bottom && (above..below).all(|y| self.at(x, y));
        let mut has_ink = vec![false; self.width];
        for x in &self.columns {
            has_ink[*x] = !is_edge(*x) && (top..bottom).any(|y| self.at(*x, y));
        }
        let left = has_ink.iter().position(|inked| *inked)?;
        let right = has_ink.iter().rposition(|inked| *inked)? + 1;
        Some(Ink {
            rect: Rect {
                x: area.x + left as i32,
                y: area.y + top as i32,
                width: (right - left) as i32,
                height: (bottom - top) as i32,
            },
            columns: has_ink[left..right].to_vec(),
        })
    }
}

/// Whether so many pixels are nearly all.
fn is_long(count: usize, most: usize) -> bool {
    count * 10 >= most * 9
}

/// Wipes what is much higher than the letters beside it: the frame of a field, of which a box may
/// show a corner.
fn wipe_frames(is_ink: &mut [bool], width: usize) {
    let found = pieces(is_ink.chunks_exact(width).map(<[bool]>::to_vec));
    let heights = found.iter().map(|piece| piece.hull.height);
    // Dots and dashes are no measure.
    let mut letters: Vec<i32> = heights.filter(|height| *height >= LETTER).collect();
    letters.sort_unstable();
    let Some(usual) = letters.get(letters.len().saturating_sub(1) / 2) else {
        return;
    };
    let frames = found.iter().filter(|piece| piece.hull.height > usual * 2);
    for run in frames.flat_map(|piece| &piece.runs) {
        is_ink[run.y * width + run.start..run.y * width + run.end].fill(false);
    }
}

/// Returns the commonest colour, taking similar ones together first, so that shades do not count
/// against it.
fn commonest(pixels: &[[u8; 3]]) -> Option<[u8; 3]> {
    let coarse = |pixel: &[u8; 3]| pixel.map(|value| value >> 4);
    let group = most(pixels.iter().map(coarse))?;
    most(
        pixels
            .iter()
            .filter(|pixel| coarse(pixel) == group)
            .copied(),
    )
}

fn most<T: Ord + Copy>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut counts = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_insert(0) += 1;
    }
    counts
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .map(|(value, _)| value)
}

fn differs(one: [u8; 3], other: [u8; 3]) -> bool {
    let mut pairs = one.into_iter().zip(other);
    pairs.any(|(a, b)| a.abs_diff(b) > CONTRAST)
}

/// Returns the first row of each line whose middle is at one of the rows `seen`, and the first row
/// after it; of the one that is nearest to the middle of all where there are none.
fn lines(rows: &[bool], seen: Range<usize>) -> Vec<(usize, usize)> {
    let mut runs = Vec::new();
    let mut start = 0;
    for run in rows.chunk_by(|one, other| one == other) {
        if run[0] {
            runs.push((start, start + run.len()));
        }
        start += run.len();
    }
    let is_seen = |(top, bottom): (usize, usize)| {
        bottom - top >= LETTER as usize && seen.contains(&usize::midpoint(top, bottom))
    };
    let mut found: Vec<usize> = (0..runs.len()).filter(|at| is_seen(runs[*at])).collect();
    if found.is_empty() {
        let middle = rows.len() / 2;
        let off = |(top, bottom): (usize, usize)| {
            if middle < top {
                top - middle
            } else {
                (middle + 1).saturating_sub(bottom)
            }
        };
        found.extend((0..runs.len()).min_by_key(|at| off(runs[*at])));
    }
    let mut lines: Vec<(usize, usize)> = found
        .into_iter()
        .map(|at| with_dots(&runs, at, rows.len()))
        .collect();
    lines.dedup();
    lines
}

/// Returns a run of rows with what belongs to it: what is parted from it by a row or two, as small
/// as dots, accents and underscores are, and seen in full. A piece at the edge may be the rest of
/// another line.
fn with_dots(runs: &[(usize, usize)], at: usize, height: usize) -> (usize, usize) {
    let (mut top, mut bottom) = runs[at];
    let most = ((bottom - top) / 3).max(2);
    let belongs = |piece: (usize, usize), gap: usize| {
        gap <= 2 && piece.1 - piece.0 <= most && piece.0 > 0 && piece.1 < height
    };
    for piece in runs[..at].iter().rev() {
        if !belongs(*piece, top - piece.1) {
            break;
        }
        top = piece.0;
    }
    for piece in &runs[at + 1..] {
        if !belongs(*piece, piece.0 - bottom) {
            break;
        }
        bottom = piece.1;
    }
    (top, bottom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FrameCause, FrameSeq, Timestamp};
    use std::sync::Arc;

    /// Draws with one character a pixel; `.` is the background.
    fn frame(picture: &str) -> Frame {
        let rows: Vec<&str> = picture.split_whitespace().collect();
        let value = |c: char| match c {
            '.' => 250,
            // A shade of the background, as gradients have.
            ',' => 235,
            _ => 20,
        };
        let pixels = rows.concat().chars().map(value).collect::<Vec<u8>>();
        Frame {
            seq: FrameSeq(1),
            at: Timestamp(0),
            cause: FrameCause::Damage,
            width: rows[0].len() as u32,
            height: rows.len() as u32,
            rgba: Arc::new(pixels.iter().flat_map(|v| [*v, *v, *v, 255]).collect()),
            damage: Vec::new(),
        }
    }

    fn ink_of(picture: &str) -> Ink {
        let mut inks = inks_of(picture, 0..0);
        assert_eq!(inks.len(), 1, "{inks:?}");
        inks.remove(0)
    }

    fn inks_of(picture: &str, seen: Range<i32>) -> Vec<Ink> {
        let frame = frame(picture);
        let area = Rect {
            x: 0,
            y: 0,
            width: frame.width as i32,
            height: frame.height as i32,
        };
        inks(&frame, area, seen)
    }

    fn rect(x: i32, y: i32, width: i32, height: i32) -> Rect {
        Rect {
            x,
            y,
            width,
            height,
        }
    }

    #[test]
    fn ink_is_told_from_shades_and_from_the_edges_of_a_field() {
        let found = ink_of(
            "############
             #..........#
             #..,,..,...#
             #....#.....#
             #..........#
             #..#.#..##.#
             #..#.#.....#
             #..........#
             ############",
        );
        assert_eq!(found.rect, rect(3, 3, 7, 4));
        assert_eq!(found.columns, [true, false, true, false, false, true, true]);
    }

    #[test]
    fn a_corner_of_a_frame_is_no_letter() {
        let found = ink_of(
            "..................
             .....#############
             ....#.............
             ...#..............
             ...#..............
             ...#..............
             ...#...#..###.##..
             ...#..##..#.#.#...
             ...#...#..#.#.##..
             ...#...#..###..#..
             ...#..............
             ...#..............
             ....#.............
             .....#############
             ..................",
        );
        assert_eq!(found.rect, rect(6, 6, 10, 4));
    }

    #[test]
    fn the_line_above_is_another() {
        let found = ink_of(
            ".##.##
             ......
             ......
             ......
             .#.#..
             .#.#..
             .#.##.
             ......
             ......",
        );
        assert_eq!(found.rect, rect(1, 4, 4, 3));
    }

    #[test]
    fn two_lines_in_one_box_are_two_where_both_were_seen() {
        let picture = "......
             .##.##
             .#..##
             .#..##
             .#..##
             ......
             .#.#..
             .#.#..
             .#.#..
             .#.##.
             ......";
        let rects = |seen: Range<i32>| -> Vec<Rect> {
            let inks = inks_of(picture, seen);
            inks.iter().map(|ink| ink.rect).collect()
        };
        assert_eq!(rects(2..9), [rect(1, 1, 5, 4), rect(1, 6, 4, 4)]);
        assert_eq!(rects(1..5), [rect(1, 1, 5, 4)]);
    }

    #[test]
    fn where_nothing_stands_out_all_of_it_is_the_line() {
        let found = ink_of("....,, ....,, ......");
        assert_eq!(found.rect, rect(0, 0, 6, 3));
        assert_eq!(found.columns, [true; 6]);
    }
}
