//! A channel as a stream of bytes.

use super::{channel::Channel, tender::Inbound};
use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::{
    bytes::{Buf as _, Bytes},
    sync::WaitForCancellationFutureOwned,
};

/// A channel as a stream of bytes. A lost connection is an error both ways, never an end.
pub(super) struct ChannelStream {
    channel: Channel,
    writer: Pin<Box<dyn AsyncWrite + Send + Sync>>,
    lost: Pin<Box<WaitForCancellationFutureOwned>>,
    /// What came and was not read yet.
    rest: Bytes,
    has_ended: bool,
}

impl fmt::Debug for ChannelStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelStream")
            .field("has_ended", &self.has_ended)
            .finish_non_exhaustive()
    }
}

impl ChannelStream {
    pub(super) fn new(channel: Channel) -> Self {
        Self {
            writer: channel.outlet().stream(),
            lost: Box::pin(channel.connection().loss().told().cancelled_owned()),
            channel,
            rest: Bytes::new(),
            has_ended: false,
        }
    }

    fn lost(&self) -> io::Error {
        let why = self.channel.closed("read from the machine").to_string();
        io::Error::new(io::ErrorKind::ConnectionReset, why)
    }

    /// Waits until there is something to read; false at the end.
    fn poll_filled(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        while self.rest.is_empty() && !self.has_ended {
            match ready!(self.channel.poll_next(context)) {
                Some(Inbound::Output(bytes)) => self.rest = bytes,
                Some(Inbound::Eof) => self.has_ended = true,
                Some(Inbound::Flooded) => {
                    let why = "more came than was read in time";
                    return Poll::Ready(Err(io::Error::other(why)));
                }
                // What a part of the server has to say beside is for its log.
                Some(
                    Inbound::Granted | Inbound::Denied | Inbound::Errors(_) | Inbound::Exit(_),
                ) => {}
                None => return Poll::Ready(Err(self.lost())),
            }
        }
        Poll::Ready(Ok(!self.rest.is_empty()))
    }
}

impl AsyncRead for ChannelStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if ready!(this.poll_filled(context))? {
            let length = this.rest.len().min(buffer.remaining());
            buffer.put_slice(&this.rest[..length]);
            this.rest.advance(length);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ChannelStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        if this.lost.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(this.lost()));
        }
        this.writer.as_mut().poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().writer.as_mut().poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.lost.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(this.lost()));
        }
        this.writer.as_mut().poll_shutdown(context)
    }
}
