//! What is done to the files of images: counted, written for good, put in their place, removed.
//!
//! Knows nothing of what is in them.

#![expect(
    clippy::disallowed_methods,
    reason = "images are files on this computer, and this is the `Images` port made real"
)]

use crate::{model::ContentHash, port::ImageError};
use sha2::{Digest as _, Sha256};
use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, symlink},
    path::{Path, PathBuf},
};

/// Makes an error out of what the system said about `path`.
pub(super) fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ImageError {
    let path = path.to_path_buf();
    move |source| ImageError::Io { what, path, source }
}

/// Reads a file whole.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, ImageError> {
    fs::read(path).map_err(failed("read", path))
}

/// Reads a file whole, as text; `None` when there is none.
pub(super) fn read_if_there(path: &Path) -> Result<Option<String>, ImageError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(failed("read", path)(source)),
    }
}

/// Returns a file's length and digest.
pub(super) fn digest(path: &Path) -> Result<(u64, ContentHash), ImageError> {
    let count = || -> io::Result<(u64, ContentHash)> {
        let mut file = File::open(path)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        let mut length = 0;
        loop {
            let count = file.read(&mut buffer)?;
            if count == 0 {
                return Ok((length, ContentHash::from_bytes(hasher.finalize().into())));
            }
            length += count as u64;
            hasher.update(&buffer[..count]);
        }
    };
    count().map_err(failed("read", path))
}

/// Makes a folder and those above it.
pub(super) fn make_folder(path: &Path) -> Result<(), ImageError> {
    fs::create_dir_all(path).map_err(failed("make the folder", path))
}

/// Writes a new file with these permissions, from the start.
pub(super) fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), ImageError> {
    let write = || -> io::Result<()> {
        remove_if_there(path)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(path)?;
        // The umask may have taken some of it away.
        file.set_permissions(Permissions::from_mode(mode))?;
        file.write_all(bytes)
    };
    write().map_err(failed("write", path))
}

/// Replaces a small file as a whole.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), ImageError> {
    let new = beside(path);
    write(&new, bytes, 0o644)?;
    fs::rename(&new, path).map_err(failed("write", path))
}

/// Makes sure that every file of the folder `dir`, and which they are, survives a loss of power.
pub(super) fn sync_folder(dir: &Path) -> Result<(), ImageError> {
    let sync = || -> io::Result<()> {
        for entry in fs::read_dir(dir)? {
            File::open(entry?.path())?.sync_all()?;
        }
        File::open(dir)?.sync_all()
    };
    sync().map_err(failed("write", dir))
}

/// Makes sure that everything below the folder `dir` survives a loss of power.
pub(super) fn sync_all_below(dir: &Path) -> Result<(), ImageError> {
    let sync = || -> io::Result<()> { Ok(rustix::fs::syncfs(File::open(dir)?)?) };
    sync().map_err(failed("write", dir))
}

/// Gives a file or folder another name, for good.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), ImageError> {
    let rename = || -> io::Result<()> {
        fs::rename(from, to)?;
        File::open(to.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    rename().map_err(failed("write", to))
}

/// Makes `path` a link to `target`, in place of the one that it may be.
pub(super) fn point(path: &Path, target: &str) -> Result<(), ImageError> {
    let new = beside(path);
    let link = || -> io::Result<()> {
        remove_if_there(&new)?;
        symlink(target, &new)?;
        fs::rename(&new, path)?;
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    link().map_err(failed("write", path))
}

/// Returns what a link points at; `None` when there is none.
pub(super) fn target(path: &Path) -> Result<Option<PathBuf>, ImageError> {
    match fs::read_link(path) {
        Ok(target) => Ok(Some(target)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(failed("read", path)(source)),
    }
}

/// Returns the names in a folder, in order; none when there is no such folder.
pub(super) fn names(dir: &Path) -> Result<Vec<String>, ImageError> {
    let list = || -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(dir)? {
            names.extend(entry?.file_name().into_string().ok());
        }
        names.sort();
        Ok(names)
    };
    match list() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        names => names.map_err(failed("read", dir)),
    }
}

/// Removes a file, a link, or a folder with all that is in it, when it is there.
pub(super) fn remove(path: &Path) -> Result<(), ImageError> {
    let remove = || {
        if path.symlink_metadata()?.is_dir() {
            fs::remove_dir_all(path)
        } else {
            fs::remove_file(path)
        }
    };
    match remove() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(failed("remove", path)),
    }
}

/// Makes a file one that nobody writes to.
pub(super) fn make_read_only(path: &Path) -> Result<(), ImageError> {
    fs::set_permissions(path, Permissions::from_mode(0o444)).map_err(failed("write", path))
}

/// Copies a file. Shares its blocks where the file system can.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), ImageError> {
    fs::copy(from, to).map(drop).map_err(failed("write", to))
}

/// Returns how many bytes a folder's files take on the disk.
pub(super) fn room_taken(dir: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.metadata().ok())
        .map(|data| data.blocks() * 512)
        .sum()
}

/// Returns 32 hexadecimal digits that nobody guesses.
pub(super) fn random_name() -> Result<String, ImageError> {
    let source = Path::new("/dev/urandom");
    let mut bytes = [0; 32];
    let read = File::open(source).and_then(|mut file| file.read_exact(&mut bytes));
    read.map_err(failed("read", source))?;
    Ok(ContentHash::of(&bytes).to_hex()[..32].to_owned())
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    new.into()
}
