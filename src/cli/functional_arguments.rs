//! What can be typed after `functional`.

use super::arguments::{FileArgument, VarArguments};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 it passed on every machine, 1 mosdat could not do it, 3 it failed, \
                  4 the state is locked, 130 interrupted."
)]
pub(super) struct FunctionalArguments {
    #[command(flatten)]
    pub(super) file: FileArgument,
    /// The scenario; may be left out where the plan has only one
    #[arg(long, value_name = "NAME")]
    pub(super) test: Option<String>,
    /// Machines; may be left out where there is only one
    #[arg(long, value_name = "NAME,..", value_delimiter = ',')]
    pub(super) vms: Vec<String>,
    /// Only this build
    #[arg(long, value_name = "NAME")]
    pub(super) build: Option<String>,
    /// Only this package format
    #[arg(long, value_name = "FORMAT")]
    pub(super) format: Option<String>,
    #[command(flatten)]
    pub(super) part: PartArguments,
    #[command(flatten)]
    pub(super) vars: VarArguments,
    /// How long the scenario may take, in seconds, instead of what the plan file says
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) timeout: Option<u64>,
    /// Write a JUnit report to FILE
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
    /// Write events to standard output, one JSON document a line
    #[arg(long)]
    pub(super) json: bool,
}

/// Which steps of the scenario.
#[derive(Debug, Args)]
pub(super) struct PartArguments {
    /// Begin with this step, counted from 1 as the document does
    #[arg(long, value_name = "N", conflicts_with = "from_phase")]
    pub(super) from_step: Option<usize>,
    /// End with this step
    #[arg(long, value_name = "N", conflicts_with = "until_phase")]
    pub(super) until_step: Option<usize>,
    /// Begin with this phase
    #[arg(long, value_name = "ID")]
    pub(super) from_phase: Option<String>,
    /// End with this phase
    #[arg(long, value_name = "ID")]
    pub(super) until_phase: Option<String>,
}
