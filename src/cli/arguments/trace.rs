//! What can be typed after `trace`.

use super::FileArgument;
use clap::Args;

#[derive(Debug, Args)]
pub(in crate::cli) struct TraceArguments {
    #[command(flatten)]
    pub(in crate::cli) file: FileArgument,
    /// The machine; may be left out where there is only one
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) vms: Vec<String>,
    /// The build; may be left out where only one is tested there
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) build: Option<String>,
    /// The package format; may be left out where only one is tested there
    #[arg(long, value_name = "FORMAT")]
    pub(in crate::cli) format: Option<String>,
    /// Try this key instead of the usual ones; may be given several times
    #[arg(long, value_name = "KEY")]
    pub(in crate::cli) key: Vec<String>,
}
