//! How alike a needle and a picture are at each place, roughly, and from that the best places,
//! exactly.

use super::{moments::FLAT, moments::Moments, needle::Needle, spectrum::Correlator, sums::Sums};
use pulp::Arch;
use std::ops::RangeInclusive;

/// Rough scores are off by less than this wherever there is enough contrast to tell.
const MARGIN: f32 = 1e-3;

/// How many pixels may be compared to tell which of the best places is the best.
const MOST_COMPARED: usize = 1 << 23;

/// So many places are always compared.
const LEAST_COMPARED: usize = 32;

/// Rough scores at every place of a picture.
#[derive(Debug, Default)]
pub(super) struct Scores {
    columns: usize,
    /// The squares of scores. Negative where the contrast is out of bounds, 0 where there is no
    /// likeness.
    squares: Vec<f32>,
    /// The highest of each row.
    rows: Vec<Highest>,
    energies: Vec<f32>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Highest {
    /// Where the contrast is in bounds.
    inside: f32,
    /// Where it is not.
    outside: f32,
}

/// Which contrast is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Contrast {
    /// As much as bounds say.
    Inside,
    /// More or less.
    Outside,
}

/// A place that is like the needle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Peak {
    /// Its left edge.
    pub(super) x: usize,
    /// Its top edge.
    pub(super) y: usize,
    /// How alike it is.
    pub(super) score: f64,
}

/// What lies around the energies that count.
#[derive(Clone, Copy, Debug)]
struct Limits {
    least: f32,
    low: f32,
    high: f32,
}

impl Scores {
    /// Scores every place by what came of the last correlation.
    pub(super) fn fill(
        &mut self,
        correlator: &mut Correlator,
        sums: &Sums,
        needle: &Needle,
        gain: &RangeInclusive<f64>,
    ) {
        let (width, height) = correlator.picture();
        let columns = width - needle.size.0 + 1;
        let rows = height - needle.size.1 + 1;
        let pixels = (needle.size.0 * needle.size.1) as f64;
        let limits = Limits {
            least: (FLAT * FLAT * pixels) as f32,
            low: (gain.start().powi(2) * needle.energy) as f32,
            high: (gain.end().powi(2) * needle.energy) as f32,
        };
        self.columns = columns;
        self.squares.resize(columns * rows, 0.0);
        self.energies.resize(columns, 0.0);
        self.rows.clear();
        for (y, squares) in self.squares.chunks_exact_mut(columns).enumerate() {
            sums.energies(y, needle.size, &mut self.energies);
            let correlations = &correlator.row(y)[..columns];
            let energies = &self.energies;
            Arch::new().dispatch(|| square(correlations, energies, limits, squares));
            self.rows
                .push(Arch::new().dispatch(|| Highest::of(squares)));
        }
    }

    /// Returns the places that are most like `needle`, as `compare` tells exactly: first the best,
    /// the first from the top and then from the left among equals, and then others that are as
    /// alike as rough scores can tell.
    pub(super) fn peaks(
        &self,
        contrast: Contrast,
        size: (usize, usize),
        compare: impl Fn(usize, usize) -> Moments,
    ) -> Vec<Peak> {
        let sign = if contrast == Contrast::Inside {
            1.0
        } else {
            -1.0
        };
        let of_row = |row: &Highest| match contrast {
            Contrast::Inside => row.inside,
            Contrast::Outside => row.outside,
        };
        let highest = self.rows.iter().map(of_row).fold(0.0, f32::max);
        if highest <= 0.0 {
            return Vec::new();
        }
        let at_least = |margin: f32| (highest.sqrt() - margin).max(f32::MIN_POSITIVE).powi(2);
        let least = at_least(MARGIN);
        let mut places = Vec::new();
        let rows = self
            .rows
            .iter()
            .zip(self.squares.chunks_exact(self.columns));
        for (y, (row, squares)) in rows.enumerate() {
            if of_row(row) >= least {
                let squares = squares.iter().map(|square| square * sign).enumerate();
                let good = squares.filter(|(_, square)| *square >= least);
                places.extend(good.map(|(x, square)| (x, y, square)));
            }
        }
        let most = (MOST_COMPARED / (size.0 * size.1)).max(LEAST_COMPARED);
        if places.len() > most {
            // They are all equal, but for rounding.
            let least = at_least(MARGIN / 10.0);
            places.retain(|(_, _, square)| *square >= least);
            places.truncate(most);
        }
        let peaks = places.into_iter().map(|(x, y, _)| Peak {
            x,
            y,
            score: compare(x, y).score(),
        });
        let mut peaks: Vec<Peak> = peaks.collect();
        // The order of equals stays.
        peaks.sort_by(|one, other| other.score.total_cmp(&one.score));
        peaks
    }

    /// Forgets the places that overlap `peak`.
    pub(super) fn forget(&mut self, peak: Peak, (width, height): (usize, usize)) {
        let rows = peak.y.saturating_sub(height - 1)..(peak.y + height).min(self.rows.len());
        let columns = peak.x.saturating_sub(width - 1)..(peak.x + width).min(self.columns);
        for y in rows {
            let squares = &mut self.squares[y * self.columns..][..self.columns];
            squares[columns.clone()].fill(0.0);
            self.rows[y] = Arch::new().dispatch(|| Highest::of(squares));
        }
    }
}

impl Highest {
    // Inlined, it is compiled for the processor that is there.
    #[inline(always)]
    fn of(squares: &[f32]) -> Self {
        const LANES: usize = 16;
        let (chunks, rest) = squares.as_chunks::<LANES>();
        let (mut inside, mut outside) = ([0.0_f32; LANES], [0.0_f32; LANES]);
        for chunk in chunks {
            for lane in 0..LANES {
                inside[lane] = larger(inside[lane], chunk[lane]);
                outside[lane] = larger(outside[lane], -chunk[lane]);
            }
        }
        let ends = rest.iter().copied();
        Self {
            inside: inside.into_iter().chain(ends.clone()).fold(0.0, larger),
            outside: outside
                .into_iter()
                .chain(ends.map(|square| -square))
                .fold(0.0, larger),
        }
    }
}

/// What `f32::max` is when all numbers are numbers, which is faster to know.
#[expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the processor that is there"
)]
#[inline(always)]
fn larger(one: f32, other: f32) -> f32 {
    if other > one { other } else { one }
}

#[expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the processor that is there"
)]
#[inline(always)]
fn square(correlations: &[f32], energies: &[f32], limits: Limits, squares: &mut [f32]) {
    let pairs = correlations.iter().zip(energies);
    for ((correlation, energy), square) in pairs.zip(squares) {
        let energy = *energy;
        let likeness = larger(0.0, *correlation);
        let is_flat = energy < limits.least;
        let is_inside = energy >= limits.low && energy <= limits.high;
        let squared = likeness * likeness / larger(limits.least, energy);
        let squared = if is_flat { 0.0 } else { squared };
        *square = if is_inside { squared } else { -squared };
    }
}
