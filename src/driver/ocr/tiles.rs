//! The tiles of one screen: which of them the detector has looked at since they changed.
//!
//! What a detector says of a pixel depends a little on all that it is shown. So it is never shown
//! more or less: a screen is cut into tiles, always at the same places, and of each it is shown that
//! tile and a seam around it. How likely a pixel is text then depends on the pixels of one tile and
//! its seam, and on nothing that was read before.

use super::engine::whole;
use crate::model::{Frame, Rect};
use std::sync::Arc;

/// The width of a tile, in pixels.
pub(super) const WIDTH: usize = 240;

/// Its height.
pub(super) const HEIGHT: usize = 112;

/// What the detector is shown around a tile, in pixels. With it, the sides are a multiple of 32, as
/// the detector takes them. These sizes are a compromise: smaller tiles are read worse, larger ones
/// make small changes dear.
pub(super) const SEAM: i32 = 8;

/// How likely each pixel of a tile is text, of 255, row by row; `None` where none is.
pub(super) type Likely = Option<Arc<[u8]>>;

/// The tiles of one screen.
pub(super) struct Tiles {
    columns: usize,
    known: Vec<Option<Likely>>,
}

impl Tiles {
    /// Nothing of a screen has been looked at.
    pub(super) fn unknown(frame: &Frame) -> Self {
        let columns = (frame.width as usize).div_ceil(WIDTH);
        let rows = (frame.height as usize).div_ceil(HEIGHT);
        Self {
            columns,
            known: vec![None; columns * rows],
        }
    }

    /// Forgets the tiles that two frames of the same size differ in, or in the seam of which they do.
    pub(super) fn forget_changed(&mut self, before: &Frame, after: &Frame) {
        for at in 0..self.known.len() {
            let shown = self.area(at).grown(SEAM).intersection(whole(after));
            if self.known[at].is_some() && !is_same(before, after, shown) {
                self.known[at] = None;
            }
        }
    }

    /// Returns the tiles that `area` touches and that have not been looked at.
    pub(super) fn unknown_in(&self, area: Rect) -> Vec<usize> {
        let tiles = 0..self.known.len();
        let is_wanted = |at: &usize| self.known[*at].is_none() && self.area(*at).intersects(area);
        tiles.filter(is_wanted).collect()
    }

    /// Returns where a tile is. It may reach out of the screen.
    pub(super) fn area(&self, at: usize) -> Rect {
        Rect {
            x: (at % self.columns * WIDTH) as i32,
            y: (at / self.columns * HEIGHT) as i32,
            width: WIDTH as i32,
            height: HEIGHT as i32,
        }
    }

    /// Takes note of what the detector said of a tile.
    pub(super) fn know(&mut self, at: usize, likely: Likely) {
        self.known[at] = Some(likely);
    }

    /// Returns how likely each pixel of the screen is text, of 255, as far as that is known.
    pub(super) fn likely(&self, frame: &Frame) -> Vec<u8> {
        let (width, height) = (frame.width as usize, frame.height as usize);
        let mut all = vec![0; width * height];
        for (at, known) in self.known.iter().enumerate() {
            let Some(Some(values)) = known else {
                continue;
            };
            let (left, top) = (at % self.columns * WIDTH, at / self.columns * HEIGHT);
            let across = WIDTH.min(width - left);
            for (y, row) in values.chunks_exact(WIDTH).enumerate().take(height - top) {
                let start = (top + y) * width + left;
                all[start..start + across].copy_from_slice(&row[..across]);
            }
        }
        all
    }
}

/// Whether two frames of the same size show the same in `area`, which is within them.
fn is_same(one: &Frame, other: &Frame, area: Rect) -> bool {
    let width = one.width as usize;
    (area.y..area.y + area.height).all(|y| {
        let start = (y as usize * width + area.x as usize) * 4;
        let row = start..start + area.width as usize * 4;
        one.rgba[row.clone()] == other.rgba[row]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FrameCause, FrameSeq, Timestamp};

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

    fn painted(frame: &Frame, x: usize, y: usize) -> Frame {
        let mut other = frame.clone();
        let at = (y * frame.width as usize + x) * 4;
        Arc::make_mut(&mut other.rgba)[at] = 1;
        other
    }

    fn known(frame: &Frame) -> Tiles {
        let mut tiles = Tiles::unknown(frame);
        for at in 0..tiles.known.len() {
            tiles.know(at, None);
        }
        tiles
    }

    #[test]
    fn a_tile_is_forgotten_when_its_own_pixels_or_those_of_its_seam_change() {
        let before = frame(3 * WIDTH as u32, 2 * HEIGHT as u32);
        let seam = SEAM as usize;
        for (x, y, forgotten) in [
            (0, 0, vec![0]),
            (WIDTH - seam - 1, 0, vec![0]),
            (WIDTH - seam, 0, vec![0, 1]),
            (WIDTH + seam - 1, 0, vec![0, 1]),
            (WIDTH + seam, 0, vec![1]),
            (WIDTH, HEIGHT, vec![0, 1, 3, 4]),
            (3 * WIDTH - 1, 2 * HEIGHT - 1, vec![5]),
        ] {
            let mut tiles = known(&before);
            tiles.forget_changed(&before, &painted(&before, x, y));
            assert_eq!(tiles.unknown_in(whole(&before)), forgotten, "{x},{y}");
        }
    }

    #[test]
    fn tiles_that_reach_out_of_the_screen_are_cut_off() {
        let screen = frame(WIDTH as u32 + 3, HEIGHT as u32 + 2);
        let mut tiles = Tiles::unknown(&screen);
        assert_eq!(tiles.unknown_in(whole(&screen)), [0, 1, 2, 3]);
        tiles.know(3, Some(vec![9; WIDTH * HEIGHT].into()));
        let likely = tiles.likely(&screen);
        assert_eq!(
            likely
                .iter()
                .map(|value| usize::from(*value))
                .sum::<usize>(),
            6 * 9
        );
        assert_eq!(likely.last(), Some(&9));
        assert_eq!(tiles.unknown_in(whole(&screen)), [0, 1, 2]);
    }
}
