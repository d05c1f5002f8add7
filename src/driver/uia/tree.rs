//! The accessibility tree of a Windows desktop.

use super::{
    nodes::{self, Widget, Window, app_name},
    reply::{Refusal, Reply},
    worker::{AskError, UiaLimits, Worker},
};
use crate::{
    model::{Node, NodeQuery, Point, Rect, Tree},
    port::{AccessibilityTree, Shell, TreeError},
};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// How long to wait before another look: a worker that is asked by files tells no changes.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Deeper than any widget lies.
const DEEPEST: usize = 200;

/// The accessibility tree of a Windows desktop.
#[derive(Debug)]
pub struct UiaTree {
    worker: Worker,
    looks: AtomicU64,
}

#[derive(Deserialize)]
struct Dump {
    windows: Vec<Window>,
}

/// A widget and all that it lies in, the nearest first.
#[derive(Deserialize)]
struct Line {
    widgets: Vec<Widget>,
    program: String,
    title: String,
}

#[derive(Deserialize)]
struct AtPoint {
    widget: Widget,
    app: String,
    title: String,
}

#[derive(Deserialize)]
struct Done {}

#[async_trait]
impl AccessibilityTree for UiaTree {
    async fn read(&self) -> Result<Tree, TreeError> {
        let (windows, _) = self.windows("").await?;
        let (_, mut tree) = nodes::view(&windows, false, None);
        for node in &mut tree.nodes {
            node.placement = crate::model::Placement::Unknown;
        }
        Ok(tree)
    }

    async fn find(&self, query: &NodeQuery) -> Result<(Vec<Node>, Tree), TreeError> {
        let (windows, places) = self.windows(&query.app).await?;
        Ok(nodes::view(&windows, places, Some(query)))
    }

    fn generation(&self) -> u64 {
        self.looks.load(Ordering::Acquire)
    }

    async fn changed(&self, since: u64) -> Result<(), TreeError> {
        if self.generation() == since {
            tokio::time::sleep(LOOK_AGAIN).await;
            self.looks.fetch_add(1, Ordering::AcqRel);
        }
        Ok(())
    }

    async fn place(&self, node: &Node) -> Result<Option<Rect>, TreeError> {
        let Some((line, places)) = self.line(node).await? else {
            return Ok(None);
        };
        let widget = line.widgets.first().filter(|it| places && it.shows());
        Ok(widget.and_then(Widget::place))
    }

    async fn read_placed(&self) -> Result<Tree, TreeError> {
        let (windows, places) = self.windows("").await?;
        Ok(nodes::view(&windows, places, None).1)
    }

    async fn actions(&self, node: &Node) -> Result<Vec<String>, TreeError> {
        let line = self.line(node).await?;
        let widget = line.and_then(|(line, _)| line.widgets.into_iter().next());
        let widget = widget.ok_or_else(|| TreeError::Gone(called(node)))?;
        Ok(widget.actions)
    }

    async fn act(&self, node: &Node, index: usize) -> Result<(), TreeError> {
        let mut actions = self.actions(node).await?;
        if index >= actions.len() {
            return Err(TreeError::NoAction {
                node: called(node),
                index,
                actions,
            });
        }
        let action = actions.swap_remove(index);
        let op = json!([{ "id": "a", "op": "do_action", "at": node.id, "action_idx": index }]);
        let limit = self.worker.limit();
        let reply = self.worker.ask(&op).await.map_err(|err| match err {
            AskError::Taken | AskError::Unknown(_) => TreeError::Unanswered {
                node: called(node),
                action: action.clone(),
                limit,
            },
            AskError::Late | AskError::Plain(_) => err.plain(limit),
        })?;
        match reply.result::<Done>("a")? {
            Ok(Done {}) => Ok(()),
            Err(refusal) => Err(match refusal.kind.as_str() {
                "gone" => TreeError::Gone(called(node)),
                "greyed" => TreeError::GreyedOut(called(node)),
                _ => TreeError::Refused {
                    node: called(node),
                    action,
                },
            }),
        }
    }

    async fn at(&self, point: Point) -> Result<Option<Node>, TreeError> {
        let op = json!([{ "id": "p", "op": "get_at_point", "x": point.x, "y": point.y }]);
        let reply = self.ask(&op).await?;
        match reply.result::<AtPoint>("p")? {
            Ok(AtPoint { widget, app, title }) => Ok(Some(
                widget.node(&app_name(&app, &title), reply.knows_pixels),
            )),
            Err(refusal) if ["not_found", "gone"].contains(&&*refusal.kind) => Ok(None),
            Err(refusal) => Err(unexpected(&refusal)),
        }
    }

    async fn around(&self, node: &Node, most: usize) -> Result<Vec<Node>, TreeError> {
        let Some((line, places)) = self.line(node).await? else {
            return Ok(Vec::new());
        };
        let app = app_name(&line.program, &line.title);
        let around = line.widgets.iter().skip(1).take(most);
        Ok(around.map(|widget| widget.node(&app, places)).collect())
    }
}

impl UiaTree {
    /// Starts a worker in the session of the user who logs in by `shell`, and makes sure that it
    /// sees the desktop. `token`, of lower-case letters and digits, tells it from every other.
    pub async fn open(
        shell: Arc<dyn Shell>,
        token: &str,
        limits: UiaLimits,
    ) -> Result<Self, TreeError> {
        Ok(Self {
            worker: Worker::start(shell, token, limits).await?,
            looks: AtomicU64::new(0),
        })
    }

    /// Ends the worker. Without it, the worker ends when nobody has asked it for two hours.
    pub async fn close(&self) -> Result<(), TreeError> {
        self.worker.stop().await
    }

    /// Returns the windows of applications with `app` in their names, and whether places can be
    /// relied on.
    async fn windows(&self, app: &str) -> Result<(Vec<Window>, bool), TreeError> {
        let op = json!([{
            "id": "t", "op": "tree_dump", "flat": true, "max_depth": DEEPEST, "app_filter": app,
        }]);
        let reply = self.ask(&op).await?;
        match reply.result::<Dump>("t")? {
            Ok(dump) => Ok((dump.windows, reply.knows_pixels)),
            Err(refusal) => Err(unexpected(&refusal)),
        }
    }

    /// Asks anew about a widget and what it lies in; `None` when it is not there any more.
    async fn line(&self, node: &Node) -> Result<Option<(Line, bool)>, TreeError> {
        let op = json!([{ "id": "l", "op": "around", "at": node.id }]);
        let reply = self.ask(&op).await?;
        match reply.result::<Line>("l")? {
            Ok(line) => Ok(Some((line, reply.knows_pixels))),
            Err(refusal) if refusal.kind == "gone" => Ok(None),
            Err(refusal) => Err(unexpected(&refusal)),
        }
    }

    async fn ask(&self, ops: &Value) -> Result<Reply, TreeError> {
        let limit = self.worker.limit();
        let reply = self.worker.ask(ops).await;
        reply.map_err(|err| err.plain(limit))
    }
}

fn unexpected(refusal: &Refusal) -> TreeError {
    TreeError::Protocol(format!("the worker could not look: {}", refusal.error))
}

fn called(node: &Node) -> String {
    let Node { role, name, .. } = node;
    if name.is_empty() {
        format!("a {role} of `{}`", node.app)
    } else {
        format!("{role} `{name}`")
    }
}
