//! What can be typed about machines and their desktops.

use super::FileArgument;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(in crate::cli) struct DriftArguments {
    #[command(flatten)]
    pub(in crate::cli) file: FileArgument,
    /// Write one JSON document
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DoctorArguments {
    #[command(flatten)]
    pub(in crate::cli) file: FileArgument,
    /// Look at this machine only; may be given several times
    #[arg(long = "machine", value_name = "NAME")]
    pub(in crate::cli) machines: Vec<String>,
    /// Write one JSON document
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum DumpFormat {
    /// A line for each widget, children further to the right
    #[default]
    Tree,
    /// One JSON document
    Json,
    /// How many there are of each role
    Roles,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DumpArguments {
    #[command(flatten)]
    pub(in crate::cli) file: FileArgument,
    /// The machine; may be left out where there is only one
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) vms: Vec<String>,
    /// How to write the widgets
    #[arg(long, value_enum, default_value_t)]
    pub(in crate::cli) format: DumpFormat,
    /// Leave out what lies deeper; windows have the depth 0
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub(in crate::cli) max_depth: usize,
    /// Only applications with this in their name, whatever its case
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    pub(in crate::cli) app_filter: String,
    /// Write widgets that do not show as well
    #[arg(long)]
    pub(in crate::cli) raw: bool,
    /// Write to FILE instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
    /// Have a shell of the session run COMMAND first
    #[arg(long, value_name = "COMMAND")]
    pub(in crate::cli) launch: Option<String>,
    /// Wait until a widget shows, for instance `push button:Save`: a role and part of a name
    #[arg(long, value_name = "ROLE:NAME")]
    pub(in crate::cli) wait: Option<String>,
    /// Wait so long at most
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub(in crate::cli) timeout: u64,
    /// Start from this layer of the machine instead of its base
    #[arg(long, value_name = "LAYER")]
    pub(in crate::cli) layer: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ListArguments {
    #[command(flatten)]
    pub(in crate::cli) file: FileArgument,
    /// Ask their providers whether they are there and what they do
    #[arg(long)]
    pub(in crate::cli) live: bool,
    /// Write one JSON document
    #[arg(long)]
    pub(in crate::cli) json: bool,
}
