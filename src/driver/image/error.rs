//! Why an image could not be made.

use super::trouble::Trouble;
use crate::{driver::process::SpawnError, port::ImageError};
use std::{fmt, path::PathBuf};

/// A part of making an image. What it leaves is kept until the image is there, so that the next
/// attempt goes on from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Packages are fetched.
    Packages,
    /// They are installed in a folder, which is made a guest's root.
    Root,
    /// The folder becomes a disk.
    Disk,
    /// The image is put in its place.
    Image,
}

impl Stage {
    /// Returns what is done, as in "failed to fetch packages".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Packages => "fetch packages",
            Self::Root => "install packages",
            Self::Disk => "make the disk",
            Self::Image => "keep the image",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An image could not be made.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// Somebody else is making it.
    #[error("the image `{name}` is being made already, by {by}")]
    Busy {
        /// Its name.
        name: String,
        /// Who makes it.
        by: String,
    },
    /// A program is not here.
    #[error("images are made with `{program}`, which is not installed")]
    Missing {
        /// Its name.
        program: &'static str,
        /// The Debian package that brings it.
        package: &'static str,
    },
    /// This computer cannot run what the image consists of.
    #[error("images are made on x86-64 computers only; this one is {0}")]
    Architecture(String),
    /// There is too little room.
    #[error(
        "making an image takes about {} GB in `{dir}`, where {:.1} GB are free",
        .needed / 1_000_000_000,
        *.free as f64 / 1e9
    )]
    Room {
        /// Where.
        dir: PathBuf,
        /// How many bytes are free there.
        free: u64,
        /// How many it takes.
        needed: u64,
    },
    /// A program failed.
    #[error("failed to {stage}; the whole log is in `{log}`; it ends with\n{}", indented(.tail))]
    Stage {
        /// At what.
        stage: Stage,
        /// What lies behind it.
        trouble: Trouble,
        /// The end of what the program wrote.
        tail: String,
        /// Where all of it is.
        log: PathBuf,
    },
    /// A program could not be started.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// The user did not want to wait any longer.
    #[error("stopped; the same command goes on from here")]
    Interrupted,
    /// A file to be made an image is no disk, or not one that can be used.
    #[error("`{path}` cannot be made an image: {why}")]
    NoDisk {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A file that should be a private key is none.
    #[error("`{path}` lets nobody in: {why}")]
    NoKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The disk said no.
    #[error(transparent)]
    Image(#[from] ImageError),
}

fn indented(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(|line| format!("    {line}")).collect();
    lines.join("\n")
}
