//! The models at work: where lines are, and what each says, which is remembered by its pixels.

use super::{
    detect,
    ink::{self, Ink},
    line,
    network::{Network, NetworkError},
    raster::pixel,
    recognise,
};
use crate::model::{Frame, Rect, TextLine};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, PoisonError},
};

/// What is read with so many pixels around the ink, as parts of the ink's height.
const MARGIN: f32 = 0.4;

/// How many lines are remembered. They are all forgotten when there are more.
const MOST: usize = 10_000;

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
    /// What was read, by the digest of the pixels that were read. Places are relative to the ink.
    remembered: Mutex<BTreeMap<[u8; 32], Option<TextLine>>>,
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
            remembered: Mutex::default(),
        }
    }

    /// Returns the ink of the lines in `area`, and of some around it.
    pub(super) fn find(&self, frame: &Frame, area: Rect) -> Result<Vec<Ink>, NetworkError> {
        let whole = whole(frame);
        let boxes = detect::boxes(&self.detector, frame, area)?;
        let boxes = boxes
            .into_iter()
            .map(|found| found.grown(2).intersection(whole));
        let seen = boxes.filter(|found| found.width > 0 && found.height > 0);
        let mut found: Vec<Ink> = seen.map(|found| ink::ink(frame, found)).collect();
        // Two boxes may hold the same ink.
        found.sort_by_key(|ink| ink.rect);
        found.dedup_by_key(|ink| ink.rect);
        Ok(found)
    }

    /// Returns what a line says, `None` when it says nothing.
    pub(super) fn read(&self, frame: &Frame, ink: &Ink) -> Result<Option<TextLine>, NetworkError> {
        let margin = ((ink.rect.height as f32 * MARGIN).round() as i32).max(2);
        let area = ink.rect.grown(margin).intersection(whole(frame));
        let key = digest(frame, area, ink);
        let remembered = || {
            self.remembered
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        let known = remembered().get(&key).cloned();
        let line = if let Some(line) = known {
            line
        } else {
            let glyphs = recognise::glyphs(&self.recogniser, &self.dictionary, frame, area)?;
            let line = line::line(&glyphs, ink, ink.rect.x - area.x);
            let line = line
                .filter(is_text)
                .map(|line| moved(line, -ink.rect.x, -ink.rect.y));
            let mut all = remembered();
            if all.len() >= MOST {
                all.clear();
            }
            all.insert(key, line.clone());
            line
        };
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
fn digest(frame: &Frame, area: Rect, ink: &Ink) -> [u8; 32] {
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
    let points = (area.y..area.y + area.height)
        .flat_map(|y| (area.x..area.x + area.width).map(move |x| (x, y)));
    let pixels: Vec<u8> = points.flat_map(|(x, y)| pixel(frame, x, y)).collect();
    hasher.update(pixels);
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
