//! Looking for what is like an anchor: against the slowest possible way, and on painted screens
//! where only a close look tells right from wrong.

pub(crate) mod painted;
mod reference;
mod scenes;

use mosdat::{
    judge::{Anchor, Bounds, Likeness, Picture, Prepared, find_like},
    model::{Frame, Rect},
};

pub(crate) fn rect(x: i32, y: i32, width: i32, height: i32) -> Rect {
    Rect {
        x,
        y,
        width,
        height,
    }
}

fn cut(frame: &Frame, area: Rect) -> Anchor {
    Anchor::new(Picture::crop(frame, area).unwrap()).unwrap()
}

/// Looks everywhere with the usual bounds.
fn find(frame: &Frame, anchor: &Anchor) -> Likeness {
    let mut prepared = Prepared::default();
    find_like(frame, anchor, None, &Bounds::default(), &mut prepared).unwrap()
}
