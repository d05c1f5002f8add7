//! Logins on machines that are only written about: each program ends well.

use async_trait::async_trait;
use mosdat::port::{
    ByteStream, Exit, Login, RemoteProcess, Shell, ShellDialer, ShellError, ShellOutput,
    SocketName, Sockets,
};
use std::{
    io,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::{Instant, sleep_until};

/// Opens such logins.
#[derive(Debug, Default)]
pub(super) struct PaperLogins {
    /// How long a program takes.
    pub(super) pace: Duration,
    /// Every login so far.
    pub(super) seen: Arc<Mutex<Vec<Login>>>,
}

#[async_trait]
impl ShellDialer for PaperLogins {
    async fn dial(&self, login: &Login) -> Result<Arc<dyn Shell>, ShellError> {
        self.seen.lock().unwrap().push(login.clone());
        Ok(Arc::new(PaperShell(self.pace)))
    }
}

#[derive(Debug)]
struct PaperShell(Duration);

#[async_trait]
impl Sockets for PaperShell {
    async fn open(&self, _socket: &SocketName) -> io::Result<Box<dyn ByteStream>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

#[async_trait]
impl Shell for PaperShell {
    async fn run(&self, script: &str, _: &[u8], _: Duration) -> Result<ShellOutput, ShellError> {
        let told = if script.contains("MOSDAT_UID") {
            "MOSDAT_UID=1000\0MOSDAT_MANAGER={\"data\":[\"HOME=/home/me\"]}\0MOSDAT_LOGIN=\0PATH=/bin\0\0"
        } else if script.contains("/proc/[0-9]*/stat") {
            "\nmarked\nend\n"
        } else {
            ""
        };
        Ok(ShellOutput {
            exit: Some(Exit::Code(0)),
            stdout: format!("\nmosdat begins\n{told}").into_bytes(),
            stderr: String::new(),
        })
    }

    async fn start(
        &self,
        _script: &str,
        _limit: Duration,
    ) -> Result<(String, Box<dyn RemoteProcess>), ShellError> {
        let ends = Instant::now() + self.0;
        Ok(("4242 1000".into(), Box::new(Ending(ends))))
    }

    async fn upload(
        &self,
        _file: &Path,
        _to: &str,
        _progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<(), ShellError> {
        Ok(())
    }

    async fn download(
        &self,
        _from: &str,
        _file: &Path,
        _progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<(), ShellError> {
        Err(ShellError::Lost("there is nothing here".into()))
    }

    fn lost(&self) -> Option<String> {
        None
    }

    async fn close(&self) {}
}

/// A program that ends well at some time.
#[derive(Debug)]
struct Ending(Instant);

#[async_trait]
impl RemoteProcess for Ending {
    async fn wait(&self) -> Result<Exit, ShellError> {
        sleep_until(self.0).await;
        Ok(Exit::Code(0))
    }

    fn exit(&self) -> Option<Exit> {
        (Instant::now() >= self.0).then_some(Exit::Code(0))
    }

    fn output(&self) -> String {
        "hello\n".into()
    }
}
