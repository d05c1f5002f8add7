//! Sending a file.

use super::{
    command::{Collected, plain},
    connection::{Connection, remote},
    local_file::Source,
    sftp::{Progress, Sftp},
    temporary::Temporary,
};
use crate::port::{Exit, ShellError};
use std::{future::ready, path::Path, sync::Arc};
use tokio::time::timeout;

/// Writes standard input to a file.
const WRITE: &str = "exec cat > \"$1\"";

/// Sends the file at `file`, to be called `to` once it is whole.
pub(super) async fn upload(
    connection: &Arc<Connection>,
    file: &Path,
    to: &str,
    progress: Progress<'_>,
) -> Result<(), ShellError> {
    let source = Source::open(file)?;
    let mut temporary = Temporary::beside(connection, to);
    match send(connection, source, &mut temporary, to, progress).await {
        Ok(()) => Ok(()),
        Err(err) => Err(temporary.give_up(err).await),
    }
}

async fn send(
    connection: &Arc<Connection>,
    mut source: Source,
    temporary: &mut Temporary,
    to: &str,
    progress: Progress<'_>,
) -> Result<(), ShellError> {
    let size = source.size();
    progress(0, size);
    if let Some(sftp) = Sftp::open(connection).await? {
        sftp.write(&mut source, temporary.path(), to, progress)
            .await?;
    } else {
        by_command(connection, &mut source, temporary.path(), to, progress).await?;
    }
    let digest = source.digest().await?;
    temporary.put(to, digest, size).await
}

/// Sends without SFTP.
async fn by_command(
    connection: &Arc<Connection>,
    source: &mut Source,
    name: &str,
    to: &str,
    progress: Progress<'_>,
) -> Result<(), ShellError> {
    let limit = connection.limits().silence;
    let still = || ShellError::TimedOut {
        what: format!("write `{to}`"),
        limit,
    };
    let mut channel = connection.command(&plain(WRITE, &[name]), limit).await?;
    let outlet = channel.outlet();
    let feed = async {
        let (mut done, total) = (0, source.size());
        while let Some(piece) = source.next().await {
            done += piece.len() as u64;
            timeout(limit, outlet.send(piece))
                .await
                .map_err(|_| still())??;
            progress(done, total);
        }
        outlet.finish().await
    };
    let mut collected = Collected::default();
    tokio::select! {
        biased;
        // It ended before it had all.
        () = collected.until_over(&mut channel, ready(())) => {}
        fed = feed => {
            fed?;
            let rest = collected.until_over(&mut channel, ready(()));
            timeout(limit, rest).await.map_err(|_| still())?;
        }
    }
    let output = collected.result(&channel)?;
    match output.exit {
        Some(Exit::Code(0)) => Ok(()),
        _ => Err(remote(&format!("write `{to}`"), &output.stderr)),
    }
}
