//! The computer's clock.

#![expect(
    clippy::disallowed_methods,
    reason = "this is what the `Clock` port stands for"
)]

use crate::{model::Timestamp, port::Clock};
use std::time::{SystemTime, UNIX_EPOCH};

/// The computer's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Timestamp(since.unwrap_or_default().as_millis() as u64)
    }
}
