//! The file that remembers which key each machine showed first.
//!
//! Decides nothing about a key that differs; whoever asks does. What is remembered is never replaced
//! here: only a person removes a line.
//!
//! A line is a name, an algorithm and a key, as in `qemu/desk ssh-ed25519 AAAA..`. Lines that are
//! empty or begin with `#` are left as they are. The first line with a name counts.

#![expect(
    clippy::disallowed_methods,
    reason = "the file of known hosts is this driver's own"
)]

use super::host_key;
use crate::port::ShellError;
use russh::keys::PublicKey;
use std::{
    fmt::Write as _,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};
use tempfile::NamedTempFile;

/// How often it is tried to get the lock, a millisecond apart. The system has no event for it, and
/// it is held for less than that unless its holder was stopped.
const TRIES: u32 = 5000;

/// The file of known hosts.
#[derive(Clone, Debug)]
pub(super) struct KnownHosts {
    file: PathBuf,
}

impl KnownHosts {
    /// Names the file, which need not be there yet.
    pub(super) fn new(file: &Path) -> Self {
        Self { file: file.into() }
    }

    /// Returns where it is.
    pub(super) fn path(&self) -> &Path {
        &self.file
    }

    /// Returns the key that is remembered under `name`.
    pub(super) fn find(&self, name: &str) -> Result<Option<PublicKey>, ShellError> {
        self.search(&self.read()?, name)
    }

    /// Remembers `key` under `name`, unless there is one already. Returns the one that is
    /// remembered afterwards, which is another one when someone else was faster.
    pub(super) async fn pin(&self, name: &str, key: &PublicKey) -> Result<PublicKey, ShellError> {
        let (hosts, name, key) = (self.clone(), name.to_owned(), key.clone());
        let done = tokio::task::spawn_blocking(move || hosts.pin_now(&name, &key)).await;
        done.unwrap_or_else(|err| Err(self.failed("write")(io::Error::other(err))))
    }

    fn pin_now(&self, name: &str, key: &PublicKey) -> Result<PublicKey, ShellError> {
        let dir = self.file.parent().filter(|dir| *dir != Path::new(""));
        let dir = dir.unwrap_or(Path::new("."));
        fs::create_dir_all(dir).map_err(self.failed("make the folder of"))?;
        let _lock = self.lock()?;
        let mut content = self.read()?;
        if let Some(known) = self.search(&content, name)? {
            return Ok(known);
        }
        if !content.is_empty() && !content.ends_with(b"\n") {
            content.push(b'\n');
        }
        let line = format!("{} {}\n", escape(name), host_key::text(key));
        content.extend_from_slice(line.as_bytes());
        self.replace(dir, &content).map_err(self.failed("write"))?;
        Ok(key.clone())
    }

    /// Keeps other processes out until what it returns is dropped. The file itself cannot be
    /// locked: it is another one each time.
    fn lock(&self) -> Result<File, ShellError> {
        let mut path = self.file.clone().into_os_string();
        path.push(".lock");
        let lock = OpenOptions::new().create(true).append(true).open(path);
        let lock = lock.map_err(self.failed("lock"))?;
        for _ in 0..TRIES {
            match lock.try_lock() {
                Ok(()) => return Ok(lock),
                Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(1)),
                Err(TryLockError::Error(err)) => return Err(self.failed("lock")(err)),
            }
        }
        Err(self.failed("lock")(io::ErrorKind::TimedOut.into()))
    }

    fn read(&self) -> Result<Vec<u8>, ShellError> {
        match fs::read(&self.file) {
            Ok(content) => Ok(content),
            Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(err) => Err(self.failed("read")(err)),
        }
    }

    /// Writes the file as a whole, for its owner only, so that it survives a loss of power.
    fn replace(&self, dir: &Path, content: &[u8]) -> io::Result<()> {
        let mut new = NamedTempFile::new_in(dir)?;
        new.write_all(content)?;
        new.as_file().sync_all()?;
        new.persist(&self.file)?;
        File::open(dir)?.sync_all()
    }

    fn search(&self, content: &[u8], name: &str) -> Result<Option<PublicKey>, ShellError> {
        let name = escape(name);
        let content = String::from_utf8_lossy(content);
        let mut lines = content.lines().filter_map(|line| line.split_once(' '));
        let Some((_, key)) = lines.find(|(found, _)| *found == name) else {
            return Ok(None);
        };
        // A line that cannot be understood is no reason to take the next best key.
        let damaged = |why| io::Error::new(io::ErrorKind::InvalidData, format!("`{name}`: {why}"));
        match host_key::parse(key) {
            Ok(key) => Ok(Some(key)),
            Err(why) => Err(self.failed("understand a line of")(damaged(why))),
        }
    }

    fn failed(&self, what: &'static str) -> impl Fn(io::Error) -> ShellError {
        let path = self.file.clone();
        move |source| ShellError::Local {
            what,
            path: path.clone(),
            source,
        }
    }
}

