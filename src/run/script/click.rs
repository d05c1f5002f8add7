//! Clicks: on what stands still, can be used and is what was meant; and what must have come of them.

use super::{
    Halt, hand,
    look::{Look, Purpose},
    remember,
    stage::Stage,
    step::Found,
    wait::{self, Sighting},
};
use crate::{
    model::{Answer, Frame, FrameCause, Judged, Point, Rect},
    port::{View, Vision, VisionError},
    scenario::{Action, Care, Check, Click, Diff, Instruction, Means, Quantifier, Target, Way},
};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout};

/// How long something must stand still before it is clicked: longer than a screen takes for a frame.
const STEADY: Duration = Duration::from_millis(20);

/// How long what must hold after a click may take at most.
const REACTION: Duration = Duration::from_secs(8);

/// How far apart a model's opinions of a place may be, in pixels.
const AGREED: f64 = 50.0;

/// How much around a place a model sees that is asked whether it is the right one, in pixels.
const AROUND: i32 = 100;

/// Waits until the target can be clicked, clicks on its middle, and looks at what came of it.
pub(super) async fn click(
    stage: &mut Stage<'_>,
    click: &Click,
    deadline: Instant,
    looking: Duration,
) -> Result<Found, Halt> {
    let seen = if click.care.is_consistent {
        agreed(stage, &click.target, deadline).await?
    } else {
        steady(stage, &click.target, deadline).await?
    };
    let unplaced = || Halt::passing(format!("nobody knows where {} is", click.target));
    let point = seen.point.ok_or_else(unplaced)?;
    if click.care.is_prechecked {
        precheck(stage, &click.target, point).await?;
    }
    let screen = stage.screen().await?;
    let before = screen.frame().await?;
    let is_models = matches!(seen.way, Some(Way::Thing(_))) && !seen.rung.starts_with("remembered");
    stage.pointed = is_models.then(|| (before.clone(), point));
    stage.before = Some(before);
    match click.means {
        Means::Pointer => {
            hand::click_at(stage, point, click.button, click.times, click.aim).await?;
        }
        Means::Action(index) => act(stage, &seen, index).await?,
        Means::Hint(index) => {
            hand::click_at(stage, point, click.button, 0, click.aim).await?;
            act(stage, &seen, index).await?;
        }
    }
    remember::clicked(stage, &seen);
    stage.clicked = seen.way.clone().filter(|_| click.times > 0);
    let mut found = Found::from(seen);
    // The picture it was found on is from before the click, and tells where it went.
    verify(stage, &click.care, point, looking, &mut found).await?;
    Ok(found)
}

/// Says why a click that came to nothing does not convict the app: nobody but a model said where to
/// click, and it does not stand by that when it is shown the place.
pub(super) async fn doubt(stage: &mut Stage<'_>, instruction: &Instruction) -> Option<String> {
    let Action::Click(click) = &instruction.action else {
        return None;
    };
    let (frame, point) = stage.pointed.take()?;
    let model = stage.context.eyes.vision.clone()?;
    let target = &click.target;
    let judged = is_it(&*model, &frame, target, point).await;
    match judged {
        Ok(judged) if judged.answer == Answer::Yes => None,
        Ok(judged) => Some(format!(
            "only the model said that {target} is at {},{}, and asked again it says {}",
            point.x,
            point.y,
            judged.answer.as_str()
        )),
        Err(err) => Some(format!(
            "only the model said where {target} is, and now: {err}"
        )),
    }
}

/// Asks a model whether what is at `point` is the target.
async fn is_it(
    model: &dyn Vision,
    frame: &Frame,
    target: &Target,
    point: Point,
) -> Result<Judged, VisionError> {
    let area = Rect {
        x: point.x - AROUND,
        y: point.y - AROUND,
        width: 2 * AROUND,
        height: 2 * AROUND,
    };
    let view = View {
        area: Some(within(area, frame)),
        ..View::of(frame)
    };
    let statement = format!("in the middle of the picture is {target}");
    model.judge(&view, &statement).await
}

