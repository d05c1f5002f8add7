//! What hangs together among marked pixels, corner by corner.

use crate::model::Rect;

/// Marked pixels that hang together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// The smallest rectangle that holds them.
    pub(super) hull: Rect,
    /// All of them, row by row.
    pub(super) runs: Vec<Run>,
}

/// Marked pixels side by side, `end` being the first after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) y: usize,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Piece {
    /// Whether any pixel of it lies in `area`.
    pub(super) fn touches(&self, area: Rect) -> bool {
        self.hull.intersects(area) && self.runs.iter().any(|run| run.hull().intersects(area))
    }
}

impl Run {
    fn hull(self) -> Rect {
        Rect {
            x: self.start as i32,
            y: self.y as i32,
            width: (self.end - self.start) as i32,
            height: 1,
        }
    }
}

/// Returns the pieces of a picture that is told row by row, in the order of their first pixels.
pub(super) fn pieces(rows: impl Iterator<Item = Vec<bool>>) -> Vec<Piece> {
    let mut found = Found::default();
    let mut above: Vec<(Run, usize)> = Vec::new();
    for (y, row) in rows.enumerate() {
        let runs = runs(y, &row);
        let mut next = Vec::with_capacity(runs.len());
        for run in runs {
            let is_touching = |other: &Run| other.start <= run.end && run.start <= other.end;
            let touching = above.iter().filter(|(other, _)| is_touching(other));
            let touching = touching.map(|(_, piece)| *piece).collect();
            next.push((run, found.add(touching, run)));
        }
        above = next;
    }
    found.pieces.into_iter().flatten().collect()
}

/// Returns the marked pixels of a row.
fn runs(y: usize, row: &[bool]) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut start = 0;
    for same in row.chunk_by(|one, other| one == other) {
        let end = start + same.len();
        if same[0] {
            runs.push(Run { y, start, end });
        }
        start = end;
    }
    runs
}

/// What hangs together so far.
#[derive(Default)]
struct Found {
    pieces: Vec<Option<Piece>>,
    /// For each, the one that it became part of, or itself.
    within: Vec<usize>,
}

impl Found {
    /// Adds a run that hangs together with all of `touching`, and returns what they have become.
    fn add(&mut self, touching: Vec<usize>, run: Run) -> usize {
        let mut roots: Vec<usize> = touching.into_iter().map(|at| self.root(at)).collect();
        roots.sort_unstable();
        roots.dedup();
        let Some((&first, others)) = roots.split_first() else {
            let runs = vec![run];
            let hull = run.hull();
            self.pieces.push(Some(Piece { hull, runs }));
            self.within.push(self.within.len());
            return self.within.len() - 1;
        };
        for other in others {
            self.within[*other] = first;
            if let Some(other) = self.pieces[*other].take() {
                self.join(first, other.hull, other.runs);
            }
        }
        self.join(first, run.hull(), vec![run]);
        first
    }

    fn join(&mut self, at: usize, hull: Rect, runs: Vec<Run>) {
        if let Some(piece) = &mut self.pieces[at] {
            piece.hull = piece.hull.union(hull);
            piece.runs.extend(runs);
        }
    }

    fn root(&self, mut at: usize) -> usize {
        while self.within[at] != at {
            at = self.within[at];
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces_of(picture: &str) -> Vec<Piece> {
        let row = |row: &str| row.chars().map(|c| c == '#').collect();
        pieces(picture.split_whitespace().map(row))
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
    fn arms_that_meet_anywhere_are_one_piece() {
        let found = pieces_of(
            "#..#...
             #.#...#
             .#....#",
        );
        let hulls: Vec<Rect> = found.iter().map(|piece| piece.hull).collect();
        assert_eq!(hulls, [rect(0, 0, 4, 3), rect(6, 1, 1, 2)]);
        assert_eq!(found[0].runs.len(), 5);
    }

    #[test]
    fn what_is_hollow_does_not_touch_its_middle() {
        let frame = &pieces_of("#### #..# #..# ####")[0];
        assert!(!frame.touches(rect(1, 1, 2, 2)));
        assert!(frame.touches(rect(2, 2, 2, 1)));
    }
}
