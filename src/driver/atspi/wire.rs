//! A D-Bus connection over a byte stream.
//!
//! It does not know what is said over the connection, and it passes no file descriptors:
//! accessibility needs none, and a forwarded stream could not.

use crate::port::{ByteStream, SocketName, Sockets};
use async_trait::async_trait;
use std::{io, os::fd::BorrowedFd};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zbus::{
    Connection,
    connection::{Builder, socket},
};

/// Opens the socket and says hello to the bus behind it as user `uid`.
///
/// Who a bus sees depends on the stream: over a forwarded one the far user who carries it; over a
/// local one us. So when it does not believe that we are `uid`, we say who we really are.
pub(super) async fn connect(
    sockets: &dyn Sockets,
    socket: &SocketName,
    uid: u32,
) -> zbus::Result<Connection> {
    let own = rustix::process::geteuid().as_raw();
    match say_hello(sockets, socket, uid).await {
        Err(zbus::Error::Handshake(_)) if own != uid => say_hello(sockets, socket, own).await,
        other => other,
    }
}

async fn say_hello(
    sockets: &dyn Sockets,
    socket: &SocketName,
    uid: u32,
) -> zbus::Result<Connection> {
    let stream = sockets.open(socket).await?;
    Builder::socket(Carried(stream)).user_id(uid).build().await
}

/// A stream that zbus can use.
#[derive(Debug)]
struct Carried(Box<dyn ByteStream>);

#[derive(Debug)]
struct Reader(tokio::io::ReadHalf<Box<dyn ByteStream>>);

#[derive(Debug)]
struct Writer(tokio::io::WriteHalf<Box<dyn ByteStream>>);

impl socket::Socket for Carried {
    type ReadHalf = Reader;
    type WriteHalf = Writer;

    fn split(self) -> socket::Split<Reader, Writer> {
        let (read, write) = tokio::io::split(self.0);
        socket::Split::new(Reader(read), Writer(write))
    }
}

#[async_trait]
impl socket::ReadHalf for Reader {
    async fn recvmsg(
        &mut self,
        buffer: &mut [u8],
    ) -> io::Result<(usize, Vec<std::os::fd::OwnedFd>)> {
        Ok((self.0.read(buffer).await?, Vec::new()))
    }
}

#[async_trait]
impl socket::WriteHalf for Writer {
    async fn sendmsg(&mut self, buffer: &[u8], _: &[BorrowedFd<'_>]) -> io::Result<usize> {
        let written = self.0.write(buffer).await?;
        // A carrier may hold bytes back until it is told not to.
        self.0.flush().await?;
        Ok(written)
    }

    async fn close(&mut self) -> io::Result<()> {
        self.0.shutdown().await
    }
}
