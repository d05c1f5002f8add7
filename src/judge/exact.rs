//! Finds anchors whose every opaque pixel is on the screen. It knows no likeness: a pixel that is
//! off by one is another pixel.

use super::{
    Anchor, AnchorError,
    search::{Origins, Search},
};
use crate::model::{Frame, Rect};
use memchr::memmem::Finder;
use std::ops::Range;

/// More places than this are not counted.
pub const MOST_PLACES: usize = 100;

/// What came of looking for an anchor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// It is there.
    Found(Found),
    /// It is not there.
    Missing {
        /// Where its most telling rows are, as far as there was one.
        near: Option<Near>,
    },
}

/// Where an anchor is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The place, the topmost, then leftmost where there are several.
    pub place: Rect,
    /// How many other places there are. Looking ends at [`MOST_PLACES`].
    pub others: usize,
}

/// A place that is not quite the anchor's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Near {
    /// The place.
    pub place: Rect,
    /// How many pixels are as they should be.
    pub equal: usize,
    /// How many should.
    pub pixels: usize,
}

impl Match {
    /// Returns the place where the anchor is.
    pub fn place(&self) -> Option<Rect> {
        match self {
            Self::Found(found) => Some(found.place),
            Self::Missing { .. } => None,
        }
    }
}

/// Looks for `anchor` in a frame, or in a part of it.
pub fn find_exact(
    frame: &Frame,
    anchor: &Anchor,
    within: Option<Rect>,
) -> Result<Match, AnchorError> {
    let origins = origins(frame, anchor, within)?;
    let mut search = Search::new(frame, anchor);
    search.scan(&origins)?;
    Ok(search.outcome())
}

/// Looks for `anchor` where it would touch `damage`: after a frame in which it was not found, that
/// is wherever it can be in the next.
pub fn find_in_damage(
    frame: &Frame,
    anchor: &Anchor,
    damage: &[Rect],
) -> Result<Match, AnchorError> {
    let all = origins(frame, anchor, None)?;
    let mut search = Search::new(frame, anchor);
    let size = search.size();
    for area in damage
        .iter()
        .filter(|area| area.width > 0 && area.height > 0)
    {
        let touching = Origins {
            x: clip(area.x - size.0 + 1..area.x + area.width, &all.x),
            y: clip(area.y - size.1 + 1..area.y + area.height, &all.y),
        };
        search.scan(&touching)?;
    }
    Ok(search.outcome())
}

/// Returns the place that is most like `anchor`, for telling people what was seen instead. It
/// looks for several rows of the anchor, and so takes longer than [`find_exact`].
pub fn nearest(
    frame: &Frame,
    anchor: &Anchor,
    within: Option<Rect>,
) -> Result<Option<Near>, AnchorError> {
    let origins = origins(frame, anchor, within)?;
    let mut search = Search::new(frame, anchor);
    let every = anchor.spans().len().div_ceil(8);
    for span in anchor.spans().iter().step_by(every) {
        let finder = Finder::new(anchor.pixels(*span));
        search.looked_at_closely = 0;
        // What is everywhere tells no place from another: the first of them are enough.
        if search.scan_for(&origins, &finder, *span).is_err() {
            break;
        }
    }
    Ok(search.near)
}

fn origins(frame: &Frame, anchor: &Anchor, within: Option<Rect>) -> Result<Origins, AnchorError> {
    let screen = (0..frame.width as i32, 0..frame.height as i32);
    let (x, y) = match within {
        None => screen,
        Some(area) => (
            clip(area.x..area.x.saturating_add(area.width), &screen.0),
            clip(area.y..area.y.saturating_add(area.height), &screen.1),
        ),
    };
    let size = (anchor.picture().width(), anchor.picture().height());
    let area = (x.len() as u32, y.len() as u32);
    if size.0 > area.0 || size.1 > area.1 {
        return Err(AnchorError::TooLarge { anchor: size, area });
    }
    Ok(Origins {
        x: x.start..x.end - size.0 as i32 + 1,
        y: y.start..y.end - size.1 as i32 + 1,
    })
}

