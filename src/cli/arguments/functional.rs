//! What can be typed after `functional`.

use super::{FileArgument, VarArguments};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 it passed on every machine, 1 mosdat could not do it, 3 it failed, \
                  4 the state is locked, 130 interrupted."
)]
pub(in crate::cli) struct FunctionalArguments {
    #[command(flatten)]
    pub(in crate::cli) file: FileArgument,
    /// The scenario; may be left out where the plan has only one
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) test: Option<String>,
    /// Machines; may be left out where there is only one
    #[arg(long, value_name = "NAME,..", value_delimiter = ',')]
    pub(in crate::cli) vms: Vec<String>,
    /// Only this build
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) build: Option<String>,
    /// Only this package format
    #[arg(long, value_name = "FORMAT")]
    pub(in crate::cli) format: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) part: PartArguments,
    #[command(flatten)]
    pub(in crate::cli) vars: VarArguments,
    /// How long the scenario may take, in seconds, instead of what the plan file says
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(in crate::cli) timeout: Option<u64>,
    /// Write a JUnit report to FILE
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) junit: Option<PathBuf>,
    /// Write events to standard output, one JSON document a line
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// Which steps of the scenario.
#[derive(Debug, Args)]
pub(in crate::cli) struct PartArguments {
    /// Begin with this step, counted from 1 as the document does
    #[arg(long, value_name = "N", conflicts_with = "from_phase")]
    pub(in crate::cli) from_step: Option<usize>,
    /// End with this step
    #[arg(long, value_name = "N", conflicts_with = "until_phase")]
    pub(in crate::cli) until_step: Option<usize>,
    /// Begin with this phase
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) from_phase: Option<String>,
    /// End with this phase
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) until_phase: Option<String>,
}
