//! What a VNC server is reached by, as one: two kinds of socket, and consoles.

use crate::port::{ByteStream, ScreenAddress};
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, Waker},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, UnixStream},
};

/// A connected socket.
#[derive(Debug)]
pub(super) enum Socket {
    /// Over TCP.
    Tcp(TcpStream),
    /// On this computer.
    Unix(UnixStream),
    /// Whatever a console is carried by.
    Console(Box<dyn ByteStream>),
}

impl Socket {
    /// Connects.
    pub(super) async fn connect(address: &ScreenAddress) -> io::Result<Self> {
        match address {
            ScreenAddress::Tcp(address) => {
                let stream = TcpStream::connect(address).await?;
                // A key press is small and must not wait for more of its kind.
                stream.set_nodelay(true)?;
                Ok(Self::Tcp(stream))
            }
            ScreenAddress::Unix(path) => Ok(Self::Unix(UnixStream::connect(path).await?)),
        }
    }

    /// Sends what fits without waiting.
    pub(super) fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_write(bytes),
            Self::Unix(stream) => stream.try_write(bytes),
            Self::Console(stream) => {
                let mut context = Context::from_waker(Waker::noop());
                let mut stream = Pin::new(stream);
                let Poll::Ready(length) = stream.as_mut().poll_write(&mut context, bytes)? else {
                    return Err(io::ErrorKind::WouldBlock.into());
                };
                let _flushed = stream.poll_flush(&mut context)?;
                Ok(length)
            }
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Unix(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Console(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Unix(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Console(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(context),
            Self::Unix(stream) => Pin::new(stream).poll_flush(context),
            Self::Console(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Console(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
