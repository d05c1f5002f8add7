//! What must hold at the end of a step.

use super::{
    Halt,
    look::{Look, Purpose},
    stage::Stage,
    step::Found,
    wait::{self, Sighting},
};
use crate::scenario::{Check, Expect, Quantifier, Way};
use tokio::time::Instant;

/// How many opinions of a model are asked, where one is not enough.
const OPINIONS: u32 = 3;

/// Waits until what is expected holds.
pub(super) async fn all(stage: &mut Stage<'_>, expect: &Expect) -> Result<Found, Halt> {
    let deadline = Instant::now() + stage.context.time(expect.timeout);
    let mut found = Found::default();
    if !expect.all.is_empty() {
        let seen = wait::until(stage, Quantifier::All, &expect.all, deadline).await?;
        found = seen.into();
        if expect.is_consistent {
            found.rung += &opinions(stage, &expect.all, deadline).await?;
        }
    }
    if !expect.any.is_empty() {
        found = wait::until(stage, Quantifier::Any, &expect.any, deadline)
            .await?
            .into();
    }
    if let Some((check, time)) = &expect.stays_away {
        let end = Instant::now() + stage.context.time(*time);
        found = wait::while_holds(stage, check, end).await?.into();
    }
    Ok(found)
}

/// Looks whether what is expected holds already, so that nothing need be done again.
pub(super) async fn holds_already(stage: &mut Stage<'_>, expect: &Expect) -> Option<Found> {
    if expect.is_empty() || expect.stays_away.is_some() {
        return None;
    }
    let at_once = Expect {
        timeout: std::time::Duration::ZERO,
        ..expect.clone()
    };
    Box::pin(all(stage, &at_once)).await.ok()
}

/// Asks a model for more opinions about each statement; two of three count.
async fn opinions(
    stage: &mut Stage<'_>,
    checks: &[Check],
    deadline: Instant,
) -> Result<String, Halt> {
    let is_statement = |check: &&Check| {
        let ways = &check.target.ways;
        ways.iter().any(|way| matches!(way, Way::Statement(_)))
    };
    for check in checks.iter().filter(is_statement) {
        let (mut for_it, mut against_it, mut said) = (0, 0, Vec::new());
        for number in 1..=OPINIONS {
            match wait::once(stage, check, Purpose::Opinion(number), deadline).await? {
                Look::There(_) => for_it += 1,
                Look::NotThere(seen, _) => {
                    against_it += 1;
                    said.push(seen);
                }
                Look::Unclear(halt) => said.push(halt.why().to_owned()),
            }
        }
        if for_it < 2 {
            let split = format!("only {for_it} of {OPINIONS} opinions are for it: {check}");
            let why = format!("{split}: {}", said.join("; "));
            // Opinions that differ, or are none, settle nothing.
            return Err(if against_it >= 2 {
                Halt::Failed(why)
            } else {
                Halt::passing(why)
            });
        }
    }
    Ok(", two of three opinions".into())
}

impl From<Sighting> for Found {
    fn from(seen: Sighting) -> Self {
        Self {
            rung: seen.rung,
            frame: seen.frame,
            ..Self::default()
        }
    }
}
