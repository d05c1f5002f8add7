//! OpenSSH servers for tests: each with its own port, keys and rules, gone when dropped.

use super::patient;
use mosdat::{
    driver::ssh::{SshConfig, SshDialer, SshLimits},
    port::{Login, Shell, ShellDialer, ShellError},
};
use std::{
    fs,
    io::{BufRead, BufReader, Read as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};
use tempfile::TempDir;

const SSHD: &str = "/usr/sbin/sshd";

/// What a server is like.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    /// What has SFTP; empty for a server without.
    pub(super) sftp: &'static str,
    /// Further lines of its configuration.
    pub(super) lines: &'static str,
    /// What a shell does before it becomes the server.
    pub(super) before: &'static str,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            sftp: "internal-sftp",
            lines: "",
            before: "",
        }
    }
}

/// A running server, whose user is the one that runs the tests.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    dir: TempDir,
    child: Child,
}

impl Server {
    /// Starts a server, and waits until it can be used.
    pub(super) fn start() -> Self {
        Self::start_with(&Rules::default())
    }

    /// Starts a server with rules of its own.
    pub(super) fn start_with(rules: &Rules) -> Self {
        assert!(
            Path::new(SSHD).exists(),
            "{SSHD} is not there; it is in the package openssh-server"
        );
        let dir = tempfile::tempdir().unwrap();
        for (name, kind) in [("host_ed25519", "ed25519"), ("host_rsa", "rsa")] {
            keygen(&dir.path().join(name), kind, "");
        }
        keygen(&dir.path().join("user"), "ed25519", "");
        fs::copy(dir.path().join("user.pub"), dir.path().join("authorized")).unwrap();
        // As root, it wants a folder to lock itself into.
        if rustix::process::geteuid().is_root() {
            fs::create_dir_all("/run/sshd").unwrap();
        }
        // The port is found free before it is used, so someone else may be faster.
        let started = (0..5).find_map(|_| Self::try_start(&dir, rules));
        let (address, child) = started.expect("sshd listens");
        Self {
            address,
            dir,
            child,
        }
    }

    fn try_start(dir: &TempDir, rules: &Rules) -> Option<(SocketAddr, Child)> {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let path = dir.path().display();
        let sftp = match rules.sftp {
            "" => String::new(),
            program => format!("Subsystem sftp {program}\n"),
        };
        // The first value of an option counts.
        let config = format!(
            "{}\n{sftp}ListenAddress {address}\nHostKey {path}/host_ed25519\nHostKey {path}/host_rsa\n\
             PidFile none\nUsePAM no\nStrictModes no\nAuthorizedKeysFile {path}/authorized\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nPrintMotd no\n\
             LogLevel VERBOSE\n",
            rules.lines
        );
        let file = dir.path().join("sshd_config");
        fs::write(&file, config).unwrap();
        let mut child = Command::new("sh")
            .args([
                "-c",
                &format!("{}\nexec {SSHD} -D -e -f \"$1\"", rules.before),
                "sh",
            ])
            .arg(&file)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while log.read_line(&mut line).unwrap() > 0 {
            if line.contains("Server listening") {
                // It has to be read, or the server would stand still.
                thread::spawn(move || log.read_to_end(&mut Vec::new()));
                return Some((address, child));
            }
        }
        drop(child.kill());
        drop(child.wait());
        assert!(line.contains("in use"), "sshd does not start: {line}");
        None
    }

    /// Returns a path in the server's folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Returns the same as text, as a path on the machine.
    pub(super) fn there(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().into()
    }

    /// Returns the login that it lets in.
    pub(super) fn login(&self) -> Login {
        Login {
            address: self.address,
            user: user(),
            key: Some(self.path("user")),
            host_key: None,
            known_as: "test/machine".into(),
        }
    }

    /// Returns the key that the server shows, of this kind.
    pub(super) fn host_key(&self, kind: &str) -> String {
        fs::read_to_string(self.path(&format!("host_{kind}.pub"))).unwrap()
    }

    /// Lets in whoever has the key at this path, and nobody else.
    pub(super) fn authorize(&self, key: &Path) {
        let public = key.with_extension("pub");
        fs::copy(public, self.path("authorized")).unwrap();
    }

    /// Returns what a dialer needs, with a file of known hosts in the server's folder.
    pub(super) fn config(&self, limits: SshLimits) -> SshConfig {
        SshConfig {
            known_hosts: self.path("known_hosts"),
            agent: None,
            limits,
        }
    }

    /// Logs in.
    pub(super) async fn shell(&self) -> Arc<dyn Shell> {
        self.shell_with(patient()).await
    }

    /// Logs in, with limits.
    pub(super) async fn shell_with(&self, limits: SshLimits) -> Arc<dyn Shell> {
        self.dial(&self.login(), limits).await.unwrap()
    }

    /// Tries to log in.
    pub(super) async fn dial(
        &self,
        login: &Login,
        limits: SshLimits,
    ) -> Result<Arc<dyn Shell>, ShellError> {
        SshDialer::new(self.config(limits)).dial(login).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Returns who runs the tests.
pub(super) fn user() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().into()
}

/// Makes a key.
pub(super) fn keygen(file: &Path, kind: &str, passphrase: &str) {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", kind, "-N", passphrase, "-C", "a comment", "-f"])
        .arg(file)
        .status();
    let made = made.expect("ssh-keygen runs; it is in the package openssh-client");
    assert!(made.success());
}

/// An SSH agent.
#[derive(Debug)]
pub(super) struct Agent {
    pub(super) socket: PathBuf,
    child: Child,
}

impl Agent {
    /// Starts an agent that holds these keys.
    pub(super) fn start(socket: &Path, keys: &[&Path]) -> Self {
        let mut child = Command::new("ssh-agent")
            .args(["-D", "-a"])
            .arg(socket)
            .stdout(Stdio::piped())
            .spawn()
            .expect("ssh-agent runs; it is in the package openssh-client");
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        assert!(line.contains("SSH_AUTH_SOCK"), "{line}");
        for key in keys {
            let added = Command::new("ssh-add")
                .arg("-q")
                .arg(key)
                .env("SSH_AUTH_SOCK", socket)
                .status();
            assert!(added.unwrap().success());
        }
        Self {
            socket: socket.into(),
            child,
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Collects what a transfer tells.
#[derive(Clone, Debug, Default)]
pub(super) struct Told(Arc<Mutex<Vec<(u64, u64)>>>);

impl Told {
    pub(super) fn listener(&self) -> impl Fn(u64, u64) + Send + Sync + use<> {
        let told = Arc::clone(&self.0);
        move |done, total| told.lock().unwrap().push((done, total))
    }

    pub(super) fn all(&self) -> Vec<(u64, u64)> {
        self.0.lock().unwrap().clone()
    }
}
