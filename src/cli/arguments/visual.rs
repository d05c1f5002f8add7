//! What can be typed after `mosdat visual`.

use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["capture", "check", "learn", "accept"])))]
pub(in crate::cli) struct VisualArguments {
    /// Approve every picture of a run that has no approved one yet
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) capture: Option<PathBuf>,
    /// Compare the pictures of a run with the approved ones
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) check: Option<PathBuf>,
    /// Mask what differs in a run in which nothing should have: clocks, blinking cursors
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) learn: Option<PathBuf>,
    /// Show what differs in a run, and approve it in place of what was
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) accept: Option<PathBuf>,
    /// With --accept: only pictures whose scenario and step contain this, such as `notes/new/03`
    #[arg(value_name = "STEP", requires = "accept")]
    pub(in crate::cli) steps: Vec<String>,
    /// Where approved pictures lie
    #[arg(long, value_name = "DIR", default_value = "shared/references")]
    pub(in crate::cli) refs_dir: PathBuf,
    /// The least structural similarity, from 0 to 1
    #[arg(long, value_name = "N", default_value = "0.95", value_parser = similarity)]
    pub(in crate::cli) threshold: f64,
    /// The most pixels that may differ so that it is seen
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(in crate::cli) visible: u64,
    /// Do not ask
    #[arg(short, long, requires = "accept")]
    pub(in crate::cli) yes: bool,
}

fn similarity(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "it is no number".to_owned())?;
    if (0.0..=1.0).contains(&number) {
        Ok(number)
    } else {
        Err("it must be from 0 to 1".into())
    }
}
