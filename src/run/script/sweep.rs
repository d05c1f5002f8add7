//! Closing what covers the app, by the judgement of a model.

use super::{Halt, hand, stage::Stage, step::Found, wait};
use crate::{
    model::{Answer, Chord},
    port::{View, VisionError},
};
use tokio::time::Instant;

/// How often something is closed.
const ROUNDS: usize = 2;

/// What a model is asked.
const COVERED: &str = "a dialog, pop-up, overlay or update banner covers part of the application";

/// Presses Escape as long as something covers the app.
pub(super) async fn sweep(stage: &mut Stage<'_>, deadline: Instant) -> Result<Found, Halt> {
    let model = stage.context.eyes.vision.clone().ok_or(VisionError::None)?;
    let escape = Chord::parse("Escape").map_err(|err| Halt::blocked(err.to_string()))?;
    let screen = stage.screen().await?;
    let mut closed = 0;
    loop {
        wait::still(&*screen, deadline.max(Instant::now())).await?;
        let frame = screen.frame().await?;
        let judged = model.judge(&View::of(&frame), COVERED).await?;
        match judged.answer {
            Answer::No => break,
            Answer::Unclear => {
                let why = "the model cannot tell whether something covers the app";
                return Err(Halt::passing(why));
            }
            Answer::Yes if closed == ROUNDS => {
                let why = format!("something still covers the app: {}", judged.why);
                return Err(Halt::Failed(why));
            }
            Answer::Yes => {
                closed += 1;
                stage
                    .watcher
                    .log(&format!("closing what covers the app: {}", judged.why));
                hand::press(stage, &escape).await?;
            }
        }
    }
    Ok(Found {
        rung: format!("{closed} closed"),
        ..Found::default()
    })
}
