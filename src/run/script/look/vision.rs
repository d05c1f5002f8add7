//! Asking a vision model: where something is, or whether a statement is true.

use super::{Look, Purpose, Sighting, pixels, sights::Measured};
use crate::{
    model::{Answer, Asked, Frame, Point, Spot},
    port::{View, Vision, VisionError},
    run::script::{Halt, remember, stage::Stage},
    scenario::{Rung, Target},
};
use std::sync::Arc;

/// Asks where the one thing that `phrase` describes is.
pub(super) async fn locate(
    stage: &mut Stage<'_>,
    frame: &Frame,
    (target, phrase, purpose): (&Target, &str, Purpose),
    measured: &mut Measured,
) -> Result<Look, Halt> {
    if let Some(look) = pixels::blank(frame) {
        return Ok(look);
    }
    if let Some(seen) = by_memory(stage, frame, (target, phrase), measured) {
        return Ok(Look::There(seen));
    }
    let (model, view) = prepare(stage, frame, target, purpose)?;
    let question = format!("locate {:?} {} {phrase}", target.area, view.sample);
    if let Some(look) = stage.memory.recall(&question, frame) {
        return Ok(look);
    }
    let located = model.locate(&view, phrase).await?;
    let rung = rung(&located.asked);
    let look = match located.spot {
        Spot::At { point, area } => Look::There(Sighting {
            rung,
            point: Some(point),
            area,
            frame: Some(frame.clone()),
            way: None,
        }),
        Spot::Absent => Look::NotThere(
            format!("the model sees no \"{phrase}\""),
            Some(frame.clone()),
        ),
        Spot::Unclear(why) => {
            let why = format!("the model cannot tell where \"{phrase}\" is: {why}");
            Look::Unclear(Halt::passing(why))
        }
    };
    stage.memory.keep(question, frame, &look);
    Ok(look)
}

/// Looks for what is remembered of a target, by pixels.
pub(super) fn by_memory(
    stage: &mut Stage<'_>,
    frame: &Frame,
    (target, words): (&Target, &str),
    measured: &mut Measured,
) -> Option<Sighting> {
    if !target.allows(Rung::Exact) && !target.allows(Rung::Like) {
        return None;
    }
    let recalled = remember::recall(stage, frame, words)?;
    let at = Point {
        x: recalled.remembered.rect.x,
        y: recalled.remembered.rect.y,
    };
    let (anchor, click) = (&recalled.anchor, recalled.remembered.click);
    pixels::remembered(stage, frame, anchor, (at, click, target.area), measured)
}

/// Asks whether `statement` is true.
pub(super) async fn judge(
    stage: &mut Stage<'_>,
    frame: &Frame,
    target: &Target,
    statement: &str,
    purpose: Purpose,
) -> Result<Look, Halt> {
    if let Some(look) = pixels::blank(frame) {
        return Ok(look);
    }
    let (model, view) = prepare(stage, frame, target, purpose)?;
    let question = format!("judge {:?} {} {statement}", target.area, view.sample);
    if let Some(look) = stage.memory.recall(&question, frame) {
        return Ok(look);
    }
    let judged = model.judge(&view, statement).await?;
    let why = match judged.why.as_str() {
        "" => String::new(),
        why => format!(": {why}"),
    };
    let look = match judged.answer {
        Answer::Yes => Look::There(Sighting {
            rung: rung(&judged.asked),
            frame: Some(frame.clone()),
            ..Sighting::default()
        }),
        Answer::No => Look::NotThere(
            format!("the model says it is not true that {statement}{why}"),
            Some(frame.clone()),
        ),
        Answer::Unclear => {
            let why = format!("the model cannot tell whether {statement}{why}");
            Look::Unclear(Halt::passing(why))
        }
    };
    stage.memory.keep(question, frame, &look);
    Ok(look)
}

/// Returns whom to ask about what.
fn prepare<'f>(
    stage: &Stage<'_>,
    frame: &'f Frame,
    target: &Target,
    purpose: Purpose,
) -> Result<(Arc<dyn Vision>, View<'f>), Halt> {
    let model = stage.context.eyes.vision.clone().ok_or(VisionError::None)?;
    let sample = match purpose {
        Purpose::Check | Purpose::Absence | Purpose::Click => 0,
        Purpose::Opinion(number) => number,
    };
    let view = View {
        area: target.area,
        sample,
        ..View::of(frame)
    };
    Ok((model, view))
}

fn rung(asked: &Asked) -> String {
    let remembered = if asked.is_cached { ", remembered" } else { "" };
    format!("model `{}`{remembered}", asked.model)
}
