//! Keys and the pointer: what a hand does on a desktop.
//!
//! Whatever a step that was cut short left pressed is let go before the next one does anything.

use super::{Halt, settle, stage::Stage};
use crate::{
    model::{Button, Chord, Motion, NoKey, Point, Profile, Wheel},
    port::{self, Input},
    scenario::{Aim, Direction},
};
use std::time::Duration;
use tokio::time::sleep;

/// How long something is held over its goal before it is dropped: whoever may take it has to say
/// so first.
const OVER_GOAL: Duration = Duration::from_millis(100);

/// What the steps of a scenario have to know of the hand.
#[derive(Debug, Default)]
pub(super) struct Hand {
    /// Where the pointer was left; nobody knows before it was moved.
    pointer: Option<Point>,
    /// How often it was moved: each way is another.
    ways: u64,
    /// Whether a button may be down.
    is_pressing: bool,
    /// Whether the keyboard was used.
    pub(super) has_typed: bool,
    /// Whether this machine was seen to lose or double letters.
    pub(super) is_slow: bool,
}

/// Presses keys together and lets them go.
pub(super) async fn press(stage: &mut Stage<'_>, chord: &Chord) -> Result<(), Halt> {
    settle::last_click(stage).await;
    free(stage).await;
    let keyboard = stage.screen().await?.keyboard();
    let inputs = Input::pressing(chord, keyboard).map_err(Halt::from)?;
    stage.send(&inputs).await?;
    stage.hand.has_typed = true;
    Ok(())
}

/// Moves the pointer to `point` and clicks there; 0 times only points.
pub(super) async fn click_at(
    stage: &mut Stage<'_>,
    point: Point,
    button: Button,
    times: usize,
    aim: Aim,
) -> Result<(), Halt> {
    let motion = motion_of(stage, aim);
    travel(stage, point, &motion).await?;
    if times == 0 {
        return Ok(());
    }
    let click = [Input::Press(button), Input::Release(button)];
    stage.send(&click.repeat(times)).await
}

/// Pulls what is at one point to another. Whatever comes of it, nothing is left pressed.
pub(super) async fn drag(
    stage: &mut Stage<'_>,
    from: Point,
    to: Point,
    aim: Aim,
) -> Result<(), Halt> {
    let motion = motion_of(stage, aim);
    travel(stage, from, &motion).await?;
    // It may be cut short after the button went down: then the next one lets go.
    stage.hand.is_pressing = true;
    let pulled = pull(stage, to, motion).await;
    if pulled.is_ok() {
        stage.hand.is_pressing = false;
    }
    free(stage).await;
    pulled
}

/// Presses, goes to a point, and lets go there.
async fn pull(stage: &mut Stage<'_>, to: Point, motion: Motion) -> Result<(), Halt> {
    // What jumps is not dragged: toolkits want to see it go.
    let profile = match motion.profile {
        Profile::Instant => Profile::Linear,
        slow @ (Profile::Linear | Profile::Bezier | Profile::WindMouse) => slow,
    };
    stage.send(&[Input::Press(Button::Left)]).await?;
    go(stage, to, &Motion { profile, ..motion }).await?;
    sleep(OVER_GOAL.max(motion.dwell)).await;
    stage.send(&[Input::Release(Button::Left)]).await
}

/// Turns the wheel, where `over` says or where the pointer is.
pub(super) async fn scroll(
    stage: &mut Stage<'_>,
    over: Option<Point>,
    direction: Direction,
    notches: u32,
) -> Result<(), Halt> {
    if let Some(over) = over {
        travel(stage, over, &stage.context.cursor).await?;
    }
    free(stage).await;
    let wheel = match direction {
        Direction::Up => Wheel::Up,
        Direction::Down => Wheel::Down,
        Direction::Left => Wheel::Left,
        Direction::Right => Wheel::Right,
    };
    stage.send(&Input::scrolling(wheel, notches as usize)).await
}

/// Returns how the pointer moves: as the step says, or else as it usually does.
fn motion_of(stage: &Stage<'_>, aim: Aim) -> Motion {
    let usual = stage.context.cursor;
    Motion {
        profile: aim.motion.unwrap_or(usual.profile),
        dwell: aim.dwell.unwrap_or(usual.dwell),
        ..usual
    }
}

/// Moves the pointer to `to`, and lets it rest there as long as `motion` says.
async fn travel(stage: &mut Stage<'_>, to: Point, motion: &Motion) -> Result<(), Halt> {
    free(stage).await;
    go(stage, to, motion).await?;
    pause(motion.dwell).await;
    Ok(())
}

/// Lets go of what is held, or of what a step held that was cut short.
pub(super) async fn free(stage: &mut Stage<'_>) {
    if stage.hand.is_pressing {
        stage.let_go().await;
        stage.hand.is_pressing = false;
    }
}

/// Moves the pointer to `to`, with whatever is pressed.
async fn go(stage: &mut Stage<'_>, to: Point, motion: &Motion) -> Result<(), Halt> {
    let frame = stage.screen().await?.frame().await?;
    let size = (frame.width, frame.height);
    let middle = Point {
        x: (size.0 / 2) as i32,
        y: (size.1 / 2) as i32,
    };
    let from = stage.hand.pointer.unwrap_or(middle);
    let seed = motion.seed.unwrap_or(stage.watcher.clock.now().0);
    stage.hand.ways += 1;
    let way = port::path(motion, seed.wrapping_add(stage.hand.ways), (from, to), size);
    for moves in way.chunk_by(|_, next| next.0.is_zero()) {
        pause(moves[0].0).await;
        let inputs: Vec<Input> = moves.iter().map(|(_, place)| Input::Move(*place)).collect();
        stage.send(&inputs).await?;
        stage.hand.pointer = moves.last().map(|(_, place)| *place);
    }
    Ok(())
}

/// Waits; not even a tick where there is nothing to wait for.
async fn pause(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}

impl From<NoKey> for Halt {
    fn from(err: NoKey) -> Self {
        Self::blocked(err.to_string())
    }
}
