//! What `russh` tells about a connection while it runs: whose key the server showed, what it said
//! before it let the user in, and why it ended.

use super::{
    host_key::Expected,
    loss::{self, Loss},
};
use crate::port::ShellError;
use russh::{
    client::{DisconnectReason, Handler, Session},
    keys::PublicKeyOrCertificate,
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// What was noted about a connection.
#[derive(Debug, Default)]
pub(super) struct Noted {
    pub(super) loss: Loss,
    banner: Mutex<String>,
    farewell: Mutex<Option<String>>,
}

impl Noted {
    /// Returns what the server said before it let the user in, or instead.
    pub(super) fn banner(&self) -> String {
        let banner = self.banner.lock().unwrap_or_else(PoisonError::into_inner);
        banner.trim().to_owned()
    }

    /// Returns what the server gave as its reason when it ended the connection.
    pub(super) fn farewell(&self) -> Option<String> {
        let farewell = self.farewell.lock().unwrap_or_else(PoisonError::into_inner);
        farewell.clone()
    }
}

/// Listens to `russh`.
pub(super) struct Watcher {
    expected: Expected,
    noted: Arc<Noted>,
    patience: Duration,
}

impl Watcher {
    /// Makes a watcher that notes into `noted`.
    pub(super) fn new(expected: Expected, noted: Arc<Noted>, patience: Duration) -> Self {
        Self {
            expected,
            noted,
            patience,
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.noted.loss.end();
    }
}

/// Why `russh` was stopped, or stopped.
#[derive(Debug)]
pub(super) enum Stop {
    /// It could not go on.
    Ssh(russh::Error),
    /// It must not go on.
    Refused(ShellError),
}

impl From<russh::Error> for Stop {
    fn from(err: russh::Error) -> Self {
        Self::Ssh(err)
    }
}

impl Handler for Watcher {
    type Error = Stop;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, Stop> {
        let checked = self.expected.check(&key.public_key()).await;
        checked.map_err(Stop::Refused)?;
        Ok(true)
    }

    async fn auth_banner(&mut self, banner: &str, _: &mut Session) -> Result<(), Stop> {
        let mut kept = self
            .noted
            .banner
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        kept.push_str(banner);
        Ok(())
    }

    async fn disconnected(&mut self, reason: DisconnectReason<Stop>) -> Result<(), Stop> {
        let (why, result) = match reason {
            DisconnectReason::ReceivedDisconnect(said) => {
                let mut farewell = self
                    .noted
                    .farewell
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                let why = format!("the server ended it: {}", said.message.trim());
                *farewell = Some(said.message);
                (why, Ok(()))
            }
            DisconnectReason::Error(Stop::Ssh(err)) => {
                (loss::words(&err, self.patience), Err(Stop::Ssh(err)))
            }
            DisconnectReason::Error(Stop::Refused(err)) => {
                (err.to_string(), Err(Stop::Refused(err)))
            }
        };
        self.noted.loss.tell(why);
        result
    }
}
