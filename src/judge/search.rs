//! One look for one anchor in one frame: finds its telling rows, and compares the rest there.

use super::{
    Anchor, AnchorError, Found, MOST_PLACES, Match, Near, anchor::Span, net::Net, whole::Whole,
};
use crate::model::{Frame, Rect};
use memchr::memmem::Finder;
use std::{
    collections::BTreeSet,
    ops::{ControlFlow, Range},
};

/// How much may be compared before looking is given up, in bytes: some tenths of a second. Only
/// an anchor that is not opaque everywhere comes to it.
const MOST_WORK: usize = 1 << 30;

/// How much may be compared before an anchor that is opaque everywhere is looked for as a whole,
/// which takes longer than most looks and no longer than some.
const ENOUGH_WORK: usize = 1 << 22;

/// How many places are looked at closely to tell which was nearest.
const MOST_NEAR: usize = 64;

/// Where the anchor's top left corner may be.
#[derive(Debug)]
pub(super) struct Origins {
    /// Its column.
    pub(super) x: Range<i32>,
    /// Its row.
    pub(super) y: Range<i32>,
}

/// The rows that were looked for are at too many places.
#[derive(Debug)]
pub(super) struct TooMuchWork;

/// A look for one anchor in one frame.
pub(super) struct Search<'a> {
    frame: &'a Frame,
    anchor: &'a Anchor,
    /// Places by row and column, so that the first is the topmost.
    places: BTreeSet<(usize, usize)>,
    /// The most alike of those that were looked at closely.
    pub(super) near: Option<Near>,
    /// How many were.
    pub(super) looked_at_closely: usize,
    work: usize,
    most_work: usize,
}

impl<'a> Search<'a> {
    /// Starts with nothing found.
    pub(super) fn new(frame: &'a Frame, anchor: &'a Anchor) -> Self {
        Self {
            frame,
            anchor,
            places: BTreeSet::new(),
            near: None,
            looked_at_closely: 0,
            work: 0,
            most_work: if anchor.is_opaque() {
                ENOUGH_WORK
            } else {
                MOST_WORK
            },
        }
    }

    /// Returns the anchor's size.
    pub(super) fn size(&self) -> (i32, i32) {
        let picture = self.anchor.picture();
        (picture.width() as i32, picture.height() as i32)
    }

    /// Looks at all places of `origins` where the anchor can be.
    pub(super) fn scan(&mut self, origins: &Origins) -> Result<(), AnchorError> {
        let scanned = match self.anchor.net() {
            Some(net) => self.scan_by_net(origins, net),
            None => self.scan_for(origins, self.anchor.finder(), self.anchor.spans()[0]),
        };
        match scanned {
            Err(TooMuchWork) if self.anchor.is_opaque() => {
                self.scan_whole(origins);
                Ok(())
            }
            Err(TooMuchWork) => Err(AnchorError::Repetitive),
            Ok(()) => Ok(()),
        }
    }

