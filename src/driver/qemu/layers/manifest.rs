//! What a kept layer consists of: its files, with their digests, and how a machine goes on from it.

#![expect(
    clippy::disallowed_methods,
    reason = "a layer's description lies beside its files"
)]

use super::digest;
use crate::{
    driver::linux::{KnownSession, alive::SignOfLife},
    model::{ContentHash, LayerKind},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// Counts incompatible changes.
const FORMAT: u32 = 2;

/// What the description is called.
const FILE: &str = "layer.json";

/// What a kept layer consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::driver::qemu) struct Manifest {
    format: u32,
    /// How much of the machine is kept.
    pub(in crate::driver::qemu) kind: LayerKind,
    /// The disk and those it stands on, each the backing file of the one before; the last stands
    /// on the image.
    pub(in crate::driver::qemu) disks: Vec<String>,
    /// How the session is kept, where it is.
    pub(in crate::driver::qemu) session: Option<KeptSession>,
    files: BTreeMap<String, FileRecord>,
}

/// How a session is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::driver::qemu) struct KeptSession {
    /// In which way.
    pub(in crate::driver::qemu) form: SessionForm,
    /// Tells the QEMU that ran the machine from others. Only the same can take it up again.
    pub(in crate::driver::qemu) emulator: String,
    /// What ran its instructions.
    pub(in crate::driver::qemu) engine: String,
    /// How its screen proves that it is alive; nothing where there is none.
    pub(in crate::driver::qemu) sign_of_life: Option<SignOfLife>,
    /// What whoever opened it came to know of it.
    pub(in crate::driver::qemu) known: KnownSession,
}

/// In which way a session is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::driver::qemu) enum SessionForm {
    /// Its memory is one file and the state of its devices another; clones share the memory until
    /// they write to it.
    Template,
    /// All of it is in the disk, as a snapshot.
    Snapshot,
}

/// A file as it was when it was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FileRecord {
    size: u64,
    /// When it was last written to, in nanoseconds, and its number on its file system. As long as
    /// both are the same, so is the content, unless the disk lies.
    modified_ns: i128,
    inode: u64,
    digest: ContentHash,
}

impl Manifest {
    /// Describes the `files` that lie in `dir`, reading all of them.
    pub(super) fn describe(
        dir: &Path,
        kind: LayerKind,
        disks: Vec<String>,
        session: Option<KeptSession>,
    ) -> io::Result<Self> {
        let mut names = disks.clone();
        if session
            .as_ref()
            .is_some_and(|s| s.form == SessionForm::Template)
        {
            names.extend([super::RAM.to_owned(), super::DEVICES.to_owned()]);
        }
        let record = |name: String| {
            let path = dir.join(&name);
            let record = FileRecord::of(&path)?;
            Ok((name, record))
        };
        Ok(Self {
            format: FORMAT,
            kind,
            disks,
            session,
            files: names.into_iter().map(record).collect::<io::Result<_>>()?,
        })
    }

    /// Reads the description in `dir`; whatever is wrong with it makes it unusable.
    pub(super) fn read(dir: &Path) -> io::Result<Self> {
        let text = fs::read(dir.join(FILE))?;
        let manifest: Self = serde_json::from_slice(&text)?;
        if manifest.format != FORMAT {
            return Err(io::Error::other("another version of mosdat made it"));
        }
        Ok(manifest)
    }

    /// Writes it into `dir`, for nobody else: it has what lets programs into the session.
    pub(super) fn write(&self, dir: &Path) -> io::Result<()> {
        let mut options = File::options();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(dir.join(FILE))?;
        file.write_all(&serde_json::to_vec_pretty(self)?)
    }

    /// Returns what is wrong with a file in `dir`, going by what its folder says of it.
    pub(super) fn differs(&self, dir: &Path) -> Option<String> {
        self.complaint(dir, |path, known| {
            let now = FileRecord::look(path, known.digest)?;
            Ok(now == *known)
        })
    }

    /// Returns what is wrong with a file in `dir`, reading all of them.
    pub(super) fn damage(&self, dir: &Path) -> Option<String> {
        self.complaint(
            dir,
            |path, known| Ok(digest::of_file(path)? == known.digest),
        )
    }

    fn complaint(
        &self,
        dir: &Path,
        is_good: impl Fn(&Path, &FileRecord) -> io::Result<bool>,
    ) -> Option<String> {
        self.files.iter().find_map(|(name, known)| {
            let path: PathBuf = dir.join(name);
            match is_good(&path, known) {
                Ok(true) => None,
                Ok(false) => Some(format!("`{name}` is not what was kept")),
                Err(err) => Some(format!("`{name}`: {err}")),
            }
        })
    }
}

impl FileRecord {
    fn of(path: &Path) -> io::Result<Self> {
        Self::look(path, digest::of_file(path)?)
    }

    fn look(path: &Path, digest: ContentHash) -> io::Result<Self> {
        let meta = path.metadata()?;
        Ok(Self {
            size: meta.len(),
            modified_ns: i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec()),
            inode: meta.ino(),
            digest,
        })
    }
}
