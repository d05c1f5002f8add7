//! Guest images that are on this computer.

use crate::model::Image;
use std::{fmt::Debug, io, path::PathBuf};

/// Knows the guest images of this computer.
pub trait Images: Debug + Send + Sync {
    /// Returns the image called `name`; `None` when there is none. One whose files are not as long
    /// as they were is an error.
    fn find(&self, name: &str) -> Result<Option<Image>, ImageError>;

    /// Returns every image that is sound, by name.
    fn list(&self) -> Result<Vec<Image>, ImageError>;

    /// Keeps an image from being removed for as long as what is returned lives.
    fn hold(&self, image: &Image) -> Result<Box<dyn Held>, ImageError>;
}

/// Something that is kept for as long as this lives.
pub trait Held: Debug + Send + Sync {}

/// Images could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The disk said no.
    #[error("failed to {what} `{path}`")]
    Io {
        /// What was tried: `read`, `write`.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
    /// What says how an image starts cannot be read.
    #[error("`{path}` does not describe an image: {why}")]
    Manifest {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// An image is not what it was when it was made.
    #[error("the image `{name}` in `{path}` is damaged: {why}")]
    Damaged {
        /// Which.
        name: String,
        /// Its folder.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}
