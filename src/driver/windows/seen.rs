//! Where windows are whose programs do not know it: as the window system tells, and where it does
//! not tell, as the picture shows.

use crate::{
    judge,
    model::Placement,
    port::{Origin, Screen, ToldWindow, WindowOrigin},
};
use async_trait::async_trait;
use std::sync::Arc;

/// Knows where windows are, when somebody tells it or it can be seen.
#[derive(Clone, Debug, Default)]
pub struct SeenWindows {
    told: Option<Arc<dyn WindowOrigin>>,
    screen: Option<Arc<dyn Screen>>,
}

impl SeenWindows {
    /// Takes who is asked first, and the screen that is looked at where that one does not know.
    pub fn new(told: Option<Arc<dyn WindowOrigin>>, screen: Option<Arc<dyn Screen>>) -> Self {
        Self { told, screen }
    }

    /// Looks for the window on the newest picture.
    async fn measure(&self, window: &dyn ToldWindow) -> Option<Origin> {
        let screen = self.screen.as_ref()?;
        let layout = window.layout().await?;
        let frame = screen.frame().await.ok()?;
        let search = move || judge::find_layout(&frame, &layout.widgets, &layout.others);
        // It takes a tenth of a second.
        let found = tokio::task::spawn_blocking(search).await.ok()?;
        found.map(|at| Origin {
            at,
            scale: 1.0,
            placement: Placement::Measured,
        })
    }
}

#[async_trait]
impl WindowOrigin for SeenWindows {
    async fn origin(&self, window: &dyn ToldWindow) -> Option<Origin> {
        if let Some(told) = &self.told
            && let Some(origin) = told.origin(window).await
        {
            return Some(origin);
        }
        self.measure(window).await
    }
}
