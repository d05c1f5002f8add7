//! Blobs on disk: each under its digest, and what came of actions under theirs.
//!
//! Does not know what is in them, and trusts nothing it reads: a blob is checked against its name
//! before it is handed out.
//!
//! Blobs lie in `blobs/ab/cdef..`, actions in `actions/..`; what is being written lies in `new/`.

#![expect(
    clippy::disallowed_methods,
    reason = "this is what the `Blobs` port stands for"
)]

use crate::{
    model::{ContentHash, Timestamp},
    port::{Blobs, CacheError, Clock},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, Read, Write as _},
    os::unix::fs::{MetadataExt as _, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tempfile::NamedTempFile;

/// Blobs in a folder.
#[derive(Debug)]
pub struct DiskBlobs {
    dir: PathBuf,
    clock: Arc<dyn Clock>,
    /// Blobs that were found sound, and what their files looked like then.
    checked: Mutex<BTreeMap<ContentHash, Stamp>>,
}

/// What a file looks like from outside. It changes when the content does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Stamp {
    fn of(meta: &fs::Metadata) -> Self {
        Self {
            inode: meta.ino(),
            size: meta.size(),
            modified: (meta.mtime(), meta.mtime_nsec()),
        }
    }
}

/// What came of an action, as it is stored.
#[derive(Debug, Serialize, Deserialize)]
struct StoredAction {
    blob: ContentHash,
    file_name: String,
}

impl DiskBlobs {
    /// Opens the blobs in `dir`, which need not be there yet.
    pub fn open(dir: &Path, clock: Arc<dyn Clock>) -> Self {
        Self {
            dir: dir.into(),
            clock,
            checked: Mutex::default(),
        }
    }

    fn blob_path(&self, digest: ContentHash) -> PathBuf {
        let name = digest.to_hex();
        self.dir.join("blobs").join(&name[..2]).join(&name[2..])
    }

    /// Where the blob is found under the name that its file had.
    fn named_dir(&self, digest: ContentHash) -> PathBuf {
        self.dir.join("named").join(digest.to_hex())
    }

    /// Returns the sound blob at `path` under the name that its file had, when that is known.
    fn named(&self, digest: ContentHash, path: PathBuf, inode: u64) -> PathBuf {
        let entries = fs::read_dir(self.named_dir(digest)).into_iter().flatten();
        let is_it = |entry: &fs::DirEntry| entry.metadata().is_ok_and(|meta| meta.ino() == inode);
        let found = entries.flatten().find(is_it);
        found.map_or(path, |entry| entry.path())
    }

    /// Removes the name of the blob that was at `path`.
    fn forget_name(&self, path: &Path) -> Result<(), CacheError> {
        let part = |path: Option<&Path>| {
            path.and_then(Path::file_name)
                .unwrap_or_default()
                .to_owned()
        };
        let mut name = part(path.parent());
        name.push(part(Some(path)));
        let dir = self.dir.join("named").join(name);
        match fs::remove_dir_all(&dir) {
            Err(err) if err.kind() != io::ErrorKind::NotFound => Err(io_error("remove", &dir)(err)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Gives the blob the name that its file had, beside its own.
    fn name(&self, digest: ContentHash, file_name: &str) -> io::Result<()> {
        let (blob, dir) = (self.blob_path(digest), self.named_dir(digest));
        let is_name = Path::new(file_name)
            .file_name()
            .is_some_and(|name| name == file_name);
        if !is_name || !blob.exists() {
            return Ok(());
        }
        match fs::remove_dir_all(&dir) {
            Err(err) if err.kind() != io::ErrorKind::NotFound => return Err(err),
            Ok(()) | Err(_) => {}
        }
        fs::create_dir_all(&dir)?;
        fs::hard_link(blob, dir.join(file_name))
    }

    fn action_path(&self, key: ContentHash) -> PathBuf {
        self.dir.join("actions").join(key.to_hex())
    }

    /// Keeps all that `from` yields.
    fn keep(&self, from: &mut dyn Read, name: &Path) -> Result<ContentHash, CacheError> {
        let new = self.new_file()?;
        let digest = copy(from, &mut new.as_file()).map_err(io_error("keep", name))?;
        let sound = matches!(self.path(digest), Ok(Some(_)));
        if !sound {
            publish(new, &self.blob_path(digest))?;
        }
        Ok(digest)
    }

    fn new_file(&self) -> Result<NamedTempFile, CacheError> {
        let dir = self.dir.join("new");
        fs::create_dir_all(&dir).map_err(io_error("create", &dir))?;
        NamedTempFile::new_in(&dir).map_err(io_error("write into", &dir))
    }

    fn checked(&self) -> MutexGuard<'_, BTreeMap<ContentHash, Stamp>> {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn action(&self, key: ContentHash) -> Option<StoredAction> {
        // What cannot be read is not remembered: the action is done again.
        serde_json::from_slice(&fs::read(self.action_path(key)).ok()?).ok()
    }

    /// Removes actions that nobody asked for since `oldest`; returns the blobs of the others.
    fn sweep_actions(
        &self,
        needed: &BTreeSet<ContentHash>,
        oldest: Timestamp,
    ) -> Result<BTreeSet<ContentHash>, CacheError> {
        let mut blobs = BTreeSet::new();
        for (path, meta) in files(&self.dir.join("actions"))? {
            let key = path
                .file_name()
                .and_then(|name| name.to_str()?.parse().ok());
            let action = key.and_then(|key| self.action(key));
            match action.filter(|action| age(&meta) >= oldest || needed.contains(&action.blob)) {
                Some(action) => _ = blobs.insert(action.blob),
                None if age(&meta) < oldest => {
                    fs::remove_file(&path).map_err(io_error("remove", &path))?;
                }
                None => {}
            }
        }
        Ok(blobs)
    }
}

impl Blobs for DiskBlobs {
    fn put(&self, mut bytes: &[u8]) -> Result<ContentHash, CacheError> {
        let digest = ContentHash::of(bytes);
        if let Ok(Some(_)) = self.path(digest) {
            return Ok(digest);
        }
        self.keep(&mut bytes, &self.blob_path(digest))
    }

    fn put_file(&self, path: &Path) -> Result<ContentHash, CacheError> {
        let mut file = File::open(path).map_err(io_error("read", path))?;
        self.keep(&mut file, path)
    }

    fn path(&self, digest: ContentHash) -> Result<Option<PathBuf>, CacheError> {
        let path = self.blob_path(digest);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error("read", &path)(error)),
        };
        let meta = file.metadata().map_err(io_error("read", &path))?;
        let stamp = Stamp::of(&meta);
        if self.checked().get(&digest) == Some(&stamp) {
            return Ok(Some(self.named(digest, path, stamp.inode)));
        }
        let found = copy(&mut file, &mut io::sink()).map_err(io_error("read", &path))?;
        if found == digest {
            self.checked().insert(digest, stamp);
            return Ok(Some(self.named(digest, path, stamp.inode)));
        }
        self.checked().remove(&digest);
        fs::remove_file(&path).map_err(io_error("remove", &path))?;
        Err(CacheError::Damaged { digest })
    }

