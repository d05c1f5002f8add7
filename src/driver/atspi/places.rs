//! What widgets are asked one by one: what they hold, and where on the screen they are.

use super::{
    AtspiTree,
    failure::Failure,
    tree::AT_A_TIME,
    view::{Candidate, InView},
    widget::Reference,
    window::TreeWindow,
};
use crate::{
    model::{Node, Placement, Point, Rect, Tree},
    port::{Origin, TreeError},
};
use futures_util::{StreamExt, stream};
use std::{collections::BTreeMap, time::Duration};
use tokio::time::sleep;

/// How many parents are asked for. A faulty program may make a widget its own ancestor.
pub(super) const PARENTS_LIMIT: usize = 200;

/// How long all widgets are asked for when everything is read.
const READ_LIMIT: Duration = Duration::from_secs(3);

impl AtspiTree {
    /// Reads everything; what shows with what it holds and where it is, as far as time allows.
    pub(super) async fn all_placed(&self) -> Result<Tree, TreeError> {
        let view = self.look().await?;
        let candidates = stream::iter(view.candidates(|_| true));
        let asked = candidates.map(|candidate| self.complete(candidate));
        let answers = asked.buffered(AT_A_TIME).take_until(sleep(READ_LIMIT));
        let answers: Vec<_> = answers.collect().await;
        let mut known = Vec::new();
        for answer in answers {
            match answer {
                Ok(held) => known.push(held),
                Err(Failure::Lost(why)) => return Err(TreeError::Lost(why)),
                // It stays in the tree as it was, without a place.
                Err(_) => {}
            }
        }
        let known = self.placed(known).await.into_iter();
        let mut known: BTreeMap<_, _> = known.map(|node| (node.id.clone(), node)).collect();
        let mut tree = view.into_tree();
        for node in &mut tree.nodes {
            if let Some(told) = known.remove(&node.id) {
                *node = told;
            }
        }
        Ok(tree)
    }

    /// Adds text, value and what its program says of its place.
    pub(super) async fn complete(&self, candidate: Candidate) -> Result<Held, Failure> {
        let Candidate {
            mut node,
            widget,
            window,
        } = candidate;
        let bus = self.bus();
        let abilities = match widget.abilities {
            Some(abilities) => abilities,
            None => bus.abilities(&widget.at).await?,
        };
        if abilities.has_text {
            // If it is gone, it has no place either.
            node.text = if_kept(bus.text(&widget.at).await)?.unwrap_or_default();
        }
        if abilities.has_value {
            let value = if_kept(bus.value(&widget.at).await)?;
            node.value = value.map(|it| it.to_string()).unwrap_or_default();
        }
        let extents = if abilities.has_place {
            bus.extents(&widget.at).await?
        } else {
            None
        };
        Ok(Held {
            node,
            extents,
            window,
        })
    }

    /// Adds to each widget where it is on the screen.
    pub(super) async fn placed(&self, found: Vec<Held>) -> Vec<Node> {
        let mut origins: BTreeMap<Reference, Option<Origin>> = BTreeMap::new();
        let mut nodes = Vec::new();
        for Held {
            mut node,
            extents,
            window,
        } in found
        {
            if let Some(extents) = extents {
                let at = window.at.clone();
                let origin = match origins.get(&at) {
                    Some(known) => *known,
                    None => self.origin(window).await,
                };
                origins.insert(at, origin);
                node.extents = origin.map(|origin| moved(extents, origin));
                node.placement = origin.map_or(Placement::Unconfirmed, |it| it.placement);
            }
            nodes.push(node);
        }
        nodes
    }

    pub(super) async fn place_now(
        &self,
        at: &Reference,
        app: &str,
    ) -> Result<Option<Rect>, Failure> {
        let (states, extents) = tokio::try_join!(self.bus().states(at), self.bus().extents(at))?;
        if !states.is_showing() {
            return Ok(None);
        }
        let Some(extents) = extents else {
            return Ok(None);
        };
        if self.windows().is_none() {
            return Ok(Some(extents));
        }
        let origin = self.origin(self.window_of(at, app).await?).await;
        Ok(origin.map(|origin| moved(extents, origin)))
    }

    /// The window that a widget is in.
    pub(super) async fn window_of(&self, at: &Reference, app: &str) -> Result<InView, Failure> {
        let mut window = at.clone();
        for _ in 0..PARENTS_LIMIT {
            let parent = self.bus().parent(&window).await?;
            if parent.is_null() || parent.is_root() {
                return Ok(InView {
                    title: self.bus().name(&window).await?,
                    app: app.to_owned(),
                    at: window,
                });
            }
            window = parent;
        }
        Err(Failure::Gone)
    }

    pub(super) async fn origin(&self, window: InView) -> Option<Origin> {
        let Some(windows) = self.windows() else {
            return Some(Origin {
                at: Point::default(),
                scale: 1.0,
                placement: Placement::Told,
            });
        };
        let told = TreeWindow {
            tree: self,
            seen: window,
        };
        windows.origin(&told).await
    }
}

/// A widget that holds what is looked for, and where its program says that it is.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) node: Node,
    extents: Option<Rect>,
    window: InView,
}

/// Returns where on the screen a place is that a program tells.
pub(super) fn moved(place: Rect, by: Origin) -> Rect {
    let scaled = |told: i32| {
        #[expect(clippy::cast_possible_truncation, reason = "places lie on screens")]
        let pixels = (f64::from(told) * by.scale).round() as i32;
        pixels
    };
    let (left, top) = (scaled(place.x), scaled(place.y));
    Rect {
        x: left + by.at.x,
        y: top + by.at.y,
        width: scaled(place.x + place.width) - left,
        height: scaled(place.y + place.height) - top,
    }
}

/// What a widget holds; nothing where it promised more than it can.
fn if_kept<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Err(Failure::Unsupported) => Ok(None),
        other => other.map(Some),
    }
}
