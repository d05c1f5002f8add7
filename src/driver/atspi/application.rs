//! One look at one application.
//!
//! It remembers nothing between looks.

use super::{
    assembly::Assembly,
    bus::{Bus, within},
    failure::Failure,
    walk,
    widget::{Reference, Widget},
};
use std::time::Duration;

/// How long an application has to tell its name, its windows and its cache.
pub(super) const LOOK_LIMIT: Duration = Duration::from_secs(1);

/// How long it has to tell what its cache leaves out. Browsers leave out whole pages.
const WALK_LIMIT: Duration = Duration::from_secs(5);

/// An application, and all widgets that it told about.
#[derive(Debug)]
pub(super) struct Application {
    pub(super) name: String,
    /// Depth first, with their depth.
    pub(super) widgets: Vec<(Widget, usize)>,
    /// What it has and did not tell; nothing when it was seen wholly.
    pub(super) left_out: Option<String>,
}

/// Reads the application that has `root`.
pub(super) async fn look(bus: &Bus, root: &Reference) -> Result<Application, Failure> {
    let asked = async { tokio::try_join!(bus.name(root), bus.children(root), cache(bus, root)) };
    let (name, windows, cached) = within(LOOK_LIMIT, asked).await?;
    let mut assembly = Assembly::new(root.clone(), windows, cached);
    let left_out = match within(WALK_LIMIT, walk::fill(bus, &mut assembly)).await {
        Ok(left_out) => left_out,
        Err(Failure::Silent(limit)) => Some(format!(
            "it has not told all its widgets within {} s",
            limit.as_secs()
        )),
        Err(Failure::Unreadable(why)) => Some(why),
        Err(failure @ (Failure::Lost(_) | Failure::Gone | Failure::Unsupported)) => {
            return Err(failure);
        }
    };
    Ok(Application {
        name,
        widgets: assembly.into_widgets(),
        left_out,
    })
}

/// What the application's cache holds. Nothing when it has none: all is walked then.
async fn cache(bus: &Bus, root: &Reference) -> Result<Vec<Widget>, Failure> {
    match bus.cache(root).await {
        // Some programs do not even have the object that would know it.
        Err(Failure::Unsupported | Failure::Gone) => {
            // A GTK program has a cache only when somebody wants to hear from it. It may not have
            // heard yet that we do.
            bus.register("window:activate").await?;
            Ok(walk::unless_gone(bus.cache(root).await)?.unwrap_or_default())
        }
        other => other,
    }
}
