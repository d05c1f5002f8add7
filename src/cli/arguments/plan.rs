//! What can be typed about a plan: making, explaining and carrying it out.

use super::{FileArgument, VarArguments};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// What part of the plan is meant.
#[derive(Clone, Debug, Default, Args)]
pub(in crate::cli) struct SelectArguments {
    /// Only this and what it needs: a step key, a cell, a glob or a filter such as
    /// `machine(debian*) & !scenario(smoke/*)`; may be given more than once
    #[arg(long, value_name = "SELECTOR")]
    pub(in crate::cli) target: Vec<String>,
    /// All but this and what needs it
    #[arg(long, value_name = "SELECTOR")]
    pub(in crate::cli) exclude: Vec<String>,
    /// Run this although its last result holds
    #[arg(long, value_name = "SELECTOR")]
    pub(in crate::cli) replace: Vec<String>,
    /// Only exercises that did not pass last time
    #[arg(long)]
    pub(in crate::cli) failed: bool,
    /// Only part K of N of the exercises; each is always in the same part
    #[arg(long, value_name = "K/N")]
    pub(in crate::cli) partition: Option<String>,
    /// Ask no machine; take them to be as they were last
    #[arg(long)]
    pub(in crate::cli) no_refresh: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum PlanFormat {
    #[default]
    Human,
    Markdown,
    Json,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct PlanArguments {
    #[command(flatten)]
    pub(in crate::cli) file: FileArgument,
    #[command(flatten)]
    pub(in crate::cli) select: SelectArguments,
    #[command(flatten)]
    pub(in crate::cli) vars: VarArguments,
    /// Save the plan, bound to the facts that it read, for `apply PLANFILE`
    #[arg(long, value_name = "PLANFILE")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// Exit with 2 when there is something to do
    #[arg(long)]
    pub(in crate::cli) detailed_exitcode: bool,
    /// Write the plan as one JSON document; short for --format json
    #[arg(long)]
    pub(in crate::cli) json: bool,
    /// Write the JSON document to FILE as well
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) json_into: Option<PathBuf>,
    /// How to write the plan
    #[arg(long, value_enum, default_value_t)]
    pub(in crate::cli) format: PlanFormat,
    /// List every step, those to keep as well
    #[arg(long)]
    pub(in crate::cli) all: bool,
}

#[derive(Debug, Default, Args)]
pub(in crate::cli) struct ApplyArguments {
    /// Plan file, app config, or a plan saved with `plan --out`
    #[arg(value_name = "FILE|PLANFILE")]
    pub(in crate::cli) file: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) select: SelectArguments,
    #[command(flatten)]
    pub(in crate::cli) vars: VarArguments,
    /// Do not ask
    #[arg(short, long)]
    pub(in crate::cli) yes: bool,
    /// Run at most N steps at once, whatever their pools
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(in crate::cli) parallel: Option<u32>,
    /// Let N steps use a pool at once, for instance `gpu:rtx3060=2`
    #[arg(long, value_name = "NAME=N")]
    pub(in crate::cli) pool: Vec<String>,
    /// Start nothing more once an exercise has not passed
    #[arg(long, conflicts_with = "max_fail")]
    pub(in crate::cli) fail_fast: bool,
    /// Start nothing more once N exercises have not passed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(in crate::cli) max_fail: Option<u32>,
    /// Try a cell that has failed N more times from the same layer, to tell whether the app, the
    /// test or the environment is to blame; it stays failed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=20))]
    pub(in crate::cli) reruns: Option<u32>,
    /// Write a JUnit report to FILE
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) junit: Option<PathBuf>,
    /// Write a Markdown summary for a pull request to FILE
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) markdown: Option<PathBuf>,
    /// Write events to standard output, one JSON document a line
    #[arg(long)]
    pub(in crate::cli) json: bool,
    /// Write events to FILE as well
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) json_into: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct WhyArguments {
    /// Step key, cell, glob or filter expression
    #[arg(value_name = "SELECTOR")]
    pub(in crate::cli) selector: String,
    #[command(flatten)]
    pub(in crate::cli) file: FileArgument,
    /// Ask no machine; take them to be as they were last
    #[arg(long)]
    pub(in crate::cli) no_refresh: bool,
    #[command(flatten)]
    pub(in crate::cli) vars: VarArguments,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum GraphFormat {
    #[default]
    Dot,
    Mermaid,
    Json,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct GraphArguments {
    #[command(flatten)]
    pub(in crate::cli) file: FileArgument,
    #[command(flatten)]
    pub(in crate::cli) select: SelectArguments,
    #[command(flatten)]
    pub(in crate::cli) vars: VarArguments,
    /// For Graphviz, Mermaid or other programs
    #[arg(long, value_enum, default_value_t)]
    pub(in crate::cli) format: GraphFormat,
}
