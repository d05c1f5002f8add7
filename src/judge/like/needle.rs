//! An anchor as it is looked for by likeness: the brightness of its largest opaque rectangle. What
//! else of it is opaque counts when places are looked at closely.

use super::{
    luma,
    moments::{FLAT, Moments},
};
use crate::judge::{Anchor, AnchorError};

/// What is looked for.
#[derive(Debug)]
pub(super) struct Needle {
    /// Where it is in the anchor.
    pub(super) offset: (usize, usize),
    /// Its width and height.
    pub(super) size: (usize, usize),
    luma: Vec<u8>,
    /// How much its brightness varies: the sum of the squares of its distances from its mean.
    pub(super) energy: f64,
}

impl Needle {
    /// Makes one of `anchor`, unless its brightness is the same everywhere.
    pub(super) fn new(anchor: &Anchor) -> Result<Self, AnchorError> {
        let picture = anchor.picture();
        let width = picture.width() as usize;
        let core = largest_opaque(picture.rgba(), width);
        let mut whole = vec![0; picture.rgba().len() / 4];
        luma::convert(picture.rgba(), &mut whole);
        let rows = whole.chunks_exact(width).skip(core.y).take(core.height);
        let rows = rows.flat_map(|row| &row[core.x..core.x + core.width]);
        let mut needle = Self {
            offset: (core.x, core.y),
            size: (core.width, core.height),
            luma: rows.copied().collect(),
            energy: 0.0,
        };
        let (variance, ..) = needle.compare(&needle.luma, core.width, (0, 0)).variances();
        if variance < FLAT * FLAT {
            return Err(AnchorError::Faint);
        }
        needle.energy = variance * needle.luma.len() as f64;
        Ok(needle)
    }

    /// Returns its brightness around zero, scaled so that its squares add up to one.
    pub(super) fn values(&self) -> Vec<f32> {
        let total: u64 = self.luma.iter().map(|luma| u64::from(*luma)).sum();
        let mean = total as f64 / self.luma.len() as f64;
        let scale = 1.0 / self.energy.sqrt();
        let values = self.luma.iter();
        let values = values.map(|luma| ((f64::from(*luma) - mean) * scale) as f32);
        values.collect()
    }

    /// Compares it with what is at `place` in a picture that has rows of `pitch`.
    pub(super) fn compare(&self, picture: &[u8], pitch: usize, place: (usize, usize)) -> Moments {
        pulp::Arch::new().dispatch(|| self.plain_compare(picture, pitch, place))
    }

    #[expect(
        clippy::inline_always,
        reason = "only what is inlined is compiled for the processor that is there"
    )]
    #[inline(always)]
    fn plain_compare(&self, picture: &[u8], pitch: usize, (x, y): (usize, usize)) -> Moments {
        let mut moments = Moments::default();
        for (v, row) in self.luma.chunks_exact(self.size.0).enumerate() {
            moments.add(row, &picture[(y + v) * pitch + x..][..self.size.0]);
        }
        moments
    }
}

/// A part of the anchor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Part {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

/// Returns the largest rectangle in which every pixel is opaque.
fn largest_opaque(rgba: &[u8], width: usize) -> Part {
    let mut best = Part::default();
    // How many pixels above and at each column of the row are opaque without a gap.
    let mut heights = vec![0; width];
    for (y, row) in rgba.chunks_exact(width * 4).enumerate() {
        for (height, pixel) in heights.iter_mut().zip(row.as_chunks::<4>().0) {
            *height = if pixel[3] == 255 { *height + 1 } else { 0 };
        }
        // Columns where something begins that is as high as this and not yet ended.
        let mut open: Vec<(usize, usize)> = Vec::new();
        for (x, height) in heights.iter().copied().chain([0]).enumerate() {
            let mut start = x;
            while let Some((from, higher)) = open.pop_if(|(_, open)| *open > height) {
                start = from;
                if higher * (x - from) > best.width * best.height {
                    best = Part {
                        x: from,
                        y: y + 1 - higher,
                        width: x - from,
                        height: higher,
                    };
                }
            }
            open.push((start, height));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn largest(rows: &[&str]) -> (usize, usize, usize, usize) {
        let rgba = rows.iter().flat_map(|row| row.bytes());
        let rgba: Vec<u8> = rgba
            .flat_map(|c| [0, 0, 0, if c == b'#' { 255 } else { 254 }])
            .collect();
        let part = largest_opaque(&rgba, rows[0].len());
        (part.x, part.y, part.width, part.height)
    }

    #[test]
    fn the_largest_opaque_rectangle_is_what_is_looked_for() {
        assert_eq!(largest(&["####", "####"]), (0, 0, 4, 2));
        assert_eq!(
            largest(&[".##.", ".##.", "####", "####", ".##."]),
            (1, 0, 2, 5)
        );
        assert_eq!(largest(&[".#..", "####", "####", "...."]), (0, 1, 4, 2));
        assert_eq!(largest(&["#...", "....", "..##"]), (2, 2, 2, 1));
        assert_eq!(largest(&["...", "..."]), (0, 0, 0, 0));
    }
}
