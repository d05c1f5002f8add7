//! The search: around where the anchor was, then everywhere; the best places one after the other,
//! until one is alike and no other can be.

use super::{
    Alike, Bounds, Likeness, Part, Unlike,
    field::Field,
    look::look,
    needle::Needle,
    scores::{Contrast, Peak},
    unlike::reasons,
};
use crate::{
    judge::{Anchor, AnchorError},
    model::{Frame, Point, Rect},
};
use std::sync::Arc;

/// How far from where it was an anchor is looked for first, in pixels in each direction.
pub const LOCAL: i32 = 50;

/// How many places that do not overlap are looked at closely.
const MOST_LOOKS: usize = 24;

/// How many of the places that are just as good as the best are.
const MOST_TWINS: usize = 4;

/// A place so near to another is the same place.
const SAME: i32 = 4;

/// What was worked out of the last frame, kept so that further anchors are found in less than half
/// the time, and room that is used again for the next.
///
/// It keeps the pixels of the frame. Whoever will not look again soon drops it.
#[derive(Debug, Default)]
pub struct Prepared {
    rgba: Option<Arc<Vec<u8>>>,
    size: (u32, u32),
    whole: Field,
    local: Field,
}

impl Prepared {
    /// Gets ready to look everywhere in `frame`. [`find_like`] does it when it has to.
    pub fn prepare(&mut self, frame: &Frame) {
        self.take(frame);
        let whole = whole(frame);
        if whole.width > 0 && whole.height > 0 {
            self.whole.take(frame, whole);
        }
    }

    fn take(&mut self, frame: &Frame) {
        let size = (frame.width, frame.height);
        let is_same = |rgba: &Arc<Vec<u8>>| Arc::ptr_eq(rgba, &frame.rgba) && self.size == size;
        if !self.rgba.as_ref().is_some_and(is_same) {
            self.rgba = Some(Arc::clone(&frame.rgba));
            self.size = size;
            self.whole.clear();
            self.local.clear();
        }
    }
}

/// Looks for what is like `anchor` in a frame: first around `near`, where its top left corner was
/// last, then everywhere.
///
/// What is not opaque in the anchor never counts. Places are searched by its largest opaque
/// rectangle, and then compared in all that is opaque; so what makes an anchor unmistakable should
/// be in that rectangle.
pub fn find_like(
    frame: &Frame,
    anchor: &Anchor,
    near: Option<Point>,
    bounds: &Bounds,
    prepared: &mut Prepared,
) -> Result<Likeness, AnchorError> {
    let picture = anchor.picture();
    let size = (picture.width(), picture.height());
    if size.0 > frame.width || size.1 > frame.height {
        return Err(AnchorError::TooLarge {
            anchor: size,
            area: (frame.width, frame.height),
        });
    }
    let needle = Needle::new(anchor)?;
    let search = Search {
        frame,
        anchor,
        needle: &needle,
        bounds,
    };
    prepared.take(frame);
    if let Some(area) = near.and_then(|near| search.around(near)) {
        prepared.local.take(frame, area);
        let found = search.run(&mut prepared.local, area);
        if matches!(found, Likeness::Found(_)) {
            return Ok(found);
        }
    }
    prepared.whole.take(frame, whole(frame));
    Ok(search.run(&mut prepared.whole, whole(frame)))
}

fn whole(frame: &Frame) -> Rect {
    Rect {
        x: 0,
        y: 0,
        width: frame.width as i32,
        height: frame.height as i32,
    }
}

/// One search.
#[derive(Clone, Copy, Debug)]
struct Search<'a> {
    frame: &'a Frame,
    anchor: &'a Anchor,
    needle: &'a Needle,
    bounds: &'a Bounds,
}

