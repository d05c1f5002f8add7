//! What can be typed about what runs came to.

use super::FileArgument;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(in crate::cli) struct StatusArguments {
    #[command(flatten)]
    pub(in crate::cli) file: FileArgument,
    /// Write one JSON document
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct FlakesArguments {
    #[command(flatten)]
    pub(in crate::cli) file: FileArgument,
    /// List every exercise of which attempts are remembered, with how long each step takes; those
    /// that the plan file does not ask for any more as well
    #[arg(long)]
    pub(in crate::cli) all: bool,
    /// Write a Markdown table
    #[arg(long, conflicts_with = "json")]
    pub(in crate::cli) markdown: bool,
    /// Write one JSON document
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ReportArguments {
    /// The run; the newest when left out
    #[arg(long, value_name = "RUN")]
    pub(in crate::cli) run: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) file: FileArgument,
    /// Where to write the self-contained HTML page
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) html: Option<PathBuf>,
    /// Where to write the JUnit report
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) junit: Option<PathBuf>,
    /// Where to write the Markdown summary; standard output when nothing is named
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) markdown: Option<PathBuf>,
    /// Where to write the events by the names that older readers know, one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) events: Option<PathBuf>,
    /// Folder to write videos to, one for each attempt at a cell (needs ffmpeg)
    #[arg(long, value_name = "FOLDER")]
    pub(in crate::cli) video: Option<PathBuf>,
    /// What videos are written as
    #[arg(long, value_enum, default_value_t, requires = "video")]
    pub(in crate::cli) video_format: VideoFormat,
    /// Videos of those cells only that have this in their key
    #[arg(long, value_name = "TEXT", requires = "video")]
    pub(in crate::cli) cell: Option<String>,
}

/// Containers of videos.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum VideoFormat {
    #[default]
    Mp4,
    Webm,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 what the step wants holds, 1 it does not, 2 it cannot be told."
)]
pub(in crate::cli) struct ReplayArguments {
    /// A run's folder, or its name
    #[arg(value_name = "RUN")]
    pub(in crate::cli) run: String,
    #[command(flatten)]
    pub(in crate::cli) file: FileArgument,
    /// The step's number, with those of the steps it lies within: `3.1`; without it, all that can be
    /// judged anew is listed
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) step: Option<String>,
    /// Only cells with this in their key
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) cell: Option<String>,
    /// Ask whether this is true of the step's last picture, instead of what it looked for
    #[arg(long, value_name = "TEXT", requires = "step")]
    pub(in crate::cli) verify: Option<String>,
    /// How alike an anchor has to be, of at most 1
    #[arg(long, value_name = "SCORE", requires = "step", value_parser = score)]
    pub(in crate::cli) threshold: Option<f64>,
    /// Ask this model
    #[arg(long, value_name = "MODEL", requires = "step")]
    pub(in crate::cli) model: Option<String>,
    /// All attempts at the cell, not only the last
    #[arg(long)]
    pub(in crate::cli) all_attempts: bool,
}

/// Reads a score.
fn score(text: &str) -> Result<f64, String> {
    let score: Option<f64> = text.parse().ok();
    let score = score.filter(|score| *score > 0.0 && *score <= 1.0);
    score.ok_or_else(|| "a score is more than 0 and at most 1".into())
}
