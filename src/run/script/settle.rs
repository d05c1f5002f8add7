//! What a click has to have done before the keyboard is used.
//!
//! Window managers hold a click back until they have decided what it is for; keys go straight to
//! the program. So a key that is sent right after a click can arrive before it, and be typed into
//! what had the focus until then.

use super::stage::Stage;
use crate::{
    model::{Node, NodeQuery},
    scenario::Way,
};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How long a widget that was clicked may take to get the focus. What never gets it, such as a
/// button that keeps out of the way of the keyboard, costs this once.
const FOCUS: Duration = Duration::from_secs(1);

/// How long a click on a picture may take to show.
const EFFECT: Duration = Duration::from_millis(300);

/// How often a program that tells no changes is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Waits until the last click has arrived, as far as that can be told. Never fails: whatever comes
/// of it, what is typed is seen or read back later.
pub(super) async fn last_click(stage: &mut Stage<'_>) {
    match stage.clicked.take() {
        Some(Way::Node(query)) => await_focus(stage, &query).await,
        Some(_) => {
            if let (Some(screen), Some(input)) = (stage.open_screen(), stage.last_input) {
                // A click that changes no pixel cannot be told from one that has yet to arrive.
                let _shown = timeout(EFFECT, screen.changed(input)).await;
            }
        }
        None => {}
    }
}

async fn await_focus(stage: &mut Stage<'_>, query: &NodeQuery) {
    let focused = timeout(FOCUS, until_focused(stage, query)).await;
    if focused.is_err() {
        let text = format!("{query} was clicked and got no focus");
        stage.watcher.log(&text);
    }
}

/// Waits until the first widget that fits has the focus, or cannot get it.
async fn until_focused(stage: &mut Stage<'_>, query: &NodeQuery) {
    let Ok(tree) = stage.tree().await else { return };
    loop {
        let generation = tree.generation();
        let Ok((nodes, _)) = tree.find(query).await else {
            return;
        };
        let has = |node: &Node, state: &str| node.states.iter().any(|own| own == state);
        match nodes.first() {
            Some(node) if has(node, "focusable") && !has(node, "focused") => {}
            // It has the focus, takes none, or is gone because the click did its work.
            Some(_) | None => return,
        }
        tokio::select! {
            changed = tree.changed(generation) => if changed.is_err() { return },
            () = sleep(LOOK_AGAIN) => {}
        }
    }
}
