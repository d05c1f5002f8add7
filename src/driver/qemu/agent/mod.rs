//! The QEMU guest agent: what can be asked of a guest without its network.
//!
//! Its answers carry no name of what they answer, and QEMU keeps what was sent while nobody in the
//! guest listened. So before the first call, and after one that got no answer, both ends are
//! brought in step: only what comes after the answer to a fresh number is an answer to what is
//! asked next.

mod commands;
mod error;
mod talk;
#[cfg(test)]
mod tests;

pub use commands::Ran;
pub use error::AgentError;

use std::time::Duration;
use talk::Talk;
use tokio::{net::UnixStream, sync::Mutex, time};

/// How often an agent that is not there yet is asked again. What was asked first reaches it as
/// well, but one that is restarted in between takes it along.
const ASK_AGAIN: Duration = Duration::from_secs(3);

/// A connection to the guest agent, whether it is there yet or not. One call at a time: a second
/// caller waits for the first.
#[derive(Debug)]
pub struct Agent {
    talk: Mutex<Talk>,
}

impl Agent {
    /// Takes over a fresh connection.
    pub(super) fn new(stream: UnixStream) -> Self {
        Self {
            talk: Mutex::new(Talk::new(stream)),
        }
    }

    /// Waits until it answers.
    pub async fn ready(&self, limit: Duration) -> Result<(), AgentError> {
        let mut talk = self.talk.lock().await;
        let ready = async {
            loop {
                if let Ok(done) = time::timeout(ASK_AGAIN, talk.get_in_step()).await {
                    return done;
                }
            }
        };
        let ready = time::timeout(limit, ready).await;
        ready.unwrap_or(Err(AgentError::Silent {
            what: "guest-sync-delimited",
            limit,
        }))
    }

    /// To be called when the guest is not what it was: it was reset, or its state was loaded.
    pub(super) async fn guest_changed(&self) {
        self.talk.lock().await.is_in_step = false;
    }
}
