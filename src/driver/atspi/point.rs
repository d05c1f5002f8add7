//! Which widget is at a point of the screen, and what a widget lies in.
//!
//! Programs know what is where in their own windows. Nobody tells which window lies above which, so
//! where windows overlap there is mostly no answer.

use super::{
    AtspiTree,
    application::LOOK_LIMIT,
    bus::within,
    failure::Failure,
    places::{PARENTS_LIMIT, moved},
    tree::{AT_A_TIME, reference},
    view::InView,
    walk::unless_gone,
    widget::{Reference, States},
};
use crate::{
    model::{Node, Placement, Point, Rect},
    port::{Origin, TreeError},
};
use futures_util::{StreamExt, TryStreamExt, future::join_all, stream};

/// A window that shows, and where.
#[derive(Debug)]
struct Placed {
    seen: InView,
    states: States,
    origin: Origin,
    /// On the screen.
    rect: Rect,
}

impl AtspiTree {
    /// Returns the deepest widget at `point`, when it is beyond doubt in which window that is.
    pub(super) async fn topmost_at(&self, point: Point) -> Result<Option<Node>, TreeError> {
        let roots = self.bus().applications().await.map_err(Failure::of_bus)?;
        let looks = roots.iter().map(|root| self.windows_of(root));
        let mut there = Vec::new();
        for look in join_all(looks).await {
            match look {
                Ok(Some(windows)) => there.extend(windows),
                Err(Failure::Gone) => {}
                Err(Failure::Lost(why)) => return Err(TreeError::Lost(why)),
                // What it shows may lie above everything else.
                Ok(None) | Err(_) => return Ok(None),
            }
        }
        there.retain(|window| window.rect.contains(point));
        let Some(window) = self.uppermost(there, point).await else {
            return Ok(None);
        };
        let found = unless_gone(self.deepest(&window, point).await).map_err(Failure::of_bus)?;
        Ok(found)
    }

    /// Returns the windows of an application that show; nothing when nobody knows where one is.
    async fn windows_of(&self, root: &Reference) -> Result<Option<Vec<Placed>>, Failure> {
        let bus = self.bus();
        let asked = async { tokio::try_join!(bus.name(root), bus.children(root)) };
        let (app, children) = within(LOOK_LIMIT, asked).await?;
        let mut windows = Vec::new();
        for at in children {
            let told = async { tokio::try_join!(bus.states(&at), bus.name(&at), bus.extents(&at)) };
            let Some((states, title, extents)) = unless_gone(within(LOOK_LIMIT, told).await)?
            else {
                continue;
            };
            if !states.is_showing() {
                continue;
            }
            let app = app.clone();
            let seen = InView { at, app, title };
            let origin = self.origin(seen.clone()).await;
            let (Some(extents), Some(origin)) = (extents, origin) else {
                return Ok(None);
            };
            windows.push(Placed {
                seen,
                states,
                rect: moved(extents, origin),
                origin,
            });
        }
        Ok(Some(windows))
    }

    /// Returns which of the windows that are at `point` lies above the others: the only one; or the
    /// one that is in use, when the others are backgrounds around it that have nothing there.
    async fn uppermost(&self, mut there: Vec<Placed>, point: Point) -> Option<Placed> {
        if there.len() == 1 {
            return there.pop();
        }
        let (mut active, others): (Vec<_>, Vec<_>) = there
            .into_iter()
            .partition(|window| window.states.is_active());
        let only = active.pop().filter(|_| active.is_empty())?;
        for other in others {
            let local = told_point(point, other.origin);
            let has_more = self.bus().at(&other.seen.at, local).await.ok()?.is_some();
            if has_more || !other.rect.holds(only.rect) {
                return None;
            }
        }
        Some(only)
    }

