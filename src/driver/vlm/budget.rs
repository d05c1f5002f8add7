//! How many questions may still be asked.

use crate::port::VisionError;
use std::sync::atomic::{AtomicU32, Ordering};

/// How many questions may still be asked.
#[derive(Debug)]
pub(super) struct Budget {
    limit: u32,
    left: AtomicU32,
}

impl Budget {
    pub(super) fn of(limit: u32) -> Self {
        let left = AtomicU32::new(limit);
        Self { limit, left }
    }

    /// Takes one, when there is one.
    pub(super) fn spend(&self) -> Result<(), VisionError> {
        let order = Ordering::Relaxed;
        let spent = self
            .left
            .fetch_update(order, order, |left| left.checked_sub(1));
        let limit = self.limit;
        spent.map(drop).map_err(|_| VisionError::Budget { limit })
    }
}
