//! What can be typed about vision models.

use super::FileArgument;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum VlmCommand {
    /// Ask the model about a picture whose answers are known: in which numbers it tells places, and
    /// whether it tells yes from no
    Probe(VlmProbeArguments),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct VlmProbeArguments {
    #[command(flatten)]
    pub(in crate::cli) file: FileArgument,
    /// Write one JSON document
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum VlmCacheCommand {
    /// Count answers, and how often they were of use
    Stats(VlmCacheArguments),
    /// Forget answers that are old
    Prune {
        #[command(flatten)]
        common: VlmCacheArguments,
        /// How old: `7d`, `48h`, `30m` or `3600s`
        #[arg(long, value_name = "AGE", value_parser = crate::cli::age::parse)]
        older_than: std::time::Duration,
    },
    /// Forget all answers
    Clear(VlmCacheArguments),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct VlmCacheArguments {
    #[command(flatten)]
    pub(in crate::cli) file: FileArgument,
    /// Write one JSON document
    #[arg(long)]
    pub(in crate::cli) json: bool,
}
