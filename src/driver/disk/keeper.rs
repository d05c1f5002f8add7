//! The keeper: a small thread that shows that the holder of a lock is alive, and brings to the
//! disk what was written and not synced.
//!
//! A thread and not a task, because neither may wait for a busy runtime. It does not hold up the
//! end of the process: should that come first, the lock expires.

#![expect(
    clippy::disallowed_methods,
    reason = "the thread paces itself; what is written down comes from the clock it is given"
)]

use super::lock::OwnLock;
use crate::port::{Clock, StoreError};
use std::{
    fs::File,
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// How long a write may stay out of the disk when nobody asks for more.
const SYNC_AFTER: Duration = Duration::from_millis(200);

/// Keeps a lock alive until it is stopped.
#[derive(Debug)]
pub(super) struct Keeper {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    lock: Mutex<OwnLock>,
    orders: Mutex<Orders>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Orders {
    stop: bool,
    /// What is not synced, and when it has to be.
    unsynced: Option<(Arc<File>, Instant)>,
}

impl Keeper {
    /// Starts keeping `lock`.
    pub(super) fn start(
        lock: OwnLock,
        heartbeat: Duration,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            lock: Mutex::new(lock),
            orders: Mutex::default(),
            changed: Condvar::new(),
        });
        let thread = thread::Builder::new().name("state lock".into()).spawn({
            let shared = Arc::clone(&shared);
            move || keep(&shared, heartbeat, clock.as_ref())
        })?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Returns the lock, which does not change until the result is dropped.
    pub(super) fn lock(&self) -> MutexGuard<'_, OwnLock> {
        held(&self.shared.lock)
    }

    /// Has `file` synced before long.
    pub(super) fn sync_later(&self, file: Arc<File>) {
        let mut orders = held(&self.shared.orders);
        if orders.unsynced.is_none() {
            orders.unsynced = Some((file, Instant::now() + SYNC_AFTER));
            self.shared.changed.notify_one();
        }
    }

    /// Says that everything that was written is on the disk.
    pub(super) fn is_synced(&self) {
        held(&self.shared.orders).unsynced = None;
    }

    /// Stops the thread, syncs what is left, and gives the lock back.
    pub(super) fn stop(mut self) -> Result<io::Result<()>, StoreError> {
        let unsynced = self.join();
        let synced = unsynced.map_or(Ok(()), |(file, _)| file.sync_data());
        self.lock().give_back()?;
        Ok(synced)
    }

    fn join(&mut self) -> Option<(Arc<File>, Instant)> {
        held(&self.shared.orders).stop = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that keeps the lock panicked");
        }
        held(&self.shared.orders).unsynced.take()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.join();
    }
}

fn keep(shared: &Shared, heartbeat: Duration, clock: &dyn Clock) {
    let mut next_beat = Instant::now() + heartbeat;
    loop {
        let mut orders = held(&shared.orders);
        if orders.stop {
            return;
        }
        let now = Instant::now();
        let sync_at = orders.unsynced.as_ref().map(|(_, at)| *at);
        if let Some((file, _)) = orders.unsynced.take_if(|(_, at)| *at <= now) {
            drop(orders);
            if let Err(error) = file.sync_data() {
                tracing::warn!(%error, "recorded state could not be synced to the disk");
            }
        } else if next_beat <= now {
            drop(orders);
            next_beat = now + heartbeat;
            let beaten = held(&shared.lock).beat(clock.now());
            if let Err(error) = beaten {
                // The holder learns it from its next write.
                tracing::warn!(%error, "the lock on the state could not be kept up");
            }
        } else {
            let until = sync_at.map_or(next_beat, |at| at.min(next_beat));
            let _woken = shared.changed.wait_timeout(orders, until - now);
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
