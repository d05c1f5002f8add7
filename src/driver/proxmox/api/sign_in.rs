//! Who mosdat is to the server, and the ticket that says so.

use crate::model::Secret;
use std::time::Duration;
use tokio::{sync::Mutex, time::Instant};

/// A ticket is renewed when it is this old; it lives for two hours.
const RENEWED_AFTER: Duration = Duration::from_mins(90);

/// Who mosdat is to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// An API token, which is sent along with each call.
    Token {
        /// As in `mosdat@pve!ci`.
        id: String,
        /// Its secret.
        secret: Secret,
    },
    /// A user, who gets a ticket for two hours.
    Password {
        /// As in `mosdat@pve`.
        user: String,
        /// The password.
        password: Secret,
    },
}

impl Credentials {
    /// Returns who it is, for messages.
    pub fn user(&self) -> &str {
        match self {
            Self::Token { id, .. } => id,
            Self::Password { user, .. } => user,
        }
    }
}

/// What proves who mosdat is, in the headers of a call.
#[derive(Clone)]
pub(super) enum Proof {
    /// A token.
    Token(String),
    /// A ticket, and the token that changes need besides.
    Ticket(Ticket),
}

/// A ticket.
#[derive(Clone)]
pub(super) struct Ticket {
    pub(super) value: String,
    pub(super) csrf: String,
    pub(super) born: Instant,
}

impl Ticket {
    pub(super) fn is_due(&self) -> bool {
        self.born.elapsed() >= RENEWED_AFTER
    }
}

impl Proof {
    /// Returns the headers for a call that changes something, or one that does not.
    pub(super) fn headers(&self, changes: bool) -> Vec<(&'static str, String)> {
        match self {
            Self::Token(token) => vec![("Authorization", format!("PVEAPIToken={token}"))],
            Self::Ticket(ticket) => {
                let cookie = format!("PVEAuthCookie={}", super::segment(&ticket.value));
                let mut headers = vec![("Cookie", cookie)];
                if changes {
                    headers.push(("CSRFPreventionToken", ticket.csrf.clone()));
                }
                headers
            }
        }
    }

    /// Returns the ticket's value, to tell one from the next.
    pub(super) fn ticket(&self) -> Option<&str> {
        match self {
            Self::Token(_) => None,
            Self::Ticket(ticket) => Some(&ticket.value),
        }
    }
}

/// The ticket in use. Whoever renews it holds the lock, so that many calls renew it once.
pub(super) type Held = Mutex<Option<Ticket>>;
