//! Waiting until something holds: look, wait for a change, look again.

use super::{
    Halt,
    look::{self, Glance, Look, Purpose},
    stage::Stage,
    views::Views,
};
use crate::{
    port::Screen,
    scenario::{Check, Quantifier, Target, Way},
};
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout_at};

pub(super) use super::look::Sighting;

/// How long the look at the end of the time may take.
const LAST_LOOK: Duration = Duration::from_secs(5);

/// How long reading the screen may take that began within the time: it is this computer that is slow
/// then, and no desktop that does not answer.
const LAST_READING: Duration = Duration::from_mins(1);

/// How long a question to a model may take that was asked within the time.
const LAST_ANSWER: Duration = Duration::from_mins(4);

/// How long a picture must stand still before a model is asked about it.
const STILL: Duration = Duration::from_millis(250);

/// How long that is waited for: some pictures never stand still.
const SETTLING: Duration = Duration::from_secs(2);

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
        settle(stage, &targets, deadline).await?;
        let is_last = Instant::now() >= deadline;
        views.look().await;
        let mut glance = Glance::default();
        let looked = several(stage, &mut glance, quantifier, checks);
        match in_time(looked, &targets, deadline).await? {
            Look::There(sighting) => return Ok(sighting),
            other if is_last => return Err(conclude(other, &checks_text(checks, quantifier))),
            Look::NotThere(..) | Look::Unclear(_) => views.wake(next(stage, deadline)).await?,
        }
    }
}

/// Looks once whether `check` holds; `None` when that cannot be told by `deadline`.
pub(super) async fn once(
    stage: &mut Stage<'_>,
    check: &Check,
    purpose: Purpose,
    deadline: Instant,
) -> Result<Look, Halt> {
    let targets = [&check.target];
    let mut views = views_of(stage, &targets).await?;
    loop {
        settle(stage, &targets, deadline).await?;
        let is_last = Instant::now() >= deadline;
        views.look().await;
        let mut glance = Glance::default();
        let looked = look::check(stage, &mut glance, check, purpose);
        match in_time(looked, &targets, deadline).await? {
            Look::Unclear(_) if !is_last => views.wake(next(stage, deadline)).await?,
            look @ (Look::There(_) | Look::NotThere(..) | Look::Unclear(_)) => return Ok(look),
        }
    }
}

/// Waits until `target` is there and it is known where, for a click, and it does not move.
pub(super) async fn until_placed(
    stage: &mut Stage<'_>,
    target: &Target,
    deadline: Instant,
) -> Result<Sighting, Halt> {
    let targets = [target];
    let mut views = views_of(stage, &targets).await?;
    loop {
        settle(stage, &targets, deadline).await?;
        let is_last = Instant::now() >= deadline;
        views.look().await;
        let mut glance = Glance::default();
        let looked = look::target(stage, &mut glance, target, Purpose::Click);
        match in_time(looked, &targets, deadline).await? {
            Look::There(sighting) if sighting.point.is_some() => return Ok(sighting),
            other if is_last => return Err(conclude(other, &target.to_string())),
            Look::There(_) | Look::NotThere(..) | Look::Unclear(_) => {
                views.wake(next(stage, deadline)).await?;
            }
        }
    }
}

/// Waits until `check` no longer holds, at most until `end`: that it did the whole time is the good
/// end. That it could not be told at the end is none.
pub(super) async fn while_holds(
    stage: &mut Stage<'_>,
    check: &Check,
    end: Instant,
) -> Result<Sighting, Halt> {
    let targets = [&check.target];
    let mut views = views_of(stage, &targets).await?;
    loop {
        let is_last = Instant::now() >= end;
        views.look().await;
        let mut glance = Glance::default();
        let looked = look::check(stage, &mut glance, check, Purpose::Check);
        match in_time(looked, &targets, end).await? {
            Look::NotThere(seen, _) => return Err(Halt::Failed(format!("{check}: {seen}"))),
            Look::There(sighting) if is_last => return Ok(sighting),
            Look::Unclear(halt) if is_last => return Err(halt),
            Look::There(_) | Look::Unclear(_) => views.wake(next(stage, end)).await?,
        }
    }
}

/// Returns when to look again at the latest.
fn next(stage: &Stage<'_>, deadline: Instant) -> Instant {
    let confirming = stage.confirms_at().filter(|at| *at > Instant::now());
    confirming.map_or(deadline, |at| at.min(deadline))
}

/// Waits until the picture stands still, where a model will be asked about it.
async fn settle(stage: &mut Stage<'_>, targets: &[&Target], deadline: Instant) -> Result<(), Halt> {
    if !targets.iter().any(|target| look::asks_model(target)) {
        return Ok(());
    }
    let screen = stage.screen().await?;
    still(&*screen, deadline.min(Instant::now() + SETTLING)).await
}

/// Waits until the picture stands still, or `end`.
pub(super) async fn still(screen: &dyn Screen, end: Instant) -> Result<(), Halt> {
    let mut seq = screen.frame().await?.seq;
    loop {
        let quiet = Instant::now() + STILL;
        tokio::select! {
            biased;
            () = sleep_until(end.min(quiet)) => return Ok(()),
            frame = screen.changed(seq) => seq = frame?.seq,
        }
    }
}

/// Gives a look the time that is left, and the last one a little; a model that was asked in time, and
/// whoever reads the screen, may take their own.
async fn in_time(
    look: impl Future<Output = Result<Look, Halt>>,
    targets: &[&Target],
    deadline: Instant,
) -> Result<Look, Halt> {
    let any = |is: fn(&Target) -> bool| targets.iter().any(|target| is(target));
    let more = match () {
        () if any(look::asks_model) => LAST_ANSWER,
        () if any(look::reads_text) => LAST_READING,
        () => LAST_LOOK,
    };
    let end = deadline.max(Instant::now()) + more;
    let looked = timeout_at(end, look).await;
    looked.unwrap_or_else(|_| Err(Halt::passing("the desktop did not answer in time")))
}

/// Looks at all of `checks`, in order, on the same picture, and sums up.
async fn several(
    stage: &mut Stage<'_>,
    glance: &mut Glance,
    quantifier: Quantifier,
    checks: &[Check],
) -> Result<Look, Halt> {
    let (mut there, mut missing, mut unclear) = (None, None, None);
    for check in checks {
        match look::check(stage, glance, check, Purpose::Check).await? {
            Look::There(seen) if quantifier == Quantifier::Any => return Ok(Look::There(seen)),
            Look::There(seen) => there = there.or(Some(Look::There(seen))),
            not @ Look::NotThere(..) => missing = missing.or(Some(not)),
            not @ Look::Unclear(_) => unclear = unclear.or(Some(not)),
        }
        // One that is certainly missing settles it for all; nobody else need be asked.
        if quantifier == Quantifier::All && missing.is_some() {
            break;
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
    let has = |which: fn(&Way) -> bool| {
        let mut ways = targets.iter().flat_map(|target| &target.ways);
        ways.any(which)
    };
    let is_silent = |way: &Way| matches!(way, Way::Node(_) | Way::Window(_));
    let tree = if has(|way| matches!(way, Way::Node(_))) {
        Some(stage.tree().await?)
    } else {
        None
    };
    let screen = if has(|way| !matches!(way, Way::Node(_) | Way::Window(_))) {
        Some(stage.screen().await?)
    } else {
        // A change of the picture is a hint for the others as well.
        stage.open_screen().cloned()
    };
    Ok(Views::new(screen, tree, has(is_silent)))
}
