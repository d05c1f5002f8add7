//! Replacing a file as a whole: whoever reads it, and whenever the power goes, finds the old
//! content or the new.
//!
//! Two who replace the same file at once are kept apart by a lock, not here.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// Replaces the file, so that it survives a loss of power.
pub(super) fn replace_for_good(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = written(path, bytes, File::sync_all)?;
    fs::rename(temporary, path)?;
    // The name lies in the folder, which has to be written too.
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

/// Replaces the file, so that it survives the end of the process.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = written(path, bytes, |_| Ok(()))?;
    fs::rename(temporary, path)
}

fn written(
    path: &Path,
    bytes: &[u8],
    sync: impl FnOnce(&File) -> io::Result<()>,
) -> io::Result<PathBuf> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let temporary = PathBuf::from(temporary);
    let mut file = File::create(&temporary)?;
    if let Err(error) = file.write_all(bytes).and_then(|()| sync(&file)) {
        // On a full disk, what was begun only takes more of the room that is missing.
        let _removed = fs::remove_file(&temporary);
        return Err(error);
    }
    Ok(temporary)
}
