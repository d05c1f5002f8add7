//! One look at one target: it is there, it is not, or that cannot be said.
//!
//! A target is looked for by its ways, cheapest first, up to the first that finds it. That it is not
//! there takes all of them.

mod memory;
mod node;
mod pixels;
mod sights;
mod vision;
mod window;
mod words;

use super::{Halt, stage::Stage};
use crate::{
    model::{Frame, Point, Rect},
    scenario::{Check, Rung, Target, Way},
};
use sights::Measured;
use std::time::Duration;
use tokio::time::{Instant, timeout};

pub(super) use memory::Memory;
pub(super) use pixels::png;
pub(super) use sights::{Sights, is_same};

/// How long a screen may take to send its picture anew.
const CONFIRMING: Duration = Duration::from_secs(5);

/// What a look came to.
#[derive(Clone, Debug)]
pub(super) enum Look {
    /// It is there.
    There(Sighting),
    /// It is not; this is what was seen instead.
    NotThere(String, Option<Frame>),
    /// It could not be told.
    Unclear(Halt),
}

/// Where something was seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Sighting {
    /// Which way of looking found it, with its score.
    pub(super) rung: String,
    /// Its middle, where that was asked.
    pub(super) point: Option<Point>,
    /// All of it, where that is known.
    pub(super) area: Option<Rect>,
    /// The picture it was seen on.
    pub(super) frame: Option<Frame>,
    /// By which way it was found.
    pub(super) way: Option<Way>,
}

/// What a look is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To know whether something is there.
    Check,
    /// To know whether something is not there.
    Absence,
    /// To click on it.
    Click,
    /// To know whether something is there, asking a model for another one of its opinions.
    Opinion(u32),
}

/// The picture of one look, which is taken once, so that several targets are looked for on the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Glance(Option<Frame>);

impl Glance {
    /// Returns the picture, or why none counts: one that is from before the last input could take
    /// effect says nothing.
    async fn frame(&mut self, stage: &mut Stage<'_>) -> Result<Result<Frame, Look>, Halt> {
        let frame = if let Some(frame) = &self.0 {
            frame.clone()
        } else {
            let screen = stage.screen().await?;
            self.0.insert(screen.frame().await?).clone()
        };
        let is_stale = |frame: &Frame| stage.last_input.is_some_and(|input| frame.seq <= input);
        if !is_stale(&frame) {
            return Ok(Ok(frame));
        }
        // No update is not the same as no change: the screen is asked.
        if stage.confirms_at().is_some_and(|at| Instant::now() >= at) {
            let screen = stage.screen().await?;
            if let Ok(confirmed) = timeout(CONFIRMING, screen.confirm()).await {
                let confirmed = confirmed?;
                self.0 = Some(confirmed.clone());
                return Ok(Ok(confirmed));
            }
        }
        {
            let why =
                "the screen has not changed since the last input, so it may show what was before";
            Ok(Err(Look::Unclear(Halt::passing(why))))
        }
    }
}

/// Looks whether `check` holds.
pub(super) async fn check(
    stage: &mut Stage<'_>,
    glance: &mut Glance,
    check: &Check,
    purpose: Purpose,
) -> Result<Look, Halt> {
    let purpose = if purpose == Purpose::Check && check.is_absent {
        Purpose::Absence
    } else {
        purpose
    };
    let look = target(stage, glance, &check.target, purpose).await?;
    if !check.is_absent {
        return Ok(look);
    }
    Ok(match look {
        Look::There(seen) => Look::NotThere(
            format!("{} ({})", there(&check.target), seen.rung),
            seen.frame,
        ),
        Look::NotThere(_, frame) => Look::There(Sighting {
            rung: rungs_of(&check.target),
            frame,
            ..Sighting::default()
        }),
        Look::Unclear(halt) => Look::Unclear(halt),
    })
}

/// Says that something is there, or is true.
fn there(target: &Target) -> String {
    match target.ways.first() {
        Some(Way::Statement(text)) => format!("it is true that {text}"),
        _ => format!("{target} is there"),
    }
}

