//! The sockets of this computer.

use crate::port::{ByteStream, SocketName, Sockets};
use async_trait::async_trait;
use std::{ffi::OsString, io};
use tokio::net::UnixStream;

/// The sockets of this computer.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalSockets;

#[async_trait]
impl Sockets for LocalSockets {
    async fn open(&self, socket: &SocketName) -> io::Result<Box<dyn ByteStream>> {
        let path = match socket {
            SocketName::File(path) => path.clone(),
            // Tokio takes a path that begins with NUL for such a name, as the kernel does.
            SocketName::Abstract(name) => {
                let mut path = OsString::from("\0");
                path.push(name);
                path.into()
            }
        };
        Ok(Box::new(UnixStream::connect(path).await?))
    }
}
