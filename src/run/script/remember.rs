//! Remembering what a target looks like, so that the next run finds it by pixels alone.
//!
//! Only what was confirmed is remembered: it was clicked, and what had to hold then did. What has a
//! picture already that no longer fits gets a proposal, which counts for nothing until somebody has
//! accepted it.

use super::{stage::Stage, wait::Sighting};
use crate::{
    judge::{self, Anchor, Match, Picture},
    model::{Frame, Point, Rect},
    port::{AnchorKey, RememberedAnchor},
    scenario::Way,
};
use std::{collections::BTreeMap, sync::Arc};

/// How much around a point is kept when nobody knows how large its target is, in pixels.
const REACH: (i32, i32) = (40, 16);

/// How much around a target is kept as well.
const MARGIN: i32 = 4;

/// How often more is kept until it is unmistakable.
const TRIES: i32 = 4;

/// What is remembered during a scenario.
#[derive(Debug, Default)]
pub(super) struct Remembering {
    recalled: BTreeMap<AnchorKey, Option<Recalled>>,
    /// What the running step has clicked that a model or a reader found.
    clicked: Option<Clicked>,
}

/// A picture that was recalled.
#[derive(Clone, Debug)]
pub(super) struct Recalled {
    pub(super) anchor: Arc<Anchor>,
    pub(super) remembered: RememberedAnchor,
}

#[derive(Debug)]
struct Clicked {
    key: AnchorKey,
    frame: Frame,
    point: Point,
    area: Option<Rect>,
    rung: String,
}

/// Returns what is remembered of a target. What cannot be read is told, and counts as nothing.
pub(super) fn recall(stage: &mut Stage<'_>, frame: &Frame, target: &str) -> Option<Recalled> {
    let anchors = stage.context.eyes.anchors.clone()?;
    let key = key(stage, frame, target);
    if let Some(known) = stage.remembering.recalled.get(&key) {
        return known.clone();
    }
    let recalled = match anchors.recall(&key) {
        Ok(remembered) => remembered.and_then(|remembered| {
            let anchor = Anchor::from_png(&remembered.png).ok()?;
            let anchor = Arc::new(anchor);
            Some(Recalled { anchor, remembered })
        }),
        Err(err) => {
            let text = format!("{err}: {}; {target} is looked for anew", err.source);
            stage.watcher.log(&text);
            None
        }
    };
    stage.remembering.recalled.insert(key, recalled.clone());
    recalled
}

/// Notes what was clicked, when somebody had to read or think to find it.
pub(super) fn clicked(stage: &mut Stage<'_>, seen: &Sighting) {
    let words = match &seen.way {
        Some(Way::Thing(phrase)) => phrase.clone(),
        Some(Way::Text(query)) => query.text.clone(),
        Some(Way::Window(_) | Way::Anchor(_) | Way::Node(_) | Way::Statement(_)) | None => return,
    };
    let is_remembered = seen.rung.starts_with("remembered");
    stage.remembering.clicked = match (&seen.frame, seen.point) {
        (Some(frame), Some(point)) if !is_remembered => Some(Clicked {
            key: key(stage, frame, &words),
            frame: frame.clone(),
            point,
            area: seen.area,
            rung: seen.rung.clone(),
        }),
        _ => None,
    };
}

/// Forgets what was clicked: it was not confirmed.
pub(super) fn forget(stage: &mut Stage<'_>) {
    stage.remembering.clicked = None;
}

/// Remembers what was clicked, now that what had to hold does.
pub(super) fn confirm(stage: &mut Stage<'_>) {
    let Some(clicked) = stage.remembering.clicked.take() else {
        return;
    };
    let Some(anchors) = stage.context.eyes.anchors.clone() else {
        return;
    };
    let target = clicked.key.target.clone();
    let Some((picture, rect)) = unmistakable(&clicked) else {
        let text = format!("no picture of \"{target}\" is remembered: none is unmistakable");
        stage.watcher.log(&text);
        return;
    };
    let remembered = RememberedAnchor {
        png: picture.png(),
        rect,
        click: Point {
            x: clicked.point.x - rect.x,
            y: clicked.point.y - rect.y,
        },
        found_by: clicked.rung,
    };
    let known = stage.remembering.recalled.get(&clicked.key);
    let is_healed = known.is_some_and(Option::is_some);
    let (kept, told) = if is_healed {
        let told =
            "does not look as remembered; a new picture is proposed: see `mosdat anchors review`";
        (anchors.propose(&clicked.key, &remembered), told)
    } else {
        (
            anchors.remember(&clicked.key, &remembered),
            "is remembered by its picture",
        )
    };
    match kept {
        Ok(()) => stage.watcher.log(&format!("\"{target}\" {told}")),
        Err(err) => {
            let text = format!(
                "no picture of \"{target}\" is remembered: {err}: {}",
                err.source
            );
            stage.watcher.log(&text);
        }
    }
    // Within this scenario it is looked for as before.
    stage
        .remembering
        .recalled
        .entry(clicked.key)
        .or_insert(None);
}

fn key(stage: &Stage<'_>, frame: &Frame, target: &str) -> AnchorKey {
    let machine = stage.context.machine;
    AnchorKey {
        scenario: stage.scenario.clone(),
        target: target.into(),
        desktop: format!("{machine}-{}x{}", frame.width, frame.height),
    }
}

/// Returns a picture of the target that is on the frame only once, and where.
fn unmistakable(clicked: &Clicked) -> Option<(Picture, Rect)> {
    let (frame, point) = (&clicked.frame, clicked.point);
    let own = clicked.area.unwrap_or(Rect {
        x: point.x - REACH.0,
        y: point.y - REACH.1,
        width: 2 * REACH.0,
        height: 2 * REACH.1,
    });
    (0..TRIES).find_map(|more| {
        let margin = MARGIN + more * own.height.max(16) / 2;
        let rect = judge::clipped(own, margin, frame)?;
        let picture = Picture::crop(frame, rect).ok()?;
        let anchor = Anchor::new(picture.clone()).ok()?;
        match judge::find_exact(frame, &anchor, None) {
            Ok(Match::Found(found)) if found.others == 0 => Some((picture, rect)),
            Ok(_) | Err(_) => None,
        }
    })
}