/// Waits until `target` is where it can be clicked, and stands still.
pub(super) async fn steady(
    stage: &mut Stage<'_>,
    target: &Target,
    deadline: Instant,
) -> Result<Sighting, Halt> {
    let mut last: Option<Point> = None;
    loop {
        let seen = wait::until_placed(stage, target, deadline).await?;
        if last.is_some() && last == seen.point {
            return Ok(seen);
        }
        let screen = stage.screen().await?;
        let seq = match &seen.frame {
            Some(frame) => frame.seq,
            None => screen.frame().await?.seq,
        };
        match timeout(STEADY, screen.changed(seq)).await {
            // Nothing has moved since.
            Err(_) => return Ok(seen),
            Ok(changed) => drop(changed?),
        }
        if Instant::now() >= deadline {
            return Err(Halt::Failed(format!("{target} does not stand still")));
        }
        last = seen.point;
    }
}

/// Uses the widget's own action.
async fn act(stage: &mut Stage<'_>, seen: &Sighting, index: usize) -> Result<(), Halt> {
    let Some(Way::Node(query)) = &seen.way else {
        return Err(Halt::blocked("only widgets have actions of their own"));
    };
    let tree = stage.tree().await?;
    let (nodes, _) = tree.find(query).await?;
    let gone = || Halt::Failed(format!("{query} is gone"));
    let node = nodes.first().ok_or_else(gone)?;
    // What is seen from now on may be what the action did.
    let screen = stage.screen().await?;
    let seq = screen.frame().await?.seq;
    tree.act(node, index).await?;
    stage.acted(seq);
    Ok(())
}

/// Has a model look three times, and takes the middle where it agrees with itself.
async fn agreed(
    stage: &mut Stage<'_>,
    target: &Target,
    deadline: Instant,
) -> Result<Sighting, Halt> {
    let mut found: Vec<Sighting> = Vec::new();
    for number in 1..=3 {
        let check = Check {
            target: target.clone(),
            is_absent: false,
        };
        match wait::once(stage, &check, Purpose::Opinion(number), deadline).await? {
            Look::There(seen) => found.push(seen),
            Look::NotThere(why, _) => return Err(Halt::Failed(format!("{target}: {why}"))),
            Look::Unclear(halt) => return Err(halt),
        }
    }
    let points: Vec<Point> = found.iter().filter_map(|seen| seen.point).collect();
    let unplaced = || Halt::passing(format!("nobody knows where {target} is"));
    let count = i32::try_from(points.len()).unwrap_or(i32::MAX).max(1);
    let sum = points
        .iter()
        .fold((0, 0), |(x, y), point| (x + point.x, y + point.y));
    let middle = Point {
        x: sum.0 / count,
        y: sum.1 / count,
    };
    let mut seen = found.pop().ok_or_else(unplaced)?;
    let is_far = |point: &Point| {
        let (dx, dy) = (f64::from(point.x - middle.x), f64::from(point.y - middle.y));
        dx.hypot(dy) > AGREED
    };
    if points.iter().any(is_far) {
        let places: Vec<String> = points
            .iter()
            .map(|point| format!("{},{}", point.x, point.y))
            .collect();
        let why = format!("the model finds {target} at {}: which?", places.join(", "));
        return Err(Halt::passing(why));
    }
    seen.point = Some(middle);
    seen.rung += ", three opinions agree";
    Ok(seen)
}

/// Asks a model whether what is at `point` is the target.
async fn precheck(stage: &mut Stage<'_>, target: &Target, point: Point) -> Result<(), Halt> {
    let model = stage.context.eyes.vision.clone().ok_or(VisionError::None)?;
    let frame = stage.screen().await?.frame().await?;
    let judged = is_it(&*model, &frame, target, point).await?;
    match judged.answer {
        Answer::Yes => Ok(()),
        Answer::No => Err(Halt::Failed(format!(
            "what is at {},{} is not {target}, says the model: {}",
            point.x, point.y, judged.why
        ))),
        Answer::Unclear => Err(Halt::passing(format!(
            "the model cannot tell whether what is at {},{} is {target}",
            point.x, point.y
        ))),
    }
}

/// Looks whether the click did what it should.
async fn verify(
    stage: &mut Stage<'_>,
    care: &Care,
    point: Point,
    looking: Duration,
    found: &mut Found,
) -> Result<(), Halt> {
    let deadline = Instant::now() + stage.context.time(looking.min(REACTION));
    if let Some(diff) = &care.diff {
        changed(stage, diff, point, deadline).await?;
        found.rung += ", changed as it should";
    }
    if let Some(check) = &care.verify {
        let checks = std::slice::from_ref(check);
        let seen = wait::until(stage, Quantifier::All, checks, deadline).await?;
        found.rung = format!("{}; then {}", found.rung, seen.rung);
    }
    Ok(())
}

