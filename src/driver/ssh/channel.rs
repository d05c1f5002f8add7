//! A channel, as its user sees it.

use super::{
    connection::{Connection, remote},
    loss::Loss,
    tender::{Ends, Inbound, Writer},
};
use crate::port::ShellError;
use std::{
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, ready},
};
use tokio::{io::AsyncWrite, time::timeout};
use tokio_util::{bytes::Bytes, sync::CancellationToken};

/// A channel. Dropping it has its command ended, and closes it.
pub(super) struct Channel {
    ends: Ends,
    connection: Arc<Connection>,
}

impl Channel {
    pub(super) fn new(connection: Arc<Connection>, ends: Ends) -> Self {
        Self { ends, connection }
    }

    /// Returns the connection it is on.
    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// Waits for what comes next; `None` when the channel is closed.
    pub(super) async fn next(&mut self) -> Option<Inbound> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    /// Polls for what comes next.
    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Inbound>> {
        let inbound = ready!(self.ends.inbox.poll_recv(context));
        let weight = inbound.as_ref().map_or(0, Inbound::weight);
        self.ends.load.fetch_sub(weight, Ordering::AcqRel);
        Poll::Ready(inbound)
    }

    /// Waits until the server says whether it does what the channel is for.
    pub(super) async fn granted(&mut self) -> Result<bool, ShellError> {
        let limit = self.connection.limits().answer;
        match timeout(limit, self.next()).await {
            Ok(Some(Inbound::Granted)) => Ok(true),
            Ok(Some(Inbound::Denied)) => Ok(false),
            Ok(Some(_)) => Err(remote(
                "open a session",
                "the server does not keep to the protocol",
            )),
            Ok(None) => Err(self.closed("open a session")),
            Err(_) => Err(ShellError::TimedOut {
                what: "answer a request".into(),
                limit,
            }),
        }
    }

    /// Returns what it means that the channel is closed too early.
    pub(super) fn closed(&self, what: &str) -> ShellError {
        let lost = self.connection.loss().error();
        lost.unwrap_or_else(|| remote(what, "the server closed the channel and did not say why"))
    }

    /// Has the command ended and the channel closed. What it still writes comes, and then the end.
    pub(super) fn end(&self) {
        self.ends.end.cancel();
    }

    /// Returns what does the same once it is cancelled.
    pub(super) fn ender(&self) -> CancellationToken {
        self.ends.end.clone()
    }

    /// Returns what sends on it.
    pub(super) fn outlet(&self) -> Outlet {
        Outlet {
            writer: Arc::clone(&self.ends.writer),
            connection: Arc::clone(&self.connection),
        }
    }
}

/// Sends on a channel.
pub(super) struct Outlet {
    writer: Arc<Writer>,
    connection: Arc<Connection>,
}

impl Outlet {
    /// Sends bytes, as fast as the other end takes them.
    pub(super) async fn send(&self, bytes: impl Into<Bytes>) -> Result<(), ShellError> {
        let sent = self.writer.data_bytes(bytes);
        let sent = self.loss().unless_lost(sent).await?;
        sent.map_err(|err| self.failed(&err))
    }

    /// Says that no more bytes come.
    pub(super) async fn finish(&self) -> Result<(), ShellError> {
        let sent = self.loss().unless_lost(self.writer.eof()).await?;
        sent.map_err(|err| self.failed(&err))
    }

    /// Returns it as a stream of bytes, which stands still for ever when the connection is lost.
    pub(super) fn stream(&self) -> Pin<Box<dyn AsyncWrite + Send + Sync>> {
        Box::pin(self.writer.make_writer())
    }

    fn loss(&self) -> &Loss {
        self.connection.loss()
    }

    fn failed(&self, err: &russh::Error) -> ShellError {
        let lost = self.loss().error();
        lost.unwrap_or_else(|| remote("send to the machine", &err.to_string()))
    }
}
