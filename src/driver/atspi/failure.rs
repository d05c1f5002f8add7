//! Why one call did not bring an answer, as far as it matters for what to do next.
//!
//! It does not decide what a failure means for the tree: a node that is gone is nothing, a lost
//! bus is everything.

use crate::port::TreeError;
use std::{io, time::Duration};

/// How long one call may take. Callers with less patience have their own limit.
pub(super) const CALL_LIMIT: Duration = Duration::from_secs(3);

/// A call brought no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// The connection to the bus ended.
    Lost(String),
    /// Nobody answered in time.
    Silent(Duration),
    /// Whom we asked is not there any more.
    Gone,
    /// Whom we asked knows no such call.
    Unsupported,
    /// The answer was an error of another kind, or cannot be read.
    Unreadable(String),
}

impl Failure {
    /// What it means for the whole tree when the bus or the registry itself fails so.
    pub(super) fn of_bus(self) -> TreeError {
        match self {
            Self::Lost(why) => TreeError::Lost(why),
            Self::Silent(limit) => TreeError::TimedOut { limit },
            Self::Gone => TreeError::NoBus("it has no registry of applications".into()),
            Self::Unsupported => {
                TreeError::Protocol("the registry does not know a call that it must know".into())
            }
            Self::Unreadable(why) => TreeError::Protocol(why),
        }
    }
}

impl From<zbus::Error> for Failure {
    fn from(err: zbus::Error) -> Self {
        if let zbus::Error::InputOutput(cause) = &err {
            return if cause.kind() == io::ErrorKind::TimedOut {
                Self::Silent(CALL_LIMIT)
            } else {
                Self::Lost(cause.to_string())
            };
        }
        if let zbus::Error::MethodError(name, text, _) = &err {
            return of_error_name(name, text.as_deref().unwrap_or_default());
        }
        Self::Unreadable(err.to_string())
    }
}

/// Errors that a bus or a program answers with.
fn of_error_name(name: &str, text: &str) -> Failure {
    match name.strip_prefix("org.freedesktop.DBus.Error.") {
        // A bus says that there is no reply when the one who was asked leaves without a word. Its
        // own patience for those who stay is far longer than ours.
        Some(
            "ServiceUnknown" | "NameHasNoOwner" | "NoReply" | "UnknownObject" | "Disconnected",
        ) => Failure::Gone,
        Some("UnknownMethod" | "UnknownInterface" | "UnknownProperty" | "NotSupported") => {
            Failure::Unsupported
        }
        Some("Timeout" | "TimedOut") => Failure::Silent(CALL_LIMIT),
        _ => Failure::Unreadable(format!("{name}: {text}")),
    }
}
