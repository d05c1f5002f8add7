//! Errors as people see them: what could not be done, why, what to do, and the exit code. The
//! only place where errors of other modules get a hint and a code.

use super::exit::Ended;
use crate::{
    driver::{
        self,
        image::{MakeError, RemoveError},
    },
    model::Diagnostic,
    port::{CacheError, EvidenceError, ImageError, StoreError},
    run::RunError,
};
use std::{error::Error, fmt::Write as _, io, path::PathBuf};

/// A command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    /// Files are written wrong.
    #[error("the plan file has mistakes")]
    Mistakes(Vec<Diagnostic>),
    /// What was typed makes no sense.
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Selector(#[from] crate::plan::select::SelectorError),
    #[error(transparent)]
    Name(#[from] crate::model::NameError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Cache(#[from] CacheError),
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    #[error(transparent)]
    Anchors(#[from] crate::port::AnchorsError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    SimWorld(#[from] driver::sim::WorldError),
    #[error(transparent)]
    Trace(#[from] crate::run::trace::TraceError),
    #[error(transparent)]
    Provider(#[from] crate::port::ProviderError),
    #[error(transparent)]
    Image(#[from] ImageError),
    #[error(transparent)]
    MakeImage(#[from] MakeError),
    #[error(transparent)]
    RemoveImage(#[from] RemoveError),
    /// What was looked for on a desktop did not show.
    #[error("{0}")]
    Unseen(String),
    /// The user did not want to wait any longer.
    #[error("stopped")]
    Interrupted,
    /// Nothing in the matrix was asked for.
    #[error("nothing would be tested: {0}")]
    Nothing(String),
    /// A saved plan does not hold any more.
    #[error("the saved plan is stale: {name} was {then} when it was made, and is {now}")]
    Stale {
        name: String,
        then: String,
        now: String,
    },
    /// Someone has to agree, and nobody can be asked.
    #[error("{0} was not agreed to: there is no terminal to ask on")]
    NobodyToAsk(&'static str),
    /// Someone was asked and did not agree.
    #[error("{0} was not agreed to; nothing was changed")]
    Declined(&'static str),
    /// A file that the user named could not be used.
    #[error("failed to {what} `{path}`")]
    File {
        what: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(transparent)]
    Video(#[from] driver::video::VideoError),
    #[error(transparent)]
    Vision(#[from] crate::port::VisionError),
    #[error("failed to {what} the cache of answers")]
    VlmCache {
        what: &'static str,
        #[source]
        source: io::Error,
    },
    /// A document that mosdat wrote cannot be read back.
    #[error("failed to read `{path}`: {why}")]
    Document { path: PathBuf, why: String },
    /// Standard output is gone.
    #[error("failed to write the result")]
    Output(#[from] io::Error),
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "an error that nobody thought of here is one without a hint, and ends with 1"
)]
impl CliError {
    /// Returns what the command exits with.
    pub(super) fn ended(&self) -> Ended {
        match self {
            Self::Store(StoreError::Locked { .. }) => Ended::LOCKED,
            Self::Stale { .. } => Ended::STALE,
            Self::MakeImage(MakeError::Interrupted) | Self::Interrupted => Ended::INTERRUPTED,
            _ => Ended::ERROR,
        }
    }

    /// Returns what the user can do about it.
    fn hint(&self) -> Option<String> {
        match self {
            Self::Store(StoreError::Locked { holder }) => Some(format!(
                "wait for it to end; if it is gone for good, `mosdat force-unlock {}`",
                holder.token.map_or(0, |token| token.0)
            )),
            Self::Store(StoreError::TooNew { .. }) => Some("use the newer mosdat".into()),
            Self::Stale { .. } => Some("make a new plan with `mosdat plan --out`".into()),
            Self::MakeImage(error) => super::image_hints::of(error),
            Self::Image(ImageError::Damaged { name, .. }) => Some(format!(
                "`mosdat image build` or `image import` makes it anew; `mosdat image rm {name}` \
                 removes it"
            )),
            Self::RemoveImage(RemoveError::InUse { .. }) => {
                Some("end what uses it, then run the same command again".into())
            }
            Self::NobodyToAsk(_) => Some("say `--yes` to agree beforehand".into()),
            Self::Run(RunError::Store(_)) | Self::Store(StoreError::Io { .. }) => {
                Some("make room or mend the permissions, then run the same command again".into())
            }
            Self::Video(driver::video::VideoError::NoFfmpeg) => Some(
                "install it (`apt install ffmpeg`); the pictures are in the run's folder and on \
                 its page (`--html`) all the same"
                    .into(),
            ),
            _ => None,
        }
    }

    /// Writes the error with all that lies behind it.
    pub(super) fn show(&self, color: bool) -> String {
        if let Self::Mistakes(diagnostics) = self {
            return super::diagnostics::render(diagnostics, color);
        }
        let (red, plain) = if color {
            ("\x1b[1;31m", "\x1b[0m")
        } else {
            ("", "")
        };
        let mut text = format!("{red}error{plain}: {self}");
        let mut source = self.source();
        while let Some(err) = source {
            write!(text, ": {err}").expect("writing to a String cannot fail");
            source = err.source();
        }
        if let Some(hint) = self.hint() {
            write!(text, "\n  help: {hint}").expect("writing to a String cannot fail");
        }
        text.push('\n');
        text
    }
}

/// What loading a plan file returns, so that `?` turns mistakes into an error.
impl From<Vec<Diagnostic>> for CliError {
    fn from(mistakes: Vec<Diagnostic>) -> Self {
        Self::Mistakes(mistakes)
    }
}
