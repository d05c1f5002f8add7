//! The accessibility tree of a desktop, asked anew each time.
//!
//! It keeps no widgets between questions, so that no answer is stale; of applications it
//! remembers the names, to be able to say who is silent.

use super::{
    application, bus::Bus, changes::Changes, failure::Failure, operate, view::View,
    walk::unless_gone, widget::Reference,
};
use crate::{
    model::{Node, NodeQuery, Point, Rect, SilentApp, Tree},
    port::{AccessibilityTree, TreeError, WindowOrigin},
};
use async_trait::async_trait;
use futures_util::{StreamExt, future::join_all, stream};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// How many widgets are asked for their place at a time.
pub(super) const AT_A_TIME: usize = 16;

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
        let candidates = view.candidates(|node| query.matches_outside(node));
        let asked = stream::iter(candidates).map(|candidate| async move {
            let app = candidate.node.app.clone();
            (app, self.complete(candidate).await)
        });
        let answers: Vec<_> = asked.buffered(AT_A_TIME).collect().await;
        let (mut found, mut silent) = (Vec::new(), Vec::new());
        for (app, answer) in answers {
            match unless_gone(answer) {
                Ok(held) => found.extend(held.filter(|held| query.matches(&held.node))),
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
        let at = reference(node)?;
        let place = self.place_now(&at, &node.app).await;
        let place = unless_gone(place).map_err(Failure::of_bus)?;
        Ok(place.flatten())
    }

    async fn read_placed(&self) -> Result<Tree, TreeError> {
        self.all_placed().await
    }

    async fn actions(&self, node: &Node) -> Result<Vec<String>, TreeError> {
        operate::actions(&self.bus, node).await
    }

    async fn act(&self, node: &Node, index: usize) -> Result<(), TreeError> {
        operate::act(&self.bus, node, index).await
    }

    async fn at(&self, point: Point) -> Result<Option<Node>, TreeError> {
        self.topmost_at(point).await
    }

    async fn around(&self, node: &Node, most: usize) -> Result<Vec<Node>, TreeError> {
        let around = self.ancestors(node, most).await;
        Ok(unless_gone(around)
            .map_err(Failure::of_bus)?
            .unwrap_or_default())
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

    pub(super) fn bus(&self) -> &Bus {
        &self.bus
    }

    /// Who knows where windows are; nobody where programs know it themselves.
    pub(super) fn windows(&self) -> Option<&dyn WindowOrigin> {
        self.windows.as_deref()
    }
}

/// Which widget a node of this tree stands for.
pub(super) fn reference(node: &Node) -> Result<Reference, TreeError> {
    Reference::parse(&node.id)
        .ok_or_else(|| TreeError::Protocol(format!("`{}` is not a widget of this tree", node.id)))
}

fn silent_app(name: &str, why: Option<&str>) -> SilentApp {
    SilentApp {
        name: Some(name.to_owned()),
        label: why.map_or(name.to_owned(), |why| format!("{name} ({why})")),
    }
}
