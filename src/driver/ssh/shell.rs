//! A login over SSH, as its users see it.

use super::{
    command,
    connection::{self, Connection, OpenError},
    download, process,
    stream::ChannelStream,
    upload,
};
use crate::port::{ByteStream, RemoteProcess, Shell, ShellError, ShellOutput, SocketName, Sockets};
use async_trait::async_trait;
use russh::ChannelOpenFailure;
use std::{io, path::Path, sync::Arc, time::Duration};

/// A login over SSH. The connection ends when it, its processes and its streams are dropped.
#[derive(Debug)]
pub(super) struct SshShell {
    connection: Arc<Connection>,
}

impl SshShell {
    pub(super) fn new(connection: Arc<Connection>) -> Self {
        Self { connection }
    }
}

#[async_trait]
impl Shell for SshShell {
    async fn run(
        &self,
        script: &str,
        input: &[u8],
        limit: Duration,
    ) -> Result<ShellOutput, ShellError> {
        command::run(&self.connection, script, input, limit).await
    }

    async fn start(
        &self,
        script: &str,
        limit: Duration,
    ) -> Result<(String, Box<dyn RemoteProcess>), ShellError> {
        let (line, process) = process::start(&self.connection, script, limit).await?;
        Ok((line, Box::new(process)))
    }

    async fn upload(
        &self,
        file: &Path,
        to: &str,
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<(), ShellError> {
        upload::upload(&self.connection, file, to, progress).await
    }

    async fn download(
        &self,
        from: &str,
        file: &Path,
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<(), ShellError> {
        download::download(&self.connection, from, file, progress).await
    }

    fn lost(&self) -> Option<String> {
        self.connection.loss().why()
    }

    async fn close(&self) {
        self.connection.close().await;
    }
}

#[async_trait]
impl Sockets for SshShell {
    async fn open(&self, socket: &SocketName) -> io::Result<Box<dyn ByteStream>> {
        let path = match socket {
            SocketName::File(path) => path.to_str().ok_or_else(|| {
                let why = format!("the name of the socket `{}` is no UTF-8", path.display());
                io::Error::new(io::ErrorKind::InvalidInput, why)
            })?,
            SocketName::Abstract(name) => {
                let why = format!(
                    "SSH reaches sockets that are files, and not the abstract `{}`",
                    name.display()
                );
                return Err(io::Error::new(io::ErrorKind::Unsupported, why));
            }
        };
        match self.connection.socket(path).await {
            Ok(channel) => Ok(Box::new(ChannelStream::new(channel))),
            Err(err) => Err(not_opened(path, err)),
        }
    }
}

fn not_opened(path: &str, err: OpenError) -> io::Error {
    match err {
        OpenError::Denied(why) => {
            let kind = match why {
                ChannelOpenFailure::AdministrativelyProhibited => io::ErrorKind::PermissionDenied,
                ChannelOpenFailure::ConnectFailed => io::ErrorKind::ConnectionRefused,
                ChannelOpenFailure::UnknownChannelType => io::ErrorKind::Unsupported,
                ChannelOpenFailure::ResourceShortage | ChannelOpenFailure::Other { .. } => {
                    io::ErrorKind::Other
                }
            };
            let why = connection::words(&why);
            io::Error::new(kind, format!("failed to reach the socket `{path}`: {why}"))
        }
        OpenError::Shell(err) => {
            let kind = match err {
                ShellError::TimedOut { .. } => io::ErrorKind::TimedOut,
                ShellError::Lost(_) => io::ErrorKind::ConnectionReset,
                ShellError::Connect { .. }
                | ShellError::HostKey { .. }
                | ShellError::Refused { .. }
                | ShellError::Remote { .. }
                | ShellError::Damaged { .. }
                | ShellError::Local { .. } => io::ErrorKind::Other,
            };
            io::Error::new(kind, err)
        }
    }
}
