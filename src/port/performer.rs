//! Carrying out one step, whoever does it: a real machine, or a simulated one.

use super::{EvidenceError, RunFolder};
use crate::model::{
    ContentHash, Event, Layer, LayerName, LeaseId, Outcome, Phase, Secrets, Step, StepKey,
};
use async_trait::async_trait;
use std::{fmt::Debug, sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

/// Carries out steps.
#[async_trait]
pub trait Performer: Debug + Send + Sync {
    /// Carries out one attempt at a step. Stops soon after `watcher.stop` is cancelled, leaving
    /// nothing behind. May be dropped at any time with the same promise.
    async fn perform(&self, task: &Task, watcher: &Watcher) -> Outcome;
}

/// One attempt at a step.
#[derive(Clone, Debug)]
pub struct Task {
    /// The step, as planned.
    pub step: Step,
    /// What the redone steps do, in order, before the step's own work.
    pub redo: Vec<Phase>,
    /// The state its machine is brought to first.
    pub from: Option<Layer>,
    /// The layer to leave behind when it passes.
    pub leaves: Option<LayerName>,
    /// The digest of the package to install, where there is one.
    pub artifact: Option<ContentHash>,
    /// The use of the machine; `None` for a build.
    pub lease: Option<LeaseId>,
    /// Counted from 1.
    pub attempt: u32,
    /// After so much time that counts it is asked to stop; some time after that it is dropped.
    pub limit: Duration,
}

/// What a step is given besides its task: whom to tell, where to put evidence, when to stop.
#[derive(Clone, Debug)]
pub struct Watcher {
    /// The step it belongs to.
    pub key: StepKey,
    /// Takes events in order.
    pub events: tokio::sync::mpsc::UnboundedSender<Event>,
    /// Takes evidence.
    pub folder: Arc<dyn RunFolder>,
    /// Tells the time.
    pub clock: Arc<dyn super::Clock>,
    /// Cancelled when the step should end: its time is up, or the user asked.
    pub stop: CancellationToken,
    /// Whether time does not count at the moment.
    pub idle: Idle,
    /// What nobody gets to see, neither in events nor in evidence.
    pub secrets: Arc<Secrets>,
}

/// Tells whether a step's time counts. Whoever gets a step its machine has limits of its own, and
/// may have to wait for others to leave room.
#[derive(Clone, Debug, Default)]
pub struct Idle(Arc<watch::Sender<bool>>);

impl Idle {
    /// Waits until `limit` has passed that counts.
    pub async fn limit(&self, limit: Duration) {
        let mut idle = self.0.subscribe();
        let mut left = limit;
        loop {
            let is_idle = *idle.borrow_and_update();
            let began = Instant::now();
            tokio::select! {
                () = sleep(left), if !is_idle => return,
                // It is asked by whoever holds the sender.
                _ = idle.changed() => {}
            }
            if !is_idle {
                left = left.saturating_sub(began.elapsed());
            }
        }
    }
}

/// Lets time count again when it is dropped.
struct Uncounted<'a>(&'a Idle);

impl Drop for Uncounted<'_> {
    fn drop(&mut self) {
        self.0.0.send_replace(false);
    }
}

impl Watcher {
    /// Does what does not count as time of the step.
    pub async fn uncounted<T>(&self, work: impl Future<Output = T>) -> T {
        self.idle.0.send_replace(true);
        let _uncounted = Uncounted(&self.idle);
        work.await
    }

    /// Tells an event, without secrets. Whoever listens may be gone already; then nobody is left to
    /// care.
    pub fn tell(&self, event: Event) {
        if self.events.send(event.masked(&self.secrets)).is_err() {
            tracing::debug!(step = %self.key, "an event came after the run's end");
        }
    }

    /// Keeps a file as evidence, texts without secrets, and returns its path in the run's folder.
    pub fn keep(&self, name: &str, bytes: &[u8]) -> Result<String, EvidenceError> {
        let is_picture = bytes.starts_with(b"\x89PNG");
        let text = String::from_utf8_lossy(if is_picture { b"" } else { bytes });
        let masked = self.secrets.mask(&text);
        let bytes = if masked == text {
            bytes
        } else {
            masked.as_bytes()
        };
        self.folder.keep(&self.key, name, bytes)
    }

    /// Tells a line of what a program wrote.
    pub fn log(&self, text: &str) {
        let (key, at) = (self.key.clone(), self.clock.now());
        let text = text.to_owned();
        self.tell(Event::Log { key, at, text });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn time_that_a_step_has_to_wait_for_others_does_not_count() {
        let idle = Idle::default();
        let began = Instant::now();
        let waits = async {
            sleep(Duration::from_secs(2)).await;
            idle.0.send_replace(true);
            let _uncounted = Uncounted(&idle);
            sleep(Duration::from_hours(1)).await;
        };
        tokio::join!(idle.limit(Duration::from_secs(5)), waits);
        assert_eq!(began.elapsed().as_secs(), 3605);
    }
}
