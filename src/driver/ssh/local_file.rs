//! The files on this computer that are sent and received. Each is read or written on a thread of its
//! own, which makes the digest as well.

use crate::{model::ContentHash, port::ShellError};
use sha2::{Digest as _, Sha256};
use std::{
    fs::{self, File, Metadata},
    io::{self, Read as _, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::SystemTime,
};
use tempfile::NamedTempFile;
use tokio::{
    sync::mpsc,
    task::{JoinHandle, spawn_blocking},
};

/// How much is read at once: what one message of SFTP carries.
const PIECE: usize = 32 * 1024;

/// How many pieces may wait between a file and the network.
const PIECES: usize = 16;

/// A file that is sent.
#[derive(Debug)]
pub(super) struct Source {
    size: u64,
    pieces: mpsc::Receiver<Vec<u8>>,
    reader: JoinHandle<Result<ContentHash, ShellError>>,
}

impl Source {
    /// Opens the file and starts reading.
    pub(super) fn open(path: &Path) -> Result<Self, ShellError> {
        let failed = local("read", path);
        let file = File::open(path).map_err(&failed)?;
        let before = file.metadata().map_err(&failed)?;
        if !before.is_file() {
            return Err(failed(io::Error::other("it is not a file")));
        }
        let (sender, pieces) = mpsc::channel(PIECES);
        let (size, path) = (before.len(), path.to_owned());
        Ok(Self {
            size,
            pieces,
            reader: spawn_blocking(move || read(file, &before, &path, &sender)),
        })
    }

    /// Returns its size in bytes, as it was when it was opened.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Waits for the next piece; `None` at the end, and when it cannot be read any more.
    pub(super) async fn next(&mut self) -> Option<Vec<u8>> {
        self.pieces.recv().await
    }

    /// Returns the digest of what was read, when it was all of an unchanged file.
    pub(super) async fn digest(self) -> Result<ContentHash, ShellError> {
        drop(self.pieces);
        self.reader.await.expect("reading a file does not panic")
    }
}

fn read(
    mut file: File,
    before: &Metadata,
    path: &Path,
    sender: &mpsc::Sender<Vec<u8>>,
) -> Result<ContentHash, ShellError> {
    let failed = local("read", path);
    let (mut hasher, mut total) = (Sha256::new(), 0);
    loop {
        let mut piece = vec![0; PIECE];
        let count = match file.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => count,
            Err(err) if err.kind() == io::ErrorKind::Interrupted => continue,
            Err(err) => return Err(failed(err)),
        };
        total += count as u64;
        piece.truncate(count);
        hasher.update(&piece);
        if total > before.len() || sender.blocking_send(piece).is_err() {
            break;
        }
    }
    let after = file.metadata().map_err(&failed)?;
    if total != before.len() || stamp(&after) != stamp(before) {
        return Err(failed(io::Error::other("it changed while it was sent")));
    }
    Ok(ContentHash::from_bytes(hasher.finalize().into()))
}

fn stamp(meta: &Metadata) -> (u64, Option<SystemTime>) {
    (meta.len(), meta.modified().ok())
}

/// A file that is received. It has its name only in the end.
#[derive(Debug)]
pub(super) struct Sink {
    path: PathBuf,
    pieces: mpsc::Sender<Vec<u8>>,
    writer: JoinHandle<Result<Received, ShellError>>,
}

/// A file that was received.
#[derive(Debug)]
pub(super) struct Received {
    /// The digest of what is in it.
    pub(super) digest: ContentHash,
    /// How many bytes are in it.
    pub(super) size: u64,
    file: NamedTempFile,
}

impl Sink {
    /// Makes a file without a name beside `path`.
    pub(super) fn create(path: &Path) -> Result<Self, ShellError> {
        let dir = path.parent().filter(|dir| *dir != Path::new(""));
        // As any new file; who may read it is for the user's mask to say.
        let file = tempfile::Builder::new()
            .permissions(fs::Permissions::from_mode(0o666))
            .tempfile_in(dir.unwrap_or(Path::new(".")))
            .map_err(local("write", path))?;
        let (pieces, receiver) = mpsc::channel(PIECES);
        let path = path.to_owned();
        let writer = {
            let path = path.clone();
            spawn_blocking(move || write(file, receiver).map_err(local("write", &path)))
        };
        Ok(Self {
            path,
            pieces,
            writer,
        })
    }

    /// Writes a piece; false when that is no use any more, which [`Self::finish`] explains.
    pub(super) async fn push(&self, piece: Vec<u8>) -> bool {
        self.pieces.send(piece).await.is_ok()
    }

    /// Waits until all is written.
    pub(super) async fn finish(self) -> Result<(Received, PathBuf), ShellError> {
        drop(self.pieces);
        let received = self.writer.await.expect("writing a file does not panic");
        Ok((received?, self.path))
    }
}

impl Received {
    /// Gives the file its name.
    pub(super) fn publish(self, path: &Path) -> Result<(), ShellError> {
        let published = self.file.persist(path).map_err(|err| err.error);
        published.map(drop).map_err(local("write", path))
    }
}

fn write(mut file: NamedTempFile, mut pieces: mpsc::Receiver<Vec<u8>>) -> io::Result<Received> {
    let (mut hasher, mut size) = (Sha256::new(), 0);
    while let Some(piece) = pieces.blocking_recv() {
        hasher.update(&piece);
        size += piece.len() as u64;
        file.write_all(&piece)?;
    }
    Ok(Received {
        digest: ContentHash::from_bytes(hasher.finalize().into()),
        size,
        file,
    })
}

fn local(what: &'static str, path: &Path) -> impl Fn(io::Error) -> ShellError + use<> {
    let path = path.to_owned();
    move |source| ShellError::Local {
        what,
        path: path.clone(),
        source,
    }
}