    fn recall(&self, key: ContentHash) -> Result<Option<(ContentHash, String)>, CacheError> {
        let Some(action) = self.action(key) else {
            return Ok(None);
        };
        // What is asked for is not swept away. A cache that is for reading only works all the same.
        let now = UNIX_EPOCH + Duration::from_millis(self.clock.now().0);
        let touched = File::open(self.action_path(key)).and_then(|file| file.set_modified(now));
        if let Err(error) = touched {
            tracing::debug!(%error, "an action in the cache could not be marked as used");
        }
        Ok(Some((action.blob, action.file_name)))
    }

    fn remember(
        &self,
        key: ContentHash,
        blob: ContentHash,
        file_name: &str,
    ) -> Result<(), CacheError> {
        self.name(blob, file_name)
            .map_err(io_error("name", &self.blob_path(blob)))?;
        let file_name = file_name.to_owned();
        let bytes = serde_json::to_vec(&StoredAction { blob, file_name });
        let mut bytes = bytes.expect("it is plain data");
        bytes.push(b'\n');
        let path = self.action_path(key);
        let mut new = self.new_file()?;
        new.write_all(&bytes).map_err(io_error("write", &path))?;
        publish(new, &path)
    }

    fn sweep(&self, needed: &[ContentHash], days: u64) -> Result<(usize, u64), CacheError> {
        let span = days.saturating_mul(24 * 60 * 60 * 1000);
        let oldest = Timestamp(self.clock.now().0.saturating_sub(span));
        let mut needed: BTreeSet<_> = needed.iter().copied().collect();
        needed.extend(self.sweep_actions(&needed, oldest)?);
        let keep: BTreeSet<_> = needed
            .iter()
            .map(|digest| self.blob_path(*digest))
            .collect();
        // Left by whoever was killed while writing.
        for (path, meta) in files(&self.dir.join("new"))? {
            if age(&meta) < oldest {
                fs::remove_file(&path).map_err(io_error("remove", &path))?;
            }
        }
        let (mut count, mut bytes) = (0, 0);
        for (path, meta) in files(&self.dir.join("blobs"))? {
            if age(&meta) < oldest && !keep.contains(&path) {
                fs::remove_file(&path).map_err(io_error("remove", &path))?;
                self.forget_name(&path)?;
                count += 1;
                bytes += meta.len();
            }
        }
        Ok((count, bytes))
    }
}

/// Gives a finished file its name.
fn publish(new: NamedTempFile, path: &Path) -> Result<(), CacheError> {
    let failed = io_error("write", path);
    let parent = path.parent().expect("each has a folder below `dir`");
    let written = fs::create_dir_all(parent)
        .and_then(|()| {
            new.as_file()
                .set_permissions(fs::Permissions::from_mode(0o444))
        })
        .and_then(|()| new.as_file().sync_all());
    match written.and_then(|()| new.persist(path).map_err(|error| error.error)) {
        Ok(_) => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

/// Copies everything, and returns its digest.
fn copy(from: &mut dyn Read, to: &mut dyn io::Write) -> io::Result<ContentHash> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(ContentHash::from_bytes(hasher.finalize().into())),
            Ok(count) => {
                hasher.update(&buffer[..count]);
                to.write_all(&buffer[..count])?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Returns every file below `dir`; nothing when there is no such folder.
fn files(dir: &Path) -> Result<Vec<(PathBuf, fs::Metadata)>, CacheError> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io_error("list", dir)(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(io_error("list", dir))?.path();
        match path.symlink_metadata() {
            Ok(meta) if meta.is_dir() => found.extend(files(&path)?),
            Ok(meta) => found.push((path, meta)),
            // Someone else was quicker.
            Err(_) => {}
        }
    }
    Ok(found)
}

fn age(meta: &fs::Metadata) -> Timestamp {
    let modified = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(since.as_millis() as u64)
}

fn io_error(what: &'static str, path: &Path) -> impl Fn(io::Error) -> CacheError {
    let path = path.to_owned();
    move |source| CacheError::Io {
        what,
        path: path.clone(),
        source,
    }
}
