//! Brightness of pixels, which is what likeness is measured in. Colour is looked at afterwards.

use pulp::Arch;

/// Sets `luma` to the brightness of pixels: red, green, blue, and what does not matter.
///
/// The weights are those of OpenCV, to the last bit, so that scores can be compared with its.
pub(super) fn convert(rgba: &[u8], luma: &mut [u8]) {
    Arch::new().dispatch(|| plain(rgba, luma));
}

#[expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the processor that is there"
)]
#[inline(always)]
fn plain(rgba: &[u8], luma: &mut [u8]) {
    for (pixel, luma) in rgba.as_chunks::<4>().0.iter().zip(luma) {
        let pixel = u32::from_le_bytes(*pixel);
        let (red, green, blue) = (pixel & 255, pixel >> 8 & 255, pixel >> 16 & 255);
        *luma = ((3735 * blue + 19235 * green + 9798 * red + 16384) >> 15) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_is_white_and_green_is_brighter_than_red_and_blue() {
        let rgba = [
            255, 255, 255, 0, 0, 0, 0, 255, 255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255,
        ];
        let mut luma = [1; 5];
        convert(&rgba, &mut luma);
        assert_eq!(luma, [255, 0, 76, 150, 29]);
    }
}
