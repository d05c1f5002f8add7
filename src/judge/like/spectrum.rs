//! Correlation of a small picture with a large one at every place, by way of their spectra. The
//! crates `realfft` and `rustfft` stay in this file.
//!
//! Spectra lie column by column, because that is how they are worked on; what is row by row is
//! turned around in blocks that are as wide as a cache line.

use pulp::Arch;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::{Fft, FftPlanner, num_complex::Complex};
use std::{fmt, sync::Arc};

/// How many numbers lie beside each other in a cache line.
const BLOCK: usize = 8;

const ZERO: Complex<f32> = Complex { re: 0.0, im: 0.0 };

/// Makes spectra of pictures up to one size, and correlates by them. Owns all the room that it needs,
/// because getting that anew for each picture takes longer than the work.
pub(super) struct Correlator {
    /// Of the pictures that it was made for.
    picture: (usize, usize),
    /// Of what is transformed, which is a little larger.
    width: usize,
    height: usize,
    rows: RowTransform,
    columns: ColumnTransform,
    /// The large picture's, column by column.
    spectrum: Vec<Complex<f32>>,
    /// The small one's rows.
    needle: Vec<Complex<f32>>,
    /// What comes of both, row by row.
    product: Vec<Complex<f32>>,
    block: Vec<Complex<f32>>,
}

impl Correlator {
    /// Makes one for pictures of a size.
    pub(super) fn new(picture: (usize, usize)) -> Self {
        let width = smooth(picture.0.next_multiple_of(2), 2);
        let height = smooth(picture.1, 1);
        let (rows, columns) = (RowTransform::new(width), ColumnTransform::new(height));
        Self {
            picture,
            width,
            height,
            spectrum: vec![ZERO; rows.bins * columns.pitch],
            needle: Vec::new(),
            product: vec![ZERO; picture.1 * rows.pitch],
            block: vec![ZERO; BLOCK * rows.pitch.max(columns.pitch)],
            rows,
            columns,
        }
    }

    /// Returns the size of the pictures that it was made for.
    pub(super) fn picture(&self) -> (usize, usize) {
        self.picture
    }

    /// Takes the picture that others are correlated with.
    pub(super) fn take(&mut self, luma: &[u8]) {
        let (width, height) = self.picture;
        let (pitch, bins) = (self.rows.pitch, self.rows.bins);
        // Any constant may be taken away, and small numbers have small errors.
        let total: u64 = luma.iter().map(|luma| u64::from(*luma)).sum();
        let mean = (total as f64 / luma.len() as f64) as f32;
        for top in (0..height).step_by(BLOCK) {
            let count = BLOCK.min(height - top);
            for (row, into) in self.block.chunks_exact_mut(pitch).enumerate().take(count) {
                let luma = &luma[(top + row) * width..][..width];
                let values = luma.iter().map(|luma| f32::from(*luma) - mean);
                self.rows.forward(values, &mut into[..bins]);
            }
            for bin in 0..bins {
                let column = &mut self.spectrum[bin * self.columns.pitch + top..][..count];
                for (row, value) in column.iter_mut().enumerate() {
                    *value = self.block[row * pitch + bin];
                }
            }
        }
        for column in self.spectrum.chunks_exact_mut(self.columns.pitch) {
            column[height..].fill(ZERO);
            self.columns.forward(&mut column[..self.height]);
        }
    }

    /// Correlates `needle`, of a size, with the picture that was taken, at each place where it is
    /// wholly in it. [`Correlator::row`] tells what came of it.
    pub(super) fn correlate(&mut self, needle: &[f32], (width, height): (usize, usize)) {
        let (pitch, bins) = (self.rows.pitch, self.rows.bins);
        // What is transformed back is not divided by its size.
        let scale = 1.0 / (self.width * self.height) as f32;
        self.needle.resize(height * pitch, ZERO);
        let rows = self.needle.chunks_exact_mut(pitch);
        for (needle, into) in needle.chunks_exact(width).zip(rows) {
            let values = needle.iter().map(|value| value * scale);
            self.rows.forward(values, &mut into[..bins]);
        }
        let places = self.picture.1 - height + 1;
        let length = self.columns.pitch;
        for first in (0..bins).step_by(BLOCK) {
            let count = BLOCK.min(bins - first);
            for (y, row) in self.needle.chunks_exact(pitch).enumerate() {
                for (column, value) in row[first..first + count].iter().enumerate() {
                    self.block[column * length + y] = *value;
                }
            }
            for column in 0..count {
                let values = &mut self.block[column * length..][..self.height];
                values[height..].fill(ZERO);
                self.columns.forward(values);
                let other = &self.spectrum[(first + column) * length..][..self.height];
                Arch::new().dispatch(|| multiply(values, other));
                self.columns.inverse(values);
            }
            let rows = self.product.chunks_exact_mut(pitch).take(places);
            for (y, row) in rows.enumerate() {
                for (column, value) in row[first..first + count].iter_mut().enumerate() {
                    *value = self.block[column * length + y];
                }
            }
        }
    }

    /// Returns what came of the last correlation in a row. It can be asked once.
    pub(super) fn row(&mut self, y: usize) -> &[f32] {
        let bins = &mut self.product[y * self.rows.pitch..][..self.rows.bins];
        self.rows.inverse(bins)
    }
}

impl fmt::Debug for Correlator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Correlator of {}x{}", self.picture.0, self.picture.1)
    }
}

