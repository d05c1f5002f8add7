//! Where the ink of a line is: what the box of a detector holds besides background.
//!
//! Boxes jitter with the place of a line on the screen, ink does not. So ink is what lines are
//! remembered by.

use super::raster::pixel;
use crate::model::{Frame, Rect};
use std::collections::BTreeMap;

/// A pixel whose red, green or blue differs from the background's by more than this is ink.
const CONTRAST: u8 = 32;

/// The ink of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ink {
    /// The smallest rectangle that holds it.
    pub(super) rect: Rect,
    /// For each column of that, whether there is ink in it.
    pub(super) columns: Vec<bool>,
}

/// Returns the ink of the line in the middle of `area`. Where there is none to be told from the
/// background, all of `area` is.
pub(super) fn ink(frame: &Frame, area: Rect) -> Ink {
    find(frame, area).unwrap_or_else(|| Ink {
        rect: area,
        columns: vec![true; area.width as usize],
    })
}

fn find(frame: &Frame, area: Rect) -> Option<Ink> {
    let (width, height) = (area.width as usize, area.height as usize);
    let points = (0..area.height).flat_map(|y| (0..area.width).map(move |x| (x, y)));
    let pixels: Vec<[u8; 3]> = points
        .map(|(x, y)| pixel(frame, area.x + x, area.y + y))
        .collect();
    let ground = commonest(&pixels)?;
    let is_ink: Vec<bool> = pixels.iter().map(|pixel| differs(*pixel, ground)).collect();
    let at = |x: usize, y: usize| is_ink[y * width + x];
    // What is ink nearly all the way is the edge of a field or of a window.
    let is_long = |count: usize, most: usize| count * 10 >= most * 9;
    let count = |x: usize| (0..height).filter(|y| at(x, *y)).count();
    let columns: Vec<usize> = (0..width).filter(|x| !is_long(count(*x), height)).collect();
    let is_text = |y: usize| {
        let count = columns.iter().filter(|x| at(**x, y)).count();
        count > 0 && !is_long(count, columns.len())
    };
    let rows: Vec<bool> = (0..height).map(is_text).collect();
    let (top, bottom) = middle_line(&rows)?;
    // So is what is ink further up and further down than letters are, or it is a cursor.
    let (above, below) = (top.saturating_sub(2), (bottom + 2).min(height));
    let is_edge = |x: usize| above < top && below > bottom && (above..below).all(|y| at(x, y));
    let mut has_ink = vec![false; width];
    for x in columns {
        has_ink[x] = !is_edge(x) && (top..bottom).any(|y| at(x, y));
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

/// Returns the rows of the line in the middle, and the first row after them.
///
/// What is parted from it by a row or two is of it when it is as small as dots, accents and
/// underscores are, and seen in full: a piece at the edge may be the rest of another line.
fn middle_line(rows: &[bool]) -> Option<(usize, usize)> {
    let mut runs = Vec::new();
    let mut start = 0;
    for run in rows.chunk_by(|one, other| one == other) {
        if run[0] {
            runs.push((start, start + run.len()));
        }
        start += run.len();
    }
    let middle = rows.len() / 2;
    let off = |(top, bottom): (usize, usize)| {
        if middle < top {
            top - middle
        } else {
            (middle + 1).saturating_sub(bottom)
        }
    };
    let at = (0..runs.len()).min_by_key(|at| off(runs[*at]))?;
    let (mut top, mut bottom) = runs[at];
    let most = ((bottom - top) / 3).max(2);
    let belongs = |piece: (usize, usize), gap: usize| {
        gap <= 2 && piece.1 - piece.0 <= most && piece.0 > 0 && piece.1 < rows.len()
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
    Some((top, bottom))
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
        let frame = frame(picture);
        let area = Rect {
            x: 0,
            y: 0,
            width: frame.width as i32,
            height: frame.height as i32,
        };
        ink(&frame, area)
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
    fn where_nothing_stands_out_all_of_it_is_the_line() {
        let found = ink_of("....,, ....,, ......");
        assert_eq!(found.rect, rect(0, 0, 6, 3));
        assert_eq!(found.columns, [true; 6]);
    }
}
