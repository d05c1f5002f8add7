//! Whole folders: copied, made read-only, removed.

use super::folder::{User, give};
use std::{
    fs, io,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

/// Copies the folder `from` to `to`, which must not be there yet, with permissions and symbolic
/// links as they are. Sockets and the like are left out.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy(&source, &target)?;
        } else if kind.is_symlink() {
            symlink(fs::read_link(&source)?, &target)?;
        } else if kind.is_file() {
            fs::copy(&source, &target)?;
        }
    }
    // Last, so that a folder without write permission can be filled.
    fs::set_permissions(to, from.metadata()?.permissions())
}

/// Takes the permission to write from everything in `path`.
pub(super) fn make_read_only(path: &Path) -> io::Result<()> {
    walk(path, &mut |path| change_mode(path, |mode| mode & !0o222))
}

/// Lets `user`, or mosdat's own when missing, write to everything in `path`.
pub(super) fn make_writable(path: &Path, user: Option<User>) -> io::Result<()> {
    walk(path, &mut |path| {
        give(path, user)?;
        change_mode(path, |mode| mode | 0o200)
    })
}

/// Removes the folder `path` and everything in it. Removing one that is not there is no error.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    let mut result = Ok(());
    // Something in it may be read-only, or written by a process that is about to end.
    for _ in 0..3 {
        result = match fs::remove_dir_all(path) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other,
        };
        if result.is_ok() || open_folders(path).is_err() {
            return result;
        }
    }
    result
}

/// Lets the owner change every folder in `path`.
fn open_folders(path: &Path) -> io::Result<()> {
    walk(path, &mut |path| {
        if path.is_dir() {
            change_mode(path, |mode| mode | 0o700)?;
        }
        Ok(())
    })
}

/// Calls `visit` for the folder `path`, then for what is in it. Symbolic links are not followed
/// and not visited: their permissions mean nothing.
fn walk(path: &Path, visit: &mut dyn FnMut(&Path) -> io::Result<()>) -> io::Result<()> {
    visit(path)?;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(&entry.path(), visit)?;
        } else if kind.is_file() {
            visit(&entry.path())?;
        }
    }
    Ok(())
}

fn change_mode(path: &Path, change: impl Fn(u32) -> u32) -> io::Result<()> {
    let mode = path.metadata()?.permissions().mode();
    fs::set_permissions(path, fs::Permissions::from_mode(change(mode)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_only_copy_can_be_removed() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        fs::create_dir_all(from.join("usr/bin")).unwrap();
        drop(fs::File::create(from.join("usr/bin/notes")).unwrap());
        symlink("notes", from.join("usr/bin/n")).unwrap();
        copy(&from, &to).unwrap();
        make_read_only(&to).unwrap();
        let mode = |path: &str| to.join(path).metadata().unwrap().permissions().mode() & 0o222;
        assert_eq!((mode("usr/bin"), mode("usr/bin/notes")), (0, 0));
        assert_eq!(
            fs::read_link(to.join("usr/bin/n")).unwrap(),
            Path::new("notes")
        );
        remove(&to).unwrap();
        remove(&to).unwrap();
        assert!(!to.exists());
    }
}
