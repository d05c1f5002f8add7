//! Opens logins over SSH.

use super::{
    SshLimits,
    connection::Connection,
    host_key::Expected,
    known_hosts::KnownHosts,
    line::Line,
    loss,
    shell::SshShell,
    sign_in::{self, Proof},
    watcher::{Noted, Stop, Watcher},
};
use crate::port::{Login, Shell, ShellDialer, ShellError};
use async_trait::async_trait;
use russh::{
    Preferred,
    client::{self, Handle},
};
use std::{borrow::Cow, path::PathBuf, sync::Arc};
use tokio::{net::TcpStream, time::timeout};

/// What logins over SSH need of this computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshConfig {
    /// Where the first key that a machine shows is remembered. Made when it is needed.
    pub known_hosts: PathBuf,
    /// The socket of the user's SSH agent, when there is one.
    pub agent: Option<PathBuf>,
    /// How long machines may take.
    pub limits: SshLimits,
}

/// Opens logins over SSH.
#[derive(Clone, Debug)]
pub struct SshDialer {
    config: SshConfig,
}

impl SshDialer {
    /// Makes a dialer. Nothing is looked at before the first login.
    pub fn new(config: SshConfig) -> Self {
        Self { config }
    }

    async fn open(&self, login: &Login) -> Result<SshShell, ShellError> {
        let limits = self.config.limits;
        let proof = Proof::of(login, self.config.agent.as_deref())?;
        let expected = Expected::of(login, KnownHosts::new(&self.config.known_hosts))?;
        let noted = Arc::new(Noted::default());
        let socket = self.connect(login).await?;
        // Whatever becomes of this: `russh` ends when `cut` is dropped.
        let (line, cut) = Line::new(socket, limits.patience());
        let mut handle = self.agree(login, line, expected, &noted).await?;
        let signed_in = sign_in::sign_in(&mut handle, login, proof, &noted);
        match timeout(limits.sign_in, signed_in).await {
            Ok(done) => done?,
            Err(_) => {
                return Err(ShellError::TimedOut {
                    what: format!("let `{}` in", login.user),
                    limit: limits.sign_in,
                });
            }
        }
        Ok(SshShell::new(Connection::new(handle, noted, limits, cut)))
    }

    async fn connect(&self, login: &Login) -> Result<TcpStream, ShellError> {
        let limit = self.config.limits.connect;
        let failed = |why| ShellError::Connect {
            address: login.address,
            why,
        };
        let Ok(socket) = timeout(limit, TcpStream::connect(login.address)).await else {
            let seconds = limit.as_secs_f64();
            return Err(failed(format!(
                "it did not take the connection within {seconds} s"
            )));
        };
        let socket = socket.map_err(|err| failed(err.to_string()))?;
        // A request is small and must not wait for more of its kind.
        socket
            .set_nodelay(true)
            .map_err(|err| failed(err.to_string()))?;
        Ok(socket)
    }

    /// Greets the server, agrees on keys and checks the server's own.
    async fn agree(
        &self,
        login: &Login,
        line: Line,
        expected: Expected,
        noted: &Arc<Noted>,
    ) -> Result<Handle<Watcher>, ShellError> {
        let limits = self.config.limits;
        let config = Arc::new(self.russh_config(&expected));
        let watcher = Watcher::new(expected, Arc::clone(noted), limits.patience());
        match timeout(
            limits.connect,
            client::connect_stream(config, line, watcher),
        )
        .await
        {
            Ok(Ok(handle)) => Ok(handle),
            Ok(Err(Stop::Refused(err))) => Err(err),
            Ok(Err(Stop::Ssh(err))) => Err(ShellError::Connect {
                address: login.address,
                why: loss::words(&err, limits.connect),
            }),
            Err(_) => Err(ShellError::TimedOut {
                what: format!("agree on keys at {}", login.address),
                limit: limits.connect,
            }),
        }
    }

    fn russh_config(&self, expected: &Expected) -> client::Config {
        client::Config {
            preferred: Preferred {
                key: expected.algorithms(),
                host_key_certificates: Cow::Borrowed(&[]),
                ..Preferred::DEFAULT
            },
            keepalive_interval: Some(self.config.limits.keepalive),
            keepalive_max: self.config.limits.keepalives,
            ..client::Config::default()
        }
    }
}

#[async_trait]
impl ShellDialer for SshDialer {
    async fn dial(&self, login: &Login) -> Result<Arc<dyn Shell>, ShellError> {
        Ok(Arc::new(self.open(login).await?))
    }
}
