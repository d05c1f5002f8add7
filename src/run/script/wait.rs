//! Waiting until something holds: look, wait for a change, look again.

use super::{
    Halt,
    look::{self, Look, Purpose},
    stage::Stage,
    views::Views,
};
use crate::{
    model::Point,
    scenario::{Check, Quantifier, Target},
};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

pub(super) use super::look::Sighting;

/// How long the look at the end of the time may take.
const LAST_LOOK: Duration = Duration::from_secs(5);

/// Waits until one or all of `checks` hold at the same time.
pub(super) async fn until(
    stage: &mut Stage<'_>,
    quantifier: Quantifier,
    checks: &[Check],
    deadline: Instant,
) -> Result<Sighting, Halt> {
    let targets: Vec<&Target> = checks.iter().map(|check| &check.target).collect();
    let mut views = views_of(stage, &targets).await?;
    loop {
        let is_last = Instant::now() >= deadline;
        views.look().await;
        let looked = several(stage, quantifier, checks);
        match in_time(looked, deadline).await? {
            Look::There(sighting) => return Ok(sighting),
            other if is_last => return Err(conclude(other, &checks_text(checks, quantifier))),
            Look::NotThere(..) | Look::Unclear(_) => views.wake(deadline).await?,
        }
    }
}

/// Waits until `target` is there and it is known where, for a click.
pub(super) async fn until_placed(
    stage: &mut Stage<'_>,
    target: &Target,
    deadline: Instant,
) -> Result<(Point, Sighting), Halt> {
    let mut views = views_of(stage, &[target]).await?;
    loop {
        let is_last = Instant::now() >= deadline;
        views.look().await;
        let looked = look::target(stage, target, Purpose::Click);
        match in_time(looked, deadline).await? {
            Look::There(sighting) if let Some(point) = sighting.point => {
                return Ok((point, sighting));
            }
            other if is_last => return Err(conclude(other, &target.to_string())),
            Look::There(_) | Look::NotThere(..) | Look::Unclear(_) => views.wake(deadline).await?,
        }
    }
}

/// Gives a look the time that is left, and the last one a little.
async fn in_time(
    look: impl Future<Output = Result<Look, Halt>>,
    deadline: Instant,
) -> Result<Look, Halt> {
    let end = deadline.max(Instant::now()) + LAST_LOOK;
    let looked = timeout_at(end, look).await;
    looked.unwrap_or_else(|_| Err(Halt::passing("the desktop did not answer in time")))
}

/// Looks at all of `checks`, in order, and sums up.
async fn several(
    stage: &mut Stage<'_>,
    quantifier: Quantifier,
    checks: &[Check],
) -> Result<Look, Halt> {
    let (mut there, mut missing, mut unclear) = (None, None, None);
    for check in checks {
        match look::check(stage, check).await? {
            Look::There(seen) if quantifier == Quantifier::Any => return Ok(Look::There(seen)),
            Look::There(seen) => there = there.or(Some(Look::There(seen))),
            not @ Look::NotThere(..) => missing = missing.or(Some(not)),
            not @ Look::Unclear(_) => unclear = unclear.or(Some(not)),
        }
    }
    // Of all, one that is certainly missing settles it; of any, one that is unclear leaves it open.
    let summed = match quantifier {
        Quantifier::All => missing.or(unclear).or(there),
        Quantifier::Any => unclear.or(missing),
    };
    summed.ok_or_else(|| Halt::blocked("there is nothing to wait for"))
}

fn conclude(look: Look, wanted: &str) -> Halt {
    match look {
        Look::Unclear(halt) => halt,
        Look::NotThere(seen, _) => Halt::Failed(format!("{wanted}: {seen}")),
        Look::There(_) => Halt::passing(format!("{wanted} is there, and nobody knows where")),
    }
}

fn checks_text(checks: &[Check], quantifier: Quantifier) -> String {
    let link = match quantifier {
        Quantifier::Any => " or ",
        Quantifier::All => " and ",
    };
    let texts: Vec<String> = checks.iter().map(ToString::to_string).collect();
    format!("waited for {}", texts.join(link))
}

/// Opens what the targets are seen in.
async fn views_of(stage: &mut Stage<'_>, targets: &[&Target]) -> Result<Views, Halt> {
    let has = |which: fn(&Target) -> bool| targets.iter().any(|target| which(target));
    let tree = if has(|target| matches!(target, Target::Node(_))) {
        Some(stage.tree().await?)
    } else {
        None
    };
    let screen = if has(|target| matches!(target, Target::Anchor(_))) {
        Some(stage.screen().await?)
    } else {
        // A change of the picture is a hint for the others as well.
        stage.open_screen().cloned()
    };
    let is_silent = has(|target| !matches!(target, Target::Anchor(_)));
    Ok(Views::new(screen, tree, is_silent))
}
