//! Fetching a file.

use super::{
    command::{ask, plain},
    connection::{Connection, remote},
    local_file::Sink,
    sftp::{Progress, Sftp},
    temporary::digest_limit,
    tender::Inbound,
};
use crate::port::{Exit, ShellError};
use std::{path::Path, sync::Arc};
use tokio::time::timeout;

/// Writes the size of a file.
const SIZE: &str = "exec wc -c < \"$1\"";

/// Writes a part of a file.
const READ: &str = "exec dd if=\"$1\" bs=1048576 skip=\"$2\" count=8 status=none";

/// How much that is at most. What comes of a command is kept until it is written, so it comes in
/// parts.
const PART: u64 = 8 * 1024 * 1024;

/// Writes the digest of a file.
const DIGEST: &str = "exec sha256sum < \"$1\"";

/// Fetches the machine's file `from`, to be called `file` once it is whole.
pub(super) async fn download(
    connection: &Arc<Connection>,
    from: &str,
    file: &Path,
    progress: Progress<'_>,
) -> Result<(), ShellError> {
    let sink = Sink::create(file)?;
    let fetched = fetch(connection, from, &sink, progress).await;
    // Waits for the end of writing in any case, so that nothing is left when it returns.
    let finished = sink.finish().await;
    fetched?;
    let (received, path) = finished?;
    let limit = digest_limit(connection, received.size);
    let what = format!("read `{from}`");
    let sent = ask(connection, &what, &plain(DIGEST, &[from]), limit).await?;
    let sent = sent.split_whitespace().next().unwrap_or_default();
    let got = received.digest.to_hex();
    if sent != got {
        return Err(ShellError::Damaged {
            path: from.into(),
            sent: sent.into(),
            got,
        });
    }
    received.publish(&path)
}

async fn fetch(
    connection: &Arc<Connection>,
    from: &str,
    sink: &Sink,
    progress: Progress<'_>,
) -> Result<(), ShellError> {
    match Sftp::open(connection).await? {
        Some(sftp) => sftp.read(from, sink, progress).await,
        None => by_command(connection, from, sink, progress).await,
    }
}

/// Fetches without SFTP.
async fn by_command(
    connection: &Arc<Connection>,
    from: &str,
    sink: &Sink,
    progress: Progress<'_>,
) -> Result<(), ShellError> {
    let what = format!("read `{from}`");
    let size = plain(SIZE, &[from]);
    let size = ask(connection, &what, &size, connection.limits().silence).await?;
    let (mut done, total) = (0, size.trim().parse().unwrap_or(0));
    progress(0, total);
    for part in 0.. {
        let mut tell = |count| {
            done += count;
            progress(done, total.max(done));
        };
        if fetch_part(connection, from, part, sink, &mut tell).await? < PART {
            break;
        }
    }
    Ok(())
}

/// Fetches a part of a file, and returns how much of it there is.
async fn fetch_part(
    connection: &Arc<Connection>,
    from: &str,
    part: u64,
    sink: &Sink,
    tell: &mut (dyn FnMut(u64) + Send),
) -> Result<u64, ShellError> {
    let what = format!("read `{from}`");
    let limit = connection.limits().silence;
    let skip = (part * (PART >> 20)).to_string();
    let script = plain(READ, &[from, &skip]);
    let mut channel = connection.command(&script, limit).await?;
    let (mut total, mut exit, mut words) = (0, None, Vec::new());
    loop {
        let Ok(inbound) = timeout(limit, channel.next()).await else {
            return Err(ShellError::TimedOut { what, limit });
        };
        match inbound {
            Some(Inbound::Output(bytes)) => {
                total += bytes.len() as u64;
                tell(bytes.len() as u64);
                // What stands in the way of writing is told when it is finished.
                let _written = sink.push(bytes.to_vec()).await;
            }
            Some(Inbound::Errors(bytes)) => words.extend_from_slice(&bytes),
            Some(Inbound::Exit(how)) => exit = Some(how),
            Some(Inbound::Granted | Inbound::Denied | Inbound::Eof | Inbound::Flooded) => {}
            None => break,
        }
    }
    match exit {
        Some(Exit::Code(0)) => Ok(total),
        Some(_) => Err(remote(&what, &String::from_utf8_lossy(&words))),
        None => Err(channel.closed(&what)),
    }
}
