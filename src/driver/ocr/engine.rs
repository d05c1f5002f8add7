//! The models at work: where text is likely, and what a line says. Both are remembered by the pixels
//! that were looked at, for all screens.

use super::{
    detect,
    ink::Ink,
    line,
    network::{Network, NetworkError},
    raster, recognise,
    remembered::{Key, Remembered},
    tiles::{Likely, SEAM},
};
use crate::model::{Frame, Rect, TextLine};
use sha2::{Digest, Sha256};
use std::fmt;

/// What is read with so many pixels around the ink, as parts of the ink's height.
const MARGIN: f32 = 0.4;

/// How many tiles are remembered, 26 KiB each.
const MOST_TILES: usize = 600;

/// How many lines are remembered.
const MOST_LINES: usize = 10_000;

/// One or two characters that are less sure than this are icons and check marks, not text. Longer
/// lines are kept however unsure: whoever checks that a text is gone must hear of them.
const SURE: f32 = 0.4;

/// How often each model was run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Runs {
    /// Looking for lines.
    pub detector: u64,
    /// Reading one.
    pub recogniser: u64,
}

/// The models, shared by all screens.
pub(super) struct Engine {
    detector: Network,
    recogniser: Network,
    dictionary: Vec<String>,
    tiles: Remembered<Likely>,
    /// Places are relative to the ink.
    lines: Remembered<Option<TextLine>>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    pub(super) fn new(detector: Network, recogniser: Network, dictionary: Vec<String>) -> Self {
        Self {
            detector,
            recogniser,
            dictionary,
            tiles: Remembered::new(MOST_TILES),
            lines: Remembered::new(MOST_LINES),
        }
    }

    /// Returns how likely the pixels of a tile are text. Where all are of one colour, none is.
    pub(super) fn look(&self, frame: &Frame, tile: Rect) -> Result<Likely, NetworkError> {
        let shown = raster::pixels(frame, tile.grown(SEAM));
        if shown.iter().all(|pixel| *pixel == shown[0]) {
            return Ok(None);
        }
        let key = Sha256::digest(shown.as_flattened()).into();
        let ask = || detect::likely(&self.detector, &shown);
        self.tiles.get_or(key, ask)
    }

    /// Returns what a line says, `None` when it says nothing.
    pub(super) fn read(&self, frame: &Frame, ink: &Ink) -> Result<Option<TextLine>, NetworkError> {
        let margin = ((ink.rect.height as f32 * MARGIN).round() as i32).max(2);
        let area = ink.rect.grown(margin).intersection(whole(frame));
        let line = self.lines.get_or(digest(frame, area, ink), || {
            let glyphs = recognise::glyphs(&self.recogniser, &self.dictionary, frame, area)?;
            let line = line::line(&glyphs, ink, ink.rect.x - area.x);
            let line = line.filter(is_text);
            Ok(line.map(|line| moved(line, -ink.rect.x, -ink.rect.y)))
        })?;
        Ok(line.map(|line| moved(line, ink.rect.x, ink.rect.y)))
    }

    /// How often each model was run so far.
    pub(super) fn runs(&self) -> Runs {
        Runs {
            detector: self.detector.runs(),
            recogniser: self.recogniser.runs(),
        }
    }
}

/// Returns all of a frame.
pub(super) fn whole(frame: &Frame) -> Rect {
    Rect {
        x: 0,
        y: 0,
        width: frame.width as i32,
        height: frame.height as i32,
    }
}

/// Whether a line is more than an icon that looks a little like a letter.
pub(super) fn is_text(line: &TextLine) -> bool {
    let count = line.text.chars().filter(|c| c.is_alphanumeric()).count();
    line.confidence >= SURE || count > 2
}

/// All that what is read depends on: the pixels, and where the ink is among them.
fn digest(frame: &Frame, area: Rect, ink: &Ink) -> Key {
    let mut hasher = Sha256::new();
    let place = [area.x - ink.rect.x, area.y - ink.rect.y];
    for number in place
        .into_iter()
        .chain([area.width, ink.rect.width, ink.rect.height])
    {
        hasher.update(number.to_le_bytes());
    }
    hasher.update(
        ink.columns
            .iter()
            .map(|inked| u8::from(*inked))
            .collect::<Vec<_>>(),
    );
    hasher.update(raster::pixels(frame, area).as_flattened());
    hasher.finalize().into()
}

fn moved(mut line: TextLine, x: i32, y: i32) -> TextLine {
    let rects = line.words.iter_mut().map(|word| &mut word.rect);
    for rect in rects.chain([&mut line.rect]) {
        rect.x += x;
        rect.y += y;
    }
    line
}
