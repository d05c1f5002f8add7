//! What a model gets to see: a part of a frame, with secrets painted over, in a size that it takes;
//! and the way back from places in what was sent. With `judge::picture` the only place that knows
//! the crate `image`.

use crate::{
    model::{ContentHash, Point, Rect},
    port::View,
};
use image::{
    ColorType, ImageEncoder as _, Rgb, RgbImage,
    codecs::png::{CompressionType, FilterType, PngEncoder},
    imageops,
};
use sha2::{Digest as _, Sha256};

/// What is painted over secrets: a grey that no theme uses for text.
pub const PAINT: [u8; 3] = [112, 112, 112];

/// A picture as it is shown, before it is resized.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pixels: RgbImage,
    /// Where its top left corner is on the frame.
    origin: Point,
}

/// A picture as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) png: Vec<u8>,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// A place in pixels of what is shown, with fractions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub(super) x: f64,
    pub(super) y: f64,
    /// Left, top, right and bottom edge.
    pub(super) edges: Option<[f64; 4]>,
}

impl Shown {
    /// Cuts out and paints over what `view` says; nothing where its area is not on the frame.
    pub(super) fn of(view: &View<'_>) -> Option<Self> {
        let frame = view.frame;
        let all = Rect {
            x: 0,
            y: 0,
            width: frame.width as i32,
            height: frame.height as i32,
        };
        let area = common(view.area.unwrap_or(all), all)?;
        let mut pixels = RgbImage::from_fn(area.width as u32, area.height as u32, |x, y| {
            let (x, y) = (x + area.x as u32, y + area.y as u32);
            let at = (y as usize * frame.width as usize + x as usize) * 4;
            Rgb([frame.rgba[at], frame.rgba[at + 1], frame.rgba[at + 2]])
        });
        for hidden in view.hidden.iter().filter_map(|rect| common(*rect, area)) {
            for y in hidden.y..hidden.y + hidden.height {
                for x in hidden.x..hidden.x + hidden.width {
                    pixels.put_pixel((x - area.x) as u32, (y - area.y) as u32, Rgb(PAINT));
                }
            }
        }
        let origin = Point {
            x: area.x,
            y: area.y,
        };
        Some(Self { pixels, origin })
    }

    pub(super) fn width(&self) -> u32 {
        self.pixels.width()
    }

    pub(super) fn height(&self) -> u32 {
        self.pixels.height()
    }

    /// Returns the digest of its size and its pixels, wherever on a screen they are.
    pub(super) fn digest(&self) -> ContentHash {
        let mut hasher = Sha256::new();
        hasher.update(self.width().to_le_bytes());
        hasher.update(self.height().to_le_bytes());
        hasher.update(self.pixels.as_raw());
        ContentHash::from_bytes(hasher.finalize().into())
    }

    /// Cuts out a part, which has to be within.
    pub(super) fn part(&self, part: Rect) -> Self {
        let (x, y) = (part.x as u32, part.y as u32);
        let (width, height) = (part.width as u32, part.height as u32);
        let pixels = imageops::crop_imm(&self.pixels, x, y, width, height).to_image();
        let origin = Point {
            x: self.origin.x + part.x,
            y: self.origin.y + part.y,
        };
        Self { pixels, origin }
    }

    /// Resizes it and packs it up.
    pub(super) fn sent(&self, (width, height): (u32, u32)) -> Sent {
        let resized;
        let pixels = if (width, height) == self.pixels.dimensions() {
            &self.pixels
        } else {
            resized = imageops::resize(&self.pixels, width, height, imageops::Triangle);
            &resized
        };
        let mut png = Vec::new();
        let encoder = PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::Up);
        let written = encoder.write_image(pixels, width, height, ColorType::Rgb8.into());
        written.expect("a picture has as many pixels as its size says, and memory takes them");
        Sent { png, width, height }
    }

    /// Returns a place as a pixel of the frame and, where its edges are known, an area of it.
    pub(super) fn on_frame(&self, place: Place) -> (Point, Option<Rect>) {
        let within = |value: f64, side: u32| (value.floor() as i32).clamp(0, side as i32 - 1);
        let point = Point {
            x: self.origin.x + within(place.x, self.width()),
            y: self.origin.y + within(place.y, self.height()),
        };
        let area = place.edges.map(|[left, top, right, bottom]| {
            let (x, y) = (within(left, self.width()), within(top, self.height()));
            let end = |value: f64, from: i32, side: u32| {
                (value.ceil() as i32).clamp(from + 1, side as i32) - from
            };
            Rect {
                x: self.origin.x + x,
                y: self.origin.y + y,
                width: end(right, x, self.width()),
                height: end(bottom, y, self.height()),
            }
        });
        (point, area)
    }
}

impl Place {
    /// Takes a point, or a box whose middle is meant, in parts of both sides (0 to 1).
    pub(super) fn of_parts(parts: &[f64], width: u32, height: u32) -> Option<Self> {
        let (wide, high) = (f64::from(width), f64::from(height));
        match *parts {
            [x, y] => Some(Self {
                x: x * wide,
                y: y * high,
                edges: None,
            }),
            [left, top, right, bottom] if left < right && top < bottom => Some(Self {
                x: f64::midpoint(left, right) * wide,
                y: f64::midpoint(top, bottom) * high,
                edges: Some([left * wide, top * high, right * wide, bottom * high]),
            }),
            _ => None,
        }
    }

