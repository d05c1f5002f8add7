//! A machine with Windows that is only written about, and stricter than real ones: it takes exactly
//! the commands that are expected, in their order, and nothing else.

use async_trait::async_trait;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use mosdat::{
    driver::uia,
    port::{ByteStream, Exit, RemoteProcess, Shell, ShellError, ShellOutput, SocketName, Sockets},
};
use std::{
    collections::VecDeque,
    io,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

/// What comes back of a command.
#[derive(Debug)]
pub(super) enum Back {
    /// A word and a text, as scripts say them.
    Says(&'static str, String),
    /// These bytes.
    Writes(&'static str),
    /// Nothing on standard output, this on standard error, and this code.
    Fails(&'static str, i32),
    /// Nothing until the time is up.
    Silent,
    /// The connection is lost.
    Lost,
}

/// Takes the scripts that are expected.
#[derive(Debug, Default)]
pub(super) struct ScriptedShell(Mutex<VecDeque<(String, Back)>>);

impl ScriptedShell {
    pub(super) fn new(expected: Vec<(String, Back)>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(expected.into())))
    }

    /// Says that all that was expected has come.
    #[track_caller]
    pub(super) fn finished(&self) {
        let left = self.0.lock().unwrap();
        assert!(left.is_empty(), "never came: {left:#?}");
    }
}

#[async_trait]
impl Sockets for ScriptedShell {
    async fn open(&self, socket: &SocketName) -> io::Result<Box<dyn ByteStream>> {
        panic!("nobody may open {socket:?}")
    }
}

#[async_trait]
impl Shell for ScriptedShell {
    async fn run(
        &self,
        command: &str,
        input: &[u8],
        limit: Duration,
    ) -> Result<ShellOutput, ShellError> {
        assert!(input.is_empty(), "PowerShell would read it as objects");
        assert!(command.len() < 8191, "a command of {}", command.len());
        assert!(limit > Duration::ZERO);
        let script = uia::decoded(command).unwrap_or_else(|| panic!("not a script: {command}"));
        let next = self.0.lock().unwrap().pop_front();
        let Some((expected, back)) = next else {
            panic!("nothing more was expected, and this came:\n{script}")
        };
        assert_eq!(script, expected, "another script was expected");
        let (exit, stdout, stderr) = match back {
            Back::Says(word, text) => {
                let text = BASE64_STANDARD.encode(text);
                (Some(0), format!("mosdat:{word} {text}\r\n"), "")
            }
            Back::Writes(text) => (Some(0), text.to_owned(), ""),
            Back::Fails(why, code) => (Some(code), String::new(), why),
            Back::Silent => (None, String::new(), ""),
            Back::Lost => return Err(ShellError::Lost("reset by peer".into())),
        };
        Ok(ShellOutput {
            exit: exit.map(Exit::Code),
            stdout: stdout.into(),
            stderr: stderr.into(),
        })
    }

    async fn start(
        &self,
        script: &str,
        _: Duration,
    ) -> Result<(String, Box<dyn RemoteProcess>), ShellError> {
        panic!("nobody may start `{script}`")
    }

    async fn upload(
        &self,
        _: &Path,
        to: &str,
        _: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<(), ShellError> {
        panic!("what uploads relies on is not there: `{to}`")
    }

    async fn download(
        &self,
        from: &str,
        _: &Path,
        _: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<(), ShellError> {
        panic!("what downloads relies on is not there: `{from}`")
    }

    fn lost(&self) -> Option<String> {
        None
    }

    async fn close(&self) {}
}
