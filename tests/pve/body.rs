//! What a machine is made of: one that is only written about, or a real one.

use super::{cluster::Config, guest::Guest};
use async_trait::async_trait;
use serde_json::Value;
use std::{
    fmt::Debug,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::time::sleep;

/// What a machine is made of. The server has checked what is asked before.
#[async_trait]
pub(crate) trait Body: Debug + Send + Sync {
    /// Starts it; returns when its processor runs.
    async fn start(&self, config: &Config) -> Result<(), String>;
    /// Ends it at once.
    async fn stop(&self);
    /// Has the guest shut down; whether it did within `limit`.
    async fn shutdown(&self, limit: Duration) -> bool;
    /// Whether it runs still.
    async fn is_running(&self) -> bool;
    /// Keeps disks, and the memory too with `ram`.
    async fn snapshot(&self, name: &str, ram: bool) -> Result<(), String>;
    /// Brings disks back; with `ram` it runs afterwards.
    async fn rollback(&self, name: &str, ram: bool, config: &Config) -> Result<(), String>;
    /// Forgets a snapshot.
    async fn remove_snapshot(&self, name: &str) -> Result<(), String>;
    /// Makes another like it.
    async fn copy(&self, vmid: u32) -> Result<Arc<dyn Body>, String>;
    /// Asks the guest agent; `None` when it does not answer.
    async fn agent(&self, command: &str, arguments: Value) -> Option<Result<Value, String>>;
    /// Returns the socket of its VNC server, when it has one.
    async fn console(&self) -> Option<std::path::PathBuf>;
}

/// A machine that is only written about. Its agent knows a few commands.
#[derive(Debug, Default)]
pub(crate) struct Paper {
    is_running: AtomicBool,
    /// How long a start, and each other change, takes.
    pub(crate) pace: Duration,
    /// Whether its guest shuts down when asked.
    pub(crate) is_deaf: AtomicBool,
    /// Whether it cannot be copied, the next time.
    pub(crate) is_uncopied: AtomicBool,
    /// Whether its guest sees a card, and whether it can.
    has_card: AtomicBool,
    pub(crate) is_blind: AtomicBool,
    pub(crate) guest: Guest,
}

impl Paper {
    pub(crate) fn slow(pace: Duration) -> Self {
        Self {
            pace,
            ..Self::default()
        }
    }

    /// Kills the guest, as a crash does.
    pub(crate) fn crash(&self) {
        self.is_running.store(false, Ordering::SeqCst);
    }
}

#[async_trait]
impl Body for Paper {
    async fn start(&self, config: &Config) -> Result<(), String> {
        sleep(self.pace).await;
        let has_card = config.keys().any(|key| key.starts_with("hostpci"));
        self.has_card.store(has_card, Ordering::SeqCst);
        self.is_running.store(true, Ordering::SeqCst);
        Ok(())
    }

    async fn stop(&self) {
        sleep(self.pace / 4).await;
        self.is_running.store(false, Ordering::SeqCst);
    }

    async fn shutdown(&self, limit: Duration) -> bool {
        if self.is_deaf.load(Ordering::SeqCst) {
            sleep(limit).await;
            return false;
        }
        sleep(self.pace).await;
        self.is_running.store(false, Ordering::SeqCst);
        true
    }

    async fn is_running(&self) -> bool {
        self.is_running.load(Ordering::SeqCst)
    }

    async fn snapshot(&self, _name: &str, _ram: bool) -> Result<(), String> {
        sleep(self.pace).await;
        Ok(())
    }

    async fn rollback(&self, _name: &str, ram: bool, config: &Config) -> Result<(), String> {
        self.stop().await;
        if ram {
            self.start(config).await
        } else {
            Ok(())
        }
    }

    async fn remove_snapshot(&self, _name: &str) -> Result<(), String> {
        sleep(self.pace / 4).await;
        Ok(())
    }

    async fn copy(&self, _vmid: u32) -> Result<Arc<dyn Body>, String> {
        sleep(self.pace).await;
        if self.is_uncopied.swap(false, Ordering::SeqCst) {
            return Err("no space left on the thin pool".into());
        }
        Ok(Arc::new(Self {
            guest: self.guest.copy(),
            ..Self::slow(self.pace)
        }))
    }

    async fn agent(&self, command: &str, arguments: Value) -> Option<Result<Value, String>> {
        if !self.is_running().await {
            return None;
        }
        let sees = self.has_card.load(Ordering::SeqCst) && !self.is_blind.load(Ordering::SeqCst);
        // `ok`, or the card that it sees.
        let output: &[u8] = if sees { b"10de:2684 030000\n" } else { b"ok\n" };
        Some(self.guest.answer(command, &arguments, output))
    }

    async fn console(&self) -> Option<std::path::PathBuf> {
        None
    }
}
