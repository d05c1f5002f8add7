//! Builds: from a source to packages in the blob store.

use crate::model::{Build, BuildName, ContentHash, FormatName, SourceSeen};
use async_trait::async_trait;
use std::fmt::Debug;
use tokio_util::sync::CancellationToken;

/// Reads sources and makes packages of them.
#[async_trait]
pub trait Builder: Debug + Send + Sync {
    /// Looks at a build's source without changing anything.
    async fn look(&self, build: &Build) -> SourceSeen;

    /// Ends what builds of a crashed run left running and removes their folders. Only called by
    /// whoever holds the lock on the state: no other run builds here then.
    async fn clean_up(&self);

    /// Makes the package of one format and puts it into the blob store. Stops, and ends every
    /// process it started, when `cancel` is cancelled or the build's time-out has passed.
    async fn build(
        &self,
        request: BuildRequest<'_>,
        log: &(dyn for<'line> Fn(&'line str) + Send + Sync),
        cancel: &CancellationToken,
    ) -> Result<Artifact, BuildError>;
}

/// What to build.
#[derive(Clone, Copy, Debug)]
pub struct BuildRequest<'a> {
    /// How.
    pub build: &'a Build,
    /// In which format.
    pub format: &'a FormatName,
    /// Which file of `dist_dir` it is; must match exactly one.
    pub file_glob: &'a str,
}

/// A finished package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// Its digest, which is the build's identity and its name in the blob store.
    pub digest: ContentHash,
    /// What the file was called.
    pub file_name: String,
}

/// A build could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Its source could not be read.
    #[error("failed to read the source of build `{build}`: {why}")]
    Source {
        /// Which build.
        build: BuildName,
        /// What went wrong.
        why: String,
    },
    /// A command failed.
    #[error("`{command}` of build `{build}` {exit}\n{tail}")]
    Command {
        /// Which build.
        build: BuildName,
        /// Which command.
        command: String,
        /// How it ended, as a phrase: `exited with 2`.
        exit: String,
        /// The last lines it wrote.
        tail: String,
    },
    /// The commands took too long.
    #[error("build `{build}` took longer than {seconds} s")]
    TimedOut {
        /// Which build.
        build: BuildName,
        /// Its time-out.
        seconds: u64,
    },
    /// The run was stopped.
    #[error("build `{0}` was stopped")]
    Cancelled(BuildName),
    /// The commands went well and the package is not there, or is not the only one.
    #[error("build `{build}` left {found} files that match `{glob}` in `{dir}`, not one")]
    Package {
        /// Which build.
        build: BuildName,
        /// What was looked for.
        glob: String,
        /// Where.
        dir: String,
        /// How many there were.
        found: usize,
    },
    /// The package could not be kept.
    #[error("failed to keep the package of build `{build}`")]
    Keep {
        /// Which build.
        build: BuildName,
        /// What went wrong.
        #[source]
        source: super::CacheError,
    },
}
