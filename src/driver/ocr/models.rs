//! The files of the models: which they are, where they lie, and that they are what they should be.
//!
//! `models.sha256` says what they are; the script that fetches them reads it as well.

use super::{
    engine::Engine,
    network::{Network, NetworkError},
};
use sha2::{Digest, Sha256};
use std::{
    fmt::Write,
    io,
    path::{Path, PathBuf},
};

/// A file of the models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelFile {
    /// Its name.
    pub name: &'static str,
    /// The SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: &'static str,
}

/// Returns the files of the models: what finds lines, what reads them, and its characters.
pub fn model_files() -> [ModelFile; 3] {
    let mut lines = include_str!("models.sha256").lines();
    [(); 3].map(|()| {
        let line = lines.next().and_then(|line| line.split_once("  "));
        let (sha256, name) = line.expect("each of three lines has a sum, two blanks and a name");
        ModelFile { name, sha256 }
    })
}

/// The models cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A file cannot be read.
    #[error("failed to read `{file}`")]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
    /// A file is another one than it should be.
    #[error("`{file}` is not the model that mosdat knows: its SHA-256 is {found}")]
    Other {
        /// The file.
        file: PathBuf,
        /// What its bytes come to.
        found: String,
    },
    /// The bytes are right and cannot be used all the same.
    #[error("failed to load the models of `{folder}`: {why}")]
    Unusable {
        /// Where they lie.
        folder: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// Returns the first folder that has all files, whatever is in them.
pub fn find_models(folders: &[PathBuf]) -> Option<&Path> {
    let has_all = |folder: &&PathBuf| {
        let files = model_files();
        files.iter().all(|file| folder.join(file.name).is_file())
    };
    folders.iter().find(has_all).map(PathBuf::as_path)
}

/// Returns the bytes of each file of the models in `folder`, in the order of [`model_files`], each of
/// which is what it should be.
pub fn check_models(folder: &Path) -> Result<[Vec<u8>; 3], ModelError> {
    let mut read = [(); 3].map(|()| Vec::new());
    for (bytes, file) in read.iter_mut().zip(model_files()) {
        *bytes = checked(&folder.join(file.name), file.sha256)?;
    }
    Ok(read)
}

/// Checks and loads the models in `folder`. Takes a tenth of a second.
pub(super) fn load(folder: &Path) -> Result<Engine, ModelError> {
    let unusable = |err: NetworkError| ModelError::Unusable {
        folder: folder.into(),
        why: err.to_string(),
    };
    let [detector, recogniser, dictionary] = check_models(folder)?;
    let dictionary = String::from_utf8_lossy(&dictionary);
    Ok(Engine::new(
        Network::load(detector).map_err(unusable)?,
        Network::load(recogniser).map_err(unusable)?,
        dictionary.lines().map(str::to_owned).collect(),
    ))
}

#[expect(
    clippy::disallowed_methods,
    reason = "models are files of this computer, and are read once"
)]
fn checked(file: &Path, sha256: &str) -> Result<Vec<u8>, ModelError> {
    let bytes = std::fs::read(file).map_err(|source| ModelError::Unreadable {
        file: file.into(),
        source,
    })?;
    let mut found = String::new();
    for byte in Sha256::digest(&bytes) {
        write!(found, "{byte:02x}").expect("a string takes what is written");
    }
    if found == sha256 {
        Ok(bytes)
    } else {
        let file = file.into();
        Err(ModelError::Other { file, found })
    }
}
