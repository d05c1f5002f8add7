//! One request and its reply, whatever carries them.

use super::Method;
use crate::{model::Timestamp, port::ByteStream};
use async_trait::async_trait;
use std::{fmt, time::Duration};

/// A request. Its headers hold secrets.
#[derive(Clone)]
pub struct Request {
    /// What is done.
    pub method: Method,
    /// Path and query, from `/api2/json` on.
    pub target: String,
    /// Names and values.
    pub headers: Vec<(&'static str, String)>,
    /// A form; `None` where there is no body.
    pub body: Option<String>,
    /// How long the answer may take.
    pub limit: Duration,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.target.split('?').next().unwrap_or_default();
        write!(f, "{} {path}", self.method.as_str())
    }
}

/// A reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The reason phrase, which carries the message of an error.
    pub reason: String,
    /// What time it was on the server.
    pub date: Option<Timestamp>,
    /// The body.
    pub body: Vec<u8>,
}

/// There is no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The request was not sent.
    NotSent(String),
    /// The server is not the right one; nothing was sent.
    Untrusted(String),
    /// It was sent, and may have been carried out.
    Lost(String),
    /// It was answered, with something else than was asked for.
    Refused(Reply),
}

/// Sends requests.
#[async_trait]
pub trait Exchange: fmt::Debug + Send + Sync {
    /// Returns where requests go, for messages: `pve.example:8006`.
    fn server(&self) -> &str;

    /// Sends a request and waits for the whole reply.
    async fn send(&self, request: &Request) -> Result<Reply, Failure>;

    /// Sends a request that turns the connection into a stream of WebSocket frames.
    async fn upgrade(&self, request: &Request) -> Result<Box<dyn ByteStream>, Failure>;
}
