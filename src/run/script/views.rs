//! What tells that another look may come to something else: the screen, the tree, the clock.

use super::Halt;
use crate::{
    model::FrameSeq,
    port::{AccessibilityTree, Screen},
};
use std::{future::pending, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep, sleep_until};

/// How long to wait for a change before looking at windows and trees anyway: some programs do not
/// say that they changed.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How far apart two looks at windows or trees begin at least, so that a film on the screen does
/// not keep the desktop busy with questions.
const APART: Duration = Duration::from_millis(50);

/// What tells that another look may come to something else.
#[derive(Debug)]
pub(in crate::run) struct Views {
    screen: Option<Arc<dyn Screen>>,
    tree: Option<Arc<dyn AccessibilityTree>>,
    /// Whether something is looked at that may change without a word.
    is_silent: bool,
    /// When the last look began, and what had been heard by then.
    looked: Instant,
    frame: FrameSeq,
    generation: u64,
}

impl Views {
    /// Listens to what is given; looks again by itself where something may change silently.
    pub(in crate::run) fn new(
        screen: Option<Arc<dyn Screen>>,
        tree: Option<Arc<dyn AccessibilityTree>>,
        is_silent: bool,
    ) -> Self {
        Self {
            screen,
            tree,
            is_silent,
            looked: Instant::now(),
            frame: FrameSeq(0),
            generation: 0,
        }
    }

    /// Notes what was heard before a look begins, so that no change after it is missed.
    pub(in crate::run) async fn look(&mut self) {
        self.looked = Instant::now();
        if let Some(screen) = &self.screen
            && let Ok(frame) = screen.frame().await
        {
            self.frame = frame.seq;
        }
        if let Some(tree) = &self.tree {
            self.generation = tree.generation();
        }
    }

    /// Waits until another look may come to something else, or the time is up.
    pub(in crate::run) async fn wake(&self, deadline: Instant) -> Result<(), Halt> {
        let screen = async {
            match &self.screen {
                Some(screen) => screen.changed(self.frame).await.map(drop),
                None => pending().await,
            }
        };
        let tree = async {
            match &self.tree {
                Some(tree) => tree.changed(self.generation).await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            () = sleep_until(deadline) => return Ok(()),
            changed = screen => changed?,
            changed = tree => changed?,
            () = sleep(LOOK_AGAIN), if self.is_silent => {}
        }
        if self.is_silent {
            sleep_until((self.looked + APART).min(deadline)).await;
        }
        Ok(())
    }
}