/// Looks for `target`.
pub(super) async fn target(
    stage: &mut Stage<'_>,
    glance: &mut Glance,
    target: &Target,
    purpose: Purpose,
) -> Result<Look, Halt> {
    let (mut missing, mut unclear) = (Vec::new(), None);
    let mut frame = None;
    for way in target.ways.iter().filter(|way| is_allowed(target, way)) {
        let mut measured = Measured::default();
        let began = Instant::now();
        let look = look_by(stage, glance, (target, way, purpose), &mut measured).await?;
        let seen_on = glance.0.clone().filter(|_| is_seen(way));
        let wanted = (target, way, purpose);
        stage
            .sights
            .take(wanted, seen_on, &look, measured, began.elapsed());
        match look {
            Look::There(mut seen) => {
                seen.way = Some(way.clone());
                return Ok(Look::There(seen));
            }
            Look::NotThere(why, seen_on) => {
                missing.push(why);
                frame = frame.or(seen_on);
            }
            Look::Unclear(halt) => unclear = unclear.or(Some(halt)),
        }
    }
    Ok(match unclear {
        Some(halt) => Look::Unclear(halt),
        None if missing.is_empty() => {
            let why = format!("{target} is described by no way that `via` allows");
            Look::Unclear(Halt::blocked(why))
        }
        None => Look::NotThere(missing.join("; "), frame),
    })
}

async fn look_by(
    stage: &mut Stage<'_>,
    glance: &mut Glance,
    (target, way, purpose): (&Target, &Way, Purpose),
    measured: &mut Measured,
) -> Result<Look, Halt> {
    match way {
        Way::Window(title) => window::look(stage, title).await,
        Way::Node(query) => node::look(stage, query, purpose).await,
        Way::Anchor(image) => match glance.frame(stage).await? {
            Ok(frame) => pixels::look(stage, &frame, (target, image, purpose), measured),
            Err(look) => Ok(look),
        },
        Way::Text(query) => match glance.frame(stage).await? {
            Ok(frame) => words::look(stage, &frame, (target, query, purpose), measured).await,
            Err(look) => Ok(look),
        },
        Way::Thing(phrase) => match glance.frame(stage).await? {
            Ok(frame) => vision::locate(stage, &frame, (target, phrase, purpose), measured).await,
            Err(look) => Ok(look),
        },
        Way::Statement(text) => match glance.frame(stage).await? {
            Ok(frame) => vision::judge(stage, &frame, target, text, purpose).await,
            Err(look) => Ok(look),
        },
    }
}

/// Whether it is looked for in the picture.
fn is_seen(way: &Way) -> bool {
    !matches!(way, Way::Window(_) | Way::Node(_))
}

/// Whether `via` leaves a rung to look by.
fn is_allowed(target: &Target, way: &Way) -> bool {
    match way {
        Way::Window(_) => true,
        Way::Anchor(_) => target.allows(Rung::Exact) || target.allows(Rung::Like),
        Way::Node(_) => target.allows(Rung::Tree),
        Way::Text(_) => target.allows(Rung::Text),
        Way::Thing(_) | Way::Statement(_) => target.allows(Rung::Model),
    }
}

/// Names the rungs that were climbed without finding anything.
fn rungs_of(target: &Target) -> String {
    let names = target.ways.iter().map(|way| match way {
        Way::Window(_) => "window",
        Way::Anchor(_) => "exact",
        Way::Node(_) => "tree",
        Way::Text(_) => "text",
        Way::Thing(_) | Way::Statement(_) => "model",
    });
    names.collect::<Vec<_>>().join(", ")
}

/// Whether looking for it reads the screen, which this computer may take a while for.
pub(super) fn reads_text(target: &Target) -> bool {
    let is_read = |way: &Way| matches!(way, Way::Text(_));
    target.allows(Rung::Text) && target.ways.iter().any(is_read)
}

/// Whether looking for it asks a model, which takes its time: then the picture should have settled.
pub(super) fn asks_model(target: &Target) -> bool {
    let is_asked = |way: &Way| matches!(way, Way::Thing(_) | Way::Statement(_));
    target.allows(Rung::Model) && target.ways.iter().any(is_asked)
}
