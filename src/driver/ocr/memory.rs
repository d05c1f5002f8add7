//! What has been read on one screen, and reading no more than what changed since.
//!
//! What is remembered of a part that did not change is what a detector that sees all of the screen
//! would find there, as far as that can be said of a detector: what it is shown around a line may
//! move the line's edge by a pixel or two, and make another thing of an icon.

use super::{
    change::Parts,
    engine::{Engine, whole},
    ink::Ink,
    network::NetworkError,
};
use crate::model::{Frame, Rect, TextLine};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// What the detector sees around something small. Without it, it takes letters for something else.
const CONTEXT: i32 = 24;

/// The same around something large, which is context enough.
const LITTLE_CONTEXT: i32 = 4;

/// What is large: so many pixels high.
const LARGE: i32 = 64;

/// How often a part is enlarged because a line reaches out of it.
const ENLARGED: u32 = 6;

/// What has been read on one screen.
#[derive(Default)]
pub(super) struct Memory {
    /// The last frame, and which parts of it changed since they were read.
    seen: Option<(Frame, Parts)>,
    lines: Vec<TextLine>,
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
        self.look(frame);
        let whole = whole(frame);
        let wanted = area.map_or(whole, |area| area.intersection(whole));
        while let Some(start) = self.next(wanted) {
            self.refresh(engine, start, given_up)?;
        }
        let lines = self.lines.iter();
        let within = lines.filter(|line| wanted.contains(line.rect.center()));
        Ok(in_order(within.cloned().collect()))
    }

    /// Takes note of what changed. Lines that were touched are forgotten, each as a whole.
    fn look(&mut self, frame: &Frame) {
        let same_size =
            |(old, _): &&mut (Frame, Parts)| (old.width, old.height) == (frame.width, frame.height);
        let Some((old, parts)) = self.seen.as_mut().filter(|seen| same_size(seen)) else {
            self.lines.clear();
            self.seen = Some((frame.clone(), Parts::unseen(frame)));
            return;
        };
        let is_equal = Arc::ptr_eq(&old.rgba, &frame.rgba) || old.rgba == frame.rgba;
        let before = std::mem::replace(old, frame.clone());
        if is_equal {
            return;
        }
        let mut changed = Parts::changed(&before, frame);
        let mut count = usize::MAX;
        // What one line is forgotten with may touch another.
        while count != self.lines.len() {
            count = self.lines.len();
            self.lines.retain(|line| {
                let is_touched = changed.is_stale(beside(line.rect));
                if is_touched {
                    changed.forget(line.rect);
                }
                !is_touched
            });
        }
        parts.add(&changed);
    }

    /// Returns a part of `wanted` that has to be read: all that has to be in one, when that is not
    /// much more than its pieces.
    fn next(&self, wanted: Rect) -> Option<Rect> {
        let (_, parts) = self.seen.as_ref()?;
        let pieces = parts.stale(wanted);
        let hull = pieces.iter().copied().reduce(Rect::union)?;
        let size = |rect: Rect| i64::from(rect.width) * i64::from(rect.height);
        let sum: i64 = pieces.iter().map(|piece| size(shown(*piece, 0))).sum();
        if sum * 10 >= size(shown(hull, 0)) * 7 {
            Some(hull)
        } else {
            pieces.into_iter().min()
        }
    }

    /// Reads a part anew, and whatever reaches out of it.
    fn refresh(
        &mut self,
        engine: &Engine,
        start: Rect,
        given_up: &AtomicBool,
    ) -> Result<(), NetworkError> {
        let go_on = || {
            if given_up.load(Ordering::Relaxed) {
                Err(NetworkError::GivenUp)
            } else {
                Ok(())
            }
        };
        let Some((frame, parts)) = &mut self.seen else {
            return Ok(());
        };
        let mut part = start;
        let mut found: Vec<Ink> = Vec::new();
        for round in 0..ENLARGED {
            go_on()?;
            found = engine.find(frame, shown(part, round).intersection(whole(frame)))?;
            let reaching = found.iter().map(|ink| ink.rect);
            let reaching = reaching.filter(|rect| is_level(*rect, part));
            let enlarged =
                Parts::aligned(with_lines(reaching.fold(part, Rect::union), &self.lines));
            if enlarged == part {
                break;
            }
            part = enlarged;
        }
        let mut read = Vec::new();
        for ink in found.iter().filter(|ink| part.contains(ink.rect.center())) {
            go_on()?;
            read.extend(engine.read(frame, ink)?);
        }
        self.lines.retain(|line| !part.contains(line.rect.center()));
        self.lines.extend(read);
        parts.seen(part);
        Ok(())
    }
}

/// Whether a line belongs to a part if it belongs to it at all: it may reach out of it on the left
/// and on the right, where it is not seen to its end, but its middle is no higher and no lower.
fn is_level(line: Rect, part: Rect) -> bool {
    let middle = line.center().y;
    line.intersects(part) && (part.y..part.y + part.height).contains(&middle)
}

/// What the detector is shown of a part: more to its left and right each time a line turned out to
/// reach out of it.
fn shown(part: Rect, round: u32) -> Rect {
    let context = if part.height < LARGE {
        CONTEXT
    } else {
        LITTLE_CONTEXT
    };
    let beside = context << (2 * round);
    Rect {
        x: part.x - beside,
        width: part.width + 2 * beside,
        ..part.grown(context)
    }
}

/// A line, and where another word of it could appear.
fn beside(line: Rect) -> Rect {
    Rect {
        x: line.x - line.height,
        width: line.width + 2 * line.height,
        ..line
    }
}

/// Returns `part` with all lines that it touches, and those that these touch.
fn with_lines(part: Rect, lines: &[TextLine]) -> Rect {
    let mut all = part;
    loop {
        let touched = lines.iter().map(|line| line.rect);
        let larger = touched
            .filter(|rect| rect.intersects(all))
            .fold(all, Rect::union);
        if larger == all {
            return all;
        }
        all = larger;
    }
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

    #[test]
    fn a_part_takes_in_the_lines_that_it_touches_and_those_that_they_touch() {
        let lines = [line("a", 0, 0), line("b", 35, 5), line("c", 200, 0)];
        let part = Rect {
            x: 8,
            y: 8,
            width: 8,
            height: 8,
        };
        let all = with_lines(part, &lines);
        assert_eq!((all.x, all.y, all.width, all.height), (0, 0, 75, 16));
    }
}
