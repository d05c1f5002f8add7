//! Why a connection is lost, told once and to everybody.

use crate::port::ShellError;
use russh::Error;
use std::{io, sync::OnceLock, time::Duration};
use tokio_util::sync::CancellationToken;

/// Why a connection is lost, once it is.
#[derive(Debug, Default)]
pub(super) struct Loss {
    why: OnceLock<String>,
    told: CancellationToken,
    /// Cancelled when `russh` does nothing more.
    over: CancellationToken,
}

impl Loss {
    /// Tells why. Only the first reason counts.
    pub(super) fn tell(&self, why: String) {
        self.why.get_or_init(|| why);
        self.told.cancel();
    }

    /// Tells that `russh` has ended. However it did, everybody learns of it.
    pub(super) fn end(&self) {
        self.tell("the session broke down, which is a mistake in mosdat or in russh".into());
        self.over.cancel();
    }

    /// Returns why, when it is lost.
    pub(super) fn why(&self) -> Option<String> {
        self.why.get().cloned()
    }

    /// Returns what becomes of whoever waits on a lost connection.
    pub(super) fn error(&self) -> Option<ShellError> {
        self.why().map(ShellError::Lost)
    }

    /// Returns what to wait on for the loss.
    pub(super) fn told(&self) -> CancellationToken {
        self.told.clone()
    }

    /// Waits until `russh` has ended.
    pub(super) async fn over(&self) {
        self.over.cancelled().await;
    }

    /// Does `work`, unless the connection is lost before it is done. `russh` leaves whoever waits
    /// for room to send without an answer.
    pub(super) async fn unless_lost<T>(
        &self,
        work: impl Future<Output = T>,
    ) -> Result<T, ShellError> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            () = self.told.cancelled() => Err(self.error().expect("the reason is told first")),
        }
    }
}

/// Returns what an error of `russh` means for a connection, whose machine may be silent for
/// `patience`.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the errors of `russh` may grow, and all others speak for themselves"
)]
pub(super) fn words(err: &Error, patience: Duration) -> String {
    match err {
        Error::Disconnect | Error::HUP | Error::SendError | Error::RecvError => "it hung up".into(),
        Error::KeepaliveTimeout | Error::InactivityTimeout => {
            format!(
                "nothing came from the machine for {} s",
                patience.as_secs_f64()
            )
        }
        Error::Version => "what answers there does not speak SSH".into(),
        Error::IO(err) => match err.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::BrokenPipe => "it hung up".into(),
            io::ErrorKind::TimedOut => {
                format!("the machine took nothing for {} s", patience.as_secs_f64())
            }
            _ => err.to_string(),
        },
        other => other.to_string(),
    }
}