impl Search<'_> {
    /// Returns what is to be looked at around `near`, if the anchor fits there.
    fn around(&self, near: Point) -> Option<Rect> {
        let picture = self.anchor.picture();
        let clip = |from: i32, length: u32, end: u32| {
            let first = from.saturating_sub(LOCAL).clamp(0, end as i32);
            let last = from.saturating_add(length as i32).saturating_add(LOCAL);
            let last = last.clamp(first, end as i32);
            (last - first >= length as i32).then_some((first, last - first))
        };
        let (x, width) = clip(near.x, picture.width(), self.frame.width)?;
        let (y, height) = clip(near.y, picture.height(), self.frame.height)?;
        Some(Rect {
            x,
            y,
            width,
            height,
        })
    }

    fn run(&self, field: &mut Field, area: Rect) -> Likeness {
        field.search(self.needle, &self.bounds.gain);
        let seen = self.look_at_peaks(field, area);
        let is_alike = |alike: &&Alike| reasons(alike, self.bounds).is_empty();
        let alike = seen.places.iter().filter(is_alike);
        // The first of equals.
        let Some(found) = alike.rev().max_by(|one, other| by_score(one, other)) else {
            return self.refuse(field, area, seen.places);
        };
        let mut found = found.clone();
        let others = seen.places.iter().filter(|it| it.place != found.place);
        // What overlaps it is the same thing, unless it is just as good: then the anchor is a
        // piece of something that repeats itself.
        let twins = seen.twins.iter().filter(|it| is_elsewhere(it, &found));
        let rival = others
            .clone()
            .chain(twins.clone())
            .filter(is_alike)
            .find(|it| it.score >= found.score - self.bounds.clearance);
        let rival = rival.map(part);
        found.second = rival.or_else(|| others.max_by(|one, other| by_score(one, other)).map(part));
        let rival = rival.or(if seen.is_cut_short {
            found.second
        } else {
            None
        });
        match rival {
            None => Likeness::Found(found),
            Some(rival) => Likeness::Refused {
                best: found,
                reasons: vec![Unlike::Ambiguous(rival)],
            },
        }
    }

    /// Looks closely at the best places: at two at least, and at all that may be alike.
    fn look_at_peaks(&self, field: &mut Field, area: Rect) -> Seen {
        let mut seen = Seen::default();
        let mut least = self.bounds.score;
        loop {
            let peaks = field.peaks(self.needle, Contrast::Inside);
            let Some(peak) = peaks.first() else {
                return seen;
            };
            if peak.score < least && seen.places.len() >= 2 {
                return seen;
            }
            if seen.places.len() >= MOST_LOOKS {
                seen.is_cut_short = true;
                return seen;
            }
            if let Some(alike) = self.look(area, *peak) {
                if reasons(&alike, self.bounds).is_empty() {
                    least = least.max(alike.score - self.bounds.clearance);
                    let twins = peaks.iter().skip(1);
                    let twins = twins.filter(|it| !is_same(it, peak));
                    let twins = twins.take(MOST_TWINS);
                    seen.twins
                        .extend(twins.filter_map(|it| self.look(area, *it)));
                }
                seen.places.push(alike);
            }
            field.forget(*peak, self.needle);
        }
    }

    /// Tells what was nearest, though it is not alike.
    fn refuse(&self, field: &mut Field, area: Rect, seen: Vec<Alike>) -> Likeness {
        let mut all = seen;
        let has_score = |alike: &Alike| alike.score >= self.bounds.score;
        if !all.iter().any(has_score) {
            let peaks = field.peaks(self.needle, Contrast::Outside);
            let outside = peaks.first().and_then(|peak| self.look(area, *peak));
            all.extend(outside);
        }
        all.sort_by(|one, other| by_score(other, one));
        let mut all = all.into_iter();
        let Some(mut best) = all.next() else {
            return Likeness::Nothing { best: None };
        };
        if best.score < self.bounds.similar {
            return Likeness::Nothing {
                best: Some(part(&best)),
            };
        }
        best.second = all.next().as_ref().map(part);
        Likeness::Refused {
            reasons: reasons(&best, self.bounds),
            best,
        }
    }

    /// Looks closely at a peak, if the whole anchor is in the frame there.
    fn look(&self, area: Rect, peak: Peak) -> Option<Alike> {
        let picture = self.anchor.picture();
        let place = Rect {
            x: area.x + peak.x as i32 - self.needle.offset.0 as i32,
            y: area.y + peak.y as i32 - self.needle.offset.1 as i32,
            width: picture.width() as i32,
            height: picture.height() as i32,
        };
        let is_inside = place.x >= 0
            && place.y >= 0
            && place.x + place.width <= self.frame.width as i32
            && place.y + place.height <= self.frame.height as i32;
        is_inside.then(|| look(self.frame, self.anchor, place, self.bounds.off_by))
    }
}

/// What was seen at the best places.
#[derive(Debug, Default)]
struct Seen {
    /// Places that do not overlap.
    places: Vec<Alike>,
    /// Places that are just as good as one that is alike, and overlap it.
    twins: Vec<Alike>,
    /// Whether there are more that may be alike.
    is_cut_short: bool,
}

fn by_score(one: &Alike, other: &Alike) -> std::cmp::Ordering {
    one.score.total_cmp(&other.score)
}

fn part(alike: &Alike) -> Part {
    Part {
        place: alike.place,
        value: alike.score,
    }
}

fn is_same(one: &Peak, other: &Peak) -> bool {
    one.x.abs_diff(other.x) <= SAME as usize && one.y.abs_diff(other.y) <= SAME as usize
}

fn is_elsewhere(one: &Alike, other: &Alike) -> bool {
    let (one, other) = (one.place, other.place);
    (one.x - other.x).abs() > SAME || (one.y - other.y).abs() > SAME
}