/// Writes a name so that it is one word and no comment.
fn escape(name: &str) -> String {
    let mut word = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_whitespace() || c.is_control() || matches!(c, '%' | '#') {
            write!(word, "%{:02x}", u32::from(c)).expect("writing to a String cannot fail");
        } else {
            word.push(c);
        }
    }
    if word.is_empty() { "%".into() } else { word }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    const ONE: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    const TWO: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK2pr+Bfus1hvPof4Wb/plZCzSbqadHH0u+/f4ODtKnE";

    fn key(text: &str) -> PublicKey {
        host_key::parse(text).unwrap()
    }

    fn hosts(dir: &Path) -> KnownHosts {
        KnownHosts::new(&dir.join("mosdat/known_hosts"))
    }

    #[tokio::test]
    async fn the_first_key_of_a_name_stays() {
        let dir = tempfile::tempdir().unwrap();
        let hosts = hosts(dir.path());
        assert_eq!(hosts.find("desk").unwrap(), None);
        assert_eq!(hosts.pin("desk", &key(ONE)).await.unwrap(), key(ONE));
        assert_eq!(hosts.pin("desk", &key(TWO)).await.unwrap(), key(ONE));
        assert_eq!(hosts.pin("desk2", &key(TWO)).await.unwrap(), key(TWO));
        assert_eq!(hosts.find("desk").unwrap(), Some(key(ONE)));
        let text = fs::read_to_string(hosts.path()).unwrap();
        assert_eq!(text, format!("desk {ONE}\ndesk2 {TWO}\n"));
        let mode = fs::metadata(hosts.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[tokio::test]
    async fn what_people_wrote_into_the_file_stays() {
        let dir = tempfile::tempdir().unwrap();
        let hosts = hosts(dir.path());
        fs::create_dir_all(hosts.path().parent().unwrap()).unwrap();
        let before = format!("# mine\n\nother no key at all\ndesk {ONE} a comment");
        fs::write(hosts.path(), &before).unwrap();
        assert_eq!(hosts.find("desk").unwrap(), Some(key(ONE)));
        hosts.pin("new", &key(TWO)).await.unwrap();
        let text = fs::read_to_string(hosts.path()).unwrap();
        assert_eq!(text, format!("{before}\nnew {TWO}\n"));
    }

    #[tokio::test]
    async fn a_damaged_line_is_no_unknown_name() {
        let dir = tempfile::tempdir().unwrap();
        let hosts = hosts(dir.path());
        fs::create_dir_all(hosts.path().parent().unwrap()).unwrap();
        fs::write(hosts.path(), "desk ssh-ed25519 AAAA\n").unwrap();
        hosts.find("desk").unwrap_err();
        hosts.pin("desk", &key(ONE)).await.unwrap_err();
        let text = fs::read_to_string(hosts.path()).unwrap();
        assert_eq!(text, "desk ssh-ed25519 AAAA\n");
    }

    #[tokio::test]
    async fn odd_names_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let hosts = hosts(dir.path());
        for name in ["", "#", "a b", "a", "a%20b", "a\nb", "ö x"] {
            assert_eq!(hosts.find(name).unwrap(), None, "{name:?}");
            hosts.pin(name, &key(ONE)).await.unwrap();
            assert_eq!(hosts.find(name).unwrap(), Some(key(ONE)), "{name:?}");
        }
    }
}
