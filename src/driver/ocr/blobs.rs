//! From how likely each pixel is text to the boxes of lines.

use super::pieces::{Piece, pieces};
use crate::model::Rect;

/// From this on a pixel counts as text, of 255.
pub(super) const TEXT: u8 = 77;

/// A box whose pixels are less likely text than this, on average, is none, of 255.
const BOX: f32 = 127.5;

/// The detector marks the middle of lines. A box is larger by this much of its area to its edge.
const UNCLIP: f32 = 1.6;

/// The shortest side of a box, in pixels, before it is enlarged.
const SHORTEST: i32 = 3;

/// Returns what hangs together, from the top. `likely` has `width` values a row, of 255.
pub(super) fn blobs(likely: &[u8], width: usize) -> Vec<Piece> {
    let rows: Vec<&[u8]> = likely.chunks_exact(width).collect();
    let has_text = |row: &[u8]| row.iter().any(|value| *value >= TEXT);
    let mut is_marked = vec![false; width];
    let runs = (0..rows.len()).map(|y| {
        // Each marked pixel marks those to its right and below as well, so that hair lines do not
        // part what belongs together.
        is_marked.fill(false);
        for row in &rows[y.saturating_sub(1)..=y] {
            if !has_text(row) {
                continue;
            }
            for x in (0..width).filter(|x| row[*x] >= TEXT) {
                is_marked[x] = true;
                if let Some(right) = is_marked.get_mut(x + 1) {
                    *right = true;
                }
            }
        }
        is_marked.clone()
    });
    pieces(runs)
}

/// Returns the box of a line around the middle of it, which is `blob`, unless it is too small or too
/// unlikely.
pub(super) fn line_box(likely: &[u8], width: usize, blob: &Piece) -> Option<Rect> {
    let hull = blob.hull;
    if hull.width.min(hull.height) < SHORTEST || mean(likely, width, blob) < BOX {
        return None;
    }
    let area = (hull.width * hull.height) as f32;
    let by = (area * UNCLIP / (2 * (hull.width + hull.height)) as f32).round() as i32;
    Some(hull.grown(by))
}

/// Returns how likely text is in a blob, and between its upper and its lower edge: lines are filled,
/// frames are not. A line may be marked thicker in one tile than in the next.
fn mean(likely: &[u8], width: usize, blob: &Piece) -> f32 {
    let mut edges = vec![(usize::MAX, 0); blob.hull.width as usize];
    for run in &blob.runs {
        let left = blob.hull.x as usize;
        for (top, bottom) in &mut edges[run.start - left..run.end - left] {
            *top = run.y.min(*top);
            *bottom = run.y.max(*bottom);
        }
    }
    let (mut sum, mut count) = (0_u64, 0_u64);
    for (x, (top, bottom)) in (blob.hull.x as usize..).zip(edges) {
        for y in top..=bottom {
            sum += u64::from(likely[y * width + x]);
            count += 1;
        }
    }
    sum as f32 / count.max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws with `#` for pixels that are surely text and `.` for those that surely are not.
    fn boxes_of(picture: &str) -> Vec<Rect> {
        let rows: Vec<&str> = picture.split_whitespace().collect();
        let value = |c| if c == '#' { 255 } else { 0 };
        let values: Vec<u8> = rows.concat().chars().map(value).collect();
        let width = rows[0].len();
        let found = blobs(&values, width);
        let boxes = found
            .iter()
            .filter_map(|blob| line_box(&values, width, blob));
        boxes.collect()
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
    fn a_line_may_be_thicker_at_one_end() {
        let line = ".............................#########
                    .............................#########
                    .............................#########
                    ######################################
                    ######################################
                    .............................#########
                    .............................#########
                    .............................#########";
        assert_eq!(boxes_of(line).len(), 1);
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
