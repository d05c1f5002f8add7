//! How much alike two pictures of the same size are, pixel by pixel, in whole numbers: what is equal
//! has an equal score, wherever it is.

use std::ops::AddAssign;

/// Brightness that varies less than this, as a standard deviation, is noise that tells nothing.
pub(super) const FLAT: f64 = 0.5;

/// Sums over pairs of pixels, of which the first are what is looked for and the second what is
/// there. They fit for any screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Moments {
    pub(super) pixels: i64,
    wanted: i64,
    there: i64,
    wanted_squares: i64,
    there_squares: i64,
    products: i64,
}

impl Moments {
    /// Adds pixels side by side, at most some ten thousand.
    #[expect(
        clippy::inline_always,
        reason = "only what is inlined is compiled for the processor that is there"
    )]
    #[inline(always)]
    pub(super) fn add(&mut self, wanted: &[u8], there: &[u8]) {
        let (mut one, mut other, mut one_squares, mut other_squares, mut products) =
            (0_u32, 0_u32, 0_u32, 0_u32, 0_u32);
        for (wanted, there) in wanted.iter().zip(there) {
            let (wanted, there) = (u32::from(*wanted), u32::from(*there));
            one += wanted;
            other += there;
            one_squares += wanted * wanted;
            other_squares += there * there;
            products += wanted * there;
        }
        self.pixels += wanted.len() as i64;
        self.wanted += i64::from(one);
        self.there += i64::from(other);
        self.wanted_squares += i64::from(one_squares);
        self.there_squares += i64::from(other_squares);
        self.products += i64::from(products);
    }

    /// Returns the variances of what is wanted and of what is there, and their covariance.
    pub(super) fn variances(&self) -> (f64, f64, f64) {
        let of = |products: i64, one: i64, other: i64| {
            (self.pixels * products - one * other) as f64 / (self.pixels as f64).powi(2)
        };
        (
            of(self.wanted_squares, self.wanted, self.wanted),
            of(self.there_squares, self.there, self.there),
            of(self.products, self.wanted, self.there),
        )
    }

    /// Returns their correlation from -1 to 1; 0 where one of them is flat.
    pub(super) fn score(&self) -> f64 {
        let (wanted, there, both) = self.variances();
        if wanted.min(there) < FLAT * FLAT {
            0.0
        } else {
            both / (wanted.sqrt() * there.sqrt())
        }
    }

    /// Returns how many times the contrast of what is wanted there is.
    pub(super) fn gain(&self) -> f64 {
        let (wanted, there, _) = self.variances();
        (there / wanted).sqrt()
    }
}

impl AddAssign for Moments {
    fn add_assign(&mut self, other: Self) {
        self.pixels += other.pixels;
        self.wanted += other.wanted;
        self.there += other.there;
        self.wanted_squares += other.wanted_squares;
        self.there_squares += other.there_squares;
        self.products += other.products;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(wanted: &[u8], there: &[u8]) -> Moments {
        let mut moments = Moments::default();
        moments.add(wanted, there);
        moments
    }

    #[test]
    fn contrast_and_brightness_change_the_gain_and_not_the_score() {
        let wanted = [10, 60, 30, 90, 20];
        let fainter = wanted.map(|luma| luma / 2 + 100);
        let moments = of(&wanted, &fainter);
        assert!((moments.score() - 1.0).abs() < 1e-12);
        assert!((moments.gain() - 0.5).abs() < 1e-12);
        let inverted = wanted.map(|luma| 255 - luma);
        assert!((of(&wanted, &inverted).score() + 1.0).abs() < 1e-12);
    }

    #[test]
    fn what_is_flat_is_like_nothing() {
        let (flat, varied) = ([7; 9], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert!(of(&flat, &varied).score().abs() < 1e-12);
        assert!(of(&varied, &flat).score().abs() < 1e-12);
    }

    #[test]
    fn a_whole_bright_screen_fits() {
        let row: Vec<u8> = (0..3840)
            .map(|x| if x % 2 == 0 { 255 } else { 250 })
            .collect();
        let mut moments = Moments::default();
        for _ in 0..2160 {
            moments += of(&row, &row);
        }
        assert!((moments.score() - 1.0).abs() < 1e-12);
    }
}
