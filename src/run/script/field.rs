//! Typing, and reading back what arrived where the desktop tells.
//!
//! Only a field that had the focus before and after, and tells its text, can convict: everything
//! else is a remark in the log. Letters that got lost or doubled are erased, and typed once more,
//! slowly; from then on everything is typed slowly on this machine. A secret field is never read.

use super::{Halt, hand, settle, stage::Stage, step::Found, typed::Change};
use crate::{
    model::{Keyboard, Node, NodeQuery},
    port::{AccessibilityTree, Input, TreeError},
};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// How long finding the field may take. Typing does not depend on it.
const FINDING: Duration = Duration::from_secs(2);

/// How long what was typed has to arrive, counted anew whenever some of it has: a machine under load
/// is slow, which is not the app's fault.
const ARRIVING: Duration = Duration::from_secs(5);

/// How often a program that tells no changes is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// After how many characters it is looked again whether the field still has the focus.
const LOOK_UP: usize = 32;

/// How fast letters are sent: so many at once, then a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pace {
    portion: usize,
    pause: Duration,
}

impl Pace {
    /// Returns how fast letters are sent to this machine.
    fn of(stage: &Stage<'_>, keyboard: Keyboard) -> Self {
        let (portion, pause) = match keyboard {
            _ if stage.hand.is_slow => (1, 50),
            Keyboard::Symbols(_) => (LOOK_UP, 0),
            // A keyboard remembers 16 codes, two for each key, until the machine takes them.
            Keyboard::Places(_) => (4, 10),
        };
        let pause = stage.context.time(Duration::from_millis(pause));
        Self { portion, pause }
    }
}

/// Types `text` with the keyboard.
pub(super) async fn type_text(
    stage: &mut Stage<'_>,
    text: &str,
    deadline: Instant,
) -> Result<Found, Halt> {
    settle::last_click(stage).await;
    hand::free(stage).await;
    let keyboard = stage.screen().await?.keyboard();
    // Nothing is typed of what cannot be typed to its end.
    Input::typing(text, keyboard)?;
    let before = focused_field(stage).await;
    send(stage, text, before.as_ref()).await?;
    // Return, Tab and the like do something else than add text.
    let is_plain = !text.chars().any(char::is_control);
    let Some(before) = before.filter(|field| is_plain && !is_secret(field)) else {
        return Ok(Found::default());
    };
    let held = match read_back(stage, &before, text, deadline).await? {
        Arrived::Settled(found) => return Ok(found),
        Arrived::Otherwise(held) => held,
    };
    let change = Change::between(&before.text, &held);
    let wrong = Halt::Failed(format!("typed `{text}`, but the field holds `{held}`"));
    if Instant::now() >= deadline
        || stage.hand.is_slow
        || change.put_in.is_empty() && held != before.text
    {
        return Err(wrong);
    }
    let remark = format!("typed `{text}`, and `{held}` arrived: it is typed again, slowly");
    stage.watcher.log(&remark);
    stage.hand.is_slow = true;
    again(stage, &before, (text, &change), deadline).await
}

/// Erases what arrived, and types `text` once more.
async fn again(
    stage: &mut Stage<'_>,
    before: &Node,
    (text, change): (&str, &Change),
    deadline: Instant,
) -> Result<Found, Halt> {
    let pace = Pace::of(stage, Keyboard::default());
    for _ in change.put_in.chars() {
        stage.send(&Input::erasing(1)).await?;
        sleep(pace.pause).await;
    }
    let open = |why: &str| {
        Halt::passing(format!(
            "`{text}` arrived as `{}`, and whether it was right the second time is not known: {why}",
            change.put_in
        ))
    };
    let mut held = String::new();
    let erased = change.undone();
    match arrives(stage, before, |held| held == erased, deadline, &mut held).await? {
        Looked::There => {}
        Looked::Unknown(why) => return Err(open(&why)),
        Looked::Otherwise => {
            return Err(Halt::Failed(format!(
                "typed `{text}`, and what arrived could not be erased: the field holds `{held}`"
            )));
        }
    }
    send(stage, text, Some(before)).await?;
    // What was late the first time must not count the second time: nothing else may be there.
    let wanted = format!("{}{text}{}", change.around.0, change.around.1);
    match arrives(stage, before, |held| held == wanted, deadline, &mut held).await? {
        Looked::There => Ok(read_back_as("read back the second time")),
        Looked::Unknown(why) => Err(open(&why)),
        Looked::Otherwise => Err(Halt::Failed(format!(
            "typed `{text}` twice, the second time slowly, but the field holds `{held}`"
        ))),
    }
}

fn read_back_as(rung: &str) -> Found {
    Found {
        rung: rung.into(),
        ..Found::default()
    }
}

