//! Pictures for people who have to decide: what was approved, what was seen, and between them what
//! differs.

use super::{Comparison, Mark};
use crate::{judge::Picture, model::Rect};

/// Between pictures that lie side by side.
const GAP: usize = 8;

/// What is seen to differ.
const VISIBLE: [u8; 4] = [220, 0, 40, 255];

/// What differs and is not seen.
const UNSEEN: [u8; 4] = [240, 180, 0, 255];

/// What is not compared.
const MASKED: [u8; 4] = [120, 140, 220, 255];

impl Comparison {
    /// Returns what was approved, faint, with all that differs in it.
    pub fn picture(&self, approved: &Picture, masks: &[Rect]) -> Picture {
        let width = approved.width() as i32;
        let pixels = approved.rgba().as_chunks::<4>().0.iter().zip(&self.marks);
        let rgba = pixels.enumerate().flat_map(|(at, (pixel, mark))| {
            let (x, y) = (at as i32 % width, at as i32 / width);
            let point = Rect {
                x,
                y,
                width: 1,
                height: 1,
            };
            match mark {
                Mark::Visible => VISIBLE,
                Mark::Changed => UNSEEN,
                Mark::Equal if masks.iter().any(|mask| mask.intersects(point)) => MASKED,
                Mark::Equal => faint(*pixel),
            }
        });
        Picture::of_pixels(approved.width(), approved.height(), rgba.collect())
    }

    /// Returns what was approved, what differs and what was `seen`, from left to right.
    pub fn side_by_side(&self, approved: &Picture, seen: &Picture, masks: &[Rect]) -> Picture {
        let difference = self.picture(approved, masks);
        let (width, height) = (approved.width() as usize, approved.height() as usize);
        let mut rgba = Vec::with_capacity((width * 3 + GAP * 2) * height * 4);
        for y in 0..height {
            for (at, picture) in [approved, &difference, seen].into_iter().enumerate() {
                if at > 0 {
                    rgba.extend([255; 4].repeat(GAP));
                }
                rgba.extend(&picture.rgba()[y * width * 4..(y + 1) * width * 4]);
            }
        }
        Picture::of_pixels((width * 3 + GAP * 2) as u32, height as u32, rgba)
    }
}

fn faint([red, green, blue, _]: [u8; 4]) -> [u8; 4] {
    let grey = (u32::from(red) * 2 + u32::from(green) * 5 + u32::from(blue)) / 8;
    let grey = (192 + grey / 4) as u8;
    [grey, grey, grey, 255]
}