struct RowTransform {
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    /// How many numbers a row of a spectrum has.
    bins: usize,
    /// How far apart rows lie.
    pitch: usize,
    real: Vec<f32>,
    scratch: Vec<Complex<f32>>,
}

impl RowTransform {
    fn new(width: usize) -> Self {
        let mut planner = RealFftPlanner::new();
        let forward = planner.plan_fft_forward(width);
        let inverse = planner.plan_fft_inverse(width);
        let scratch = forward.get_scratch_len().max(inverse.get_scratch_len());
        let bins = width / 2 + 1;
        Self {
            forward,
            inverse,
            bins,
            pitch: bins.next_multiple_of(BLOCK),
            real: vec![0.0; width],
            scratch: vec![ZERO; scratch],
        }
    }

    fn forward(&mut self, values: impl Iterator<Item = f32>, bins: &mut [Complex<f32>]) {
        let mut filled = 0;
        for (real, value) in self.real.iter_mut().zip(values) {
            *real = value;
            filled += 1;
        }
        self.real[filled..].fill(0.0);
        let scratch = &mut self.scratch[..self.forward.get_scratch_len()];
        let done = self
            .forward
            .process_with_scratch(&mut self.real, bins, scratch);
        done.expect("the room was made for this length");
    }

    fn inverse(&mut self, bins: &mut [Complex<f32>]) -> &[f32] {
        // Rounding leaves a trace of what must be zero when numbers without an imaginary part come
        // out, and the transform insists.
        bins[0].im = 0.0;
        bins[self.bins - 1].im = 0.0;
        let scratch = &mut self.scratch[..self.inverse.get_scratch_len()];
        let done = self
            .inverse
            .process_with_scratch(bins, &mut self.real, scratch);
        done.expect("the room was made for this length");
        &self.real
    }
}

struct ColumnTransform {
    forward: Arc<dyn Fft<f32>>,
    inverse: Arc<dyn Fft<f32>>,
    /// How far apart columns lie: never by a power of two, at which they would drive each other out
    /// of the cache.
    pitch: usize,
    scratch: Vec<Complex<f32>>,
}

impl ColumnTransform {
    fn new(height: usize) -> Self {
        let mut planner = FftPlanner::new();
        let forward = planner.plan_fft_forward(height);
        let inverse = planner.plan_fft_inverse(height);
        let scratch = forward.get_inplace_scratch_len();
        Self {
            pitch: (height.div_ceil(BLOCK) | 1) * BLOCK,
            scratch: vec![ZERO; scratch.max(inverse.get_inplace_scratch_len())],
            forward,
            inverse,
        }
    }

    fn forward(&mut self, column: &mut [Complex<f32>]) {
        self.forward.process_with_scratch(column, &mut self.scratch);
    }

    fn inverse(&mut self, column: &mut [Complex<f32>]) {
        self.inverse.process_with_scratch(column, &mut self.scratch);
    }
}

#[expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the processor that is there"
)]
#[inline(always)]
fn multiply(needle: &mut [Complex<f32>], picture: &[Complex<f32>]) {
    for (needle, picture) in needle.iter_mut().zip(picture) {
        *needle = Complex {
            re: needle.re * picture.re + needle.im * picture.im,
            im: needle.re * picture.im - needle.im * picture.re,
        };
    }
}

/// Returns the next multiple of `step` that has no prime factors but those that are transformed
/// quickly.
fn smooth(from: usize, step: usize) -> usize {
    let is_smooth = |mut number: usize| {
        for factor in [2, 3, 5, 7] {
            while number.is_multiple_of(factor) {
                number /= factor;
            }
        }
        number == 1
    };
    let mut numbers = (from..).step_by(step);
    numbers
        .find(|number| is_smooth(*number))
        .expect("there are powers of two among the numbers")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_grow_to_what_is_transformed_quickly() {
        assert_eq!(smooth(1920, 2), 1920);
        assert_eq!(smooth(1366, 2), 1372);
        assert_eq!(smooth(1, 1), 1);
        assert_eq!(smooth(11, 1), 12);
    }

    #[test]
    fn it_is_the_sum_of_products_at_each_place() {
        for (picture, needle) in [
            ((37, 23), (5, 4)),
            ((16, 16), (16, 16)),
            ((1, 9), (1, 2)),
            ((41, 1), (41, 1)),
        ] {
            let luma: Vec<u8> = (0..picture.0 * picture.1)
                .map(|at| (at * at % 251) as u8)
                .collect();
            let values: Vec<f32> = (0..needle.0 * needle.1)
                .map(|at| ((at * 7) % 11) as f32)
                .collect();
            let mean = values.iter().sum::<f32>() / values.len() as f32;
            let values: Vec<f32> = values.iter().map(|value| value - mean).collect();
            let mut correlator = Correlator::new(picture);
            for _ in 0..2 {
                correlator.take(&luma);
                correlator.correlate(&values, needle);
                for y in 0..=picture.1 - needle.1 {
                    let row = correlator.row(y).to_vec();
                    for (x, sum) in row.iter().enumerate().take(picture.0 - needle.0 + 1) {
                        let products = (0..values.len()).map(|at| {
                            let (u, v) = (at % needle.0, at / needle.0);
                            values[at] * f32::from(luma[(y + v) * picture.0 + x + u])
                        });
                        let expected: f32 = products.sum();
                        assert!((sum - expected).abs() < 0.1, "{x},{y}: {sum} {expected}");
                    }
                }
            }
        }
    }
}
