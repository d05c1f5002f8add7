//! Proof that a screen is alive: the pointer moves, and the picture follows.
//!
//! A machine that was taken up again shows a picture whether or not anything in it runs. Only one
//! that answers input is worth testing on. Afterwards the pointer is where it was, so that each
//! scenario starts from the same picture.

use crate::{
    model::{Frame, Point},
    port::{Input, Screen, ScreenError},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// How a screen proves that it is alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignOfLife {
    /// Its picture follows the pointer.
    Pointer,
    /// Its pictures do not show the pointer, which a graphics card adds elsewhere: the display
    /// answers its programs, which is less.
    Display,
}

/// How far the pointer is moved.
const STEP: i32 = 24;

/// A desktop that is about to be kept has come to rest when nothing changed for so long.
const REST: Duration = Duration::from_millis(1500);

/// Where the pointer waits: near the right edge, a third down, where windows and bars seldom are.
fn parking_place(frame: &Frame) -> Point {
    Point {
        x: frame.width as i32 - 8,
        y: frame.height as i32 / 3,
    }
}

/// Whether a picture shows nothing: the same dark color everywhere.
pub fn is_dark(frame: &Frame) -> bool {
    let mut pixels = frame.rgba.chunks_exact(4);
    let Some(first) = pixels.next() else {
        return true;
    };
    first[..3].iter().all(|part| *part < 16) && pixels.all(|pixel| pixel == first)
}

/// Puts the pointer where it waits, and waits until the desktop has come to rest, at most for
/// `limit`: one that never rests is kept as it is.
pub async fn come_to_rest(screen: &dyn Screen, limit: Duration) -> Result<(), ScreenError> {
    let deadline = Instant::now() + limit;
    let place = parking_place(&screen.frame().await?);
    let mut seen = screen.send(&[Input::Move(place)]).await?;
    while Instant::now() < deadline {
        match timeout(REST, screen.changed(seen)).await {
            Ok(frame) => seen = frame?.seq,
            Err(_) => return Ok(()),
        }
    }
    Ok(())
}

/// Moves the pointer from where it waits and back. Returns whether the picture followed both
/// times within `limit` each; pictures that do not show the pointer never do.
pub async fn follows(screen: &dyn Screen, limit: Duration) -> Result<bool, ScreenError> {
    let home = parking_place(&screen.frame().await?);
    let away = Point {
        x: home.x - STEP,
        ..home
    };
    let left = moved(screen, away, limit).await?;
    // Back it goes in any case.
    let back = moved(screen, home, limit).await?;
    Ok(left && back)
}

/// Moves the pointer to `place` and waits until something changes near it.
async fn moved(screen: &dyn Screen, place: Point, limit: Duration) -> Result<bool, ScreenError> {
    let deadline = Instant::now() + limit;
    let mut seen = screen.send(&[Input::Move(place)]).await?;
    loop {
        let Ok(frame) = timeout_at(deadline, screen.changed(seen)).await else {
            return Ok(false);
        };
        let frame = frame?;
        let is_near = |x: i32, y: i32, width: i32, height: i32| {
            (x - STEP..x + width + STEP).contains(&place.x)
                && (y - STEP..y + height + STEP).contains(&place.y)
        };
        let near = frame
            .damage
            .iter()
            .any(|rect| is_near(rect.x, rect.y, rect.width, rect.height));
        if near {
            return Ok(true);
        }
        seen = frame.seq;
    }
}