    /// Returns the same place where the corner of what was shown is not (0, 0), but there.
    pub(super) fn moved(self, x: f64, y: f64) -> Self {
        Self {
            x: self.x + x,
            y: self.y + y,
            edges: self
                .edges
                .map(|[left, top, right, bottom]| [left + x, top + y, right + x, bottom + y]),
        }
    }
}

/// Returns what two areas share, when that is anything.
fn common(one: Rect, other: Rect) -> Option<Rect> {
    let end = |from: i32, length: i32| i64::from(from) + i64::from(length);
    let (x, y) = (one.x.max(other.x), one.y.max(other.y));
    let right = end(one.x, one.width).min(end(other.x, other.width));
    let bottom = end(one.y, one.height).min(end(other.y, other.height));
    let (width, height) = (right - i64::from(x), bottom - i64::from(y));
    (width > 0 && height > 0).then_some(Rect {
        x,
        y,
        width: width as i32,
        height: height as i32,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Frame, FrameCause, FrameSeq, Timestamp};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn frame(width: u32, height: u32) -> Frame {
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| [x as u8, y as u8, 7, 255]));
        Frame {
            seq: FrameSeq(1),
            at: Timestamp(0),
            cause: FrameCause::Connected,
            width,
            height,
            rgba: Arc::new(pixels.flatten().collect()),
            damage: Vec::new(),
        }
    }

    fn rect(x: i32, y: i32, width: i32, height: i32) -> Rect {
        Rect {
            x,
            y,
            width,
            height,
        }
    }

    #[test]
    fn what_is_hidden_is_painted_over_before_anything_else() {
        let frame = frame(40, 30);
        let hidden = [
            rect(12, 8, 3, 2),
            rect(-5, -5, 6, 6),
            rect(i32::MAX, 0, 9, 9),
        ];
        let view = View {
            area: Some(rect(10, 5, 100, 10)),
            hidden: &hidden,
            ..View::of(&frame)
        };
        let shown = Shown::of(&view).unwrap();
        assert_eq!((shown.width(), shown.height()), (30, 10));
        for (x, y, pixel) in shown.pixels.enumerate_pixels() {
            let is_hidden = (2..5).contains(&x) && (3..5).contains(&y);
            let own = [x as u8 + 10, y as u8 + 5, 7];
            assert_eq!(pixel.0, if is_hidden { PAINT } else { own }, "{x},{y}");
        }
        let whole = Shown::of(&View {
            hidden: &hidden,
            ..View::of(&frame)
        });
        assert_eq!(whole.unwrap().pixels.get_pixel(0, 0).0, PAINT);
    }

    #[test]
    fn an_area_beside_the_screen_shows_nothing() {
        let frame = frame(40, 30);
        for area in [rect(40, 0, 5, 5), rect(-5, 0, 5, 5), rect(3, 3, 0, 4)] {
            let view = View {
                area: Some(area),
                ..View::of(&frame)
            };
            assert_eq!(Shown::of(&view), None, "{area}");
        }
    }

    #[test]
    fn the_digest_tells_pixels_and_sizes_apart() {
        let frame = frame(40, 30);
        let of = |area| {
            let area = Some(area);
            let view = View {
                area,
                ..View::of(&frame)
            };
            Shown::of(&view).unwrap().digest()
        };
        let all = Shown::of(&View::of(&frame)).unwrap();
        assert_eq!(of(rect(0, 0, 40, 30)), all.digest());
        assert_ne!(of(rect(0, 0, 39, 30)), all.digest());
        assert_ne!(of(rect(0, 0, 10, 1)), of(rect(1, 0, 10, 1)));
        assert_eq!(all.part(rect(3, 4, 5, 6)).digest(), of(rect(3, 4, 5, 6)));
    }

    proptest! {
        #[test]
        fn a_place_survives_the_way_there_and_back(
            area in (0..60_i32, 0..40_i32, 1..=60_i32, 1..=40_i32),
            at in (0.0..1.0_f64, 0.0..1.0_f64),
            sent in (1..50_u32, 1..50_u32),
        ) {
            let frame = frame(120, 80);
            let view = View {
                area: Some(rect(area.0, area.1, area.2, area.3)),
                ..View::of(&frame)
            };
            let shown = Shown::of(&view).unwrap();
            // A pixel of the frame, told in whole pixels of a picture of another size.
            let (x, y) = ((at.0 * f64::from(area.2)).floor(), (at.1 * f64::from(area.3)).floor());
            let there = |value: f64, side: i32, sent: u32| {
                ((value + 0.5) * f64::from(sent * 28) / f64::from(side)).floor()
            };
            let (wide, high) = (sent.0 * 28, sent.1 * 28);
            let told = (there(x, area.2, sent.0), there(y, area.3, sent.1));
            let parts = [told.0 / f64::from(wide), told.1 / f64::from(high)];
            let place = Place::of_parts(&parts, shown.width(), shown.height()).unwrap();
            let (point, _) = shown.on_frame(place);
            // No further off than one pixel of what was sent.
            let off = |value: i32, from: i32, own: f64| (f64::from(value - from) - own).abs();
            prop_assert!(off(point.x, area.0, x) <= (f64::from(area.2) / f64::from(wide)).ceil());
            prop_assert!(off(point.y, area.1, y) <= (f64::from(area.3) / f64::from(high)).ceil());
        }
    }
}
