//! Where a picture changes from one pixel to the next, counted so that any line is looked at in no
//! time.

use crate::model::Frame;

/// A smaller change of every colour is no edge, but a shadow or a gradient.
const LEAST: u8 = 12;

/// The edges of a picture. A line lies between two rows or two columns of pixels, and has the number
/// of the second.
#[derive(Debug)]
pub(super) struct Edges {
    pub(super) width: usize,
    pub(super) height: usize,
    /// For each line between rows, how many of its pixels before a column change across it.
    rows: Vec<u32>,
    /// For each line between columns, how many of its pixels before a row change across it.
    columns: Vec<u32>,
}

impl Edges {
    /// Finds the edges of a picture.
    pub(super) fn of(frame: &Frame) -> Self {
        let (width, height) = (frame.width as usize, frame.height as usize);
        let pixel = |x: usize, y: usize| {
            let at = (y * width + x) * 4;
            &frame.rgba[at..at + 3]
        };
        let changes = |one: &[u8], other: &[u8]| {
            let pairs = one.iter().zip(other);
            u32::from(pairs.into_iter().any(|(a, b)| a.abs_diff(*b) >= LEAST))
        };
        let mut rows = Vec::with_capacity(height * (width + 1));
        for y in 0..height {
            let mut count = 0;
            rows.push(0);
            for x in 0..width {
                count += if y == 0 {
                    0
                } else {
                    changes(pixel(x, y - 1), pixel(x, y))
                };
                rows.push(count);
            }
        }
        let mut columns = Vec::with_capacity(width * (height + 1));
        for x in 0..width {
            let mut count = 0;
            columns.push(0);
            for y in 0..height {
                count += if x == 0 {
                    0
                } else {
                    changes(pixel(x - 1, y), pixel(x, y))
                };
                columns.push(count);
            }
        }
        Self {
            width,
            height,
            rows,
            columns,
        }
    }

    /// Returns how many of `length` pixels from column `x` on change across the line above row `y`.
    pub(super) fn across_row(&self, y: usize, x: usize, length: usize) -> usize {
        let at = y * (self.width + 1) + x;
        (self.rows[at + length] - self.rows[at]) as usize
    }

    /// Returns how many of `length` pixels from row `y` on change across the line left of column `x`.
    pub(super) fn across_column(&self, x: usize, y: usize, length: usize) -> usize {
        let at = x * (self.height + 1) + y;
        (self.columns[at + length] - self.columns[at]) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::exact::tests::frame;

    #[test]
    fn edges_are_counted_along_lines() {
        let is_inside = |x, y| (3..7).contains(&x) && (2..5).contains(&y);
        let picture = frame(10, 8, |x, y| {
            if is_inside(x, y) {
                [0, 0, 0, 255]
            } else {
                [0, 90, 0, 255]
            }
        });
        let edges = Edges::of(&picture);
        assert_eq!(edges.across_row(2, 0, 10), 4);
        assert_eq!(edges.across_row(2, 3, 4), 4);
        assert_eq!(edges.across_row(5, 4, 6), 3);
        assert_eq!(edges.across_row(3, 0, 10), 0);
        assert_eq!(edges.across_column(3, 0, 8), 3);
        assert_eq!(edges.across_column(7, 3, 5), 2);
        assert_eq!(edges.across_column(5, 0, 8), 0);
    }

    #[test]
    fn a_soft_shadow_is_no_edge() {
        let picture = frame(6, 20, |_, y| [200 - y as u8 * 6, 200, 200, 255]);
        let edges = Edges::of(&picture);
        assert!((0..20).all(|y| edges.across_row(y, 0, 6) == 0));
    }
}
