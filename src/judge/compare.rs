//! Whether frames differ, and whether there is anything on one.

use crate::model::{Frame, Rect};

/// Returns the smallest rectangle that holds all differences between two frames, `None` when there
/// are none. Of frames of different sizes, all differs.
pub fn differs(one: &Frame, other: &Frame) -> Option<Rect> {
    let whole = Rect {
        x: 0,
        y: 0,
        width: other.width as i32,
        height: other.height as i32,
    };
    if (one.width, one.height) != (other.width, other.height) {
        return Some(whole);
    }
    if one.rgba == other.rgba {
        return None;
    }
    let length = one.width as usize * 4;
    let rows = one
        .rgba
        .chunks_exact(length)
        .zip(other.rgba.chunks_exact(length));
    let mut found: Option<[usize; 4]> = None;
    for (y, (a, b)) in rows.enumerate() {
        let Some((left, right)) = differing(a, b) else {
            continue;
        };
        let [x0, _, x1, y0] = found.unwrap_or([left, y, right, y]);
        found = Some([x0.min(left), y, x1.max(right), y0]);
    }
    found.map(|[x0, last, x1, first]| Rect {
        x: x0 as i32,
        y: first as i32,
        width: (x1 - x0 + 1) as i32,
        height: (last - first + 1) as i32,
    })
}

/// How much of a picture has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing, but perhaps what changes by itself.
    Nothing,
    /// Less than a menu takes.
    Small,
    /// As much as a menu takes, or more.
    Large,
}

/// The width and height in pixels that a menu has at least; a caret has neither.
const MENU: (i32, i32) = (32, 24);

/// Says how much changed between two frames, outside of `noise`, where something changes by itself.
pub fn change(before: &Frame, after: &Frame, noise: Option<Rect>) -> Change {
    match differs(before, after) {
        None => Change::Nothing,
        Some(changed) if noise.is_some_and(|noise| noise.holds(changed)) => Change::Nothing,
        Some(changed) if is_small(changed) => Change::Small,
        Some(_) => Change::Large,
    }
}

/// Whether a part of a picture is less than a menu takes.
pub fn is_small(part: Rect) -> bool {
    part.width < MENU.0 || part.height < MENU.1
}

/// Whether a frame is all of one colour, as a screen is on which nothing is shown.
pub fn is_blank(frame: &Frame) -> bool {
    let rgba = frame.rgba.as_slice();
    // Each pixel equals the one before it.
    rgba.len() < 8 || rgba[4..] == rgba[..rgba.len() - 4]
}

/// Returns the first and last pixel in which two rows differ.
fn differing(one: &[u8], other: &[u8]) -> Option<(usize, usize)> {
    if one == other {
        return None;
    }
    let pixels = || one.as_chunks::<4>().0.iter().zip(other.as_chunks::<4>().0);
    let first = pixels().position(|(a, b)| a != b)?;
    let last = pixels().rposition(|(a, b)| a != b)?;
    Some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::exact::tests::frame;

    #[test]
    fn a_difference_is_told_by_its_smallest_rectangle() {
        let one = frame(9, 7, |_, _| [1, 2, 3, 255]);
        let other = frame(9, 7, |x, y| match (x, y) {
            (2, 1) | (5, 4) | (3, 3) => [9, 2, 3, 255],
            _ => [1, 2, 3, 255],
        });
        let expected = Rect {
            x: 2,
            y: 1,
            width: 4,
            height: 4,
        };
        assert_eq!(differs(&one, &other), Some(expected));
        assert_eq!(differs(&one, &one.clone()), None);
    }

    #[test]
    fn a_caret_that_blinks_is_no_change_and_a_menu_is_one() {
        let painted = |part: Rect| {
            frame(100, 60, |x, y| {
                let is_in = part.contains(crate::model::Point { x, y });
                [if is_in { 9 } else { 1 }, 2, 3, 255]
            })
        };
        let part = |x, y, width, height| Rect {
            x,
            y,
            width,
            height,
        };
        let still = painted(part(0, 0, 0, 0));
        let caret = part(10, 10, 1, 18);
        let (blinked, menu) = (painted(caret), painted(part(8, 8, 40, 30)));
        assert_eq!(change(&still, &still, None), Change::Nothing);
        assert_eq!(change(&still, &blinked, Some(caret)), Change::Nothing);
        assert_eq!(change(&still, &blinked, None), Change::Small);
        let elsewhere = Some(part(70, 10, 1, 18));
        assert_eq!(change(&still, &blinked, elsewhere), Change::Small);
        assert_eq!(change(&still, &menu, Some(caret)), Change::Large);
        assert!(is_small(caret) && !is_small(part(0, 0, 32, 24)));
    }

    #[test]
    fn frames_of_different_sizes_differ_in_all() {
        let one = frame(2, 3, |_, _| [0, 0, 0, 255]);
        let other = frame(3, 2, |_, _| [0, 0, 0, 255]);
        let area = differs(&one, &other).unwrap();
        assert_eq!((area.width, area.height), (3, 2));
    }

    #[test]
    fn a_screen_is_blank_only_when_no_pixel_stands_out() {
        assert!(is_blank(&frame(5, 5, |_, _| [0, 0, 0, 255])));
        assert!(is_blank(&frame(5, 5, |_, _| [7, 8, 9, 255])));
        assert!(is_blank(&frame(1, 1, |_, _| [7, 8, 9, 255])));
        for corner in [(0, 0), (4, 4), (2, 3)] {
            let marked = frame(5, 5, |x, y| [u8::from((x, y) == corner), 0, 0, 255]);
            assert!(!is_blank(&marked), "{corner:?}");
        }
    }
}
