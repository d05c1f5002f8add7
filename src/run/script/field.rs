//! Typing, and reading back what arrived where the desktop tells.
//!
//! Only a field that had the focus before and after, and tells its text, can convict: everything
//! else is a remark in the log.

use super::{Halt, settle, stage::Stage, step::Found};
use crate::{
    model::{Node, NodeQuery},
    port::{AccessibilityTree, Input, TreeError},
};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// How many characters are sent at once: stopping has an effect between two portions.
const PORTION: usize = 16;

/// How long finding the field may take. Typing does not depend on it.
const FINDING: Duration = Duration::from_secs(2);

/// How long what was typed has to arrive, counted anew whenever some of it has: a machine under load
/// is slow, which is not the app's fault.
const ARRIVING: Duration = Duration::from_secs(5);

/// How often a program that tells no changes is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Types `text` with the keyboard.
pub(super) async fn type_text(
    stage: &mut Stage<'_>,
    text: &str,
    deadline: Instant,
) -> Result<Found, Halt> {
    settle::last_click(stage).await;
    let before = focused_field(stage).await;
    let chars: Vec<char> = text.chars().collect();
    for portion in chars.chunks(PORTION) {
        let portion: String = portion.iter().collect();
        stage.send(&Input::typing(&portion)).await?;
    }
    // Return, Tab and the like do something else than add text.
    let is_plain = !text.chars().any(char::is_control);
    match before {
        Some(before) if is_plain => read_back(stage, &before, text, deadline).await,
        _ => Ok(Found::default()),
    }
}

/// Returns the field that has the focus, when there is one that tells what it holds.
async fn focused_field(stage: &mut Stage<'_>) -> Option<Node> {
    let find = async {
        let tree = stage.tree().await?;
        let all = tree.read().await?;
        match all.nodes.into_iter().find(is_focused_field) {
            Some(field) => Ok::<_, Halt>(with_text(&*tree, &field).await?),
            None => Ok(None),
        }
    };
    match timeout(FINDING, find).await {
        Ok(Ok(field)) => field,
        Ok(Err(halt)) => {
            let why = halt.why();
            stage
                .watcher
                .log(&format!("what is typed cannot be read back: {why}"));
            None
        }
        Err(_) => {
            stage
                .watcher
                .log("what is typed cannot be read back: the tree does not answer");
            None
        }
    }
}

fn is_focused_field(node: &Node) -> bool {
    let has = |state: &str| node.states.iter().any(|own| own == state);
    has("focused") && has("editable") && node.role != "password text"
}

async fn read_back(
    stage: &mut Stage<'_>,
    before: &Node,
    text: &str,
    deadline: Instant,
) -> Result<Found, Halt> {
    let mut held = before.text.clone();
    let arrives = arrives(stage, before, (text, deadline), &mut held);
    if let Some(found) = arrives.await? {
        return Ok(found);
    }
    if held.is_empty() {
        stage
            .watcher
            .log("what was typed cannot be read back: the field tells no text");
        return Ok(Found::default());
    }
    if held == before.text && held.contains(text) {
        stage
            .watcher
            .log("what was typed cannot be told from what the field held before");
        return Ok(Found::default());
    }
    Err(Halt::Failed(format!(
        "typed `{text}`, but the field holds `{held}`"
    )))
}

/// Waits until the field holds what was typed, or until it can no longer be asked; nothing when it
/// goes on holding something else.
async fn arrives(
    stage: &mut Stage<'_>,
    before: &Node,
    (text, deadline): (&str, Instant),
    held: &mut String,
) -> Result<Option<Found>, Halt> {
    let unknown = |why: &str| {
        stage
            .watcher
            .log(&format!("what was typed cannot be read back: {why}"));
        Ok(Some(Found::default()))
    };
    let tree = stage.context.guest.tree().await?;
    let arriving = stage.context.time(ARRIVING);
    let mut patience = Instant::now() + arriving;
    let mut has_looked = false;
    loop {
        let generation = tree.generation();
        let last_look = deadline.min(patience);
        let field = match timeout_at(last_look, with_text(&*tree, before)).await {
            Ok(Ok(field)) => field,
            Ok(Err(err)) => return unknown(&err.to_string()),
            Err(_) if has_looked => return Ok(None),
            // What it held before says nothing about what it holds now.
            Err(_) => return unknown("the tree does not answer"),
        };
        has_looked = true;
        let Some(field) = field.filter(is_focused_field) else {
            return unknown("the field has lost the focus");
        };
        if *held != field.text {
            *held = field.text;
            patience = Instant::now() + arriving;
        }
        if held.contains(text) && *held != before.text {
            let rung = "read back".into();
            return Ok(Some(Found {
                rung,
                ..Found::default()
            }));
        }
        if Instant::now() >= last_look {
            return Ok(None);
        }
        tokio::select! {
            changed = tree.changed(generation) => if let Err(err) = changed {
                return unknown(&err.to_string());
            },
            () = sleep(LOOK_AGAIN) => {}
        }
    }
}

/// Returns the same field as it is now, with what it holds: a whole tree is read without texts.
async fn with_text(tree: &dyn AccessibilityTree, field: &Node) -> Result<Option<Node>, TreeError> {
    let query = NodeQuery {
        role: field.role.clone(),
        name: Some(field.name.clone()),
        app: field.app.clone(),
        ..NodeQuery::default()
    };
    let (nodes, _) = tree.find(&query).await?;
    Ok(nodes.into_iter().find(|node| node.id == field.id))
}
