//! Pictures that are kept: cut out of frames, read from PNG files and written to them. The crate
//! `image` stays in this file.

use crate::model::{Frame, Rect};
use image::{
    ColorType, ImageEncoder, ImageFormat,
    codecs::png::{CompressionType, FilterType, PngEncoder},
};
use std::sync::Arc;

/// A picture; what is not opaque in it stands for any colour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    width: u32,
    height: u32,
    rgba: Vec<u8>,
}

/// A picture cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// A file is not a PNG picture.
    #[error("it is no PNG picture: {0}")]
    Unreadable(String),
    /// The part that was asked for is not on the screen.
    #[error("{what} lies outside the screen of {}x{}", size.0, size.1)]
    Outside {
        /// The part.
        what: Rect,
        /// The screen's size.
        size: (u32, u32),
    },
}

impl Picture {
    /// Reads a PNG file.
    pub fn from_png(bytes: &[u8]) -> Result<Self, PictureError> {
        let read = image::load_from_memory_with_format(bytes, ImageFormat::Png);
        let picture = read.map_err(|err| PictureError::Unreadable(err.to_string()))?;
        let picture = picture.into_rgba8();
        Ok(Self {
            width: picture.width(),
            height: picture.height(),
            rgba: picture.into_raw(),
        })
    }

    /// Cuts `area` out of a frame.
    pub fn crop(frame: &Frame, area: Rect) -> Result<Self, PictureError> {
        let is_inside = area.x >= 0
            && area.y >= 0
            && area.width >= 0
            && area.height >= 0
            && i64::from(area.x) + i64::from(area.width) <= i64::from(frame.width)
            && i64::from(area.y) + i64::from(area.height) <= i64::from(frame.height);
        if !is_inside {
            return Err(PictureError::Outside {
                what: area,
                size: (frame.width, frame.height),
            });
        }
        let length = area.width as usize * 4;
        let rows = area.y as usize..(area.y + area.height) as usize;
        let starts = rows.map(|y| (y * frame.width as usize + area.x as usize) * 4);
        let rgba = starts.flat_map(|at| &frame.rgba[at..at + length]);
        Ok(Self {
            width: area.width as u32,
            height: area.height as u32,
            rgba: rgba.copied().collect(),
        })
    }

    /// Makes one of as many pixels as the size says.
    pub(super) fn of_pixels(width: u32, height: u32, rgba: Vec<u8>) -> Self {
        debug_assert_eq!(rgba.len(), width as usize * height as usize * 4);
        Self {
            width,
            height,
            rgba,
        }
    }

    /// Returns it as a PNG file.
    pub fn png(&self) -> Vec<u8> {
        encode(self.width, self.height, &self.rgba)
    }

    /// Returns its width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Returns its height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Returns its pixels: red, green, blue, opacity; row by row from the top.
    pub fn rgba(&self) -> &[u8] {
        &self.rgba
    }
}

/// Returns the part of `rect` and `margin` around it that is on the frame; `None` when that is
/// nothing.
pub fn clipped(rect: Rect, margin: i32, frame: &Frame) -> Option<Rect> {
    let (x, y) = ((rect.x - margin).max(0), (rect.y - margin).max(0));
    let right = (rect.x + rect.width + margin).min(frame.width as i32);
    let bottom = (rect.y + rect.height + margin).min(frame.height as i32);
    (right > x && bottom > y).then_some(Rect {
        x,
        y,
        width: right - x,
        height: bottom - y,
    })
}

/// Returns the part of a frame that is in `area`, as a frame of its own; `None` when nothing is.
pub fn cut(frame: &Frame, area: Rect) -> Option<Frame> {
    let picture = Picture::crop(frame, clipped(area, 0, frame)?).ok()?;
    Some(Frame {
        width: picture.width,
        height: picture.height,
        rgba: Arc::new(picture.rgba),
        damage: Vec::new(),
        ..*frame
    })
}

/// Returns a frame as a PNG file, in about a millisecond for 1024x768.
pub fn png(frame: &Frame) -> Vec<u8> {
    encode(frame.width, frame.height, &frame.rgba)
}

fn encode(width: u32, height: u32, rgba: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Text and widgets repeat from row to row; choosing a filter for each row costs more than it
    // saves.
    let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Up);
    let written = encoder.write_image(rgba, width, height, ColorType::Rgba8.into());
    written.expect("a picture has as many pixels as its size says, and memory takes them");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::exact::tests::frame;

    #[test]
    fn a_picture_survives_its_file() {
        let frame = frame(3, 2, |x, y| [x as u8, y as u8, 9, 255]);
        let read = Picture::from_png(&png(&frame)).unwrap();
        assert_eq!((read.width(), read.height()), (3, 2));
        assert_eq!(read.rgba(), frame.rgba.as_slice());
        assert_eq!(Picture::from_png(&read.png()), Ok(read));
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let whole = png(&frame(3, 2, |_, _| [1, 2, 3, 255]));
        for bytes in [b"not a picture".as_slice(), &[], &whole[..whole.len() / 2]] {
            let read = Picture::from_png(bytes);
            assert!(matches!(read, Err(PictureError::Unreadable(_))), "{read:?}");
        }
    }

    #[test]
    fn a_part_outside_the_screen_is_refused() {
        let frame = frame(4, 4, |x, _| [x as u8, 0, 0, 255]);
        let area = |x, y, width, height| Rect {
            x,
            y,
            width,
            height,
        };
        let inside = Picture::crop(&frame, area(2, 1, 2, 3)).unwrap();
        assert_eq!(inside.rgba()[..8], [2, 0, 0, 255, 3, 0, 0, 255]);
        for outside in [
            area(-1, 0, 2, 2),
            area(3, 0, 2, 1),
            area(0, 1, 1, 4),
            area(0, 0, -1, 1),
        ] {
            let cut = Picture::crop(&frame, outside);
            assert!(
                matches!(cut, Err(PictureError::Outside { .. })),
                "{outside}"
            );
        }
    }
}
