//! How each endpoint fares: which is asked first, and which is left alone for now. Sends nothing.
//!
//! ```text
//!          a failure, fewer than `patience`
//!         +--------------------------------+
//!         v                                |
//!       well --"come back in 5 s"--> busy -+--time--> well
//!         |
//!         +-- `patience` failures, or one that took too long --> resting
//!                                                                  |
//!         well <--an answer-- tried once <--time-------------------+
//! ```

use std::time::Duration;
use tokio::time::Instant;

/// Which endpoint is asked first, and what is known of each.
#[derive(Debug)]
pub(super) struct Health {
    /// The one that answered last.
    first: usize,
    each: Vec<Endpoint>,
    /// How many failures in a row are borne.
    patience: u32,
    /// How long an endpoint is left alone after that.
    rest: Duration,
}

#[derive(Clone, Debug, Default)]
struct Endpoint {
    failures: u32,
    resting_until: Option<Instant>,
    busy_until: Option<Instant>,
    why: String,
}

impl Health {
    /// Takes all `count` endpoints to be well.
    pub(super) fn new(count: usize, patience: u32, rest: Duration) -> Self {
        Self {
            first: 0,
            each: vec![Endpoint::default(); count],
            patience,
            rest,
        }
    }

    /// Returns those that may be asked, in order.
    pub(super) fn order(&self, now: Instant) -> Vec<usize> {
        let count = self.each.len();
        let all = (0..count).map(|offset| (self.first + offset) % count);
        let is_free = |until: Option<Instant>| until.is_none_or(|until| until <= now);
        let is_free = |at: &usize| {
            is_free(self.each[*at].resting_until) && is_free(self.each[*at].busy_until)
        };
        all.filter(is_free).collect()
    }

    /// Returns when the first of those that are not resting may be asked; `None` when all rest.
    pub(super) fn next(&self, now: Instant) -> Option<Instant> {
        let awake = self
            .each
            .iter()
            .filter(|it| it.resting_until.is_none_or(|until| until <= now));
        awake.map(|it| it.busy_until.unwrap_or(now).max(now)).min()
    }

    /// Notes that an endpoint answered.
    pub(super) fn answered(&mut self, at: usize) {
        self.first = at;
        self.each[at] = Endpoint::default();
    }

    /// Notes that an endpoint wants to be left alone for a while.
    pub(super) fn is_busy(&mut self, at: usize, now: Instant, wait: Duration, why: &str) {
        self.each[at].why = why.into();
        self.each[at].busy_until = Some(now + wait);
    }

    /// Notes that an endpoint failed.
    pub(super) fn failed(&mut self, at: usize, now: Instant, why: &str) {
        let endpoint = &mut self.each[at];
        endpoint.why = why.into();
        endpoint.failures = endpoint.failures.saturating_add(1);
        if endpoint.failures >= self.patience {
            endpoint.resting_until = Some(now + self.rest);
        }
    }

    /// Notes that waiting for an endpoint was in vain: nobody shall wait so long again at once.
    pub(super) fn is_dead(&mut self, at: usize, now: Instant, why: &str) {
        self.each[at].failures = self.patience;
        self.failed(at, now, why);
    }

    /// Returns what was wrong with an endpoint last, and for how long it is left alone.
    pub(super) fn why(&self, at: usize, now: Instant) -> String {
        let endpoint = &self.each[at];
        match endpoint.resting_until.filter(|until| *until > now) {
            Some(until) => {
                let seconds = (until - now).as_secs_f64().ceil();
                format!("{}; it is left alone for {seconds} s", endpoint.why)
            }
            None if endpoint.why.is_empty() => "it was not asked".into(),
            None => endpoint.why.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: Duration = Duration::from_secs(30);

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[tokio::test(start_paused = true)]
    async fn the_one_that_answered_is_asked_first() {
        let (mut health, now) = (Health::new(3, 3, REST), Instant::now());
        assert_eq!(health.order(now), [0, 1, 2]);
        health.failed(0, now, "down");
        health.answered(1);
        assert_eq!(health.order(now), [1, 2, 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_fails_too_often_rests_and_is_then_tried_once() {
        let (mut health, now) = (Health::new(2, 3, REST), Instant::now());
        for _ in 0..2 {
            health.failed(0, now, "down");
            assert_eq!(health.order(now), [0, 1]);
        }
        health.failed(0, now, "down");
        assert_eq!(health.order(now), [1]);
        assert_eq!(health.why(0, now), "down; it is left alone for 30 s");
        let later = now + seconds(30);
        assert_eq!(health.order(later), [0, 1]);
        health.failed(0, later, "still down");
        assert_eq!(health.order(later), [1]);
        health.answered(0);
        assert_eq!(health.order(later), [0, 1]);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_busy_is_waited_for_and_whoever_is_dead_is_not() {
        let (mut health, now) = (Health::new(2, 3, REST), Instant::now());
        health.is_busy(1, now, seconds(5), "busy");
        health.is_dead(0, now, "too slow");
        assert!(health.order(now).is_empty());
        assert_eq!(health.next(now), Some(now + seconds(5)));
        assert_eq!(health.order(now + seconds(5)), [1]);
        health.is_dead(1, now, "too slow");
        assert_eq!(health.next(now), None);
    }
}
