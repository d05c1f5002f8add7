//! What can be typed after `routines`.

use super::{FileArgument, VarArguments, scenario::FolderArguments};
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum RoutinesCommand {
    /// Carry one out by itself, on machines of a plan
    Test(TestArguments),
    /// Tell how often each was tested, what came of it, and who uses it
    Report(ReportArguments),
    #[command(flatten)]
    Look(LookCommand),
}

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 it passed on every machine, 1 mosdat could not do it or the fixture \
                  was not set up, 3 it failed, 4 the state is locked, 130 interrupted."
)]
pub(in crate::cli) struct TestArguments {
    /// Its name
    pub(in crate::cli) name: String,
    #[command(flatten)]
    pub(in crate::cli) file: FileArgument,
    /// How things stand before, and how they are put back: a document in `fixtures/`
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) fixture: Option<String>,
    /// The value of an input; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub(in crate::cli) with: Vec<String>,
    /// Machines; may be left out where there is only one
    #[arg(long, value_name = "NAME,..", value_delimiter = ',')]
    pub(in crate::cli) vms: Vec<String>,
    /// Only with this build
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) build: Option<String>,
    /// Only with this package format
    #[arg(long, value_name = "FORMAT")]
    pub(in crate::cli) format: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) vars: VarArguments,
    /// How long it may take, in seconds, instead of what the plan file says
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(in crate::cli) timeout: Option<u64>,
    /// Write a JUnit report to FILE
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) junit: Option<PathBuf>,
    /// Write events to standard output, one JSON document a line
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ReportArguments {
    #[command(flatten)]
    pub(in crate::cli) file: FileArgument,
    /// Write one JSON document
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum LookCommand {
    /// List them, with what they are for
    List {
        #[command(flatten)]
        folder: FolderArguments,
    },
    /// Print one as it is written
    Show {
        /// Its name
        name: String,
        #[command(flatten)]
        folder: FolderArguments,
    },
    /// Print the steps that a call comes to
    Explain {
        /// Its name
        name: String,
        /// The value of an input; may be given several times
        #[arg(long, value_name = "KEY=VALUE")]
        with: Vec<String>,
        #[command(flatten)]
        folder: FolderArguments,
    },
    /// List what can be set up before a test, with what it is for
    Fixtures {
        #[command(flatten)]
        folder: FolderArguments,
    },
    /// Print the version of the language and the digest of each, or of one
    Version {
        /// Its name; all when left out
        name: Option<String>,
        #[command(flatten)]
        folder: FolderArguments,
    },
}
