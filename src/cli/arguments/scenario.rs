//! What can be typed after the commands around scenarios.

use super::{FileArgument, VarArguments};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Document {
    /// A scenario
    Scenario,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum SchemaFormat {
    /// A JSON Schema, draft 2020-12
    #[default]
    Json,
    /// Tables for people
    Markdown,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct SchemaArguments {
    /// Of which document
    #[arg(value_enum)]
    pub(in crate::cli) document: Document,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    pub(in crate::cli) format: SchemaFormat,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum AnchorsCommand {
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
pub(in crate::cli) struct ProposalArguments {
    /// Names, as `anchors list` shows them
    #[arg(value_name = "NAME")]
    pub(in crate::cli) names: Vec<String>,
    /// Plan file or app config; the only *.toml in plans/ when left out
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) file: Option<PathBuf>,
}

/// Where the documents lie.
#[derive(Debug, Args)]
pub(in crate::cli) struct FolderArguments {
    /// The folder of scenarios
    #[arg(long, value_name = "DIR", default_value = "scenarios")]
    pub(in crate::cli) dir: PathBuf,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct LintArguments {
    /// Files, or names of scenarios; everything in the folder when left out
    #[arg(value_name = "FILE|NAME")]
    pub(in crate::cli) what: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) folder: FolderArguments,
    #[command(flatten)]
    pub(in crate::cli) vars: VarArguments,
    /// Exit with 1 for warnings as well
    #[arg(long)]
    pub(in crate::cli) strict: bool,
    /// Write one JSON document
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum RecipesCommand {
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
