//! One look at one target: it is there, it is not, or that cannot be said.

use super::{
    Halt,
    sight::{self, Seen},
    stage::Stage,
    windows::listed,
};
use crate::{
    model::{Frame, NodeQuery, Placement, Point, SilentApp, Tree},
    port::{AccessibilityTree, Screen},
    scenario::{AnchorImage, Check, Target},
};
use std::sync::Arc;

/// What a look came to.
#[derive(Debug)]
pub(super) enum Look {
    /// It is there.
    There(Sighting),
    /// It is not; this is what was seen instead.
    NotThere(String, Option<Frame>),
    /// It could not be told.
    Unclear(Halt),
}

/// Where something was seen.
#[derive(Debug, Default)]
pub(super) struct Sighting {
    /// Which way of looking found it, with its score.
    pub(super) rung: String,
    /// Its middle, where that was asked.
    pub(super) point: Option<Point>,
    /// The picture it was seen on.
    pub(super) frame: Option<Frame>,
}

/// Looks whether `check` holds.
pub(super) async fn check(stage: &mut Stage<'_>, check: &Check) -> Result<Look, Halt> {
    let look = target(stage, &check.target, Purpose::Check).await?;
    if !check.is_absent {
        return Ok(look);
    }
    Ok(match look {
        Look::There(seen) => Look::NotThere(format!("{} is there", check.target), seen.frame),
        Look::NotThere(_, frame) => Look::There(Sighting {
            rung: rung_of(&check.target).into(),
            point: None,
            frame,
        }),
        Look::Unclear(halt) => Look::Unclear(halt),
    })
}

/// What a look is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To know whether something is there.
    Check,
    /// To click on it.
    Click,
}

/// Looks for `target`.
pub(super) async fn target(
    stage: &mut Stage<'_>,
    target: &Target,
    purpose: Purpose,
) -> Result<Look, Halt> {
    match target {
        Target::Window(title) => window(stage, title).await,
        Target::Anchor(image) => anchor(stage, image).await,
        Target::Node(query) => node(stage, query, purpose).await,
    }
}

fn rung_of(target: &Target) -> &'static str {
    match target {
        Target::Window(_) => "window",
        Target::Anchor(_) => "exact",
        Target::Node(_) => "tree",
    }
}

async fn window(stage: &Stage<'_>, title: &str) -> Result<Look, Halt> {
    let windows = stage.context.guest.windows().await?;
    Ok(
        if windows.iter().any(|window| window.title.contains(title)) {
            Look::There(Sighting {
                rung: "window".into(),
                ..Sighting::default()
            })
        } else {
            Look::NotThere(listed(&windows), None)
        },
    )
}

async fn anchor(stage: &mut Stage<'_>, image: &AnchorImage) -> Result<Look, Halt> {
    let screen = stage.screen().await?;
    let frame = screen.frame().await?;
    if stage.last_input.is_some_and(|input| frame.seq <= input) {
        let why = "the screen has not changed since the last input, so it may show what was before";
        return Ok(Look::Unclear(Halt::passing(why)));
    }
    Ok(match sight::find(stage, &frame, image)? {
        Seen::At(point, rung) => Look::There(Sighting {
            rung,
            point: Some(point),
            frame: Some(frame),
        }),
        Seen::Nowhere(_) if sight::is_blank(&frame) => {
            let why = "the screen is blank: is the desktop up, and is this the screen it shows on?";
            Look::Unclear(Halt::passing(why))
        }
        Seen::Nowhere(seen) => Look::NotThere(seen, Some(frame)),
    })
}

async fn node(stage: &mut Stage<'_>, query: &NodeQuery, purpose: Purpose) -> Result<Look, Halt> {
    let tree = stage.tree().await?;
    let (found, whole) = tree.find(query).await?;
    let Some(first) = found.first() else {
        return Ok(match blind_spot(query, &whole) {
            Some(why) => Look::Unclear(Halt::passing(why)),
            None => Look::NotThere(format!("no {query} shows"), None),
        });
    };
    let rung = match found.len() {
        1 => "tree".into(),
        several => format!("tree, the first of {several}"),
    };
    let mut sighting = Sighting {
        rung,
        ..Sighting::default()
    };
    if purpose == Purpose::Click {
        if first.placement == Placement::Measured {
            sighting.rung += ", placed by the picture";
        }
        let screen = stage.screen().await?;
        match place(&*tree, &screen, first).await? {
            Ok(point) => sighting.point = Some(point),
            Err(why) => return Ok(Look::Unclear(Halt::passing(format!("{query} {why}")))),
        }
    }
    Ok(Look::There(sighting))
}

/// Returns where to click on a widget, or why that is not known.
async fn place(
    tree: &dyn AccessibilityTree,
    screen: &Arc<dyn Screen>,
    node: &crate::model::Node,
) -> Result<Result<Point, &'static str>, Halt> {
    let Some(rect) = tree.place(node).await? else {
        return Ok(Err(match node.placement {
            Placement::Unconfirmed => {
                "is there, and where its window is on the screen could not be confirmed"
            }
            Placement::Unknown | Placement::Told | Placement::Measured => {
                "is there, and nobody knows where on the screen"
            }
        }));
    };
    let frame = screen.frame().await?;
    let point = rect.center();
    let is_inside = |at: i32, size: u32| u32::try_from(at).is_ok_and(|at| at < size);
    let has_area = rect.width > 0 && rect.height > 0;
    if has_area && is_inside(point.x, frame.width) && is_inside(point.y, frame.height) {
        Ok(Ok(point))
    } else {
        Ok(Err("is there, and outside the screen"))
    }
}

/// Says why a widget that was not found may be there all the same.
fn blind_spot(query: &NodeQuery, tree: &Tree) -> Option<String> {
    let wanted = query.app.to_lowercase();
    let is_meant = |app: &String| app.to_lowercase().contains(&wanted);
    let may_be_meant = |app: &&SilentApp| app.name.as_ref().is_none_or(is_meant);
    let silent = tree.silent_apps.iter().filter(may_be_meant);
    let silent: Vec<&str> = silent.map(|app| app.label.as_str()).collect();
    if !silent.is_empty() {
        return Some(format!(
            "not all of the desktop was seen: {} is silent",
            silent.join(", ")
        ));
    }
    if !tree.apps.iter().any(is_meant) {
        return Some(match query.app.as_str() {
            "" => "no application shows itself to assistive technologies".into(),
            app => format!("no application `{app}` shows itself to assistive technologies"),
        });
    }
    None
}
