//! Which parts of a screen have to be looked at again: those that changed, and those never seen.

use crate::model::{Frame, Rect};

/// The sides of a part, in pixels.
const PART: usize = 8;

/// The parts of a screen, each of which was looked at since it changed, or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    columns: usize,
    is_stale: Vec<bool>,
}

impl Parts {
    /// Nothing of a screen has been looked at.
    pub(super) fn unseen(frame: &Frame) -> Self {
        let columns = (frame.width as usize).div_ceil(PART);
        let rows = (frame.height as usize).div_ceil(PART);
        Self {
            columns,
            is_stale: vec![true; columns * rows],
        }
    }

    /// Returns the parts in which two frames of the same size differ.
    pub(super) fn changed(before: &Frame, after: &Frame) -> Self {
        let mut parts = Self::unseen(after);
        parts.is_stale.fill(false);
        let length = after.width as usize * 4;
        let old = before.rgba.chunks_exact(length);
        let rows = old.zip(after.rgba.chunks_exact(length)).enumerate();
        for (y, (old, new)) in rows.filter(|(_, (old, new))| old != new) {
            let pieces = old.chunks(PART * 4).zip(new.chunks(PART * 4));
            for (column, _) in pieces.enumerate().filter(|(_, (old, new))| old != new) {
                parts.is_stale[y / PART * parts.columns + column] = true;
            }
        }
        parts
    }

    /// Marks all that is marked in `other` as well.
    pub(super) fn add(&mut self, other: &Self) {
        for (own, other) in self.is_stale.iter_mut().zip(&other.is_stale) {
            *own |= other;
        }
    }

    /// Marks all of `area`.
    pub(super) fn forget(&mut self, area: Rect) {
        for at in self.of(area) {
            self.is_stale[at] = true;
        }
    }

    /// Whether any of `area` has to be looked at.
    pub(super) fn is_stale(&self, area: Rect) -> bool {
        self.of(area).any(|at| self.is_stale[at])
    }

    /// Takes note that all of `area` was looked at. It must begin and end where parts do, or
    /// where the screen does.
    pub(super) fn seen(&mut self, area: Rect) {
        for at in self.of(area) {
            self.is_stale[at] = false;
        }
    }

    /// Returns the parts of `area` that have to be looked at, as rectangles that hold those that
    /// hang together.
    pub(super) fn stale(&self, area: Rect) -> Vec<Rect> {
        let mut todo: Vec<usize> = self.of(area).filter(|at| self.is_stale[*at]).collect();
        let mut found = Vec::new();
        let mut is_open = vec![false; self.is_stale.len()];
        for at in &todo {
            is_open[*at] = true;
        }
        while let Some(start) = todo.pop() {
            if !std::mem::take(&mut is_open[start]) {
                continue;
            }
            let (mut edge, mut hull) = (vec![start], self.rect(start));
            while let Some(at) = edge.pop() {
                hull = hull.union(self.rect(at));
                for next in self.of(self.rect(at).grown(1)) {
                    if std::mem::take(&mut is_open[next]) {
                        edge.push(next);
                    }
                }
            }
            found.push(hull);
        }
        found
    }

    /// Returns `area` up to the next edges of parts. It may reach out of the screen.
    pub(super) fn aligned(area: Rect) -> Rect {
        let part = PART as i32;
        let down = |at: i32| at.div_euclid(part) * part;
        let up = |at: i32| down(at + part - 1);
        let (x, y) = (down(area.x), down(area.y));
        Rect {
            x,
            y,
            width: up(area.x + area.width) - x,
            height: up(area.y + area.height) - y,
        }
    }

    /// The indices of the parts that `area` touches.
    fn of(&self, area: Rect) -> impl Iterator<Item = usize> + use<> {
        let (columns, rows) = (self.columns, self.is_stale.len() / self.columns.max(1));
        let range = |from: i32, length: i32, most: usize| {
            let first = (from.max(0) as usize / PART).min(most);
            let last = ((from + length).max(0) as usize).div_ceil(PART).min(most);
            first..last
        };
        let across = range(area.x, area.width, columns);
        range(area.y, area.height, rows)
            .flat_map(move |row| across.clone().map(move |column| row * columns + column))
    }

    fn rect(&self, at: usize) -> Rect {
        let side = PART as i32;
        Rect {
            x: (at % self.columns) as i32 * side,
            y: (at / self.columns) as i32 * side,
            width: side,
            height: side,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FrameCause, FrameSeq, Timestamp};
    use std::sync::Arc;

    fn frame(width: u32, height: u32) -> Frame {
        Frame {
            seq: FrameSeq(1),
            at: Timestamp(0),
            cause: FrameCause::Damage,
            width,
            height,
            rgba: Arc::new(vec![0; (width * height * 4) as usize]),
            damage: Vec::new(),
        }
    }

    fn painted(frame: &Frame, x: u32, y: u32) -> Frame {
        let mut other = frame.clone();
        let at = ((y * frame.width + x) * 4) as usize;
        Arc::make_mut(&mut other.rgba)[at] = 1;
        other
    }

    fn rect(x: i32, y: i32, width: i32, height: i32) -> Rect {
        Rect {
            x,
            y,
            width,
            height,
        }
    }

    #[test]
    fn at_first_all_of_it_is_unseen() {
        let parts = Parts::unseen(&frame(20, 9));
        assert_eq!(parts.stale(rect(0, 0, 20, 9)), [rect(0, 0, 24, 16)]);
        assert_eq!(parts.stale(rect(3, 3, 2, 2)), [rect(0, 0, 8, 8)]);
        assert_eq!(parts.stale(rect(-50, -50, 20, 20)), []);
    }

    #[test]
    fn each_changed_place_is_told_by_itself() {
        let before = frame(80, 40);
        let mut parts = Parts::unseen(&before);
        parts.seen(rect(0, 0, 80, 40));
        let whole = rect(0, 0, 80, 40);
        assert_eq!(parts.stale(whole), []);
        let after = painted(&painted(&painted(&before, 0, 0), 9, 8), 79, 39);
        parts.add(&Parts::changed(&before, &after));
        let mut stale = parts.stale(whole);
        stale.sort_unstable();
        // Two that share a corner hang together.
        assert_eq!(stale, [rect(0, 0, 16, 16), rect(72, 32, 8, 8)]);
        parts.seen(rect(0, 0, 16, 16));
        assert_eq!(parts.stale(whole), [rect(72, 32, 8, 8)]);
        assert_eq!(parts.stale(rect(0, 0, 40, 40)), []);
    }

    #[test]
    fn areas_end_where_parts_do() {
        assert_eq!(Parts::aligned(rect(9, 8, 7, 9)), rect(8, 8, 8, 16));
        assert_eq!(Parts::aligned(rect(-1, 0, 2, 8)), rect(-8, 0, 16, 8));
    }
}