fn clip(range: Range<i32>, bounds: &Range<i32>) -> Range<i32> {
    range.start.max(bounds.start)..range.end.min(bounds.end)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        judge::Picture,
        model::{FrameCause, FrameSeq, Timestamp},
    };
    use std::sync::Arc;

    pub(in super::super) fn frame(
        width: i32,
        height: i32,
        colour: impl Fn(i32, i32) -> [u8; 4],
    ) -> Frame {
        let points = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        Frame {
            seq: FrameSeq(1),
            at: Timestamp(0),
            cause: FrameCause::Connected,
            width: width as u32,
            height: height as u32,
            rgba: Arc::new(points.flat_map(|(x, y)| colour(x, y)).collect()),
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

    fn anchor(frame: &Frame, area: Rect) -> Anchor {
        Anchor::new(Picture::crop(frame, area).unwrap()).unwrap()
    }

    /// Every pixel is another.
    fn varied(width: i32, height: i32) -> Frame {
        frame(width, height, |x, y| [x as u8, y as u8, 100, 255])
    }

    #[test]
    fn an_anchor_is_found_where_it_was_cut_out() {
        let screen = varied(50, 40);
        for area in [
            rect(0, 0, 5, 4),
            rect(45, 36, 5, 4),
            rect(17, 3, 2, 1),
            rect(0, 0, 50, 40),
        ] {
            let found = find_exact(&screen, &anchor(&screen, area), None).unwrap();
            let expected = Found {
                place: area,
                others: 0,
            };
            assert_eq!(found, Match::Found(expected));
        }
    }

    #[test]
    fn it_must_lie_wholly_in_the_part_that_is_looked_at() {
        let screen = varied(50, 40);
        let wanted = anchor(&screen, rect(10, 10, 5, 4));
        let place = |area| find_exact(&screen, &wanted, Some(area)).unwrap().place();
        assert_eq!(place(rect(10, 10, 5, 4)), Some(rect(10, 10, 5, 4)));
        assert_eq!(place(rect(0, 0, 999, 999)), Some(rect(10, 10, 5, 4)));
        assert_eq!(place(rect(11, 10, 30, 30)), None);
        assert_eq!(place(rect(0, 0, 14, 30)), None);
        assert_eq!(place(rect(0, 0, 30, 13)), None);
    }

    #[test]
    fn an_anchor_larger_than_where_it_is_looked_for_is_refused() {
        let wanted = anchor(&varied(50, 40), rect(0, 0, 20, 10));
        let screen = varied(19, 40);
        let err = find_exact(&screen, &wanted, None).unwrap_err();
        let size = AnchorError::TooLarge {
            anchor: (20, 10),
            area: (19, 40),
        };
        assert_eq!(err, size);
        assert_eq!(find_in_damage(&screen, &wanted, &[]).unwrap_err(), size);
        let part = Some(rect(30, 38, 25, 25));
        assert!(find_exact(&varied(50, 40), &wanted, part).is_err());
    }

    #[test]
    fn a_row_is_not_continued_on_the_next() {
        // The anchor's pixels are at the end of one row and the start of the next.
        let screen = frame(6, 3, |x, y| [(y * 6 + x) as u8, 0, 0, 255]);
        let wanted = frame(2, 1, |x, _| [5 + x as u8, 0, 0, 255]);
        let wanted = anchor(&wanted, rect(0, 0, 2, 1));
        assert_eq!(find_exact(&screen, &wanted, None).unwrap().place(), None);
    }

    #[test]
    fn one_wrong_pixel_is_a_miss_that_tells_how_near_it_was() {
        let screen = varied(50, 40);
        let wanted = frame(6, 5, |x, y| {
            let is_wrong = (x, y) == (5, 4);
            [20 + x as u8, 10 + y as u8, 100 + u8::from(is_wrong), 255]
        });
        let wanted = anchor(&wanted, rect(0, 0, 6, 5));
        let near = Near {
            place: rect(20, 10, 6, 5),
            equal: 29,
            pixels: 30,
        };
        let missing = find_exact(&screen, &wanted, None).unwrap();
        assert_eq!(missing.place(), None);
        assert_eq!(nearest(&screen, &wanted, None).unwrap(), Some(near));
    }

    #[test]
    fn places_that_overlap_are_counted_up_to_a_limit() {
        let striped = |width| frame(width, 4, |x, _| [(x % 2) as u8, 0, 0, 255]);
        let wanted = anchor(&striped(4), rect(0, 0, 4, 2));
        let found = |width| find_exact(&striped(width), &wanted, None).unwrap();
        // Each second column, and three rows.
        let expected = |others| {
            let place = rect(0, 0, 4, 2);
            Match::Found(Found { place, others })
        };
        assert_eq!(found(10), expected(4 * 3 - 1));
        assert_eq!(found(1000), expected(MOST_PLACES));
    }

    /// All rows are alike but the last, which the others tell nothing about.
    fn almost_everywhere(mask: u8) -> (Frame, Anchor) {
        let screen = frame(1200, 1000, |x, _| [(x % 2) as u8, 0, 0, 255]);
        let wanted = frame(200, 200, |x, y| match (x, y) {
            (0, 0) => [0, 0, 0, mask],
            (_, 199) => [7, 7, 7, 255],
            _ => [(x % 2) as u8, 0, 0, 255],
        });
        (screen, anchor(&wanted, rect(0, 0, 200, 200)))
    }

    #[test]
    fn an_anchor_that_almost_fits_everywhere_is_found_only_where_it_fits() {
        let (mut screen, wanted) = almost_everywhere(255);
        let missing = find_exact(&screen, &wanted, None).unwrap();
        assert_eq!(missing.place(), None);
        for x in 600..800 {
            let at = (900 * 1200 + x) * 4;
            Arc::make_mut(&mut screen.rgba)[at..at + 3].fill(7);
        }
        let place = rect(600, 701, 200, 200);
        let found = Match::Found(Found { place, others: 0 });
        assert_eq!(find_exact(&screen, &wanted, None), Ok(found.clone()));
        let damage = [rect(3, 3, 5, 5), rect(750, 720, 1, 1)];
        assert_eq!(find_in_damage(&screen, &wanted, &damage), Ok(found));
        let beside = find_exact(&screen, &wanted, Some(rect(601, 0, 599, 1000)));
        assert_eq!(beside.unwrap().place(), None);
        assert!(nearest(&screen, &wanted, None).unwrap().is_some());
    }

    #[test]
    fn one_with_a_mask_is_refused_there_and_not_called_missing() {
        let (screen, wanted) = almost_everywhere(0);
        let err = find_exact(&screen, &wanted, None);
        assert_eq!(err, Err(AnchorError::Repetitive));
    }
}
