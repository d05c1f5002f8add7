//! The keys of a step, in their order, and what must hold in between.

use super::{Halt, field, hand, stage::Stage, wait};
use crate::{
    port::Input,
    scenario::{Canary, Instruction, Quantifier},
};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long the effect of a key may take to begin, before more is typed.
const EFFECT: Duration = Duration::from_millis(1500);

/// How long a character may take to show that is typed to see whether it arrives.
const ARRIVING: Duration = Duration::from_secs(5);

/// Types everything that the step says, and returns how it was seen to arrive.
pub(super) async fn type_all(
    stage: &mut Stage<'_>,
    instruction: &Instruction,
    deadline: Instant,
) -> Result<String, Halt> {
    let typing = &instruction.typing;
    let mut rung = String::new();
    if let Some(press) = &typing.before {
        hand::press(stage, &press.chord).await?;
        settled(stage, deadline).await?;
    }
    if let Some(canary) = &typing.canary {
        arrives(stage, canary).await?;
    }
    if let Some(text) = &typing.text {
        rung = field::type_text(stage, text, deadline).await?.rung;
    }
    if let Some(check) = &typing.verify {
        let time = instruction.expect.timeout.min(Duration::from_secs(10));
        let deadline = Instant::now() + stage.context.time(time);
        let checks = std::slice::from_ref(check);
        wait::until(stage, Quantifier::All, checks, deadline).await?;
    }
    if let Some(press) = &typing.after {
        hand::press(stage, &press.chord).await?;
    }
    Ok(rung)
}

/// Waits until a key has had its effect: the picture changed and stands still again. A key that
/// changes nothing costs the whole time.
async fn settled(stage: &mut Stage<'_>, deadline: Instant) -> Result<(), Halt> {
    let Some(input) = stage.last_input else {
        return Ok(());
    };
    let screen = stage.screen().await?;
    let end = deadline.min(Instant::now() + stage.context.time(EFFECT));
    match timeout_at(end, screen.changed(input)).await {
        Err(_) => Ok(()),
        Ok(changed) => {
            changed?;
            wait::still(&*screen, end).await
        }
    }
}

/// Types a character, looks whether it arrives, and removes it, whatever came of it.
async fn arrives(stage: &mut Stage<'_>, canary: &Canary) -> Result<(), Halt> {
    let keyboard = stage.screen().await?.keyboard();
    let typed = Input::typing(&canary.text, keyboard)?;
    stage.send(&typed).await?;
    let deadline = Instant::now() + stage.context.time(ARRIVING);
    let checks = std::slice::from_ref(&canary.verify);
    let arrived = wait::until(stage, Quantifier::All, checks, deadline).await;
    let count = canary.text.chars().count();
    stage.send(&Input::erasing(count)).await?;
    arrived.map(drop)
}
