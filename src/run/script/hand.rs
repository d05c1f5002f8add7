//! Keys and clicks.

use super::{Halt, settle, stage::Stage, step::Found, wait};
use crate::{
    model::{Button, Chord},
    port::Input,
    scenario::Target,
};
use tokio::time::Instant;

/// Presses keys together and lets them go.
pub(super) async fn press(stage: &mut Stage<'_>, chord: &Chord) -> Result<Found, Halt> {
    settle::last_click(stage).await;
    stage.send(&Input::pressing(chord)).await?;
    Ok(Found::default())
}

/// Waits until `target` can be clicked, and clicks on its middle.
pub(super) async fn click(
    stage: &mut Stage<'_>,
    target: &Target,
    button: Button,
    times: usize,
    deadline: Instant,
) -> Result<Found, Halt> {
    let (point, sighting) = wait::until_placed(stage, target, deadline).await?;
    stage.send(&Input::clicking(point, button, times)).await?;
    stage.clicked = Some(target.clone());
    // The picture it was found on is from before the click, and tells where it went.
    Ok(Found {
        rung: sighting.rung,
        frame: sighting.frame,
    })
}
