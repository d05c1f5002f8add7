//! The stream between an SSH server and `russh`. It can be cut from outside, and notices a machine
//! that takes no more bytes.
//!
//! `russh` runs on a task of its own that only the end of its stream stops, and asks for signs of
//! life only while it is not sending.

use std::{
    future::Future as _,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// The stream.
#[derive(Debug)]
pub(super) struct Line {
    socket: TcpStream,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    patience: Duration,
    /// Runs while bytes wait to be taken.
    stall: Option<Pin<Box<Sleep>>>,
}

/// Held by whoever owns the connection. Dropping it cuts the line.
#[derive(Debug)]
pub(super) struct Cut(CancellationToken);

impl Cut {
    /// Cuts the line.
    pub(super) fn now(&self) {
        self.0.cancel();
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        self.now();
    }
}

impl Line {
    /// Makes a line that ends when it is cut, or when nothing could be written for `patience`.
    pub(super) fn new(socket: TcpStream, patience: Duration) -> (Self, Cut) {
        let cut = CancellationToken::new();
        let line = Self {
            socket,
            cut: Box::pin(cut.clone().cancelled_owned()),
            patience,
            stall: None,
        };
        (line, Cut(cut))
    }

    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.cut.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::ErrorKind::ConnectionAborted.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.check(context)?;
        Pin::new(&mut this.socket).poll_read(context, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.check(context)?;
        if let Poll::Ready(result) = Pin::new(&mut this.socket).poll_write(context, bytes) {
            this.stall = None;
            return Poll::Ready(result);
        }
        let patience = this.patience;
        let stall = this.stall.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(stall.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // It is over either way, and an error here would keep `russh` from saying why.
        let _ended = ready!(Pin::new(&mut self.get_mut().socket).poll_shutdown(context));
        Poll::Ready(Ok(()))
    }
}