    async fn deepest(&self, window: &Placed, point: Point) -> Result<Node, Failure> {
        let bus = self.bus();
        let told = told_point(point, window.origin);
        let mut at = window.seen.at.clone();
        for _ in 0..PARENTS_LIMIT {
            let next = match bus.at(&at, told).await {
                Err(Failure::Unsupported) => None,
                other => other?,
            };
            let Some(next) = next else { break };
            let is_child = bus.parent(&next).await? == at;
            let shows = bus.states(&next).await?.is_showing();
            if !shows || (is_child && self.is_covered(&at, told).await?) {
                break;
            }
            at = next;
        }
        self.node(&at, &window.seen.app, Some(window.origin)).await
    }

    /// Whether several children are at a point: programs name the first, which may be the lowest.
    async fn is_covered(&self, parent: &Reference, point: Point) -> Result<bool, Failure> {
        /// Nobody draws more than these on top of each other.
        const MOST: usize = 500;
        let bus = self.bus();
        let children = bus.children(parent).await?;
        if children.len() > MOST {
            return Ok(false);
        }
        let is_there = stream::iter(children).map(|child| async move {
            let told = async { tokio::try_join!(bus.states(&child), bus.extents(&child)) };
            let told = unless_gone(told.await)?;
            Ok::<_, Failure>(told.is_some_and(|(states, place)| {
                states.is_showing() && place.is_some_and(|place| place.contains(point))
            }))
        });
        let is_there: Vec<bool> = is_there.buffered(AT_A_TIME).try_collect().await?;
        Ok(is_there.into_iter().filter(|is| *is).count() > 1)
    }

    /// Returns what `node` lies in, the nearest first.
    pub(super) async fn ancestors(&self, node: &Node, most: usize) -> Result<Vec<Node>, Failure> {
        let Ok(mut at) = reference(node) else {
            return Ok(Vec::new());
        };
        let origin = match self.windows() {
            None => self.origin(InView::default()).await,
            Some(_) => self.origin(self.window_of(&at, &node.app).await?).await,
        };
        let mut around = Vec::new();
        while around.len() < most.min(PARENTS_LIMIT) {
            at = self.bus().parent(&at).await?;
            if at.is_null() || at.is_root() {
                break;
            }
            let mut next = self.node_alone(&at, &node.app, origin).await?;
            next.depth = node.depth.saturating_sub(around.len() + 1);
            around.push(next);
        }
        Ok(around)
    }

    /// Asks for all about a widget whose window is known.
    async fn node(
        &self,
        at: &Reference,
        app: &str,
        origin: Option<Origin>,
    ) -> Result<Node, Failure> {
        let mut node = self.node_alone(at, app, origin).await?;
        let mut parent = self.bus().parent(at).await?;
        while !parent.is_null() && !parent.is_root() && node.depth < PARENTS_LIMIT {
            node.depth += 1;
            parent = self.bus().parent(&parent).await?;
        }
        Ok(node)
    }

    async fn node_alone(
        &self,
        at: &Reference,
        app: &str,
        origin: Option<Origin>,
    ) -> Result<Node, Failure> {
        let bus = self.bus();
        let (role, name, states) = tokio::try_join!(bus.role(at), bus.name(at), bus.states(at))?;
        let place = match bus.extents(at).await {
            Err(Failure::Unsupported) => None,
            other => other?,
        };
        let place = place.filter(|_| states.is_showing());
        Ok(Node {
            id: at.to_string(),
            role,
            name,
            states: states.names(),
            extents: place
                .zip(origin)
                .map(|(place, origin)| moved(place, origin)),
            placement: match (place, origin) {
                (None, _) => Placement::Unknown,
                (Some(_), None) => Placement::Unconfirmed,
                (Some(_), Some(origin)) => origin.placement,
            },
            app: app.to_owned(),
            ..Node::default()
        })
    }
}

/// A point of the screen, as the program of a window counts.
fn told_point(point: Point, origin: Origin) -> Point {
    let told = |pixel: i32| {
        #[expect(clippy::cast_possible_truncation, reason = "places lie on screens")]
        let unit = (f64::from(pixel) / origin.scale).floor() as i32;
        unit
    };
    Point {
        x: told(point.x - origin.at.x),
        y: told(point.y - origin.at.y),
    }
}
