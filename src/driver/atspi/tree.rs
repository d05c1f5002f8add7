//! The accessibility tree of a desktop, asked anew each time.
//!
//! It keeps no widgets between questions, so that no answer is stale; of applications it
//! remembers the names, to be able to say who is silent.

use super::{
    application,
    bus::Bus,
    changes::Changes,
    failure::Failure,
    view::{Candidate, InView, View},
    walk::unless_gone,
    widget::Reference,
    window::TreeWindow,
};
use crate::{
    model::{Node, NodeQuery, Placement, Point, Rect, SilentApp, Tree},
    port::{AccessibilityTree, Origin, TreeError, WindowOrigin},
};
use async_trait::async_trait;
use futures_util::{StreamExt, future::join_all, stream};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// How many widgets are asked for their place at a time.
const AT_A_TIME: usize = 16;

/// How many parents are asked for. A faulty program may make a widget its own ancestor.
const PARENTS_LIMIT: usize = 200;

/// The accessibility tree of a desktop.
#[derive(Debug)]
pub struct AtspiTree {
    bus: Bus,
    changes: Changes,
    windows: Option<Arc<dyn WindowOrigin>>,
    /// The names of applications by their connection.
    names: Mutex<BTreeMap<String, String>>,
}

#[async_trait]
impl AccessibilityTree for AtspiTree {
    async fn read(&self) -> Result<Tree, TreeError> {
        Ok(self.look().await?.into_tree())
    }

    async fn find(&self, query: &NodeQuery) -> Result<(Vec<Node>, Tree), TreeError> {
        let view = self.look().await?;
        let without_text = NodeQuery {
            text: None,
            ..query.clone()
        };
        let candidates = view.candidates(&without_text);
        let asked = stream::iter(candidates).map(|candidate| async move {
            let app = candidate.node.app.clone();
            (app, self.complete(candidate, query).await)
        });
        let answers: Vec<_> = asked.buffered(AT_A_TIME).collect().await;
        let (mut found, mut silent) = (Vec::new(), Vec::new());
        for (app, answer) in answers {
            match unless_gone(answer) {
                Ok(held) => found.extend(held.flatten()),
                Err(Failure::Lost(why)) => return Err(TreeError::Lost(why)),
                Err(Failure::Unreadable(why)) => silent.push(silent_app(&app, Some(&why))),
                Err(Failure::Silent(_) | Failure::Gone | Failure::Unsupported) => {
                    silent.push(silent_app(&app, None));
                }
            }
        }
        let mut tree = view.into_tree();
        silent.dedup();
        tree.silent_apps.extend(silent);
        Ok((self.placed(found).await, tree))
    }

    fn generation(&self) -> u64 {
        self.changes.generation()
    }

    async fn changed(&self, since: u64) -> Result<(), TreeError> {
        self.changes.after(since).await
    }

    async fn place(&self, node: &Node) -> Result<Option<Rect>, TreeError> {
        let at = Reference::parse(&node.id).ok_or_else(|| {
            TreeError::Protocol(format!("`{}` is not a widget of this tree", node.id))
        })?;
        let place = self.place_now(&at, &node.app).await;
        let place = unless_gone(place).map_err(Failure::of_bus)?;
        Ok(place.flatten())
    }
}

impl AtspiTree {
    /// Starts to listen on an accessibility bus.
    pub(super) async fn new(
        bus: Bus,
        windows: Option<Arc<dyn WindowOrigin>>,
    ) -> Result<Self, TreeError> {
        let changes = Changes::listen(&bus).await.map_err(Failure::of_bus)?;
        Ok(Self {
            bus,
            changes,
            windows,
            names: Mutex::default(),
        })
    }

    /// Looks at all applications at once, so that a silent one holds up no other.
    pub(super) async fn look(&self) -> Result<View, TreeError> {
        let roots = self.bus.applications().await.map_err(Failure::of_bus)?;
        let looks = roots.iter().map(|root| application::look(&self.bus, root));
        let mut view = View::default();
        for (root, look) in roots.iter().zip(join_all(looks).await) {
            match look {
                Ok(app) => {
                    self.remember(root, &app.name);
                    if let Some(why) = &app.left_out {
                        view.silent.push(silent_app(&app.name, Some(why)));
                    }
                    view.apps.push(app);
                }
                Err(Failure::Lost(why)) => return Err(TreeError::Lost(why)),
                // It ended while we looked, or does not have what every application has.
                Err(Failure::Silent(_) | Failure::Gone) => {
                    view.silent.extend(self.unseen(root, None).await);
                }
                Err(Failure::Unsupported) => {
                    let why = Some("it has no tree");
                    view.silent.extend(self.unseen(root, why).await);
                }
                Err(Failure::Unreadable(why)) => {
                    view.silent.extend(self.unseen(root, Some(&why)).await);
                }
            }
        }
        Ok(view)
    }

