//! Why a call did not do what it should.

use super::{Call, Reason, Upid};
use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

/// A call did not do what it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// No server answers there.
    #[error("failed to reach Proxmox VE at {server}: {why}")]
    Connect {
        /// Where.
        server: String,
        /// What went wrong.
        why: String,
    },
    /// Another server answers, or one that nothing vouches for.
    #[error("the certificate of {server} is not trusted: {why}")]
    Certificate {
        /// Where.
        server: String,
        /// What is wrong with it, and what to write if it is right.
        why: String,
    },
    /// The server does not let mosdat in.
    #[error("{server} does not let `{user}` in: {why}")]
    SignIn {
        /// Where.
        server: String,
        /// Who.
        user: String,
        /// What it says.
        why: String,
    },
    /// It was not sent: the server, or what is behind it, could not take it.
    #[error("`{call}` was not sent: {why}")]
    NotSent {
        /// Which call.
        call: String,
        /// What is wrong with it.
        why: String,
    },
    /// The answer was lost: whether it was done is not known.
    #[error("`{call}` got no answer: {why}")]
    Lost {
        /// Which call.
        call: String,
        /// What went wrong.
        why: String,
    },
    /// The server refused it.
    #[error("`{call}` was refused with {status}: {}", with_fields(message, fields))]
    Refused {
        /// Which call.
        call: String,
        /// The HTTP status.
        status: u16,
        /// What the server says.
        message: String,
        /// What it says about single parameters.
        fields: BTreeMap<String, String>,
    },
    /// The answer cannot be read.
    #[error("the answer to `{call}` cannot be read: {why}")]
    Unreadable {
        /// Which call.
        call: String,
        /// What is wrong with it.
        why: String,
    },
    /// A task ended badly.
    #[error(
        "the task {kind} of {subject} on {node} failed: {status}{}",
        last_lines(log)
    )]
    Task {
        /// What it was to do.
        kind: String,
        /// To what.
        subject: String,
        /// Where.
        node: String,
        /// How it ended.
        status: String,
        /// The end of its log.
        log: Vec<String>,
    },
    /// A task did not end in time. It may still run.
    #[error("the task {upid} did not end within {} s and may still run", limit.as_secs())]
    Slow {
        /// Which.
        upid: Box<Upid>,
        /// How long it had.
        limit: Duration,
    },
}

impl ApiError {
    /// Returns what its words mean.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Refused {
                message, fields, ..
            } => {
                let words = fields
                    .values()
                    .fold(message.clone(), |all, one| all + " " + one);
                Reason::of(&words)
            }
            Self::Task { status, .. } => Reason::of(status),
            Self::Connect { .. }
            | Self::Certificate { .. }
            | Self::SignIn { .. }
            | Self::NotSent { .. }
            | Self::Lost { .. }
            | Self::Unreadable { .. }
            | Self::Slow { .. } => Reason::Other,
        }
    }

    /// Returns the HTTP status of a refusal.
    pub fn status(&self) -> Option<u16> {
        if let Self::Refused { status, .. } = self {
            Some(*status)
        } else {
            None
        }
    }

    /// Whether trying again could help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Lost { .. } | Self::Slow { .. } => true,
            Self::Refused { status, .. } => passes(*status) || self.reason().may_pass(),
            Self::Task { .. } => self.reason().may_pass(),
            Self::Certificate { .. }
            | Self::SignIn { .. }
            | Self::NotSent { .. }
            | Self::Unreadable { .. } => false,
        }
    }

    /// Whether it may have been done all the same.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Lost { .. }) || self.status().is_some_and(passes)
    }

    /// Returns the privilege and path that were missing, when that is why.
    pub fn missing_privilege(&self) -> Option<(&str, &str)> {
        let Self::Refused {
            status: 403,
            message,
            ..
        } = self
        else {
            return None;
        };
        let inner = message.split_once("check failed (")?.1.split_once(')')?.0;
        let (path, privilege) = inner.split_once(", ")?;
        Some((path, privilege))
    }
}

/// Whether a status tells of the servers between, rather than of what was asked.
pub(super) fn passes(status: u16) -> bool {
    matches!(status, 502..=504 | 595..=599)
}

/// Whether a call may be sent again after `err`.
pub(super) fn may_repeat(call: &Call, err: &ApiError) -> bool {
    match err {
        // It was not sent.
        ApiError::Connect { .. } => true,
        // It was refused, and will not be for ever.
        ApiError::Refused { status, .. } => {
            err.reason().may_pass() || (call.is_repeatable && passes(*status))
        }
        ApiError::Lost { .. } => call.is_repeatable,
        ApiError::Certificate { .. }
        | ApiError::SignIn { .. }
        | ApiError::NotSent { .. }
        | ApiError::Unreadable { .. }
        | ApiError::Task { .. }
        | ApiError::Slow { .. } => false,
    }
}

fn with_fields(message: &str, fields: &BTreeMap<String, String>) -> String {
    let mut text = message.trim_end().to_owned();
    for (name, why) in fields {
        write!(text, " `{name}`: {}", why.trim_end()).expect("writing to a String cannot fail");
    }
    text
}

fn last_lines(log: &[String]) -> String {
    let lines: Vec<String> = log.iter().map(|line| format!("\n  {line}")).collect();
    lines.concat()
}
