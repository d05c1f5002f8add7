//! Finds where lines of text are.

use super::{
    blobs,
    network::{Network, NetworkError},
    raster,
};
use crate::model::{Frame, Rect};

/// Sides have to be a multiple of this.
const SIDE: i32 = 32;

/// Returns the boxes of lines in `area`, and of some around it.
pub(super) fn boxes(
    detector: &Network,
    frame: &Frame,
    area: Rect,
) -> Result<Vec<Rect>, NetworkError> {
    let area = fitted(frame, area);
    let planes = raster::copied(frame, area);
    let (likely, width) = detector.run(&planes)?;
    if width != planes.width || likely.len() != planes.width * planes.height {
        return Err(NetworkError::Run("it is no detector of text".into()));
    }
    let boxes = blobs::boxes(&likely, width);
    let moved = boxes.into_iter().map(|found| Rect {
        x: found.x + area.x,
        y: found.y + area.y,
        ..found
    });
    Ok(moved.collect())
}

/// Returns `area` with sides that the model takes, within the frame as far as that is possible.
fn fitted(frame: &Frame, area: Rect) -> Rect {
    let fit = |from: i32, length: i32, whole: i32| {
        let wanted = (length + SIDE - 1) / SIDE * SIDE;
        let centred = from - (wanted - length) / 2;
        (centred.min(whole - wanted).max(0), wanted)
    };
    let (x, width) = fit(area.x, area.width, frame.width as i32);
    let (y, height) = fit(area.y, area.height, frame.height as i32);
    Rect {
        x,
        y,
        width,
        height,
    }
}