    fn remember(&self, root: &Reference, name: &str) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.insert(root.bus.clone(), name.to_owned());
    }

    /// Returns an application that was not seen, as far as it is known; `None` when it is not there
    /// any more.
    async fn unseen(&self, root: &Reference, why: Option<&str>) -> Option<SilentApp> {
        let process = self.bus.process(&root.bus).await;
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let name = names.get(&root.bus).cloned();
        let known_as = match (&name, process) {
            (_, Err(Failure::Gone)) => return None,
            (Some(name), _) => name.clone(),
            (None, Ok(id)) => format!("process {id}"),
            (None, Err(_)) => root.bus.clone(),
        };
        Some(SilentApp {
            name,
            ..silent_app(&known_as, why)
        })
    }

    /// Adds text and what its program says of its place. `None` when the widget does not hold the text that is looked for.
    async fn complete(
        &self,
        candidate: Candidate,
        query: &NodeQuery,
    ) -> Result<Option<Held>, Failure> {
        let Candidate {
            mut node,
            widget,
            window,
        } = candidate;
        let abilities = match widget.abilities {
            Some(abilities) => abilities,
            None => self.bus.abilities(&widget.at).await?,
        };
        if abilities.has_text {
            node.text = match self.bus.text(&widget.at).await {
                // It promised more than it can. If it is gone instead, it has no place either.
                Err(Failure::Unsupported) => String::new(),
                text => text?,
            };
        }
        if !query.matches(&node) {
            return Ok(None);
        }
        let extents = if abilities.has_place {
            self.bus.extents(&widget.at).await?
        } else {
            None
        };
        Ok(Some(Held {
            node,
            extents,
            window,
        }))
    }

    /// Adds to each widget where it is on the screen.
    async fn placed(&self, found: Vec<Held>) -> Vec<Node> {
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
                node.extents = origin.map(|origin| moved(extents, origin.at));
                node.placement = origin.map_or(Placement::Unconfirmed, |it| it.placement);
            }
            nodes.push(node);
        }
        nodes
    }

    async fn place_now(&self, at: &Reference, app: &str) -> Result<Option<Rect>, Failure> {
        let (states, extents) = tokio::try_join!(self.bus.states(at), self.bus.extents(at))?;
        if !states.is_showing() {
            return Ok(None);
        }
        let Some(extents) = extents else {
            return Ok(None);
        };
        if self.windows.is_none() {
            return Ok(Some(extents));
        }
        let origin = self.origin(self.window_of(at, app).await?).await;
        Ok(origin.map(|origin| moved(extents, origin.at)))
    }

    /// The window that a widget is in.
    async fn window_of(&self, at: &Reference, app: &str) -> Result<InView, Failure> {
        let mut window = at.clone();
        for _ in 0..PARENTS_LIMIT {
            let parent = self.bus.parent(&window).await?;
            if parent.is_null() || parent.is_root() {
                return Ok(InView {
                    title: self.bus.name(&window).await?,
                    app: app.to_owned(),
                    at: window,
                });
            }
            window = parent;
        }
        Err(Failure::Gone)
    }

    async fn origin(&self, window: InView) -> Option<Origin> {
        let Some(windows) = &self.windows else {
            return Some(Origin {
                at: Point::default(),
                placement: Placement::Told,
            });
        };
        let told = TreeWindow {
            tree: self,
            seen: window,
        };
        windows.origin(&told).await
    }

    pub(super) fn bus(&self) -> &Bus {
        &self.bus
    }
}

/// A widget that holds what is looked for, and where its program says that it is.
#[derive(Debug)]
struct Held {
    node: Node,
    extents: Option<Rect>,
    window: InView,
}

fn moved(place: Rect, by: Point) -> Rect {
    Rect {
        x: place.x + by.x,
        y: place.y + by.y,
        ..place
    }
}

fn silent_app(name: &str, why: Option<&str>) -> SilentApp {
    SilentApp {
        name: Some(name.to_owned()),
        label: why.map_or(name.to_owned(), |why| format!("{name} ({why})")),
    }
}
