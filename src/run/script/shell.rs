//! Shell steps: a text is run on the machine, and its exit code counts.

use super::{Halt, apps::tail, stage::Stage, step::Found};
use crate::{
    port::{Command, Exit},
    run::worker::{calls_worker, offer_worker},
};
use std::time::Duration;
use tokio::time::Instant;

/// Runs `text` to its end. Where it is not strict, an exit code is no failure; a text that does not
/// end, or is ended by a signal, is.
pub(super) async fn run(
    stage: &mut Stage<'_>,
    text: &str,
    is_strict: bool,
    limit: Duration,
) -> Result<Found, Halt> {
    if calls_worker(text) {
        offer_worker(stage.context.guest, stage.context.machine).await?;
    }
    let command = Command::script(text);
    let output = stage.context.guest.run(&command, limit).await;
    stage.last_shell = Some(Instant::now());
    let output = output?;
    stage.record.lines(&output.text);
    let written = tail(&output.text);
    match output.exit {
        Some(Exit::Code(0)) => Ok(Found::default()),
        Some(exit @ Exit::Code(_)) if !is_strict => {
            stage
                .watcher
                .log(&format!("the shell {exit}, which counts for nothing here"));
            Ok(Found::default())
        }
        Some(exit) => Err(Halt::Failed(format!("the shell {exit}{written}"))),
        None => {
            let seconds = limit.as_secs_f64();
            Err(Halt::Failed(format!(
                "took longer than {seconds} s{written}"
            )))
        }
    }
}
