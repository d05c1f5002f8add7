//! Looking for a picture on the screen, and making files of frames: asks `judge`.

use super::{Look, Purpose, Sighting, sights::Measured};
use crate::{
    judge::{self, Alike, Anchor, AnchorError, Bounds, Likeness, Match, Unlike},
    model::{Frame, Point, Rect},
    run::script::{Halt, stage::Stage},
    scenario::{AnchorImage, Rung, Target},
};
use std::sync::Arc;

/// Looks for `image` on `frame`: pixel by pixel, then for what is like it.
pub(super) fn look(
    stage: &mut Stage<'_>,
    frame: &Frame,
    (target, image, purpose): (&Target, &AnchorImage, Purpose),
    measured: &mut Measured,
) -> Result<Look, Halt> {
    if let Some(look) = blank(frame) {
        return Ok(look);
    }
    let refused = |err: AnchorError| Halt::blocked(format!("`{}`: {err}", image.path));
    let anchor = anchor(stage, image).map_err(refused)?;
    let mut seen = Vec::new();
    if target.allows(Rung::Exact) {
        match judge::find_exact(frame, &anchor, target.area).map_err(refused)? {
            Match::Found(found) => {
                measured.exact(found.place);
                let rung = match found.others {
                    0 => "exact 1.000".into(),
                    others => format!("exact 1.000, the first of {}", others + 1),
                };
                return Ok(Look::There(sighting(rung, found.place, frame)));
            }
            Match::Missing { near: None } => {
                seen.push(format!("`{}` is nowhere on the screen", image.path));
            }
            Match::Missing { near: Some(near) } => {
                measured.near(&near);
                seen.push(format!(
                    "`{}` is nowhere on the screen; at {},{} are {} of its {} pixels",
                    image.path, near.place.x, near.place.y, near.equal, near.pixels
                ));
            }
        }
    }
    if target.allows(Rung::Like) {
        match like(stage, frame, (target.area, None), &anchor, measured) {
            Likely::Found(rung, place) => {
                return Ok(Look::There(sighting(rung, place, frame)));
            }
            Likely::Refused(why, alike) => {
                let is_there = matches!(purpose, Purpose::Check | Purpose::Opinion(_));
                // That there are several is a reason not to click, not for it to be missing.
                if let (true, Some(place)) = (is_there, alike) {
                    return Ok(Look::There(sighting(why, place, frame)));
                }
                if purpose == Purpose::Absence {
                    let why = format!(
                        "what is like `{}` is there, and not the same: {why}",
                        image.path
                    );
                    return Ok(Look::Unclear(Halt::blocked(why)));
                }
                seen.push(why);
            }
            Likely::Not => {}
        }
    }
    if seen.is_empty() {
        seen.push(format!("nothing is like `{}`", image.path));
    }
    Ok(Look::NotThere(seen.join("; "), Some(frame.clone())))
}

/// Looks for the picture that is remembered of a target, near where it was, and returns where to
/// click.
pub(super) fn remembered(
    stage: &mut Stage<'_>,
    frame: &Frame,
    anchor: &Anchor,
    (at, click, area): (Point, Point, Option<Rect>),
    measured: &mut Measured,
) -> Option<Sighting> {
    let place = |rung: String, place: Rect| {
        let point = Point {
            x: place.x + click.x,
            y: place.y + click.y,
        };
        Sighting {
            point: Some(point),
            ..sighting(rung, place, frame)
        }
    };
    if let Ok(Match::Found(found)) = judge::find_exact(frame, anchor, area)
        && found.others == 0
    {
        measured.exact(found.place);
        return Some(place("remembered, exact 1.000".into(), found.place));
    }
    match like(stage, frame, (area, Some(at)), anchor, measured) {
        Likely::Found(rung, found) => Some(place(format!("remembered, {rung}"), found)),
        Likely::Refused(..) | Likely::Not => None,
    }
}

/// What a search for what is like a picture came to.
enum Likely {
    /// It is there, with its score.
    Found(String, Rect),
    /// Something is there that is not alike enough, for these reasons; the place, when the only
    /// reason is that there are several.
    Refused(String, Option<Rect>),
    /// Nothing is like it.
    Not,
}

fn like(
    stage: &mut Stage<'_>,
    frame: &Frame,
    (area, near): (Option<Rect>, Option<Point>),
    anchor: &Anchor,
    measured: &mut Measured,
) -> Likely {
    let cut;
    let (searched, corner) = match area {
        None => (frame, Point::default()),
        Some(area) => {
            let Some(part) = judge::cut(frame, area) else {
                return Likely::Not;
            };
            cut = part;
            let corner = Point {
                x: area.x.max(0),
                y: area.y.max(0),
            };
            (&cut, corner)
        }
    };
    let moved = |rect: Rect| Rect {
        x: rect.x + corner.x,
        y: rect.y + corner.y,
        ..rect
    };
    let second = |alike: &Alike| alike.second.as_ref().map(|part| moved(part.place));
    let near = near.map(|near| Point {
        x: near.x - corner.x,
        y: near.y - corner.y,
    });
    let bounds = Bounds::default();
    let prepared = &mut stage.prepared;
    // What is too plain or too large for it can only be found exactly.
    match judge::find_like(searched, anchor, near, &bounds, prepared) {
        Ok(Likeness::Found(alike)) => {
            measured.alike(&alike, moved(alike.place), second(&alike));
            Likely::Found(numbers(&alike), moved(alike.place))
        }
        Ok(Likeness::Refused { best, reasons }) => {
            let is_there = reasons
                .iter()
                .all(|reason| matches!(reason, Unlike::Ambiguous(_)));
            let reasons: Vec<String> = reasons.iter().map(ToString::to_string).collect();
            let place = moved(best.place);
            measured.alike(&best, place, second(&best));
            let why = format!(
                "like it is {place} ({}), but {}",
                numbers(&best),
                reasons.join(", ")
            );
            Likely::Refused(why, is_there.then_some(place))
        }
        Ok(Likeness::Nothing { best }) => {
            if let Some(best) = best {
                measured.unlike(moved(best.place), best.value);
            }
            Likely::Not
        }
        Err(_) => Likely::Not,
    }
}

fn numbers(alike: &Alike) -> String {
    let second = match &alike.second {
        Some(second) => format!(", second {:.3}", second.value),
        None => String::new(),
    };
    format!("like {:.3}{second}", alike.score)
}

fn sighting(rung: String, place: Rect, frame: &Frame) -> Sighting {
    Sighting {
        rung,
        point: Some(place.center()),
        area: Some(place),
        frame: Some(frame.clone()),
        way: None,
    }
}

/// Says that nothing can be told from a picture with nothing on it.
pub(super) fn blank(frame: &Frame) -> Option<Look> {
    let why = "the screen is blank: is the desktop up, and is this the screen it shows on?";
    judge::is_blank(frame).then(|| Look::Unclear(Halt::passing(why)))
}

/// Returns the anchor of a picture, which is read once.
fn anchor(stage: &mut Stage<'_>, image: &AnchorImage) -> Result<Arc<Anchor>, AnchorError> {
    if let Some(anchor) = stage.anchors.get(&image.path) {
        return Ok(Arc::clone(anchor));
    }
    let anchor = Arc::new(Anchor::from_png(&image.png)?);
    stage
        .anchors
        .insert(image.path.clone(), Arc::clone(&anchor));
    Ok(anchor)
}

/// Returns a frame as a file.
pub(in crate::run::script) fn png(frame: &Frame) -> Vec<u8> {
    judge::png(frame)
}
