//! What can be typed after the commands around scenarios.

use super::arguments::{FileArgument, VarArguments};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Document {
    /// A scenario
    Scenario,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum SchemaFormat {
    /// A JSON Schema, draft 2020-12
    #[default]
    Json,
    /// Tables for people
    Markdown,
}

#[derive(Debug, Args)]
pub(super) struct SchemaArguments {
    /// Of which document
    #[arg(value_enum)]
    pub(super) document: Document,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: SchemaFormat,
}

#[derive(Debug, Subcommand)]
pub(super) enum AnchorsCommand {
    /// List what is proposed
    List {
        #[command(flatten)]
        file: FileArgument,
    },
    /// Write a page with the old and the new picture of each; ask about them, on a terminal
    Review {
        #[command(flatten)]
        file: FileArgument,
    },
    /// Let new pictures count
    Accept {
        #[command(flatten)]
        names: ProposalArguments,
        /// All that are proposed
        #[arg(long, conflicts_with = "names", required_unless_present = "names")]
        all: bool,
    },
    /// Throw new pictures away
    Refuse {
        #[command(flatten)]
        names: ProposalArguments,
        /// All that are proposed
        #[arg(long, conflicts_with = "names", required_unless_present = "names")]
        all: bool,
    },
}

#[derive(Debug, Args)]
pub(super) struct ProposalArguments {
    /// Names, as `anchors list` shows them
    #[arg(value_name = "NAME")]
    pub(super) names: Vec<String>,
    /// Plan file or app config; the only *.toml in plans/ when left out
    #[arg(long, value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
}

/// Where the documents lie.
#[derive(Debug, Args)]
pub(super) struct FolderArguments {
    /// The folder of scenarios
    #[arg(long, value_name = "DIR", default_value = "scenarios")]
    pub(super) dir: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct LintArguments {
    /// Files, or names of scenarios; everything in the folder when left out
    #[arg(value_name = "FILE|NAME")]
    pub(super) what: Vec<String>,
    #[command(flatten)]
    pub(super) folder: FolderArguments,
    #[command(flatten)]
    pub(super) vars: VarArguments,
    /// Exit with 1 for warnings as well
    #[arg(long)]
    pub(super) strict: bool,
    /// Write one JSON document
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum RoutinesCommand {
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
}

#[derive(Debug, Subcommand)]
pub(super) enum RecipesCommand {
    /// List them, with their titles
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
    /// List those in which a word stands, whatever its case
    Search {
        /// The word
        word: String,
        #[command(flatten)]
        folder: FolderArguments,
    },
}
