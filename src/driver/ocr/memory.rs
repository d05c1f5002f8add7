//! What has been read on one screen, and reading no more than what changed since.
//!
//! What is read of a screen depends on that screen alone, whatever was read before and whatever part
//! was asked for: each tile is looked at by itself, lines are found on all that the tiles say, and a
//! line is read from its own pixels.

use super::{
    blobs::{blobs, line_box},
    engine::{Engine, whole},
    ink::{self, Ink},
    network::NetworkError,
    pieces::Piece,
    tiles::Tiles,
};
use crate::model::{Frame, Rect, TextLine};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// The middle of a line is at most so many pixels from where the detector saw it, across and down.
/// So whoever looks for lines in an area need not look further.
const NEAR: i32 = 8;

/// What hangs together may go on so many pixels further, where the detector has not looked yet.
const BESIDE: i32 = 2;

/// A box is looked at with so many pixels around it.
const AROUND: i32 = 2;

/// What has been read on one screen.
#[derive(Default)]
pub(super) struct Memory {
    seen: Option<Seen>,
}

/// The last frame, and what is known of it.
struct Seen {
    frame: Frame,
    tiles: Tiles,
    /// The lines of areas.
    answers: BTreeMap<Rect, Vec<TextLine>>,
}

impl Memory {
    /// Returns the lines whose middle is in `area`, or all, in order. Gives up between two runs of a
    /// model when told so, and forgets nothing by that.
    pub(super) fn read(
        &mut self,
        engine: &Engine,
        frame: &Frame,
        area: Option<Rect>,
        given_up: &AtomicBool,
    ) -> Result<Vec<TextLine>, NetworkError> {
        let wanted = area.map_or(whole(frame), |area| area.intersection(whole(frame)));
        if wanted.width == 0 || wanted.height == 0 {
            return Ok(Vec::new());
        }
        let seen = self.look(frame);
        if let Some(lines) = seen.answers.get(&wanted) {
            return Ok(lines.clone());
        }
        let go_on = || {
            if given_up.load(Ordering::Relaxed) {
                Err(NetworkError::GivenUp)
            } else {
                Ok(())
            }
        };
        let mut lines = Vec::new();
        for ink in seen.inks(engine, wanted, &go_on)? {
            go_on()?;
            lines.extend(engine.read(frame, &ink)?);
        }
        let lines = in_order(lines);
        seen.answers.insert(wanted, lines.clone());
        Ok(lines)
    }

    /// Takes note of what changed.
    fn look(&mut self, frame: &Frame) -> &mut Seen {
        let size = |frame: &Frame| (frame.width, frame.height);
        let known = self.seen.take();
        let seen = known.filter(|seen| size(&seen.frame) == size(frame));
        let mut seen = seen.unwrap_or_else(|| Seen {
            frame: frame.clone(),
            tiles: Tiles::unknown(frame),
            answers: BTreeMap::new(),
        });
        let before = std::mem::replace(&mut seen.frame, frame.clone());
        if !Arc::ptr_eq(&before.rgba, &frame.rgba) && before.rgba != frame.rgba {
            seen.tiles.forget_changed(&before, frame);
            seen.answers.clear();
        }
        self.seen.insert(seen)
    }
}

impl Seen {
    /// Returns the ink of the lines whose middle is in `wanted`, which is within the screen.
    fn inks(
        &mut self,
        engine: &Engine,
        wanted: Rect,
        go_on: &impl Fn() -> Result<(), NetworkError>,
    ) -> Result<Vec<Ink>, NetworkError> {
        let (blobs, likely) = self.blobs(engine, wanted, go_on)?;
        let width = self.frame.width as usize;
        let boxes = blobs.iter().filter_map(|blob| {
            let line = line_box(&likely, width, blob)?.grown(AROUND);
            Some((blob, line.intersection(whole(&self.frame))))
        });
        let found = boxes.flat_map(|(blob, line)| inks_near(&self.frame, blob, line));
        let mut inks: Vec<Ink> = found
            .filter(|ink| wanted.contains(ink.rect.center()))
            .collect();
        // Two boxes may hold the same ink.
        inks.sort_by(|one, other| (one.rect, &one.columns).cmp(&(other.rect, &other.columns)));
        inks.dedup_by_key(|ink| ink.rect);
        Ok(inks)
    }

    /// Returns what hangs together in and near `wanted`, all of it, and how likely each pixel is text
    /// as far as that is known.
    fn blobs(
        &mut self,
        engine: &Engine,
        wanted: Rect,
        go_on: &impl Fn() -> Result<(), NetworkError>,
    ) -> Result<(Vec<Piece>, Vec<u8>), NetworkError> {
        let near = wanted.grown(NEAR);
        let mut todo = self.tiles.unknown_in(near.grown(BESIDE));
        loop {
            for at in todo {
                go_on()?;
                let likely = engine.look(&self.frame, self.tiles.area(at))?;
                self.tiles.know(at, likely);
            }
            let likely = self.tiles.likely(&self.frame);
            let mut blobs = blobs(&likely, self.frame.width as usize);
            blobs.retain(|blob| blob.touches(near));
            let unknown = blobs
                .iter()
                .flat_map(|blob| self.tiles.unknown_in(blob.hull.grown(BESIDE)));
            todo = unknown.collect();
            if todo.is_empty() {
                return Ok((blobs, likely));
            }
            todo.sort_unstable();
            todo.dedup();
        }
    }
}

/// Returns the ink of the lines in a box. Their middle has to be near what the detector saw of them:
/// other ink is not their own, and what is hollow in its middle is no line.
fn inks_near(frame: &Frame, blob: &Piece, area: Rect) -> Vec<Ink> {
    let is_near = |ink: &Ink| {
        let middle = ink.rect.center();
        let middle = Rect {
            x: middle.x,
            y: middle.y,
            width: 1,
            height: 1,
        };
        blob.touches(middle.grown(NEAR))
    };
    let seen = blob.hull.y..blob.hull.y + blob.hull.height;
    let mut found = ink::inks(frame, area, seen);
    found.retain(is_near);
    if found.is_empty() {
        found.extend(Some(Ink::all(area)).filter(is_near));
    }
    found
}

/// Returns lines from top to bottom, and those side by side from left to right.
pub(super) fn in_order(mut lines: Vec<TextLine>) -> Vec<TextLine> {
    lines.sort_by_key(|line| (line.rect.center().y, line.rect));
    let mut rest = lines.as_mut_slice();
    while let Some(first) = rest.first() {
        let bottom = first.rect.y + first.rect.height;
        let is_beside = |line: &TextLine| line.rect.center().y < bottom;
        let count = rest
            .iter()
            .take_while(|line| is_beside(line))
            .count()
            .max(1);
        let (row, below) = rest.split_at_mut(count);
        row.sort_by_key(|line| line.rect);
        rest = below;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, x: i32, y: i32) -> TextLine {
        let rect = Rect {
            x,
            y,
            width: 40,
            height: 10,
        };
        TextLine {
            text: text.into(),
            rect,
            ..TextLine::default()
        }
    }

    #[test]
    fn lines_side_by_side_go_from_left_to_right() {
        let lines = vec![
            line("d", 0, 30),
            line("c", 100, 9),
            line("b", 50, 12),
            line("a", 0, 10),
        ];
        let texts: Vec<String> = in_order(lines).into_iter().map(|line| line.text).collect();
        assert_eq!(texts, ["a", "b", "c", "d"]);
    }
}
