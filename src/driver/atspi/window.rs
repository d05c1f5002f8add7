//! A window that does not know where it is, as far as its program can tell about it.

use super::{
    AtspiTree,
    failure::Failure,
    view::{InView, Showing},
    walk::unless_gone,
    widget::{ROOT, Reference, States},
};
use crate::{
    model::Rect,
    port::{Layout, ToldWindow},
};
use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt, stream};

/// How many widgets are asked for their place at a time.
const AT_A_TIME: usize = 16;

/// More widgets than these are not asked where they are.
const WIDGETS_LIMIT: usize = 2000;

/// A window of a tree.
#[derive(Debug)]
pub(super) struct TreeWindow<'t> {
    pub(super) tree: &'t AtspiTree,
    pub(super) seen: InView,
}

#[async_trait]
impl ToldWindow for TreeWindow<'_> {
    fn app(&self) -> &str {
        &self.seen.app
    }

    fn title(&self) -> &str {
        &self.seen.title
    }

    async fn family(&self) -> Vec<(String, Vec<Rect>)> {
        let bus = self.tree.bus();
        let root = Reference::new(&self.seen.at.bus, ROOT);
        let mut family = Vec::new();
        for window in bus.children(&root).await.unwrap_or_default() {
            let told = async { tokio::try_join!(bus.states(&window), bus.name(&window)) };
            if let Ok((states, title)) = told.await
                && states.is_showing()
            {
                family.push((title, self.outlines_of(&window).await));
            }
        }
        family
    }

    async fn outlines(&self) -> Vec<Rect> {
        self.outlines_of(&self.seen.at).await
    }

    async fn layout(&self) -> Option<Layout> {
        let view = self.tree.look().await.ok()?;
        let showing = view.showing();
        let count: usize = showing.iter().map(|window| window.widgets.len()).sum();
        // What was not seen may look the same.
        if !view.silent.is_empty() || count > WIDGETS_LIMIT {
            return None;
        }
        let mut layout = Layout::default();
        for Showing { at, widgets } in showing {
            let places = self.places(widgets).await.ok()?;
            if at == self.seen.at {
                layout.widgets = places;
            } else {
                layout.others.push(places);
            }
        }
        Some(layout)
    }
}

impl TreeWindow<'_> {
    async fn outlines_of(&self, window: &Reference) -> Vec<Rect> {
        let whole = self.tree.bus().extents(window).await;
        let whole = whole.ok().flatten();
        let parts = self.parts(window).await.unwrap_or_default();
        whole.into_iter().chain(covered(&parts)).collect()
    }

    /// Where the parts of a window are that show.
    async fn parts(&self, window: &Reference) -> Result<Vec<Rect>, Failure> {
        let bus = self.tree.bus();
        let children = bus.children(window).await?;
        if children.len() > WIDGETS_LIMIT {
            return Ok(Vec::new());
        }
        let showing = stream::iter(children).map(|child| async move {
            let states = unless_gone(bus.states(&child).await)?;
            let shows = states.is_some_and(States::is_showing);
            Ok::<_, Failure>(shows.then_some(child))
        });
        let showing: Vec<Option<Reference>> = showing.buffered(AT_A_TIME).try_collect().await?;
        self.places(showing.into_iter().flatten().collect()).await
    }

    async fn places(&self, widgets: Vec<Reference>) -> Result<Vec<Rect>, Failure> {
        let bus = self.tree.bus();
        let asked = stream::iter(widgets)
            .map(|widget| async move { unless_gone(bus.extents(&widget).await) });
        let places: Vec<Option<Option<Rect>>> = asked.buffered(AT_A_TIME).try_collect().await?;
        Ok(places.into_iter().flatten().flatten().collect())
    }
}

/// Returns the smallest rectangle that holds all.
fn covered(parts: &[Rect]) -> Option<Rect> {
    let left = parts.iter().map(|it| it.x).min()?;
    let top = parts.iter().map(|it| it.y).min()?;
    let right = parts.iter().map(|it| it.x + it.width).max()?;
    let bottom = parts.iter().map(|it| it.y + it.height).max()?;
    Some(Rect {
        x: left,
        y: top,
        width: right - left,
        height: bottom - top,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_parts_cover_is_the_smallest_that_holds_them() {
        let rect = |x, y, width, height| Rect {
            x,
            y,
            width,
            height,
        };
        assert_eq!(covered(&[]), None);
        let parts = [rect(26, 23, 136, 47), rect(26, 70, 100, 94)];
        assert_eq!(covered(&parts), Some(rect(26, 23, 136, 141)));
    }
}
