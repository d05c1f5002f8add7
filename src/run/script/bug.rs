//! What the end of a scenario says that confirms a bug.

use super::{
    Halt,
    look::{Look, Purpose},
    stage::Stage,
    wait,
};
use crate::scenario::{Bug, Check};
use std::time::Duration;
use tokio::time::Instant;

/// How long it may take until the picture can be judged.
const CLEARING: Duration = Duration::from_secs(10);

/// Passes where the app got far enough and the bug does not show; fails where it shows.
pub(super) async fn confirm(stage: &mut Stage<'_>, bug: &Bug) -> Result<(), Halt> {
    match judge(stage, &bug.precondition).await? {
        Look::There(_) => {}
        Look::NotThere(seen, _) => {
            let why = format!("inconclusive: the app did not get far enough: {seen}");
            return Err(Halt::blocked(why));
        }
        Look::Unclear(halt) => return Err(halt.within("inconclusive")),
    }
    match judge(stage, &bug.signal).await? {
        Look::There(seen) => Err(Halt::Failed(format!(
            "the bug {} shows: {} ({})",
            bug.id, bug.signal, seen.rung
        ))),
        Look::NotThere(..) => Ok(()),
        Look::Unclear(halt) => Err(halt.within("inconclusive")),
    }
}

async fn judge(stage: &mut Stage<'_>, check: &Check) -> Result<Look, Halt> {
    let check = check.filled(&stage.variables);
    let deadline = Instant::now() + stage.context.time(CLEARING);
    wait::once(stage, &check, Purpose::Check, deadline).await
}