/// Asks a model about what is around the place, before and after.
async fn changed(
    stage: &mut Stage<'_>,
    diff: &Diff,
    point: Point,
    deadline: Instant,
) -> Result<(), Halt> {
    const USUAL: &str = "the right half shows that the field in the middle has got the focus, compared with the \
        left half: a text cursor, a ring around it, or its placeholder is gone";
    let model = stage.context.eyes.vision.clone().ok_or(VisionError::None)?;
    let Some(before) = stage.before.clone() else {
        return Err(Halt::blocked("there is no picture from before the click"));
    };
    let screen = stage.screen().await?;
    let statement = diff.prompt.as_deref().unwrap_or(USUAL);
    let mut frame = screen.frame().await?;
    loop {
        wait::still(&*screen, deadline).await?;
        frame = if Instant::now() < deadline {
            screen.frame().await?
        } else {
            frame
        };
        let pair = side_by_side(&before, &frame, point, diff.reach);
        let judged = model.judge(&View::of(&pair), statement).await?;
        match judged.answer {
            Answer::Yes => return Ok(()),
            Answer::No | Answer::Unclear => {
                let newer = tokio::time::timeout_at(deadline, screen.changed(frame.seq)).await;
                match (newer, judged.answer) {
                    (Ok(newer), _) => frame = newer?,
                    (Err(_), Answer::Unclear) => {
                        let why = "the model cannot tell whether the click had an effect";
                        return Err(Halt::passing(why));
                    }
                    (Err(_), _) => {
                        let why =
                            format!("the click had no effect, says the model: {}", judged.why);
                        return Err(Halt::Failed(why));
                    }
                }
            }
        }
    }
}

/// Puts what is around a place before and after beside each other, with a gap.
fn side_by_side(before: &Frame, after: &Frame, point: Point, reach: i32) -> Frame {
    const GAP: i32 = 2;
    let area = Rect {
        x: point.x - reach,
        y: point.y - reach,
        width: 2 * reach,
        height: 2 * reach,
    };
    let (left, right) = (within(area, before), within(area, after));
    let height = left.height.max(right.height);
    let width = left.width + GAP + right.width;
    let mut rgba = [0, 0, 0, 255].repeat((width * height) as usize);
    for (frame, part, at) in [(before, left, 0), (after, right, left.width + GAP)] {
        for row in 0..part.height {
            let from = ((part.y + row) * frame.width as i32 + part.x) as usize * 4;
            let to = (row * width + at) as usize * 4;
            let length = part.width as usize * 4;
            rgba[to..to + length].copy_from_slice(&frame.rgba[from..from + length]);
        }
    }
    Frame {
        seq: after.seq,
        at: after.at,
        cause: FrameCause::Damage,
        width: width as u32,
        height: height as u32,
        rgba: Arc::new(rgba),
        damage: Vec::new(),
    }
}

/// Returns the part of `area` that is on `frame`.
fn within(area: Rect, frame: &Frame) -> Rect {
    let (x, y) = (area.x.max(0), area.y.max(0));
    let right = (area.x + area.width).min(frame.width as i32);
    let bottom = (area.y + area.height).min(frame.height as i32);
    Rect {
        x,
        y,
        width: (right - x).max(0),
        height: (bottom - y).max(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FrameSeq, Timestamp};

    fn frame(colour: u8) -> Frame {
        Frame {
            seq: FrameSeq(1),
            at: Timestamp(0),
            cause: FrameCause::Damage,
            width: 10,
            height: 8,
            rgba: Arc::new([colour, 0, 0, 255].repeat(80)),
            damage: Vec::new(),
        }
    }

    #[test]
    fn pictures_from_before_and_after_stand_beside_each_other() {
        let point = Point { x: 1, y: 7 };
        let pair = side_by_side(&frame(1), &frame(2), point, 3);
        // At the edge of the screen there is less to show: 4 columns and 4 rows.
        assert_eq!((pair.width, pair.height), (4 + 2 + 4, 4));
        let reds: Vec<u8> = pair.rgba.as_chunks::<4>().0[..10]
            .iter()
            .map(|p| p[0])
            .collect();
        assert_eq!(reds, [1, 1, 1, 1, 0, 0, 2, 2, 2, 2]);
    }
}
