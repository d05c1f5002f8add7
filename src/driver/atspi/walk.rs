//! Gets the widgets that a program's cache leaves out, widget by widget, where they show.
//!
//! It has limits, and says so when it comes to one: what it leaves out was not looked at.

use super::{
    assembly::Assembly,
    bus::Bus,
    failure::Failure,
    widget::{Reference, Widget},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use std::collections::BTreeSet;

/// How many questions are under way at a time.
const AT_A_TIME: usize = 16;

/// The most children that a widget may have to be asked for each.
const CHILDREN_LIMIT: usize = 1000;

/// The most widgets that an application may have to be walked any further.
const WIDGETS_LIMIT: usize = 20_000;

/// A widget of which only the place in the tree is known.
#[derive(Debug)]
struct Stranger {
    at: Reference,
    parent: Reference,
    index: i32,
}

/// What is known of the children of a widget after asking.
enum Children {
    Are(Vec<Stranger>),
    TooMany(String),
}

/// Completes `assembly`, and returns what had to be left out.
pub(super) async fn fill(bus: &Bus, assembly: &mut Assembly) -> Result<Option<String>, Failure> {
    let mut left_out = None;
    let root = assembly.root().clone();
    assembly.add(meet(bus, strangers(&root, assembly.missing_windows())).await?);
    let mut asked = BTreeSet::new();
    loop {
        let gaps = assembly.gaps().into_iter();
        let gaps: Vec<Widget> = gaps
            .filter(|gap| !asked.contains(&gap.at))
            .cloned()
            .collect();
        if gaps.is_empty() {
            return Ok(left_out);
        }
        if assembly.len() > WIDGETS_LIMIT {
            return Ok(Some(format!(
                "only {WIDGETS_LIMIT} of its widgets were read"
            )));
        }
        asked.extend(gaps.iter().map(|gap| gap.at.clone()));
        let answers = stream::iter(gaps).map(|gap| children(bus, gap));
        let answers: Vec<_> = answers.buffered(AT_A_TIME).try_collect().await?;
        let mut unknown = Vec::new();
        for answer in answers {
            match answer {
                Children::Are(strangers) => unknown.extend(strangers),
                Children::TooMany(why) => left_out = Some(why),
            }
        }
        // A cache may name an old parent, or none.
        unknown.retain(|Stranger { at, parent, index }| !assembly.adopt(at, parent, *index));
        assembly.add(meet(bus, unknown).await?);
    }
}

async fn children(bus: &Bus, of: Widget) -> Result<Children, Failure> {
    let count = match of.children {
        Some(count) => count,
        None => unless_gone(bus.child_count(&of.at).await)?.unwrap_or(0),
    };
    if count > CHILDREN_LIMIT {
        let why = format!("a {} of {count} widgets was not read", of.role);
        return Ok(Children::TooMany(why));
    }
    let children = unless_gone(bus.children(&of.at).await)?.unwrap_or_default();
    Ok(Children::Are(strangers(&of.at, children)))
}

fn strangers(parent: &Reference, children: Vec<Reference>) -> Vec<Stranger> {
    let numbered = (0..).zip(children);
    let strangers = numbered.map(|(index, at)| Stranger {
        at,
        parent: parent.clone(),
        index,
    });
    strangers.collect()
}

/// Asks for all about each. Those that have gone meanwhile are left out: they are not there.
async fn meet(bus: &Bus, strangers: Vec<Stranger>) -> Result<Vec<Widget>, Failure> {
    let asked = stream::iter(strangers)
        .map(|stranger| async move { unless_gone(ask(bus, stranger).await) });
    let met: Vec<Option<Widget>> = asked.buffered(AT_A_TIME).try_collect().await?;
    Ok(met.into_iter().flatten().collect())
}

async fn ask(bus: &Bus, stranger: Stranger) -> Result<Widget, Failure> {
    let Stranger { at, parent, index } = stranger;
    let (role, name, states, children) = tokio::try_join!(
        bus.role(&at),
        bus.name(&at),
        bus.states(&at),
        bus.child_count(&at),
    )?;
    Ok(Widget {
        at,
        parent,
        index,
        children: Some(children),
        name,
        role,
        states,
        // Asked for later, and only of the few that somebody looks for.
        abilities: None,
    })
}

/// A widget that has gone is no error. Programs say of one that they know no call to it.
pub(super) fn unless_gone<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(Failure::Gone | Failure::Unsupported) => Ok(None),
        Err(failure @ (Failure::Lost(_) | Failure::Silent(_) | Failure::Unreadable(_))) => {
            Err(failure)
        }
    }
}