/// Sends the keys of `text`, as fast as this machine takes them. `field` is where they should go.
async fn send(stage: &mut Stage<'_>, text: &str, field: Option<&Node>) -> Result<(), Halt> {
    let keyboard = stage.screen().await?.keyboard();
    let pace = Pace::of(stage, keyboard);
    let chars: Vec<char> = text.chars().collect();
    if !stage.hand.has_typed && chars.iter().any(|c| keyboard.is_new_key(*c)) {
        stage.send(&Input::waking()).await?;
    }
    stage.hand.has_typed = true;
    let mut looked_at = 0;
    for (index, portion) in chars.chunks(pace.portion).enumerate() {
        let sent = index * pace.portion;
        if sent > 0 && !pace.pause.is_zero() {
            sleep(pace.pause).await;
        }
        if let Some(field) = field.filter(|_| sent - looked_at >= LOOK_UP) {
            looked_at = sent;
            if has_lost_focus(stage, field).await {
                return Err(Halt::passing(format!(
                    "the field lost the focus after {sent} of {} characters, so the rest was not typed",
                    chars.len()
                )));
            }
        }
        let text: String = portion.iter().collect();
        stage.send(&Input::typing(&text, keyboard)?).await?;
    }
    Ok(())
}

/// Whether the desktop says that `field` is gone or has the focus no more.
async fn has_lost_focus(stage: &mut Stage<'_>, field: &Node) -> bool {
    let look = async {
        let all = stage.tree().await?.read().await?;
        let own = all.nodes.iter().find(|node| node.id == field.id);
        Ok::<_, Halt>(!own.is_some_and(|node| has(node, "focused")))
    };
    // Who does not answer has not said that.
    matches!(timeout(FINDING, look).await, Ok(Ok(true)))
}

/// Returns the field that has the focus, with what it holds where that may be known.
async fn focused_field(stage: &mut Stage<'_>) -> Option<Node> {
    let find = async {
        let tree = stage.tree().await?;
        let all = tree.read().await?;
        match all.nodes.into_iter().find(is_focused_field) {
            Some(field) if is_secret(&field) => Ok::<_, Halt>(Some(field)),
            Some(field) => Ok(with_text(&*tree, &field).await?),
            None => Ok(None),
        }
    };
    match timeout(FINDING, find).await {
        Ok(Ok(field)) => field,
        Ok(Err(halt)) => {
            unknown(stage, halt.why());
            None
        }
        Err(_) => {
            unknown(stage, "the tree does not answer");
            None
        }
    }
}

fn is_focused_field(node: &Node) -> bool {
    has(node, "focused") && has(node, "editable")
}

fn is_secret(node: &Node) -> bool {
    node.role == "password text"
}

fn has(node: &Node, state: &str) -> bool {
    node.states.iter().any(|own| own == state)
}

/// Remarks that nobody knows what arrived.
fn unknown(stage: &Stage<'_>, why: &str) -> Found {
    let remark = format!("what was typed cannot be read back: {why}");
    stage.watcher.log(&remark);
    Found::default()
}

/// What came of typing.
enum Arrived {
    /// It is there, or nobody knows.
    Settled(Found),
    /// The field holds this instead.
    Otherwise(String),
}

async fn read_back(
    stage: &mut Stage<'_>,
    before: &Node,
    text: &str,
    deadline: Instant,
) -> Result<Arrived, Halt> {
    let mut held = before.text.clone();
    let is_there = |held: &str| {
        let stutters = || Change::between(&before.text, held).stutters(text);
        held.contains(text) && held != before.text && !stutters()
    };
    let found = match arrives(stage, before, is_there, deadline, &mut held).await? {
        Looked::There => read_back_as("read back"),
        Looked::Unknown(why) => unknown(stage, &why),
        Looked::Otherwise if held.is_empty() => unknown(stage, "the field tells no text"),
        Looked::Otherwise if held == before.text && held.contains(text) => {
            let remark = "what was typed cannot be told from what the field held before";
            stage.watcher.log(remark);
            Found::default()
        }
        Looked::Otherwise => return Ok(Arrived::Otherwise(held)),
    };
    Ok(Arrived::Settled(found))
}

/// What came of looking at a field.
enum Looked {
    /// It holds what it should.
    There,
    /// It goes on holding something else.
    Otherwise,
    /// It can no longer be asked.
    Unknown(String),
}

/// Waits until the field holds what it should, or until it can no longer be asked; `held` becomes
/// what it held last.
async fn arrives(
    stage: &Stage<'_>,
    before: &Node,
    is_there: impl Fn(&str) -> bool,
    deadline: Instant,
    held: &mut String,
) -> Result<Looked, Halt> {
    let unknown = |why: &str| Ok(Looked::Unknown(why.into()));
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
            Err(_) if has_looked => return Ok(Looked::Otherwise),
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
        if is_there(held) {
            return Ok(Looked::There);
        }
        if Instant::now() >= last_look {
            return Ok(Looked::Otherwise);
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
