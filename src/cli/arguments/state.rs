//! What can be typed about recorded state.

use super::FileArgument;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum StateCommand {
    /// List recorded steps with their verdicts
    List {
        #[command(flatten)]
        file: FileArgument,
        /// Only these
        #[arg(long, value_name = "SELECTOR")]
        target: Option<String>,
    },
    /// Show all that is recorded of one step
    Show {
        /// The step's key
        key: String,
        #[command(flatten)]
        file: FileArgument,
    },
    /// Forget steps, so that they are due again
    Rm {
        /// Step key, cell, glob or filter expression
        #[arg(value_name = "SELECTOR")]
        selector: String,
        #[command(flatten)]
        file: FileArgument,
    },
    /// Give a recorded step another key, for instance after a machine was renamed
    Mv {
        /// The key it has
        from: String,
        /// The key it gets
        to: String,
        #[command(flatten)]
        file: FileArgument,
    },
    /// Print the whole state as JSON
    Pull {
        #[command(flatten)]
        file: FileArgument,
    },
    /// Replace the state by JSON that `state pull` printed; `-` reads standard input
    Push {
        /// The JSON document
        document: PathBuf,
        #[command(flatten)]
        file: FileArgument,
        /// Replace a state that has moved on since the document was pulled
        #[arg(long)]
        force: bool,
    },
    /// List earlier runs
    Log {
        #[command(flatten)]
        file: FileArgument,
    },
    /// Keep the sound part of a damaged state, and set the damaged file aside
    Recover {
        #[command(flatten)]
        file: FileArgument,
    },
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum LockCommand {
    /// Show who holds the lock
    Info {
        #[command(flatten)]
        file: FileArgument,
        /// Write one JSON document
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ForceUnlockArguments {
    /// The lock's id, as `lock info` shows it
    pub(in crate::cli) id: u64,
    #[command(flatten)]
    pub(in crate::cli) file: FileArgument,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ImportArguments {
    /// The machine that has the layer
    pub(in crate::cli) machine: String,
    /// The layer's name, `mosdat-` and 20 hexadecimal digits
    pub(in crate::cli) layer: String,
    #[command(flatten)]
    pub(in crate::cli) file: FileArgument,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DestroyArguments {
    #[command(flatten)]
    pub(in crate::cli) file: FileArgument,
    /// Do not ask
    #[arg(short, long)]
    pub(in crate::cli) yes: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct GcArguments {
    #[command(flatten)]
    pub(in crate::cli) file: FileArgument,
    /// Keep blobs and run folders that are younger than this
    #[arg(long, value_name = "N", default_value_t = 14)]
    pub(in crate::cli) keep_days: u64,
}
