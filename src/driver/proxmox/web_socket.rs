//! A byte stream within the frames of a WebSocket: whole, masked and small, as the server wants them.

use crate::port::ByteStream;
use futures_util::{Sink, Stream};
use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Bytes, Error, Message, protocol::Role},
};

/// The largest piece that is sent in one frame; the server takes 128 KiB.
const LARGEST: usize = 32 << 10;

/// A byte stream within the frames of a WebSocket.
pub(super) struct WebSocket {
    inner: WebSocketStream<Box<dyn ByteStream>>,
    /// What was received and not read yet.
    rest: Bytes,
    /// Whether something was sent that has not left yet.
    is_dirty: bool,
}

impl WebSocket {
    /// Takes a connection on which both sides have agreed on frames.
    pub(super) async fn new(stream: Box<dyn ByteStream>) -> Self {
        Self {
            inner: WebSocketStream::from_raw_socket(stream, Role::Client, None).await,
            rest: Bytes::new(),
            is_dirty: false,
        }
    }

    fn flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = ready!(Pin::new(&mut self.inner).poll_flush(context));
        self.is_dirty = false;
        Poll::Ready(flushed.map_err(broken))
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a WebSocket")
    }
}

fn broken(err: Error) -> io::Error {
    if let Error::Io(err) = err {
        return err;
    }
    if matches!(err, Error::ConnectionClosed | Error::AlreadyClosed) {
        return io::ErrorKind::UnexpectedEof.into();
    }
    io::Error::other(err)
}

impl AsyncRead for WebSocket {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.is_dirty {
            // Whoever waits for an answer waits for the question to leave as well.
            let _later: Poll<_> = this.flush(context)?;
        }
        while this.rest.is_empty() {
            match ready!(Pin::new(&mut this.inner).poll_next(context)) {
                Some(Ok(Message::Binary(bytes))) => this.rest = bytes,
                Some(Ok(Message::Close(_))) | None => return Poll::Ready(Ok(())),
                Some(Ok(Message::Text(_))) => {
                    let why = "the server sent text in place of bytes";
                    return Poll::Ready(Err(io::Error::other(why)));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(err)) => return Poll::Ready(Err(broken(err))),
            }
        }
        let length = this.rest.len().min(buffer.remaining());
        buffer.put_slice(&this.rest.split_to(length));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for WebSocket {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut this.inner).poll_ready(context)).map_err(broken)?;
        let length = bytes.len().min(LARGEST);
        let message = Message::Binary(Bytes::copy_from_slice(&bytes[..length]));
        Pin::new(&mut this.inner)
            .start_send(message)
            .map_err(broken)?;
        this.is_dirty = true;
        // Nobody flushes a socket.
        let _later: Poll<_> = this.flush(context)?;
        Poll::Ready(Ok(length))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner)
            .poll_close(context)
            .map_err(broken)
    }
}
