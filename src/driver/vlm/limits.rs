//! How long and how often is tried.

use std::time::Duration;

/// How long and how often is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VlmLimits {
    /// How long an endpoint may take to take the connection.
    pub connect: Duration,
    /// How long it may take for one answer.
    pub answer: Duration,
    /// How long all endpoints together may take for one answer.
    pub total: Duration,
    /// How often each is tried for one answer.
    pub passes: u32,
    /// How long to wait before they are tried again.
    pub pause: Duration,
    /// How long an endpoint that does not answer is left alone.
    pub rest: Duration,
}

impl VlmLimits {
    /// Returns the usual ones for endpoints that may take so long.
    pub fn usual(answer: Duration) -> Self {
        Self {
            connect: Duration::from_secs(5),
            answer,
            total: answer * 2 + Duration::from_secs(10),
            passes: 3,
            pause: Duration::from_millis(500),
            rest: Duration::from_secs(30),
        }
    }
}
