//! From how likely each pixel is text to the boxes of lines.

use crate::model::Rect;

/// From this on a pixel counts as text.
const TEXT: f32 = 0.3;

/// A box whose pixels are less likely text than this, on average, is none.
const BOX: f32 = 0.5;

/// The detector marks the middle of lines. A box is larger by this much of its area to its edge.
const UNCLIP: f32 = 1.6;

/// The shortest side of a box, in pixels, before it is enlarged.
const SHORTEST: usize = 3;

/// Returns the boxes of what hangs together, from the top. `likely` has `width` values a row.
pub(super) fn boxes(likely: &[f32], width: usize) -> Vec<Rect> {
    let mut blobs = Blobs::default();
    let mut above: Vec<Run> = Vec::new();
    let rows: Vec<&[f32]> = likely.chunks_exact(width).collect();
    for (y, row) in rows.iter().enumerate() {
        // Each marked pixel marks those to its right and below as well, so that hair lines do not
        // part what belongs together.
        let before = y.checked_sub(1).map(|y| rows[y]);
        let marked = |x: usize| {
            let in_row = |row: &[f32]| row[x] > TEXT || (x > 0 && row[x - 1] > TEXT);
            in_row(row) || before.is_some_and(in_row)
        };
        let mut runs = Vec::new();
        let mut x = 0;
        while x < width {
            if !marked(x) {
                x += 1;
                continue;
            }
            let start = x;
            while x < width && marked(x) {
                x += 1;
            }
            let touching = above
                .iter()
                .filter(|run| run.start <= x && start <= run.end);
            let blob = blobs.add(touching.map(|run| run.blob).collect(), [start, y, x, y + 1]);
            runs.push(Run {
                start,
                end: x,
                blob,
            });
        }
        above = runs;
    }
    let found = blobs.edges.iter().flatten();
    found
        .filter_map(|edges| enlarged(likely, width, *edges))
        .collect()
}

/// Marked pixels of one row, `end` being the first after them.
struct Run {
    start: usize,
    end: usize,
    blob: usize,
}

/// What hangs together so far: left, top, right and bottom edge of each.
#[derive(Default)]
struct Blobs {
    edges: Vec<Option<[usize; 4]>>,
    /// For each, the one that it became part of, or itself.
    within: Vec<usize>,
}

impl Blobs {
    /// Adds a run that hangs together with all of `touching`, and returns what they have become.
    fn add(&mut self, touching: Vec<usize>, edges: [usize; 4]) -> usize {
        let roots: Vec<usize> = touching.into_iter().map(|blob| self.root(blob)).collect();
        let Some(&first) = roots.iter().min() else {
            self.edges.push(Some(edges));
            self.within.push(self.within.len());
            return self.within.len() - 1;
        };
        let mut merged = edges;
        for root in roots {
            if let Some(other) = self.edges[root].take() {
                merged = joined(merged, other);
            }
            self.within[root] = first;
        }
        self.edges[first] = Some(merged);
        first
    }

    fn root(&self, mut blob: usize) -> usize {
        while self.within[blob] != blob {
            blob = self.within[blob];
        }
        blob
    }
}

fn joined(one: [usize; 4], other: [usize; 4]) -> [usize; 4] {
    [
        one[0].min(other[0]),
        one[1].min(other[1]),
        one[2].max(other[2]),
        one[3].max(other[3]),
    ]
}

/// Returns the box of a line around the middle of it, unless it is too small or too unlikely.
fn enlarged(likely: &[f32], width: usize, [x0, y0, x1, y1]: [usize; 4]) -> Option<Rect> {
    let (across, down) = (x1 - x0, y1 - y0);
    let rows = (y0..y1).map(|y| &likely[y * width + x0..y * width + x1]);
    let sum: f32 = rows.flatten().sum();
    let area = (across * down) as f32;
    if across.min(down) < SHORTEST || sum / area < BOX {
        return None;
    }
    let by = (area * UNCLIP / (2 * (across + down)) as f32).round() as i32;
    let middle = Rect {
        x: x0 as i32,
        y: y0 as i32,
        width: across as i32,
        height: down as i32,
    };
    Some(middle.grown(by))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws with `#` for pixels that are surely text and `.` for those that surely are not.
    fn boxes_of(picture: &str) -> Vec<Rect> {
        let rows: Vec<&str> = picture.split_whitespace().collect();
        let values = rows
            .concat()
            .chars()
            .map(|c| f32::from(u8::from(c == '#')))
            .collect::<Vec<_>>();
        boxes(&values, rows[0].len())
    }

    #[test]
    fn each_thing_that_hangs_together_is_one_box() {
        let found = boxes_of(
            "....................
             .######.....######..
             .######.....######..
             .######.....######..
             ....................
             ....................",
        );
        // Marked one further to the right and below, and enlarged by 7x4 x 1.6 / 22.
        let at = |x| {
            Rect {
                x,
                y: 1,
                width: 7,
                height: 4,
            }
            .grown(2)
        };
        assert_eq!(found, [at(1), at(12)]);
    }

    #[test]
    fn arms_that_meet_further_down_are_one() {
        let found = boxes_of(
            "##....##
             ##....##
             ##....##
             ########
             ########
             ########
             ########",
        );
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn specks_and_frames_are_no_lines() {
        assert_eq!(boxes_of("...... .#.... ...... ......"), []);
        let frame = boxes_of(
            "############
             #..........#
             #..........#
             #..........#
             #..........#
             #..........#
             #..........#
             ############",
        );
        assert_eq!(frame, []);
    }
}
