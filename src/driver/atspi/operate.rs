//! Has widgets do what they offer, without a pointer.

use super::{bus::Bus, failure::Failure, tree::reference, widget::Reference};
use crate::{model::Node, port::TreeError};

/// Returns the names of what `node` offers to do.
pub(super) async fn actions(bus: &Bus, node: &Node) -> Result<Vec<String>, TreeError> {
    offers(bus, &reference(node)?)
        .await
        .map_err(|failure| of_widget(failure, node))
}

/// Has `node` do what is at `index` of that.
pub(super) async fn act(bus: &Bus, node: &Node, index: usize) -> Result<(), TreeError> {
    let at = reference(node)?;
    let offered = offers(bus, &at).await;
    let mut actions = offered.map_err(|failure| of_widget(failure, node))?;
    let number = i32::try_from(index).ok().filter(|_| index < actions.len());
    let Some(number) = number else {
        return Err(TreeError::NoAction {
            node: called(node),
            index,
            actions,
        });
    };
    let action = actions.swap_remove(index);
    // A GTK 3 program does nothing then, and says that it does.
    let states = bus.states(&at).await;
    if !states
        .map_err(|failure| of_widget(failure, node))?
        .is_usable()
    {
        return Err(TreeError::GreyedOut(called(node)));
    }
    match bus.act(&at, number).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(TreeError::Refused {
            node: called(node),
            action,
        }),
        Err(Failure::Silent(limit)) => Err(TreeError::Unanswered {
            node: called(node),
            action,
            limit,
        }),
        Err(failure) => Err(of_widget(failure, node)),
    }
}

async fn offers(bus: &Bus, at: &Reference) -> Result<Vec<String>, Failure> {
    // Whoever is gone may say as well that it does not know the call.
    if bus.abilities(at).await?.has_actions {
        bus.actions(at).await
    } else {
        Ok(Vec::new())
    }
}

fn of_widget(failure: Failure, node: &Node) -> TreeError {
    match failure {
        Failure::Gone | Failure::Unsupported => TreeError::Gone(called(node)),
        Failure::Lost(_) | Failure::Silent(_) | Failure::Unreadable(_) => failure.of_bus(),
    }
}

fn called(node: &Node) -> String {
    let Node { role, name, .. } = node;
    if name.is_empty() {
        format!("a {role} of `{}`", node.app)
    } else {
        format!("{role} `{name}`")
    }
}
