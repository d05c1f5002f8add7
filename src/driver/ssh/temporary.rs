//! The name under which a file arrives on a machine, beside the one it shall have.

use super::{
    command::{ask, plain, run},
    connection::{Connection, remote},
    sftp,
};
use crate::{model::ContentHash, port::ShellError};
use std::{sync::Arc, time::Duration};

/// Compares the digest of the file with the wanted one, and gives it its name.
const PUT: &str = "got=$(sha256sum < \"$1\") || exit 1; got=${got%% *}; echo \"$got\"; \
    [ \"$got\" = \"$3\" ] || exit 0; \
    [ ! -d \"$2\" ] || { echo 'it is a folder' >&2; exit 1; }; \
    exec mv -f -- \"$1\" \"$2\"";

/// Removes the file.
const REMOVE: &str = "rm -f -- \"$1\"";

/// Says in words why nothing can be written, and removes the file.
const EXPLAIN: &str = "head -c 65536 /dev/zero >> \"$1\"; rm -f -- \"$1\"";

/// How fast a machine makes a digest at least, in bytes a second.
const DIGEST: u64 = 1024 * 1024;

/// Returns how long the machine may take for the digest of a file.
pub(super) fn digest_limit(connection: &Connection, size: u64) -> Duration {
    connection.limits().silence + Duration::from_secs(size / DIGEST)
}

/// A file on a machine that is removed unless it gets its name.
#[derive(Debug)]
pub(super) struct Temporary {
    connection: Arc<Connection>,
    path: String,
    is_wanted: bool,
}

impl Temporary {
    /// Thinks of a name beside `to`. There is no file yet.
    pub(super) fn beside(connection: &Arc<Connection>, to: &str) -> Self {
        let dir = to.rfind('/').map_or("", |end| &to[..=end]);
        Self {
            connection: Arc::clone(connection),
            path: format!("{dir}.mosdat-{:016x}", fastrand::u64(..)),
            is_wanted: false,
        }
    }

    /// Returns its name.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Checks what arrived, and gives the file the name `to`.
    pub(super) async fn put(
        &mut self,
        to: &str,
        digest: ContentHash,
        size: u64,
    ) -> Result<(), ShellError> {
        let sent = digest.to_hex();
        let script = plain(PUT, &[&self.path, to, &sent]);
        let limit = digest_limit(&self.connection, size);
        let got = ask(&self.connection, &format!("write `{to}`"), &script, limit).await?;
        if got.trim() != sent {
            return Err(ShellError::Damaged {
                path: to.into(),
                sent,
                got: got.trim().into(),
            });
        }
        self.is_wanted = true;
        Ok(())
    }

    /// Removes the file after `err`, and returns why, in the machine's words where it found none
    /// before.
    pub(super) async fn give_up(mut self, err: ShellError) -> ShellError {
        // Whatever comes of it, it is not tried again.
        self.is_wanted = true;
        let limit = self.connection.limits().answer;
        if let ShellError::Remote { what, why } = &err
            && why == sftp::NO_WORDS
        {
            let script = plain(EXPLAIN, &[&self.path]);
            return match run(&self.connection, &script, b"", limit).await {
                Ok(said) if !said.stderr.trim().is_empty() => remote(what, &said.stderr),
                Ok(_) | Err(_) => err,
            };
        }
        remove(&self.connection, &self.path, limit).await;
        err
    }
}

impl Drop for Temporary {
    /// Removes the file when the transfer was given up, if the connection lives long enough.
    fn drop(&mut self) {
        if self.is_wanted {
            return;
        }
        let (connection, path) = (Arc::clone(&self.connection), self.path.clone());
        let limit = connection.limits().answer;
        self.connection
            .spawn(async move { remove(&connection, &path, limit).await });
    }
}

async fn remove(connection: &Arc<Connection>, path: &str, limit: Duration) {
    if connection.loss().why().is_none() {
        let removed = run(connection, &plain(REMOVE, &[path]), b"", limit).await;
        tracing::debug!(path, ?removed, "removed what had arrived of a file");
    }
}
