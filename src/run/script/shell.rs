//! Shell steps: a text is run on the machine, and its exit code counts.

use super::{Halt, apps::tail, stage::Stage, step::Found};
use crate::port::{Command, Exit};
use std::time::Duration;
use tokio::time::Instant;

/// Runs `text` to its end.
pub(super) async fn run(stage: &mut Stage<'_>, text: &str, limit: Duration) -> Result<Found, Halt> {
    let command = Command::shell(text);
    let output = stage.context.guest.run(&command, limit).await;
    stage.last_shell = Some(Instant::now());
    let output = output?;
    stage.record.lines(&output.text);
    let written = tail(&output.text);
    match output.exit {
        Some(Exit::Code(0)) => Ok(Found::default()),
        Some(exit) => Err(Halt::Failed(format!("the shell {exit}{written}"))),
        None => {
            let seconds = limit.as_secs_f64();
            Err(Halt::Failed(format!(
                "took longer than {seconds} s{written}"
            )))
        }
    }
}
