//! Which sizes of pictures a model takes as they are. What comes in another size is resized at the
//! other end, and places are told in pixels that nobody here has seen.

use crate::model::ModelFamily;

/// The sizes that a model takes as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    /// Both sides are multiples of it.
    pub(super) multiple: u32,
    /// There are no fewer pixels.
    pub(super) least_pixels: u64,
    /// Nor more.
    pub(super) most_pixels: u64,
    /// No side is longer; 0 when that does not matter.
    pub(super) longest_side: u32,
}

impl Sizes {
    /// Returns those of a family.
    pub(super) fn of(family: &ModelFamily) -> Self {
        Self {
            multiple: family.multiple,
            least_pixels: family.least_pixels,
            most_pixels: family.most_pixels,
            longest_side: family.longest_side,
        }
    }

    /// Returns the size that is next to `width` x `height` and almost of its shape. What fits is
    /// returned as it is.
    pub(super) fn next_to(&self, width: u32, height: u32) -> (u32, u32) {
        let multiple = f64::from(self.multiple);
        let (mut w, mut h) = (f64::from(width.max(1)), f64::from(height.max(1)));
        let longest = f64::from(self.longest_side);
        if longest > 0.0 && w.max(h) > longest {
            let scale = longest / w.max(h);
            (w, h) = ((w * scale).floor().max(1.0), (h * scale).floor().max(1.0));
        }
        // As the models' own preparation does it, which rounds half to even.
        let near = |side: f64| (side / multiple).round_ties_even().max(1.0) * multiple;
        let (mut wide, mut high) = (near(w), near(h));
        if wide * high > self.most_pixels as f64 {
            let shrink = (w * h / self.most_pixels as f64).sqrt();
            let below = |side: f64| (side / shrink / multiple).floor().max(1.0) * multiple;
            (wide, high) = (below(w), below(h));
        } else if wide * high < self.least_pixels as f64 {
            let grow = (self.least_pixels as f64 / (w * h)).sqrt();
            let above = |side: f64| (side * grow / multiple).ceil().max(1.0) * multiple;
            (wide, high) = (above(w), above(h));
        }
        (wide as u32, high as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FAMILIES;
    use proptest::prelude::*;

    fn sizes(name: &str) -> Sizes {
        Sizes::of(ModelFamily::of_name(name).unwrap())
    }

    #[test]
    fn sizes_are_those_that_models_make_themselves() {
        assert_eq!(sizes("qwen2.5-vl").next_to(1920, 1080), (1932, 1092));
        assert_eq!(sizes("qwen3-vl").next_to(1920, 1080), (1920, 1088));
        assert_eq!(sizes("qwen3-vl").next_to(1024, 768), (1024, 768));
        // 42 is one and a half times 28: to the even side, which is 56; 70 is two and a half.
        assert_eq!(sizes("qwen2.5-vl").next_to(1022, 70), (1008, 56));
        assert_eq!(sizes("qwen2.5-vl").next_to(1050, 98), (1064, 112));
        assert_eq!(sizes("claude").next_to(3840, 2160), (1428, 784));
        let capped = Sizes {
            most_pixels: 1_003_520,
            ..sizes("qwen2.5-vl")
        };
        assert_eq!(capped.next_to(1920, 1080), (1316, 728));
    }

    proptest! {
        #[test]
        fn what_was_made_to_fit_fits_every_family(
            width in 8_u32..5000,
            height in 8_u32..3000,
            family in 0..FAMILIES.len(),
        ) {
            let sizes = Sizes::of(&FAMILIES[family]);
            let (wide, high) = sizes.next_to(width, height);
            prop_assert_eq!((wide % sizes.multiple, high % sizes.multiple), (0, 0));
            prop_assert!(u64::from(wide) * u64::from(high) >= sizes.least_pixels);
            if f64::from(width.max(height)) / f64::from(width.min(height)) < 20.0 {
                prop_assert!(u64::from(wide) * u64::from(high) <= sizes.most_pixels);
            }
            prop_assert_eq!(sizes.next_to(wide, high), (wide, high));
        }
    }
}
