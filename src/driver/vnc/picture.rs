//! Pixels, and the changes that updates make to them. It does not know when a picture is shown.

use crate::model::Rect;
use std::sync::Arc;

/// One change that an update brings.
#[derive(Debug)]
pub(super) enum Change {
    /// The screen has this size from now on, and nothing is known of its picture.
    Size(u32, u32),
    /// Pixels, four bytes each.
    Pixels(Rect, Vec<u8>),
    /// Pixels from another place of the screen.
    Copy {
        /// Where to.
        to: Rect,
        /// Top left corner of where from.
        from: (i32, i32),
    },
}

/// A change does not fit on the screen.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} does not lie on the screen of {1}x{2}")]
pub(super) struct Misfit(Rect, u32, u32);

/// A picture of a known size.
#[derive(Debug)]
pub(super) struct Picture {
    /// In pixels.
    pub(super) width: u32,
    /// In pixels.
    pub(super) height: u32,
    /// Four bytes a pixel, shared with the frames that were given out.
    pub(super) rgba: Arc<Vec<u8>>,
}

/// What was drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drawn {
    /// Where.
    pub(super) area: Rect,
    /// Whether the pixels differ from what was there. A server that was asked for pixels again
    /// is not to be taken for one where something happened.
    pub(super) is_new: bool,
}

/// Which pixels of a new picture are known.
#[derive(Debug)]
pub(super) struct Coverage {
    known: Vec<bool>,
    missing: usize,
}

impl Picture {
    /// Makes a picture on which nothing is drawn.
    pub(super) fn black(width: u32, height: u32) -> Self {
        let black = [0, 0, 0, 255].repeat(width as usize * height as usize);
        Self {
            width,
            height,
            rgba: Arc::new(black),
        }
    }

    /// Returns its width and height.
    pub(super) fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// Returns all of it.
    pub(super) fn whole(&self) -> Rect {
        whole(self.width, self.height)
    }

    /// Returns what is wrong with a change that does not fit.
    pub(super) fn misfit(&self, change: &Change) -> Misfit {
        let area = match change {
            Change::Size(width, height) => whole(*width, *height),
            Change::Pixels(area, _) | Change::Copy { to: area, .. } => *area,
        };
        Misfit(area, self.width, self.height)
    }

    /// Applies a change. The picture is copied only when it changes while someone holds a frame.
    pub(super) fn apply(&mut self, change: Change) -> Result<Drawn, Misfit> {
        let misfit = self.misfit(&change);
        match change {
            Change::Pixels(area, pixels) => {
                let length = area.width as usize * area.height as usize * 4;
                if !self.holds(area) || pixels.len() != length {
                    return Err(misfit);
                }
                Ok(self.draw(area, pixels))
            }
            Change::Copy { to, from } => {
                let source = Rect {
                    x: from.0,
                    y: from.1,
                    ..to
                };
                if !self.holds(to) || !self.holds(source) {
                    return Err(misfit);
                }
                let pixels = self.read(source);
                Ok(self.draw(to, pixels))
            }
            Change::Size(..) => Err(misfit),
        }
    }

    fn holds(&self, area: Rect) -> bool {
        area.x >= 0
            && area.y >= 0
            && area.width > 0
            && area.height > 0
            && area.x + area.width <= self.width as i32
            && area.y + area.height <= self.height as i32
    }

    fn draw(&mut self, area: Rect, mut pixels: Vec<u8>) -> Drawn {
        // What the fourth byte holds is up to the server.
        for pixel in pixels.as_chunks_mut::<4>().0 {
            pixel[3] = 255;
        }
        let (rows, length) = (self.rows(area), area.width as usize * 4);
        let new = || pixels.chunks_exact(length);
        let is_new = rows
            .clone()
            .zip(new())
            .any(|(at, row)| &self.rgba[at..at + length] != row);
        if is_new && area == self.whole() {
            self.rgba = Arc::new(pixels);
        } else if is_new {
            let rgba = Arc::make_mut(&mut self.rgba);
            for (at, row) in rows.zip(new()) {
                rgba[at..at + length].copy_from_slice(row);
            }
        }
        Drawn { area, is_new }
    }

    fn read(&self, area: Rect) -> Vec<u8> {
        let length = area.width as usize * 4;
        let rows = self.rows(area).flat_map(|at| &self.rgba[at..at + length]);
        rows.copied().collect()
    }

    /// Returns where each row of `area` begins.
    fn rows(&self, area: Rect) -> impl Iterator<Item = usize> + Clone + use<> {
        let width = self.width as usize;
        (area.y as usize..(area.y + area.height) as usize)
            .map(move |y| (y * width + area.x as usize) * 4)
    }
}

impl Coverage {
    /// Starts with nothing known.
    pub(super) fn none(pixels: usize) -> Self {
        Self {
            known: vec![false; pixels],
            missing: pixels,
        }
    }

    /// Whether all is known.
    pub(super) fn is_complete(&self) -> bool {
        self.missing == 0
    }

    /// Takes notice of pixels that were drawn on a picture of `width`.
    pub(super) fn add(&mut self, area: Rect, width: usize) {
        for y in area.y as usize..(area.y + area.height) as usize {
            let start = y * width + area.x as usize;
            let row = &mut self.known[start..start + area.width as usize];
            self.missing -= row.iter().filter(|known| !**known).count();
            row.fill(true);
        }
    }
}

fn whole(width: u32, height: u32) -> Rect {
    Rect {
        x: 0,
        y: 0,
        width: width as i32,
        height: height as i32,
    }
}
