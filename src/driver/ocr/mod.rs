//! Reading text in pictures: PP-OCR models that run within mosdat, or the program `tesseract` where
//! there are no models.
//!
//! Does not judge what was read: whether a text is the wanted one is `judge`'s to say. Fetches no
//! models either; it says what to run when there are none.
//!
//! ```text
//! frame -> tiles that changed -> remembered? -> detector -> how likely each pixel is text
//!       -> boxes -> ink -> remembered? -> recogniser -> words
//! ```

mod blobs;
mod detect;
mod engine;
mod ink;
mod line;
mod memory;
mod models;
mod network;
mod pieces;
mod raster;
mod reader;
mod recognise;
mod remembered;
mod tesseract;
mod tiles;

pub use engine::Runs;
pub use models::{ModelError, ModelFile, check_models, find_models, model_files};
pub use reader::{TextReaders, TextReadersConfig};
