//! Looking for a window by its title.

use super::{Look, Sighting};
use crate::run::script::{Halt, stage::Stage, windows::listed};

/// Looks for a window whose title has `title` in it.
pub(super) async fn look(stage: &Stage<'_>, title: &str) -> Result<Look, Halt> {
    let windows = stage.context.guest.windows().await?;
    let found = windows.iter().find(|window| window.title.contains(title));
    Ok(match found {
        Some(window) => Look::There(Sighting {
            rung: "window".into(),
            area: window.rect,
            ..Sighting::default()
        }),
        None => Look::NotThere(listed(&windows), None),
    })
}
