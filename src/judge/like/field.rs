//! A part of a frame that can be searched: its brightness, with all that a search needs of it.

use super::{
    luma,
    moments::Moments,
    needle::Needle,
    scores::{Contrast, Peak, Scores},
    spectrum::Correlator,
    sums::Sums,
};
use crate::model::{Frame, Rect};
use std::ops::RangeInclusive;

/// Room for one part of a frame at a time.
#[derive(Debug, Default)]
pub(super) struct Field {
    /// The part of the frame, while it holds one.
    area: Option<Rect>,
    luma: Vec<u8>,
    sums: Sums,
    correlator: Option<Correlator>,
    scores: Scores,
}

impl Field {
    /// Forgets the frame, and keeps the room.
    pub(super) fn clear(&mut self) {
        self.area = None;
    }

    /// Takes `area` of a frame, which it lies in, unless it has it already.
    pub(super) fn take(&mut self, frame: &Frame, area: Rect) {
        if self.area == Some(area) {
            return;
        }
        self.area = Some(area);
        let size = (area.width as usize, area.height as usize);
        self.luma.resize(size.0 * size.1, 0);
        let pitch = frame.width as usize * 4;
        let rows = frame.rgba.chunks_exact(pitch).skip(area.y as usize);
        for (row, luma) in rows.zip(self.luma.chunks_exact_mut(size.0)) {
            luma::convert(&row[area.x as usize * 4..][..size.0 * 4], luma);
        }
        self.sums.fill(&self.luma, size.0);
        if (self.correlator.as_ref()).is_none_or(|correlator| correlator.picture() != size) {
            self.correlator = Some(Correlator::new(size));
        }
        if let Some(correlator) = &mut self.correlator {
            correlator.take(&self.luma);
        }
    }

    /// Looks for `needle`, which fits, everywhere.
    pub(super) fn search(&mut self, needle: &Needle, gain: &RangeInclusive<f64>) {
        let Some(correlator) = &mut self.correlator else {
            return;
        };
        correlator.correlate(&needle.values(), needle.size);
        self.scores.fill(correlator, &self.sums, needle, gain);
    }

    /// Returns the best places that are left of the last search, the best first.
    pub(super) fn peaks(&self, needle: &Needle, contrast: Contrast) -> Vec<Peak> {
        let pitch = self.area.map_or(0, |area| area.width as usize);
        let compare = |x, y| -> Moments { needle.compare(&self.luma, pitch, (x, y)) };
        self.scores.peaks(contrast, needle.size, compare)
    }

    /// Forgets the places of the last search that overlap `peak`.
    pub(super) fn forget(&mut self, peak: Peak, needle: &Needle) {
        self.scores.forget(peak, needle.size);
    }
}
