//! Asks the detector how likely each pixel of a tile is text.

use super::{
    blobs::TEXT,
    network::{Network, NetworkError},
    raster,
    tiles::{HEIGHT, Likely, SEAM, WIDTH},
};

/// The width of what the detector is shown, in pixels.
const SHOWN: usize = WIDTH + 2 * SEAM as usize;

/// Returns how likely the pixels of a tile are text. `shown` are those and the ones of its seam.
pub(super) fn likely(detector: &Network, shown: &[[u8; 3]]) -> Result<Likely, NetworkError> {
    let planes = raster::planes(shown, SHOWN);
    let (values, width) = detector.run(&planes)?;
    if width != SHOWN || values.len() != shown.len() {
        return Err(NetworkError::Run("it is no detector of text".into()));
    }
    let rows = values.chunks_exact(SHOWN).skip(SEAM as usize).take(HEIGHT);
    let own = rows.flat_map(|row| &row[SEAM as usize..][..WIDTH]);
    let likely: Vec<u8> = own.map(|value| (value * 255.0).round() as u8).collect();
    let has_text = likely.iter().any(|value| *value >= TEXT);
    Ok(has_text.then(|| likely.into()))
}
