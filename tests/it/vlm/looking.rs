//! How the model to test against looks at a picture, and the pictures that it is shown.

use super::server::Colour;
use mosdat::{
    judge::Picture,
    model::{Frame, FrameCause, FrameSeq, Rect, Timestamp},
};
use std::sync::Arc;

/// A picture that was sent.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) width: u32,
    pub(crate) height: u32,
    rgba: Vec<u8>,
}

/// How far a channel may be off: resizing blends.
const NEAR: u8 = 40;

/// Unpacks a picture.
pub(crate) fn see(png: &[u8]) -> Result<Seen, String> {
    let picture = Picture::from_png(png).map_err(|err| err.to_string())?;
    Ok(Seen {
        width: picture.width(),
        height: picture.height(),
        rgba: picture.rgba().to_vec(),
    })
}

impl Seen {
    /// Returns the edges of everything of that colour, in parts of both sides.
    pub(crate) fn find(&self, colour: Colour) -> Option<[f64; 4]> {
        let mut edges: Option<[u32; 4]> = None;
        // By hand: a screen has two million pixels, and tests are not optimized.
        for (at, pixel) in self.rgba.chunks_exact(4).enumerate() {
            if pixel[0].abs_diff(colour[0]) > NEAR
                || pixel[1].abs_diff(colour[1]) > NEAR
                || pixel[2].abs_diff(colour[2]) > NEAR
            {
                continue;
            }
            let (x, y) = (at as u32 % self.width, at as u32 / self.width);
            let [left, top, right, bottom] = edges.unwrap_or([x, y, x, y]);
            edges = Some([left.min(x), top.min(y), right.max(x), bottom.max(y)]);
        }
        let [left, top, right, bottom] = edges?;
        let (wide, high) = (f64::from(self.width), f64::from(self.height));
        Some([
            f64::from(left) / wide,
            f64::from(top) / high,
            f64::from(right + 1) / wide,
            f64::from(bottom + 1) / high,
        ])
    }
}

/// A light desktop with rectangles on it.
pub(crate) fn desktop(width: u32, height: u32, things: &[(Colour, Rect)]) -> Frame {
    let mut rgba = [230, 232, 235, 255].repeat((width * height) as usize);
    for (colour, rect) in things {
        for y in rect.y..rect.y + rect.height {
            for x in rect.x..rect.x + rect.width {
                let at = (y as usize * width as usize + x as usize) * 4;
                rgba[at..at + 3].copy_from_slice(colour);
            }
        }
    }
    Frame {
        seq: FrameSeq(1),
        at: Timestamp(0),
        cause: FrameCause::Connected,
        width,
        height,
        rgba: Arc::new(rgba),
        damage: Vec::new(),
    }
}

pub(crate) fn rect(x: i32, y: i32, width: i32, height: i32) -> Rect {
    Rect {
        x,
        y,
        width,
        height,
    }
}
