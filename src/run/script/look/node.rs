//! Looking for a widget in the accessibility tree.

use super::{Look, Purpose, Sighting};
use crate::{
    judge,
    model::{Node, NodeQuery, Placement, Point, Rect, SilentApp, Tree},
    port::{AccessibilityTree, Screen, Window},
    run::script::{Halt, stage::Stage},
};
use std::sync::Arc;

/// A widget of fewer pixels may be too small to be hit, so that what it lies in is looked at.
const SMALL: i64 = 64;

/// Looks for the widgets that fit `query`, and where the first of them is, for a click.
pub(super) async fn look(
    stage: &mut Stage<'_>,
    query: &NodeQuery,
    purpose: Purpose,
) -> Result<Look, Halt> {
    let tree = stage.tree().await?;
    let (found, whole) = tree.find(query).await?;
    let Some(first) = found.first() else {
        let has_left = whole.apps.is_empty() && has_left(stage).await?;
        return Ok(match blind_spot(query, &whole) {
            Some(_) if has_left && purpose != Purpose::Absence => Look::NotThere(
                format!("no {query} shows: what was launched has ended"),
                None,
            ),
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
        if is_greyed_out(first, &whole) {
            return Ok(Look::NotThere(format!("{query} is greyed out"), None));
        }
        let screen = stage.screen().await?;
        match place(&*tree, &screen, first).await? {
            Ok(rect) => {
                sighting.point = Some(rect.center());
                sighting.area = Some(rect);
            }
            Err(Unplaced::Outside) => {
                let why = format!("{query} is there, and outside the screen");
                return Ok(Look::NotThere(why, None));
            }
            Err(Unplaced::Unknown(why)) => {
                return Ok(Look::Unclear(Halt::passing(format!("{query} {why}"))));
            }
        }
        if let Some(point) = sighting.point
            && let Some(other) = stranger_above(stage, &*tree, first, point).await?
        {
            let why = format!("{query} is covered by {other}");
            return Ok(Look::Unclear(Halt::passing(why)));
        }
        if let Some(point) = sighting.point
            && let Some(above) = covering(&*tree, first, point).await?
        {
            let (role, name) = (&above.role, &above.name);
            let why = format!("{query} is covered by {role} `{name}` of `{}`", above.app);
            // What another program puts there says nothing about this one.
            return Ok(if above.app == first.app {
                Look::NotThere(why, None)
            } else {
                Look::Unclear(Halt::passing(why))
            });
        }
    }
    Ok(Look::There(sighting))
}

/// Whether everything that was launched has certainly ended: a launcher may be gone while what it
/// started goes on, and tells nothing of its widgets.
async fn has_left(stage: &Stage<'_>) -> Result<bool, Halt> {
    if stage.apps.is_empty() {
        return Ok(false);
    }
    let windows = stage.context.guest.windows().await?;
    for app in &stage.apps {
        let is_gone = app.process.exit().is_some()
            && app
                .process
                .family()
                .await?
                .is_some_and(|family| family.is_empty())
            && app.before.newcomers(&windows).is_empty();
        if !is_gone {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a widget cannot be used, as far as its program tells which can.
fn is_greyed_out(node: &Node, tree: &Tree) -> bool {
    let is_usable = |node: &Node| node.states.iter().any(|state| state == "sensitive");
    let mut own = tree.nodes.iter().filter(|other| other.app == node.app);
    !is_usable(node) && own.any(is_usable)
}

/// Names the window on top at `point`, when it belongs to a program that was not launched and is not
/// the one that the widget lies in.
async fn stranger_above(
    stage: &Stage<'_>,
    tree: &dyn AccessibilityTree,
    node: &Node,
    point: Point,
) -> Result<Option<String>, Halt> {
    let Some(above) = stage.context.guest.window_at(point).await? else {
        return Ok(None);
    };
    let own = window_of(tree, node).await?;
    if above.title == own.name {
        return Ok(None);
    }
    let Some(pid) = above.pid else {
        return Ok(None);
    };
    for app in &stage.apps {
        let family = app.process.family().await?.unwrap_or_default();
        if app.process.pid() == Some(pid) || family.contains(&pid) {
            return Ok(None);
        }
    }
    // A program that nobody launched here may have several windows: a menu is one as well.
    let windows = stage.context.guest.windows().await?;
    let is_own = |window: &Window| window.title == own.name && window.pid == Some(pid);
    if windows.iter().any(is_own) {
        return Ok(None);
    }
    let title = &above.title;
    Ok(Some(format!(
        "the window `{title}` of process {pid}, which is not the app's"
    )))
}

/// Returns the widget of another window that lies over `point` of `node`, where that can be told.
async fn covering(
    tree: &dyn AccessibilityTree,
    node: &Node,
    point: Point,
) -> Result<Option<Node>, Halt> {
    let Some(seen) = tree.at(point).await? else {
        return Ok(None);
    };
    if seen.id == node.id {
        return Ok(None);
    }
    let own = window_of(tree, node).await?;
    let other = window_of(tree, &seen).await?;
    Ok((own.id != other.id).then_some(seen))
}

/// Returns the window that a widget lies in.
async fn window_of(tree: &dyn AccessibilityTree, node: &Node) -> Result<Node, Halt> {
    /// Deeper than any widget lies.
    const DEEPEST: usize = 200;
    let around = tree.around(node, DEEPEST).await?;
    Ok(around.into_iter().last().unwrap_or_else(|| node.clone()))
}

/// Why a widget that is there cannot be clicked.
enum Unplaced {
    /// It is where nobody can see it.
    Outside,
    /// Nobody knows where it is, for this reason.
    Unknown(&'static str),
}

/// Returns where to click on a widget, or why that cannot be done.
async fn place(
    tree: &dyn AccessibilityTree,
    screen: &Arc<dyn Screen>,
    node: &Node,
) -> Result<Result<Rect, Unplaced>, Halt> {
    let Some(rect) = tree.place(node).await? else {
        return Ok(Err(Unplaced::Unknown(match node.placement {
            Placement::Unconfirmed => {
                "is there, and where its window is on the screen could not be confirmed"
            }
            Placement::Unknown | Placement::Told | Placement::Measured => {
                "is there, and nobody knows where on the screen"
            }
        })));
    };
    let rect = if i64::from(rect.width) * i64::from(rect.height) < SMALL {
        let around = tree.around(node, judge::CLICKABLE_AROUND).await?;
        let around: Vec<Rect> = around.iter().filter_map(|node| node.extents).collect();
        judge::clickable(Some(rect), &around).unwrap_or(rect)
    } else {
        rect
    };
    let frame = screen.frame().await?;
    let point = rect.center();
    let is_inside = |at: i32, size: u32| u32::try_from(at).is_ok_and(|at| at < size);
    let has_area = rect.width > 0 && rect.height > 0;
    if !has_area {
        let why = "is there, and has no size on the screen";
        return Ok(Err(Unplaced::Unknown(why)));
    }
    if is_inside(point.x, frame.width) && is_inside(point.y, frame.height) {
        Ok(Ok(rect))
    } else {
        Ok(Err(Unplaced::Outside))
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
