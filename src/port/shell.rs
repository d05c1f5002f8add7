//! A login on a machine: commands, files and sockets there.

use super::{Exit, Sockets};
use async_trait::async_trait;
use std::{
    fmt::Debug,
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// A login on a machine. One connection serves all callers at once.
///
/// A connection that was lost stays lost: what happens on the machine between two connections is
/// not known, so whoever needs another one dials again.
#[async_trait]
pub trait Shell: Sockets {
    /// Has the user's login shell run `script` to its end, with `input` as its standard input. When
    /// `limit` has passed, the command is told to end and the output so far comes with
    /// `exit: None`.
    async fn run(
        &self,
        script: &str,
        input: &[u8],
        limit: Duration,
    ) -> Result<ShellOutput, ShellError>;

    /// Has the login shell start `script`, which stays. Its first line of output must come within
    /// `limit` and is returned apart.
    async fn start(
        &self,
        script: &str,
        limit: Duration,
    ) -> Result<(String, Box<dyn RemoteProcess>), ShellError>;

    /// Writes the file at `file` to `to` on the machine, as a whole or not at all, and checks that
    /// what arrived is what was sent. Tells bytes done and bytes in all as it goes on. The limit is
    /// for silence: a slow transfer that goes on may take its time.
    async fn upload(
        &self,
        file: &Path,
        to: &str,
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<(), ShellError>;

    /// Writes the machine's file `from` to `file`, as a whole or not at all, and checks it.
    async fn download(
        &self,
        from: &str,
        file: &Path,
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<(), ShellError>;

    /// Returns why the connection is lost, when it is.
    fn lost(&self) -> Option<String>;

    /// Ends the connection.
    async fn close(&self);
}

/// A command on a machine that stays. Dropping it has it ended, as far as that can be asked for.
#[async_trait]
pub trait RemoteProcess: Debug + Send + Sync {
    /// Waits until it has ended; an error when the connection was lost first. May be called again
    /// and dropped at any time.
    async fn wait(&self) -> Result<Exit, ShellError>;

    /// Returns how it ended, when it has.
    fn exit(&self) -> Option<Exit>;

    /// Returns the end of what it wrote so far, without the first line.
    fn output(&self) -> String;
}

/// Opens logins.
#[async_trait]
pub trait ShellDialer: Debug + Send + Sync {
    /// Connects and logs in.
    async fn dial(&self, login: &Login) -> Result<Arc<dyn Shell>, ShellError>;
}

/// Where to log in, and as whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Where the SSH server listens.
    pub address: SocketAddr,
    /// The user.
    pub user: String,
    /// The private key; `None` asks the user's SSH agent.
    pub key: Option<PathBuf>,
    /// The key that the server must show, as in `ssh-ed25519 AAAA..`. When it is not known, the one
    /// that was first seen under `known_as` is.
    pub host_key: Option<String>,
    /// What the server's key is remembered under: the machine, whatever port it is reached at.
    pub known_as: String,
}

/// What came of a command on a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellOutput {
    /// How it ended; `None` when its time was up.
    pub exit: Option<Exit>,
    /// What it wrote to standard output, up to 16 MiB.
    pub stdout: Vec<u8>,
    /// The end of what it wrote to standard error.
    pub stderr: String,
}

impl ShellOutput {
    /// Whether it ended by itself, with 0.
    pub fn is_success(&self) -> bool {
        self.exit == Some(Exit::Code(0))
    }
}

/// A login could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ShellError {
    /// No server answered.
    #[error("failed to reach the SSH server at {address}: {why}")]
    Connect {
        /// Where.
        address: SocketAddr,
        /// What went wrong.
        why: String,
    },
    /// The server is not the one it was.
    #[error(
        "the SSH server of `{known_as}` shows another key than {}",
        other_key(seen, known, file.as_deref())
    )]
    HostKey {
        /// What its key is remembered under.
        known_as: String,
        /// The fingerprint of the key it shows.
        seen: String,
        /// The fingerprint of the key it should show.
        known: String,
        /// Where the first key that was seen is remembered; `None` when the login said which it has
        /// to be.
        file: Option<PathBuf>,
    },
    /// The server does not let the user in.
    #[error("the SSH server at {address} does not let `{user}` in: {why}")]
    Refused {
        /// Where.
        address: SocketAddr,
        /// Who.
        user: String,
        /// What was tried.
        why: String,
    },
    /// The connection was lost.
    #[error("lost the SSH connection: {0}")]
    Lost(String),
    /// An answer did not come in time.
    #[error("the SSH server did not {what} within {} s", limit.as_secs_f64())]
    TimedOut {
        /// What it was to do.
        what: String,
        /// How long it had.
        limit: Duration,
    },
    /// The machine refused something: a full disk, a missing folder.
    #[error("failed to {what}: {why}")]
    Remote {
        /// What was tried.
        what: String,
        /// What the machine said.
        why: String,
    },
    /// What arrived is not what was sent.
    #[error("`{path}` arrived damaged: its digest is {got}, not {sent}")]
    Damaged {
        /// Which file.
        path: String,
        /// The digest of what was sent.
        sent: String,
        /// The digest of what arrived.
        got: String,
    },
    /// A file on this computer could not be used.
    #[error("failed to {what} `{path}`")]
    Local {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
}

/// Says which key was seen and which was wanted, and what to do about it.
fn other_key(seen: &str, known: &str, file: Option<&Path>) -> String {
    match file {
        Some(file) => format!(
            "before ({seen}, not {known}); if that is right, remove its line from `{}`",
            file.display()
        ),
        None => format!("it was made with ({seen}, not {known})"),
    }
}

impl ShellError {
    /// Whether trying again could help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Lost(_) | Self::TimedOut { .. } | Self::Damaged { .. } => {
                true
            }
            Self::HostKey { .. }
            | Self::Refused { .. }
            | Self::Remote { .. }
            | Self::Local { .. } => false,
        }
    }
}
