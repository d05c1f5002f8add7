//! Where a widget is to be clicked that may be too small for it.
//!
//! Whether that is where the widget's effect is, is not known here: a click has to be checked.

use crate::model::Rect;

/// A smaller area, in pixels, cannot be hit.
const SMALLEST: i64 = 64;

/// A larger box is not the widget's any more, but that of what it is part of.
const WIDEST: i32 = 600;
const HIGHEST: i32 = 200;

/// How many of those that a widget lies in are looked at.
pub const CLICKABLE_AROUND: usize = 5;

/// Returns the box to click in, in the middle: a widget's own, `own`, when that can be hit;
/// otherwise the nearest of `around`, the boxes it lies in from the inside out, that can be hit and
/// is no larger than a row or a button. Where there is none, its own will do, if it has an area.
pub fn clickable(own: Option<Rect>, around: &[Rect]) -> Option<Rect> {
    if let Some(own) = own.filter(|own| can_be_hit(*own)) {
        return Some(own);
    }
    let is_small = |it: &&Rect| it.width <= WIDEST && it.height <= HIGHEST;
    let near = around.iter().take(CLICKABLE_AROUND);
    let nearest = near.filter(|it| can_be_hit(**it)).find(is_small);
    let own = own.filter(|own| own.width > 0 && own.height > 0);
    nearest.copied().or(own)
}

fn can_be_hit(rect: Rect) -> bool {
    rect.width > 0 && rect.height > 0 && i64::from(rect.width) * i64::from(rect.height) >= SMALLEST
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(width: i32, height: i32) -> Rect {
        Rect {
            x: 7,
            y: 9,
            width,
            height,
        }
    }

    #[test]
    fn its_own_box_is_clicked_where_it_can_be_hit() {
        for own in [of(8, 8), of(64, 1), of(900, 700)] {
            assert_eq!(clickable(Some(own), &[of(100, 30)]), Some(own));
        }
    }

    #[test]
    fn the_nearest_box_around_it_that_is_no_larger_than_a_row_is_clicked_otherwise() {
        let row = of(600, 200);
        for (own, around, wanted) in [
            (Some(of(1, 1)), vec![of(3, 3), row, of(80, 20)], Some(row)),
            (
                Some(of(9, 7)),
                vec![of(601, 200), of(600, 201), row],
                Some(row),
            ),
            (None, vec![of(80, 20)], Some(of(80, 20))),
            (Some(of(1, 1)), vec![of(700, 20)], Some(of(1, 1))),
            // Negative sizes have an area, too, when they are multiplied.
            (Some(of(-90, -90)), vec![], None),
            (Some(of(0, 40)), vec![of(1000, 800)], None),
            (None, vec![], None),
        ] {
            assert_eq!(clickable(own, &around), wanted, "{own:?} in {around:?}");
        }
    }

    #[test]
    fn what_lies_far_out_is_not_its_own() {
        let mut around = vec![of(1, 1); CLICKABLE_AROUND];
        around.push(of(80, 20));
        assert_eq!(clickable(Some(of(2, 2)), &around), Some(of(2, 2)));
        around.remove(0);
        assert_eq!(clickable(Some(of(2, 2)), &around), Some(of(80, 20)));
    }
}