    fn scan_whole(&mut self, origins: &Origins) {
        let (width, height) = self.size();
        let (left, top) = (origins.x.start as usize, origins.y.start as usize);
        let reach = (origins.x.len() - 1 + width as usize) * 4;
        let rows = top..origins.y.end as usize + height as usize - 1;
        let (frame, anchor) = (self.frame, self.anchor);
        let row = |y| &frame.rgba[(y * frame.width as usize + left) * 4..][..reach];
        Whole::new(anchor.picture()).cast(rows.map(row), |x, y| {
            let (x, y) = (left + x, top + y);
            if !self.is_at(x, y) {
                return ControlFlow::Continue(());
            }
            // What was found before may not have been the topmost.
            self.places.insert((y, x));
            if self.places.len() > MOST_PLACES {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
    }

    fn scan_by_net(&mut self, origins: &Origins, net: &Net) -> Result<(), TooMuchWork> {
        if origins.x.is_empty() || origins.y.is_empty() {
            return Ok(());
        }
        let first = origins.x.start as usize;
        let reach = (origins.x.len() - 1 + net.rolling.length) * 4;
        let height = self.size().1 as usize;
        let rows = origins.y.start as usize..origins.y.end as usize + height - 1;
        let mut caught = Vec::new();
        for row in (rows.start.next_multiple_of(net.stride)..rows.end).step_by(net.stride) {
            let at = self.at(first + net.x, row);
            net.cast(&self.frame.rgba[at..at + reach], |x, y| caught.push((x, y)));
            for (x, y) in caught.drain(..) {
                let top = row as i32 - y as i32;
                if origins.y.contains(&top) {
                    self.check(first + x, top as usize)?;
                }
            }
            // Later rows find nothing above the topmost any more.
            let is_settled = self.places.first().is_some_and(|(y, _)| row > y + height);
            if is_settled && self.places.len() > MOST_PLACES {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Looks at all places of `origins` where the pixels of `span` are, which `finder` finds.
    pub(super) fn scan_for(
        &mut self,
        origins: &Origins,
        finder: &Finder<'_>,
        span: Span,
    ) -> Result<(), TooMuchWork> {
        if origins.x.is_empty() || origins.y.is_empty() {
            return Ok(());
        }
        let first = origins.x.start as usize;
        let reach = (origins.x.len() - 1 + span.length) * 4;
        for y in origins.y.start as usize..origins.y.end as usize {
            let row = self.at(first + span.x, y + span.y);
            let row = &self.frame.rgba[row..row + reach];
            let mut from = 0;
            while let Some(found) = finder.find(&row[from..]) {
                let at = from + found;
                // Bytes may match in the middle of a pixel.
                if at.is_multiple_of(4) {
                    self.check(first + at / 4, y)?;
                    if self.places.len() > MOST_PLACES {
                        return Ok(());
                    }
                }
                from = at + 1;
            }
        }
        Ok(())
    }

    /// Looks whether the whole anchor is at a place.
    fn check(&mut self, x: usize, y: usize) -> Result<(), TooMuchWork> {
        if self.is_at(x, y) {
            self.places.insert((y, x));
        } else if self.looked_at_closely < MOST_NEAR {
            self.looked_at_closely += 1;
            self.look_closely(x, y);
        }
        if self.work > self.most_work {
            return Err(TooMuchWork);
        }
        Ok(())
    }

    fn is_at(&mut self, x: usize, y: usize) -> bool {
        self.anchor.spans().iter().all(|span| {
            self.work += 32 + span.length;
            self.anchor.pixels(*span) == self.pixels(*span, x, y)
        })
    }

    fn look_closely(&mut self, x: usize, y: usize) {
        let (mut equal, mut pixels) = (0, 0);
        for span in self.anchor.spans() {
            let wanted = self.anchor.pixels(*span).as_chunks::<4>().0;
            let there = self.pixels(*span, x, y).as_chunks::<4>().0;
            pixels += span.length;
            equal += wanted.iter().zip(there).filter(|(a, b)| a == b).count();
        }
        if self.near.is_none_or(|near| near.equal < equal) {
            let place = self.place(x, y);
            self.near = Some(Near {
                place,
                equal,
                pixels,
            });
        }
    }

    fn pixels(&self, span: Span, x: usize, y: usize) -> &[u8] {
        let at = self.at(x + span.x, y + span.y);
        &self.frame.rgba[at..at + span.length * 4]
    }

    fn at(&self, x: usize, y: usize) -> usize {
        (y * self.frame.width as usize + x) * 4
    }

    fn place(&self, x: usize, y: usize) -> Rect {
        let (width, height) = self.size();
        Rect {
            x: x as i32,
            y: y as i32,
            width,
            height,
        }
    }

    /// Returns what was found.
    pub(super) fn outcome(self) -> Match {
        match self.places.first() {
            Some((y, x)) => Match::Found(Found {
                place: self.place(*x, *y),
                others: (self.places.len() - 1).min(MOST_PLACES),
            }),
            None => Match::Missing { near: self.near },
        }
    }
}
