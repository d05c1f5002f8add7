//! The Wayland protocol, as far as it tells whether a compositor answers.
//!
//! It has no word for the windows of others: only the compositor itself may tell, in a protocol of
//! its own.

use crate::port::{SocketName, Sockets};
use std::{io, sync::Arc};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A compositor.
#[derive(Clone, Debug)]
pub struct WaylandDisplay {
    sockets: Arc<dyn Sockets>,
    socket: SocketName,
}

impl WaylandDisplay {
    /// Names the compositor that listens on `socket`.
    pub fn new(sockets: Arc<dyn Sockets>, socket: SocketName) -> Self {
        Self { sockets, socket }
    }

    /// Returns once the compositor has answered.
    pub async fn answers(&self) -> io::Result<()> {
        /// The object that every connection begins with.
        const DISPLAY: u32 = 1;
        /// What it is asked to make, which tells at once that it is done.
        const CALLBACK: u32 = 2;
        /// The length of the question, and its number, `sync`.
        const HEAD: u32 = 12 << 16;
        let mut stream = self.sockets.open(&self.socket).await?;
        for word in [DISPLAY, HEAD, CALLBACK] {
            stream.write_all(&word.to_ne_bytes()).await?;
        }
        // A carrier may hold bytes back until it is told not to.
        stream.flush().await?;
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).await?;
        if u32::from_ne_bytes(answer) == CALLBACK {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "not Wayland"))
    }
}
