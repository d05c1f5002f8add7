//! Blobs by their digest: packages, manifests of sources.

use crate::model::ContentHash;
use std::{
    fmt::Debug,
    io,
    path::{Path, PathBuf},
};

/// Keeps blobs by digest. Putting the same bytes twice keeps them once.
pub trait Blobs: Debug + Send + Sync {
    /// Keeps `bytes` and returns their digest.
    fn put(&self, bytes: &[u8]) -> Result<ContentHash, CacheError>;

    /// Keeps the content of the file at `path` and returns its digest.
    fn put_file(&self, path: &Path) -> Result<ContentHash, CacheError>;

    /// Returns where the blob can be read as a file, after checking that its content is what its
    /// digest says; `None` when it is not kept. The file is called as it was when an action was
    /// last remembered that it came of.
    fn path(&self, digest: ContentHash) -> Result<Option<PathBuf>, CacheError>;

    /// Returns what was kept under an action's `key`: which blob came of it, and its file name.
    fn recall(&self, key: ContentHash) -> Result<Option<(ContentHash, String)>, CacheError>;

    /// Remembers what came of an action, so that it is not done again.
    fn remember(
        &self,
        key: ContentHash,
        blob: ContentHash,
        file_name: &str,
    ) -> Result<(), CacheError>;

    /// Removes every blob and action that is older than `days` and not in `needed`; returns how
    /// many blobs and bytes went.
    fn sweep(&self, needed: &[ContentHash], days: u64) -> Result<(usize, u64), CacheError>;
}

/// A blob could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
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
    /// A kept blob is not what its name says any more; it was set aside.
    #[error("the blob {digest} was damaged on disk; it was removed")]
    Damaged {
        /// Which.
        digest: ContentHash,
    },
}
