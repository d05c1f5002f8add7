//! Whether what a program tells of its window is what the window system knows of it, and at which
//! scale: a program on a screen of small pixels may count in larger ones.

use crate::{
    model::{Placement, Point, Rect},
    port::Origin,
};

/// Scales that programs draw at, the usual one first.
const SCALES: [f64; 8] = [1.0, 2.0, 3.0, 4.0, 1.25, 1.5, 1.75, 2.5];

/// What rounding and odd places may come to, in pixels.
const SLACK: f64 = 4.0;

/// How far a window that a program has not understood wholly may be from where it says: title bars
/// and shadows are not wider.
const NEAR: f64 = 60.0;

/// Returns where places count from in a window whose content is at `content`, when one of the
/// `outlines` that its program tells is the content, at any scale. A program that knows where it is
/// tells the place as well as the size.
pub(super) fn fit(content: Rect, outlines: &[Rect]) -> Option<Origin> {
    let exact = SCALES.iter().find_map(|scale| {
        let fits = |told: &&Rect| {
            is_same_size(content, **told, *scale) && distance(content, **told, *scale) <= SLACK
        };
        let told = outlines.iter().find(fits)?;
        let behind = |at: i32, told: i32| at - rounded(f64::from(told) * scale);
        let at = Point {
            x: behind(content.x, told.x),
            y: behind(content.y, told.y),
        };
        Some(Origin {
            at,
            scale: *scale,
            placement: Placement::Told,
        })
    });
    exact.or_else(|| {
        let is_near = |told: &&Rect| {
            let off = distance(content, **told, 1.0);
            // At any other scale it would be further off than this.
            off <= NEAR && 4.0 * off < f64::from(told.width.max(told.height))
        };
        outlines.iter().find(is_near).map(|_| Origin {
            at: Point::default(),
            scale: 1.0,
            placement: Placement::Told,
        })
    })
}

fn is_same_size(content: Rect, told: Rect, scale: f64) -> bool {
    let is_same = |own: i32, told: i32| (f64::from(own) - f64::from(told) * scale).abs() <= 1.0;
    is_same(content.width, told.width) && is_same(content.height, told.height)
}

/// How far the two are apart, in place or size.
fn distance(content: Rect, told: Rect, scale: f64) -> f64 {
    let pairs = [
        (content.x, told.x),
        (content.y, told.y),
        (content.width, told.width),
        (content.height, told.height),
    ];
    let off = pairs.map(|(own, told)| (f64::from(own) - f64::from(told) * scale).abs());
    off.into_iter().fold(0.0, f64::max)
}

pub(super) fn rounded(number: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "places lie on screens")]
    let whole = number.round() as i32;
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rect(x: i32, y: i32, width: i32, height: i32) -> Rect {
        Rect {
            x,
            y,
            width,
            height,
        }
    }

    fn fitted(content: Rect, outlines: &[Rect]) -> Option<(i32, i32, f64)> {
        fit(content, outlines).map(|it| (it.at.x, it.at.y, it.scale))
    }

    #[test]
    fn what_gtk_3_tells_fits_with_and_without_title_bars_at_each_scale() {
        // As openbox and GTK 3.24 told them.
        let framed = [rect(361, 271, 302, 225), rect(362, 291, 300, 200)];
        assert_eq!(fitted(rect(362, 291, 300, 200), &framed), Some((0, 0, 1.0)));
        let own = [rect(357, 256, 310, 256), rect(362, 261, 300, 246)];
        assert_eq!(fitted(rect(357, 256, 310, 256), &own), Some((0, 0, 1.0)));
        let double = [rect(105, 85, 302, 213), rect(106, 95, 300, 200)];
        assert_eq!(fitted(rect(212, 191, 600, 400), &double), Some((0, 1, 2.0)));
        let both = [rect(101, 64, 310, 256), rect(106, 69, 300, 246)];
        assert_eq!(fitted(rect(202, 128, 620, 512), &both), Some((0, 0, 2.0)));
    }

    #[test]
    fn what_fits_at_no_scale_is_not_known() {
        let told = [rect(50, 40, 300, 200)];
        assert_eq!(fitted(rect(50, 40, 500, 200), &told), None);
        assert_eq!(fitted(rect(400, 300, 300, 200), &told), None);
        assert_eq!(fitted(rect(50, 40, 300, 200), &[]), None);
        // A title bar more or less leaves no doubt.
        assert_eq!(fitted(rect(52, 63, 300, 190), &told), Some((0, 0, 1.0)));
        // A small window with a large difference may as well be another size.
        assert_eq!(fitted(rect(0, 0, 60, 90), &[rect(0, 0, 50, 60)]), None);
    }
}
