//! A hash of pixels side by side that moves on by a pixel for the cost of that pixel, so that what it
//! costs does not depend on what is on the screen.

/// An odd number without a pattern.
const BASE: u64 = 0x9e37_79b9_7f4a_7c15;

/// Hashes of so many pixels of a row, at each place of it.
#[derive(Clone, Debug)]
pub(super) struct Rolling {
    /// How many pixels.
    pub(super) length: usize,
    /// What a pixel's part of a hash has become when it leaves.
    power: u64,
}

impl Rolling {
    /// Hashes `length` pixels, which are at least one.
    pub(super) fn new(length: usize) -> Self {
        Self {
            length,
            power: (0..length).fold(1, |power: u64, _| power.wrapping_mul(BASE)),
        }
    }

    /// Tells `tell` where in `row`, which has at least as many pixels, and the hash of the pixels
    /// there.
    pub(super) fn over(&self, row: &[u8], mut tell: impl FnMut(usize, u64)) {
        let pixels = row.as_chunks::<4>().0;
        let mut sum = hash(&row[..self.length * 4]);
        let mut entering = pixels[self.length..].iter();
        for (at, left) in pixels.iter().enumerate() {
            tell(at, sum);
            let Some(entered) = entering.next() else {
                return;
            };
            sum = add(sum, *entered).wrapping_sub(self.power.wrapping_mul(number(*left)));
        }
    }
}

/// Returns the hash of `pixels`.
pub(super) fn hash(pixels: &[u8]) -> u64 {
    let pixels = pixels.as_chunks().0.iter();
    pixels.fold(0, |sum, pixel| add(sum, *pixel))
}

fn add(sum: u64, pixel: [u8; 4]) -> u64 {
    sum.wrapping_mul(BASE).wrapping_add(number(pixel))
}

fn number(pixel: [u8; 4]) -> u64 {
    u32::from_le_bytes(pixel).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_each_place_it_is_the_hash_of_the_pixels_there() {
        let row: Vec<u8> = (0..7 * 4)
            .map(|byte: u8| byte.wrapping_mul(37) % 11)
            .collect();
        for length in 1..=7 {
            let expected = row.windows(length * 4).step_by(4).map(hash).enumerate();
            let mut told = Vec::new();
            Rolling::new(length).over(&row, |at, sum| told.push((at, sum)));
            assert_eq!(told, expected.collect::<Vec<_>>());
        }
    }
}
