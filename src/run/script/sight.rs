//! Looking for pictures on the screen, and making files of frames: asks `judge`.

use super::{Halt, stage::Stage};
use crate::{
    judge::{self, Anchor, Match},
    model::{Frame, Point},
    scenario::AnchorImage,
};
use std::sync::Arc;

/// What a look at a picture came to.
#[derive(Debug)]
pub(super) enum Seen {
    /// It is there: its middle, and how it was found.
    At(Point, String),
    /// It is not; what was seen instead.
    Nowhere(String),
}

/// Looks for `image` on `frame`.
pub(super) fn find(
    stage: &mut Stage<'_>,
    frame: &Frame,
    image: &AnchorImage,
) -> Result<Seen, Halt> {
    let refused = |err: judge::AnchorError| Halt::blocked(format!("`{}`: {err}", image.path));
    let anchor = anchor(stage, image).map_err(refused)?;
    Ok(
        match judge::find_exact(frame, &anchor, None).map_err(refused)? {
            Match::Found(found) => {
                let rung = match found.others {
                    0 => "exact 1.000".into(),
                    others => format!("exact 1.000, the first of {}", others + 1),
                };
                Seen::At(found.place.center(), rung)
            }
            Match::Missing { near: None } => {
                Seen::Nowhere(format!("`{}` is nowhere on the screen", image.path))
            }
            Match::Missing { near: Some(near) } => Seen::Nowhere(format!(
                "`{}` is nowhere on the screen; at {},{} are {} of its {} pixels",
                image.path, near.place.x, near.place.y, near.equal, near.pixels
            )),
        },
    )
}

/// Returns the anchor of a picture, which is read once.
fn anchor(stage: &mut Stage<'_>, image: &AnchorImage) -> Result<Arc<Anchor>, judge::AnchorError> {
    if let Some(anchor) = stage.anchors.get(&image.path) {
        return Ok(Arc::clone(anchor));
    }
    let anchor = Arc::new(Anchor::from_png(&image.png)?);
    stage
        .anchors
        .insert(image.path.clone(), Arc::clone(&anchor));
    Ok(anchor)
}

/// Whether a frame shows nothing at all.
pub(super) fn is_blank(frame: &Frame) -> bool {
    judge::is_blank(frame)
}

/// Returns a frame as a file.
pub(super) fn png(frame: &Frame) -> Vec<u8> {
    judge::png(frame)
}
