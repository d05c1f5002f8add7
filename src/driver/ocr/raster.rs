//! Cuts parts out of frames, as models take them: planes of blue, green and red, each from -1 to 1.

use crate::model::{Frame, Rect};

/// What models take: three planes, each `height` rows of `width` values.
pub(super) struct Planes {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) values: Vec<f32>,
}

/// Returns red, green and blue of the pixels of `area`. What lies outside of the frame repeats its
/// edge.
pub(super) fn pixels(frame: &Frame, area: Rect) -> Vec<[u8; 3]> {
    let points = (area.y..area.y + area.height)
        .flat_map(|y| (area.x..area.x + area.width).map(move |x| (x, y)));
    points.map(|(x, y)| pixel(frame, x, y)).collect()
}

/// Returns pixels, `width` a row, as they are.
pub(super) fn planes(pixels: &[[u8; 3]], width: usize) -> Planes {
    let plane = |colour: usize| {
        let values = pixels.iter().map(move |pixel| pixel[colour]);
        values.map(|value| f32::from(value) / 127.5 - 1.0)
    };
    Planes {
        width,
        height: pixels.len() / width,
        values: plane(2).chain(plane(1)).chain(plane(0)).collect(),
    }
}

/// Returns `area`, which has at least a pixel, at another size, with its last column repeated up to
/// `padded` columns.
pub(super) fn scaled(frame: &Frame, area: Rect, size: (usize, usize), padded: usize) -> Planes {
    let (width, height) = size;
    let across = Steps::new(area.width as usize, width, padded);
    let down = Steps::new(area.height as usize, height, height);
    let source = planes(&pixels(frame, area), area.width as usize);
    let plane = (area.width * area.height) as usize;
    let mut planes = Vec::with_capacity(3 * padded * height);
    for pixels in source.values.chunks_exact(plane) {
        for &(top, bottom, dy) in &down.0 {
            let row = |y: usize| &pixels[y * area.width as usize..];
            let (top, bottom) = (row(top), row(bottom));
            planes.extend(across.0.iter().map(|&(left, right, dx)| {
                let upper = top[left] + (top[right] - top[left]) * dx;
                let lower = bottom[left] + (bottom[right] - bottom[left]) * dx;
                upper + (lower - upper) * dy
            }));
        }
    }
    Planes {
        width: padded,
        height,
        values: planes,
    }
}

/// For each new pixel of one direction, the two old ones it lies between, and how far from the first.
struct Steps(Vec<(usize, usize, f32)>);

impl Steps {
    fn new(old: usize, new: usize, padded: usize) -> Self {
        let ratio = old as f32 / new as f32;
        let last = old - 1;
        let step = |at: usize| {
            let at = ((at.min(new - 1) as f32 + 0.5) * ratio - 0.5).clamp(0.0, last as f32);
            let first = at as usize;
            (first, (first + 1).min(last), at - first as f32)
        };
        Self((0..padded).map(step).collect())
    }
}

/// Returns red, green and blue of a pixel, or of the nearest one that there is.
pub(super) fn pixel(frame: &Frame, x: i32, y: i32) -> [u8; 3] {
    let x = x.clamp(0, frame.width as i32 - 1) as usize;
    let y = y.clamp(0, frame.height as i32 - 1) as usize;
    let at = (y * frame.width as usize + x) * 4;
    [frame.rgba[at], frame.rgba[at + 1], frame.rgba[at + 2]]
}
