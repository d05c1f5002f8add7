//! Sums over any rectangle of a picture in no time, and with them how much its brightness varies.
//! They are exact whatever the rectangle's size.

use pulp::Arch;

/// Brightness is counted from here, so that sums stay small.
const MIDDLE: i32 = 128;

/// How many squares fit into 32 bits. Sums wrap around, which differences of them do not notice as
/// long as they fit themselves.
const MOST_SQUARES: usize = 1 << 18;

/// Sums over all that is above and left of each pixel.
#[derive(Debug, Default)]
pub(super) struct Sums {
    width: usize,
    height: usize,
    values: Vec<i32>,
    squares: Vec<u32>,
}

impl Sums {
    /// Adds up a picture of `width`.
    pub(super) fn fill(&mut self, luma: &[u8], width: usize) {
        let height = luma.len() / width;
        let pitch = width + 1;
        self.values.resize(pitch * (height + 1), 0);
        self.squares.resize(pitch * (height + 1), 0);
        self.values[..pitch].fill(0);
        self.squares[..pitch].fill(0);
        (self.width, self.height) = (width, height);
        for (y, row) in luma.chunks_exact(width).enumerate() {
            let (above, here) = self.values[y * pitch..].split_at_mut(pitch);
            let (squares_above, squares) = self.squares[y * pitch..].split_at_mut(pitch);
            let (mut sum, mut square) = (0_i32, 0_u32);
            here[0] = 0;
            squares[0] = 0;
            let above = above[1..].iter().zip(&squares_above[1..]);
            let here = here[1..].iter_mut().zip(&mut squares[1..]);
            for ((luma, above), here) in row.iter().zip(above).zip(here) {
                let value = i32::from(*luma) - MIDDLE;
                sum = sum.wrapping_add(value);
                square = square.wrapping_add((value * value) as u32);
                *here.0 = above.0.wrapping_add(sum);
                *here.1 = above.1.wrapping_add(square);
            }
        }
    }

    /// Sets `energies` to how much brightness varies in the rectangles of a size whose top is at
    /// `y`: the sum of the squares of its distances from its mean. There is one for each column
    /// that a rectangle can start at.
    pub(super) fn energies(&self, y: usize, (width, height): (usize, usize), energies: &mut [f32]) {
        let pixels = (width * height) as f64;
        let band = (MOST_SQUARES / width).max(1);
        if height <= band {
            let bands = self.band(y, height);
            Arch::new().dispatch(|| single(bands, width, pixels, energies));
            return;
        }
        let mut totals = vec![(0.0, 0.0); energies.len()];
        for from in (0..height).step_by(band) {
            let rows = band.min(height - from);
            add(self.band(y + from, rows), width, &mut totals);
        }
        for (energy, (sum, squares)) in energies.iter_mut().zip(totals) {
            *energy = (squares - sum * sum / pixels) as f32;
        }
    }

    /// Returns the sums above and below some rows.
    fn band(&self, y: usize, rows: usize) -> Band<'_> {
        let pitch = self.width + 1;
        let (top, bottom) = (y * pitch, (y + rows) * pitch);
        Band {
            top: &self.values[top..top + pitch],
            bottom: &self.values[bottom..bottom + pitch],
            squares_top: &self.squares[top..top + pitch],
            squares_bottom: &self.squares[bottom..bottom + pitch],
        }
    }
}

/// Some rows of a picture.
#[derive(Clone, Copy, Debug)]
struct Band<'a> {
    top: &'a [i32],
    bottom: &'a [i32],
    squares_top: &'a [u32],
    squares_bottom: &'a [u32],
}

impl<'a> Band<'a> {
    /// Returns the sum and the sum of squares of each rectangle of `width`.
    #[expect(
        clippy::inline_always,
        reason = "only what is inlined is compiled for the processor that is there"
    )]
    #[inline(always)]
    fn of_width(self, width: usize) -> impl Iterator<Item = (f64, f64)> + use<'a> {
        let top = self.top[width..].iter().zip(self.top);
        let bottom = self.bottom[width..].iter().zip(self.bottom);
        let squares_top = self.squares_top[width..].iter().zip(self.squares_top);
        let squares_bottom = self.squares_bottom[width..].iter().zip(self.squares_bottom);
        let sums = top.zip(bottom);
        let sums = sums.map(|(top, bottom)| {
            let above = top.0.wrapping_sub(*top.1);
            f64::from(bottom.0.wrapping_sub(*bottom.1).wrapping_sub(above))
        });
        let squares = squares_top.zip(squares_bottom).map(|(top, bottom)| {
            let above = top.0.wrapping_sub(*top.1);
            f64::from(bottom.0.wrapping_sub(*bottom.1).wrapping_sub(above))
        });
        sums.zip(squares)
    }
}

#[expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the processor that is there"
)]
#[inline(always)]
fn single(band: Band<'_>, width: usize, pixels: f64, energies: &mut [f32]) {
    let share = 1.0 / pixels;
    for (energy, (sum, squares)) in energies.iter_mut().zip(band.of_width(width)) {
        *energy = (squares - sum * sum * share) as f32;
    }
}

fn add(band: Band<'_>, width: usize, totals: &mut [(f64, f64)]) {
    for (total, (sum, squares)) in totals.iter_mut().zip(band.of_width(width)) {
        total.0 += sum;
        total.1 += squares;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The slow way.
    fn energy(luma: &[u8], pitch: usize, at: (usize, usize), size: (usize, usize)) -> f64 {
        let rows = luma.chunks_exact(pitch).skip(at.1).take(size.1);
        let pixels: Vec<f64> = rows
            .flat_map(|row| &row[at.0..at.0 + size.0])
            .map(|luma| f64::from(*luma))
            .collect();
        let mean = pixels.iter().sum::<f64>() / pixels.len() as f64;
        pixels.iter().map(|pixel| (pixel - mean).powi(2)).sum()
    }

    fn check(luma: &[u8], width: usize, size: (usize, usize)) {
        let height = luma.len() / width;
        let mut sums = Sums::default();
        sums.fill(luma, width);
        let mut energies = vec![0.0; width - size.0 + 1];
        for y in [0, height - size.1] {
            sums.energies(y, size, &mut energies);
            for x in [0, width - size.0] {
                let expected = energy(luma, width, (x, y), size);
                let error = (f64::from(energies[x]) - expected).abs();
                assert!(
                    error <= 1e-6 * expected + 1e-3,
                    "{} {expected}",
                    energies[x]
                );
            }
        }
    }

    #[test]
    fn energies_are_those_of_each_rectangle() {
        let luma: Vec<u8> = (0..60 * 40_u32).map(|at| (at * at % 251) as u8).collect();
        for size in [(1, 1), (7, 5), (60, 40), (60, 1), (1, 40)] {
            check(&luma, 60, size);
        }
    }

    #[test]
    fn they_do_not_overflow_however_large_and_bright_the_rectangle_is() {
        // As many squares of the largest brightness as overflow 32 bits several times.
        let luma: Vec<u8> = (0..1100 * 1000_u32)
            .map(|at| if at % 1100 % 3 == 0 { 255 } else { 0 })
            .collect();
        check(&luma, 1100, (1000, 990));
        check(&luma, 1100, (512, 512));
        check(&luma, 1100, (512, 511));
    }
}
