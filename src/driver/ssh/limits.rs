//! How long a machine may take over SSH, and how much it may be asked at once.

use std::time::Duration;

/// How long a machine may take over SSH, and how much it may be asked at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SshLimits {
    /// To take the connection, and again to agree on keys.
    pub connect: Duration,
    /// To let the user in. The user's agent may ask back in that time.
    pub sign_in: Duration,
    /// To answer any other request.
    pub answer: Duration,
    /// How long a machine may be silent before it is asked for a sign of life, and after that again.
    pub keepalive: Duration,
    /// How many signs of life in a row may be missing.
    pub keepalives: usize,
    /// How long a transfer may stand still.
    pub silence: Duration,
    /// How long a command has to end once it was asked to, before it is made to.
    pub ending: Duration,
    /// How long nothing has to come of a command that has ended, before it is asked whether that
    /// was all: what it left running may hold its output open.
    pub rest: Duration,
    /// How many commands and transfers a server runs at once on one connection. OpenSSH's
    /// `MaxSessions` is 10 unless the machine says otherwise.
    pub sessions: usize,
}

impl Default for SshLimits {
    /// Long enough for an emulated machine under load.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            sign_in: Duration::from_secs(30),
            answer: Duration::from_secs(20),
            keepalive: Duration::from_secs(5),
            keepalives: 3,
            silence: Duration::from_secs(30),
            ending: Duration::from_secs(2),
            rest: Duration::from_secs(1),
            sessions: 10,
        }
    }
}

impl SshLimits {
    /// Returns after how long of silence a machine is taken for lost.
    pub(super) fn patience(&self) -> Duration {
        let signs = u32::try_from(self.keepalives).unwrap_or(u32::MAX);
        self.keepalive.saturating_mul(signs.saturating_add(1))
    }
}
