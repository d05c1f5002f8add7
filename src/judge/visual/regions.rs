//! Pixels that differ, gathered into regions that people can look at one by one.

use super::{CompareError, Mark, compare};
use crate::{judge::Picture, model::Rect};

/// The side of a cell, in pixels.
pub(super) const CELL: usize = 8;

/// Cells that are no further apart than this belong to one region.
const REACH: usize = 2;

/// What changes by itself is masked with so many pixels around it.
const AROUND: i32 = 4;

/// A part of a picture in which pixels differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// The smallest rectangle around them.
    pub place: Rect,
    /// How many pixels differ.
    pub changed: u64,
    /// How many differ so that it is seen.
    pub visible: u64,
}

/// Returns the parts of a screen that change by themselves, as pictures of it tell between which
/// nothing was done: what to mask. At least two pictures are needed to see anything change.
pub fn changing(idle: &[Picture]) -> Result<Vec<Rect>, CompareError> {
    let mut parts: Vec<Rect> = Vec::new();
    let Some((first, others)) = idle.split_first() else {
        return Ok(parts);
    };
    for other in others {
        let found = compare(first, other, &parts);
        let regions = match found {
            Ok(found) => found.regions,
            // All of it changes already.
            Err(CompareError::Masked) => break,
            Err(err @ CompareError::Size { .. }) => return Err(err),
        };
        let grown = regions.iter().map(|region| grown(region.place, first));
        parts.extend(grown);
        unite(&mut parts);
    }
    parts.sort_by_key(|part| (part.y, part.x));
    Ok(parts)
}

fn grown(place: Rect, picture: &Picture) -> Rect {
    let (x, y) = ((place.x - AROUND).max(0), (place.y - AROUND).max(0));
    let right = (place.x + place.width + AROUND).min(picture.width() as i32);
    let bottom = (place.y + place.height + AROUND).min(picture.height() as i32);
    Rect {
        x,
        y,
        width: right - x,
        height: bottom - y,
    }
}

/// Makes one of those that overlap, until none do.
fn unite(parts: &mut Vec<Rect>) {
    let mut at = 0;
    while at < parts.len() {
        let overlaps = |other: &usize| parts[at].intersects(parts[*other]);
        match (at + 1..parts.len()).find(overlaps) {
            None => at += 1,
            Some(other) => {
                let other = parts.swap_remove(other);
                parts[at] = around(parts[at], other);
                // It is larger now, and may overlap others.
                at = 0;
            }
        }
    }
}

fn around(one: Rect, other: Rect) -> Rect {
    let (x, y) = (one.x.min(other.x), one.y.min(other.y));
    let right = (one.x + one.width).max(other.x + other.width);
    let bottom = (one.y + one.height).max(other.y + other.height);
    Rect {
        x,
        y,
        width: right - x,
        height: bottom - y,
    }
}

/// How many pixels differ in each cell of a picture.
pub(super) struct Cells {
    width: usize,
    height: usize,
    columns: usize,
    counts: Vec<(u64, u64)>,
}

impl Cells {
    pub(super) fn new(picture: &Picture) -> Self {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let columns = width.div_ceil(CELL);
        Self {
            width,
            height,
            columns,
            counts: vec![(0, 0); columns * height.div_ceil(CELL)],
        }
    }

    pub(super) fn len(&self) -> usize {
        self.counts.len()
    }

    /// Counts a pixel that differs.
    pub(super) fn count(&mut self, x: usize, y: usize, is_visible: bool) {
        let cell = &mut self.counts[y / CELL * self.columns + x / CELL];
        cell.0 += 1;
        cell.1 += u64::from(is_visible);
    }

    /// Returns how many pixels differ, and how many of them so that it is seen.
    pub(super) fn totals(&self) -> (u64, u64) {
        let sum = |(a, b): (u64, u64), (c, d): &(u64, u64)| (a + c, b + d);
        self.counts.iter().fold((0, 0), sum)
    }

    /// Returns the left and top edges of the cells in which something differs.
    pub(super) fn changed(&self) -> impl Iterator<Item = (usize, usize)> {
        let cells = self.counts.iter().enumerate();
        let changed = cells.filter(|(_, count)| count.0 > 0);
        changed.map(|(at, _)| (at % self.columns * CELL, at / self.columns * CELL))
    }

    /// Gathers cells into regions.
    pub(super) fn regions(&self, marks: &[Mark]) -> Vec<Region> {
        let mut taken = vec![false; self.counts.len()];
        let mut regions = Vec::new();
        for start in 0..self.counts.len() {
            if taken[start] || self.counts[start].0 == 0 {
                continue;
            }
            taken[start] = true;
            let mut members = vec![start];
            let mut next = 0;
            while let Some(at) = members.get(next).copied() {
                next += 1;
                for near in self.near(at) {
                    if !taken[near] && self.counts[near].0 > 0 {
                        taken[near] = true;
                        members.push(near);
                    }
                }
            }
            regions.push(self.region(&members, marks));
        }
        regions.sort_by_key(|region| {
            let place = (region.place.y, region.place.x);
            (std::cmp::Reverse((region.visible, region.changed)), place)
        });
        regions
    }

    fn near(&self, at: usize) -> impl Iterator<Item = usize> + use<> {
        let (column, row) = (at % self.columns, at / self.columns);
        let (columns, rows) = (self.columns, self.counts.len() / self.columns);
        let ys = row.saturating_sub(REACH)..(row + REACH + 1).min(rows);
        ys.flat_map(move |y| {
            let xs = column.saturating_sub(REACH)..(column + REACH + 1).min(columns);
            xs.map(move |x| y * columns + x)
        })
    }

    fn region(&self, members: &[usize], marks: &[Mark]) -> Region {
        let (mut left, mut top, mut right, mut bottom) = (usize::MAX, usize::MAX, 0, 0);
        let (mut changed, mut visible) = (0, 0);
        for at in members {
            let (x0, y0) = (at % self.columns * CELL, at / self.columns * CELL);
            changed += self.counts[*at].0;
            visible += self.counts[*at].1;
            for y in y0..(y0 + CELL).min(self.height) {
                for x in x0..(x0 + CELL).min(self.width) {
                    if marks[y * self.width + x] != Mark::Equal {
                        (left, top) = (left.min(x), top.min(y));
                        (right, bottom) = (right.max(x), bottom.max(y));
                    }
                }
            }
        }
        Region {
            place: Rect {
                x: left as i32,
                y: top as i32,
                width: (right - left + 1) as i32,
                height: (bottom - top + 1) as i32,
            },
            changed,
            visible,
        }
    }
}
