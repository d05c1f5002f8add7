//! Logins over SSH: a real OpenSSH server, started for each test, and what stands between.

mod commands;
mod files;
mod host_keys;
mod losses;
mod processes;
mod proxy;
mod server;
mod sign_in;
mod sockets;
mod transfers;

use mosdat::driver::ssh::SshLimits;
use std::time::Duration;

/// How long anything may take that is meant to happen.
const LIMIT: Duration = Duration::from_mins(1);

/// Waits for what is meant to happen.
async fn in_time<T>(work: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(LIMIT, work).await;
    done.expect("it does not take this long")
}

/// Gives servers long enough, whatever else this computer does, and commands that have to be ended
/// a short time only.
fn patient() -> SshLimits {
    SshLimits {
        connect: LIMIT,
        sign_in: LIMIT,
        answer: LIMIT,
        keepalive: Duration::from_secs(20),
        keepalives: 3,
        silence: LIMIT,
        ending: Duration::from_millis(300),
        rest: Duration::from_millis(200),
        sessions: 10,
    }
}

/// For machines that are meant to fall silent.
fn impatient() -> SshLimits {
    SshLimits {
        keepalive: Duration::from_millis(500),
        keepalives: 7,
        ..patient()
    }
}
