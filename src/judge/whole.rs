//! A picture looked for as a whole, by a hash that rolls along rows and down columns. Looking for
//! the most telling row first is much faster, unless that row is everywhere on the screen: then
//! this is, as its cost depends on nothing but the sizes.

use super::{
    Picture,
    rolling::{Rolling, hash},
};
use std::ops::ControlFlow;

/// Another number than rows are hashed by, so that pixels along a diagonal cannot be exchanged.
const BASE: u64 = 0xc2b2_ae3d_27d4_eb4f;

/// The hash of a picture.
#[derive(Debug)]
pub(super) struct Whole {
    rows: Rolling,
    height: usize,
    hash: u64,
    /// What a row's part of the hash has become when it leaves.
    power: u64,
}

impl Whole {
    /// Hashes `picture`, which has pixels.
    pub(super) fn new(picture: &Picture) -> Self {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let rows = picture.rgba().chunks_exact(width * 4).map(hash);
        Self {
            rows: Rolling::new(width),
            height,
            hash: rows.fold(0, add),
            power: (0..height).fold(1, |power: u64, _| power.wrapping_mul(BASE)),
        }
    }

    /// Tells `caught` the column and row of each place in `rows` where pixels hash as the picture's
    /// do, the topmost first, until it has heard enough.
    pub(super) fn cast<'a>(
        &self,
        rows: impl Iterator<Item = &'a [u8]>,
        mut caught: impl FnMut(usize, usize) -> ControlFlow<()>,
    ) {
        // Of each column the hash, and the hashes of the rows that it is made of.
        let mut sums: Vec<u64> = Vec::new();
        let mut held: Vec<u64> = Vec::new();
        let mut here = Vec::new();
        for (y, row) in rows.enumerate() {
            let columns = row.len() / 4 - self.rows.length + 1;
            sums.resize(columns, 0);
            held.resize(columns * self.height, 0);
            let slot = y % self.height * columns;
            let slot = &mut held[slot..slot + columns];
            self.rows.over(row, |x, entered| {
                let left = std::mem::replace(&mut slot[x], entered);
                sums[x] = add(sums[x], entered).wrapping_sub(self.power.wrapping_mul(left));
                if sums[x] == self.hash {
                    here.push(x);
                }
            });
            let full = (y + 1).checked_sub(self.height);
            for x in here.drain(..) {
                if full.is_some_and(|top| caught(x, top).is_break()) {
                    return;
                }
            }
        }
    }
}

fn add(sum: u64, row: u64) -> u64 {
    sum.wrapping_mul(BASE).wrapping_add(row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{judge::exact::tests::frame, model::Rect};

    /// Two colours without a pattern, which pictures of a few pixels have at several places.
    fn noise(x: i32, y: i32) -> [u8; 4] {
        let mixed = (x as u32 * 73 + y as u32 * 151).wrapping_mul(0x9e37_79b9);
        [(mixed >> 31) as u8, 0, 0, 255]
    }

    fn caught(size: (i32, i32), at: (i32, i32), enough: usize) -> Vec<(usize, usize)> {
        let picture = Rect {
            x: at.0,
            y: at.1,
            width: size.0,
            height: size.1,
        };
        let screen = frame(31, 23, noise);
        let whole = Whole::new(&Picture::crop(&screen, picture).unwrap());
        let mut places = Vec::new();
        whole.cast(screen.rgba.chunks_exact(31 * 4), |x, y| {
            places.push((x, y));
            if places.len() < enough {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        places
    }

    #[test]
    fn it_is_caught_wherever_it_is_and_nowhere_else() {
        for (width, height) in [(1, 1), (5, 1), (1, 4), (3, 2), (2, 5), (31, 2), (3, 23)] {
            for at in [(0, 0), (31 - width, 23 - height)] {
                let points =
                    |x, y| (0..width * height).map(move |i| (x + i % width, y + i / width));
                let pixels = |x, y| points(x, y).map(|(x, y)| noise(x, y));
                let places = (0..=23 - height).flat_map(|y| (0..=31 - width).map(move |x| (x, y)));
                let equal = places.filter(|(x, y)| pixels(*x, *y).eq(pixels(at.0, at.1)));
                let expected: Vec<_> = equal.map(|(x, y)| (x as usize, y as usize)).collect();
                assert_eq!(caught((width, height), at, usize::MAX), expected);
            }
        }
    }

    #[test]
    fn it_ends_when_enough_is_caught_and_begins_with_the_topmost() {
        let all = caught((2, 2), (4, 4), usize::MAX);
        assert!(all.len() > 3, "{all:?}");
        assert_eq!(caught((2, 2), (4, 4), 3), all[..3]);
    }
}
