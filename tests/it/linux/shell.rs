//! A login on this computer that behaves as one over the network does: it inherits nothing, each
//! command leads a session of its own, and a connection that was lost stays lost.

use async_trait::async_trait;
use mosdat::port::{
    ByteStream, Exit, RemoteProcess, Shell, ShellError, ShellOutput, SocketName, Sockets,
};
use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
    process::{Child, ChildStdout, Command},
    sync::watch,
    time::timeout,
};

/// A login on this computer.
#[derive(Debug)]
pub(super) struct HereShell {
    /// What the user's commands are run by.
    pub(super) login: &'static str,
    /// What a login has: little.
    pub(super) env: BTreeMap<String, String>,
    lost: watch::Sender<Option<String>>,
    /// Every script that was run or started.
    pub(super) scripts: Mutex<Vec<String>>,
}

impl HereShell {
    pub(super) fn new(env: BTreeMap<String, String>) -> Self {
        Self {
            login: "bash",
            env,
            lost: watch::channel(None).0,
            scripts: Mutex::default(),
        }
    }

    /// Loses the connection.
    pub(super) fn lose(&self) {
        self.lost.send_replace(Some("the line is dead".into()));
    }

    fn alive(&self) -> Result<(), ShellError> {
        self.lost().map_or(Ok(()), |why| Err(ShellError::Lost(why)))
    }

    fn spawn(&self, script: &str) -> Child {
        self.scripts.lock().unwrap().push(script.to_owned());
        let home = &self.env["HOME"];
        // It forks only when it leads a group already, which it does not.
        let mut command = Command::new("setsid");
        command
            .args([self.login, "-c", script])
            .env_clear()
            .envs(&self.env)
            .current_dir(home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().unwrap()
    }
}

#[async_trait]
impl Sockets for HereShell {
    async fn open(&self, socket: &SocketName) -> io::Result<Box<dyn ByteStream>> {
        self.alive().map_err(io::Error::other)?;
        let SocketName::File(path) = socket else {
            panic!("SSH forwards no such socket: {socket:?}");
        };
        Ok(Box::new(UnixStream::connect(path).await?))
    }
}

#[async_trait]
impl Shell for HereShell {
    async fn run(
        &self,
        script: &str,
        input: &[u8],
        limit: Duration,
    ) -> Result<ShellOutput, ShellError> {
        self.alive()?;
        let mut child = self.spawn(script);
        let mut stdin = child.stdin.take().unwrap();
        let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let ended = timeout(limit, async {
            // A command need not read what it is given.
            drop(stdin.write_all(input).await);
            drop(stdin);
            let read = tokio::join!(out.read_to_end(&mut stdout), err.read_to_end(&mut stderr));
            read.0.and(read.1).unwrap();
            child.wait().await.unwrap()
        });
        let exit = ended.await.ok().map(exit_of);
        if exit.is_none() {
            child.start_kill().unwrap();
        }
        Ok(ShellOutput {
            exit,
            stdout,
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        })
    }

    async fn start(
        &self,
        script: &str,
        limit: Duration,
    ) -> Result<(String, Box<dyn RemoteProcess>), ShellError> {
        self.alive()?;
        let mut child = self.spawn(script);
        drop(child.stdin.take());
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        let what = "tell a first line".to_owned();
        let read = timeout(limit, stdout.read_line(&mut line)).await;
        read.map_err(|_| ShellError::TimedOut { what, limit })?
            .unwrap();
        let output = Arc::new(Mutex::new(Vec::new()));
        let (sender, exit) = watch::channel(None);
        let sink = Arc::clone(&output);
        let mut stderr = child.stderr.take().unwrap();
        tokio::spawn(async move {
            let mut words = String::new();
            drop(stderr.read_to_string(&mut words).await);
            assert_eq!(words, "", "words go to standard output, in order");
        });
        tokio::spawn(async move {
            let mut read = Box::pin(read_all(stdout, sink));
            let mut is_read = false;
            let status = tokio::select! {
                status = child.wait() => status,
                () = &mut read => {
                    is_read = true;
                    child.wait().await
                }
            };
            // What was written before the end is there when the end is told.
            let soon = Duration::from_millis(100);
            is_read = is_read || timeout(soon, &mut read).await.is_ok();
            sender.send_replace(Some(exit_of(status.unwrap())));
            if !is_read {
                read.await;
            }
        });
        let process = HereProcess {
            output,
            exit,
            lost: self.lost.subscribe(),
        };
        Ok((line.trim_end().to_owned(), Box::new(process)))
    }

    async fn upload(
        &self,
        file: &Path,
        to: &str,
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<(), ShellError> {
        self.alive()?;
        let local = |source| ShellError::Local {
            what: "read",
            path: file.to_owned(),
            source,
        };
        let bytes = fs::read(file).map_err(local)?;
        let size = bytes.len() as u64;
        let remote = |err: io::Error| ShellError::Remote {
            what: format!("write `{to}`"),
            why: err.to_string(),
        };
        fs::write(to, bytes).map_err(remote)?;
        progress(size, size);
        Ok(())
    }

    async fn download(
        &self,
        _: &str,
        _: &Path,
        _: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<(), ShellError> {
        panic!("nothing is fetched from a guest this way")
    }

    fn lost(&self) -> Option<String> {
        self.lost.borrow().clone()
    }

    async fn close(&self) {
        self.lose();
    }
}

async fn read_all(mut from: BufReader<ChildStdout>, to: Arc<Mutex<Vec<u8>>>) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        to.lock().unwrap().extend_from_slice(&buffer[..count]);
    }
}

#[derive(Debug)]
struct HereProcess {
    output: Arc<Mutex<Vec<u8>>>,
    exit: watch::Receiver<Option<Exit>>,
    lost: watch::Receiver<Option<String>>,
}

#[async_trait]
impl RemoteProcess for HereProcess {
    async fn wait(&self) -> Result<Exit, ShellError> {
        let (mut exit, mut lost) = (self.exit.clone(), self.lost.clone());
        tokio::select! {
            biased;
            exit = exit.wait_for(Option::is_some) => Ok(exit.unwrap().unwrap()),
            why = lost.wait_for(Option::is_some) => {
                Err(ShellError::Lost(why.unwrap().clone().unwrap()))
            }
        }
    }

    fn exit(&self) -> Option<Exit> {
        *self.exit.borrow()
    }

    fn output(&self) -> String {
        String::from_utf8_lossy(&self.output.lock().unwrap()).into_owned()
    }
}

fn exit_of(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, signal) => Exit::Signal(signal.unwrap()),
    }
}
