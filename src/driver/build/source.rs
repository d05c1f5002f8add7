//! A folder as a source: which files count, what stands for all of them, and a copy of them.
//!
//! Leaves out what is not source: `.git`, what the build itself puts out, and folders of that
//! name in which tools keep what they made. Empty folders and sockets do not count. Times and
//! owners do not either.

use crate::model::ContentHash;
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    os::unix::{
        ffi::OsStrExt as _,
        fs::{PermissionsExt, symlink},
    },
    path::{Path, PathBuf},
};

/// Folders that tools fill, wherever they are.
const MADE_BY_TOOLS: [&str; 3] = ["target", "node_modules", "__pycache__"];

/// The files of a source, by their path in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tree(BTreeMap<PathBuf, Entry>);

#[derive(Debug, PartialEq, Eq)]
struct Entry {
    kind: Kind,
    digest: ContentHash,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    File,
    Program,
    /// Counts by where it points to, not by what is there.
    Link,
}

impl Tree {
    /// Reads the source in `root`, without what lies in `output` below it.
    pub(super) fn read(root: &Path, output: &Path) -> Result<Self, String> {
        let mut tree = Self(BTreeMap::new());
        for path in paths(root, output)? {
            let entry = Entry::read(&root.join(&path)).map_err(|error| told(&path, &error))?;
            tree.0.extend(entry.map(|entry| (path, entry)));
        }
        Ok(tree)
    }

    /// Copies the source in `root`, and returns what was copied, which is what counts: the user
    /// may be writing to it.
    pub(super) fn copy(root: &Path, output: &Path, to: &Path) -> Result<Self, String> {
        for path in paths(root, output)? {
            copy(&root.join(&path), &to.join(&path)).map_err(|error| told(&path, &error))?;
        }
        // Here nothing is left out any more.
        Self::read(to, output)
    }

    /// Returns what stands for all of it.
    pub(super) fn identity(&self) -> String {
        let mut hasher = Sha256::new();
        for (path, Entry { kind, digest }) in &self.0 {
            let path = path.as_os_str().as_bytes();
            hasher.update((path.len() as u64).to_le_bytes());
            hasher.update(path);
            hasher.update([*kind as u8]);
            hasher.update(digest.as_bytes());
        }
        ContentHash::from_bytes(hasher.finalize().into()).to_string()
    }

    /// Returns the digest of each file.
    pub(super) fn files(&self) -> BTreeMap<String, ContentHash> {
        let files = self.0.iter();
        files
            .map(|(path, entry)| (path.to_string_lossy().into_owned(), entry.digest))
            .collect()
    }
}

impl Entry {
    /// Reads about a file; `None` for what is none.
    fn read(path: &Path) -> io::Result<Option<Self>> {
        let meta = path.symlink_metadata()?;
        if meta.is_symlink() {
            let target = fs::read_link(path)?;
            let digest = ContentHash::of(target.as_os_str().as_bytes());
            let kind = Kind::Link;
            return Ok(Some(Self { kind, digest }));
        }
        if !meta.is_file() {
            return Ok(None);
        }
        let is_program = meta.permissions().mode() & 0o100 != 0;
        Ok(Some(Self {
            kind: if is_program {
                Kind::Program
            } else {
                Kind::File
            },
            digest: digest_of(path)?,
        }))
    }
}

/// Returns the digest of a file.
pub(super) fn digest_of(path: &Path) -> io::Result<ContentHash> {
    let mut hasher = Sha256::new();
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match io::Read::read(&mut file, &mut buffer) {
            Ok(0) => return Ok(ContentHash::from_bytes(hasher.finalize().into())),
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Returns the path of every file that counts, from `root`.
fn paths(root: &Path, output: &Path) -> Result<Vec<PathBuf>, String> {
    if !root.is_dir() {
        return Err(format!("there is no folder `{}`", root.display()));
    }
    let output: PathBuf = output
        .components()
        .filter(|part| !matches!(part, std::path::Component::CurDir))
        .collect();
    let (mut folders, mut found) = (vec![PathBuf::new()], Vec::new());
    while let Some(folder) = folders.pop() {
        let failed = |error| told(&folder, &error);
        for entry in fs::read_dir(root.join(&folder)).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = folder.join(entry.file_name());
            if path == output || entry.file_name() == ".git" {
                continue;
            }
            if !entry.file_type().map_err(failed)?.is_dir() {
                found.push(path);
            } else if !MADE_BY_TOOLS.iter().any(|name| entry.file_name() == *name) {
                folders.push(path);
            }
        }
    }
    Ok(found)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let meta = from.symlink_metadata()?;
    fs::create_dir_all(to.parent().unwrap_or(to))?;
    if meta.is_symlink() {
        return symlink(fs::read_link(from)?, to);
    }
    if !meta.is_file() {
        return Ok(());
    }
    fs::copy(from, to)?;
    let is_program = meta.permissions().mode() & 0o100 != 0;
    let mode = if is_program { 0o755 } else { 0o644 };
    fs::set_permissions(to, fs::Permissions::from_mode(mode))
}

fn told(path: &Path, error: &io::Error) -> String {
    format!("`{}`: {error}", path.display())
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test makes a source")]
mod tests {
    use super::*;

    /// A folder with one of each.
    fn source() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["src", "dist", ".git", "deep/node_modules", "target"] {
            fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        for file in [
            "src/main.c",
            "dist/old.deb",
            ".git/HEAD",
            "deep/node_modules/x.js",
            "target/x",
        ] {
            fs::write(dir.path().join(file), file).unwrap();
        }
        symlink("src/main.c", dir.path().join("link")).unwrap();
        dir
    }

    fn identity(dir: &Path) -> String {
        Tree::read(dir, Path::new("./dist/")).unwrap().identity()
    }

    #[test]
    fn what_is_not_source_does_not_count() {
        let dir = source();
        let tree = Tree::read(dir.path(), Path::new("dist")).unwrap();
        assert_eq!(
            tree.files().into_keys().collect::<Vec<_>>(),
            ["link", "src/main.c"]
        );
    }

    #[test]
    fn content_name_executable_bit_and_links_count() {
        let dir = source();
        let mut seen = vec![identity(dir.path())];
        assert_eq!(seen[0], identity(dir.path()));
        let main = dir.path().join("src/main.c");
        let changes: [&dyn Fn(); 5] = [
            &|| fs::write(&main, "other").unwrap(),
            &|| fs::set_permissions(&main, fs::Permissions::from_mode(0o755)).unwrap(),
            &|| fs::rename(&main, dir.path().join("src/other.c")).unwrap(),
            &|| fs::remove_file(dir.path().join("link")).unwrap(),
            &|| symlink("src/other.c", dir.path().join("link")).unwrap(),
        ];
        for change in changes {
            change();
            let now = identity(dir.path());
            assert!(!seen.contains(&now));
            seen.push(now);
        }
        fs::write(dir.path().join("dist/new.deb"), "new").unwrap();
        assert_eq!(seen.last(), Some(&identity(dir.path())));
    }

    #[test]
    fn a_copy_is_the_same_source() {
        let (dir, to) = (source(), tempfile::tempdir().unwrap());
        let copied = Tree::copy(dir.path(), Path::new("dist"), to.path()).unwrap();
        assert_eq!(copied.identity(), identity(dir.path()));
        assert!(to.path().join("link").is_symlink());
        assert!(!to.path().join("dist").exists() && !to.path().join(".git").exists());
    }
}
