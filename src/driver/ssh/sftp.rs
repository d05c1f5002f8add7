//! Files over SFTP, carried by `russh-sftp`.

use super::{
    connection::{Connection, remote},
    local_file::{Sink, Source},
    stream::ChannelStream,
};
use crate::port::ShellError;
use russh_sftp::{
    client::{Config, SftpSession, error::Error, fs::File},
    protocol::OpenFlags,
};
use std::sync::Arc;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};
use tokio_util::sync::DropGuard;

/// Tells bytes done and bytes in all.
pub(super) type Progress<'a> = &'a (dyn Fn(u64, u64) + Send + Sync);

/// How much is read at once.
const PIECE: usize = 256 * 1024;

/// Longer than any transfer stands still: time is kept here, not in `russh-sftp`.
const A_DAY: u64 = 24 * 60 * 60;

/// A session of SFTP. It has to be dropped before another session is opened for the same transfer,
/// or those that wait for room could wait for each other.
pub(super) struct Sftp {
    session: SftpSession,
    connection: Arc<Connection>,
    /// Closes the channel when the session is dropped, whether the server has answered or not.
    _end: DropGuard,
}

impl Sftp {
    /// Opens a session; `None` when the server has no SFTP.
    pub(super) async fn open(connection: &Arc<Connection>) -> Result<Option<Self>, ShellError> {
        let Some(channel) = connection.subsystem("sftp").await? else {
            return Ok(None);
        };
        let config = Config {
            request_timeout_secs: A_DAY,
            ..Config::default()
        };
        let limit = connection.limits().answer;
        let end = channel.ender().drop_guard();
        let stream = ChannelStream::new(channel);
        match timeout(limit, SftpSession::new_with_config(stream, config)).await {
            Ok(Ok(session)) => Ok(Some(Self {
                session,
                connection: Arc::clone(connection),
                _end: end,
            })),
            Ok(Err(err)) => {
                // The server means to have it, and the program behind it is not there.
                tracing::debug!(%err, "SFTP does not start on a machine");
                connection.loss().error().map_or(Ok(None), Err)
            }
            Err(_) => Err(ShellError::TimedOut {
                what: "start SFTP".into(),
                limit,
            }),
        }
    }

    /// Writes all of `source` to a new file, called `name`.
    pub(super) async fn write(
        &self,
        source: &mut Source,
        name: &str,
        to: &str,
        progress: Progress<'_>,
    ) -> Result<(), ShellError> {
        let what = format!("write `{to}`");
        let flags = OpenFlags::CREATE | OpenFlags::EXCLUDE | OpenFlags::WRITE;
        let open = self.session.open_with_flags(name, flags);
        let mut file = self.in_time(&what, open).await?;
        let (mut done, total) = (0, source.size());
        while let Some(piece) = source.next().await {
            let mut rest = piece.as_slice();
            while !rest.is_empty() {
                let count = self.in_time(&what, file.write(rest)).await?;
                rest = &rest[count..];
                done += count as u64;
                progress(done, total);
            }
        }
        self.close(&what, file).await
    }

    /// Reads all of the file `from` into `sink`.
    pub(super) async fn read(
        &self,
        from: &str,
        sink: &Sink,
        progress: Progress<'_>,
    ) -> Result<(), ShellError> {
        let what = format!("read `{from}`");
        let mut file = self.in_time(&what, self.session.open(from)).await?;
        let size = self.in_time(&what, file.metadata()).await?.size;
        let (mut done, total) = (0, size.unwrap_or(0));
        loop {
            let mut piece = vec![0; PIECE];
            let count = self.in_time(&what, file.read(&mut piece)).await?;
            piece.truncate(count);
            if count == 0 || !sink.push(piece).await {
                break;
            }
            done += count as u64;
            progress(done, total.max(done));
        }
        self.close(&what, file).await
    }

    /// Waits until everything is written and the file is closed.
    async fn close(&self, what: &str, mut file: File) -> Result<(), ShellError> {
        self.in_time(what, file.shutdown()).await
    }

    async fn in_time<T, E: Into<Error>>(
        &self,
        what: &str,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, ShellError> {
        let limit = self.connection.limits().silence;
        match timeout(limit, work).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(err)) => {
                let lost = self.connection.loss().error();
                Err(lost.unwrap_or_else(|| remote(what, &words(err.into()))))
            }
            Err(_) => Err(ShellError::TimedOut {
                what: what.into(),
                limit,
            }),
        }
    }
}

/// What servers say when they have no better word. Whoever wants to know more has to ask otherwise.
pub(super) const NO_WORDS: &str = "Failure";

/// Returns what the server said.
fn words(err: Error) -> String {
    match err {
        Error::Status(status) if status.error_message.is_empty() => status.status_code.to_string(),
        Error::Status(status) => status.error_message,
        // An error of reading or writing holds what the server said.
        Error::IO(why) => why.strip_prefix("Failure: ").unwrap_or(&why).to_owned(),
        err @ (Error::Timeout
        | Error::Limited(_)
        | Error::UnexpectedPacket
        | Error::UnexpectedBehavior(_)) => err.to_string(),
    }
}
