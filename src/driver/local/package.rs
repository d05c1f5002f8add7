//! Packages: taken apart into a folder, without the privileges that installing takes.
//!
//! Maintainer scripts of a `.deb` are not run. A package with an `install` command is not taken
//! apart here.

use crate::model::Package;
use std::{
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// How a package gets into a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By `dpkg-deb`.
    Deb,
    /// By `tar`, which knows the compressions.
    Tar,
    /// As it is: an `AppImage`, a single program.
    Copy,
}

impl Way {
    /// Returns how `file` is to be treated. What the plan file calls it counts first: a `deb`
    /// that does not look like one is broken, not a program.
    pub(super) fn of(package: &Package, file: &Path) -> io::Result<Self> {
        let format = package.format.as_str().to_lowercase();
        let named = match format.as_str() {
            "deb" => Some(Self::Deb),
            "tgz" | "txz" | "tzst" => Some(Self::Tar),
            "appimage" => Some(Self::Copy),
            _ if format.starts_with("tar") => Some(Self::Tar),
            _ => None,
        };
        match named {
            Some(way) => Ok(way),
            None => Ok(Self::of_content(&head(file)?)),
        }
    }

    fn of_content(head: &[u8]) -> Self {
        const COMPRESSED: [&[u8]; 4] = [b"\x1f\x8b", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"BZh"];
        let is_tar = head.get(257..262) == Some(b"ustar");
        if head.starts_with(b"!<arch>\ndebian") {
            Self::Deb
        } else if is_tar || COMPRESSED.iter().any(|magic| head.starts_with(magic)) {
            Self::Tar
        } else {
            Self::Copy
        }
    }
}

fn head(file: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    File::open(file)?.take(512).read_to_end(&mut head)?;
    Ok(head)
}

/// Puts `file` into `prefix` as a program: where the plan file says that the program is, or into
/// `usr/bin` under its own name.
pub(super) fn copy(package: &Package, file: &Path, prefix: &Path) -> io::Result<()> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let place = match &package.app_path {
        Some(path) => path.replace("{file}", &name),
        None => format!("usr/bin/{name}"),
    };
    let place = inside(prefix, &place);
    if let Some(dir) = place.parent() {
        fs::create_dir_all(dir)?;
    }
    fs::copy(file, &place)?;
    fs::set_permissions(&place, fs::Permissions::from_mode(0o755))
}

/// Returns the file that `path` means when what is in `prefix` lies over the system: with
/// absolute symbolic links followed inside it. `None` when it is not in there.
pub(super) fn find(prefix: &Path, path: &str) -> Option<PathBuf> {
    let mut place = inside(prefix, path);
    // As many links as the system follows.
    for _ in 0..40 {
        match fs::read_link(&place) {
            Ok(target) if target.is_absolute() => {
                place = inside(prefix, &target.to_string_lossy());
            }
            Ok(target) => place = place.parent()?.join(target),
            Err(_) => return place.is_file().then_some(place),
        }
    }
    None
}

fn inside(prefix: &Path, path: &str) -> PathBuf {
    prefix.join(path.trim_start_matches('/'))
}

/// Returns `text` as one word of a shell.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FormatName;
    use std::os::unix::fs::symlink;

    #[test]
    fn the_content_tells_where_the_format_does_not() {
        assert_eq!(Way::of_content(b"!<arch>\ndebian-binary   0  "), Way::Deb);
        assert_eq!(Way::of_content(b"\x1f\x8b\x08"), Way::Tar);
        assert_eq!(Way::of_content(b"#!/bin/sh\n"), Way::Copy);
        let mut plain = vec![0; 512];
        plain[257..262].copy_from_slice(b"ustar");
        assert_eq!(Way::of_content(&plain), Way::Tar);
    }

    #[test]
    fn a_deb_is_never_taken_for_a_program() {
        let way = Way::of(&package("deb", None), Path::new("/nowhere")).unwrap();
        assert_eq!(way, Way::Deb);
    }

    #[test]
    fn a_program_is_put_where_the_plan_file_expects_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("notes.run");
        drop(File::create(&file).unwrap());
        let prefix = dir.path().join("prefix");
        copy(&package("run", None), &file, &prefix).unwrap();
        copy(&package("run", Some("/opt/{file}")), &file, &prefix).unwrap();
        for place in ["/usr/bin/notes.run", "/opt/notes.run"] {
            let found = find(&prefix, place).unwrap();
            assert_eq!(
                found.metadata().unwrap().permissions().mode() & 0o111,
                0o111
            );
        }
    }

    #[test]
    fn links_are_followed_inside_the_prefix() {
        let prefix = tempfile::tempdir().unwrap();
        let (bin, opt) = (prefix.path().join("usr/bin"), prefix.path().join("opt"));
        fs::create_dir_all(&bin).unwrap();
        fs::create_dir_all(&opt).unwrap();
        drop(File::create(opt.join("notes")).unwrap());
        symlink("/opt/notes", bin.join("notes")).unwrap();
        symlink("loop", bin.join("loop")).unwrap();
        assert_eq!(
            find(prefix.path(), "/usr/bin/notes"),
            Some(opt.join("notes"))
        );
        assert_eq!(find(prefix.path(), "/usr/bin/loop"), None);
        assert_eq!(find(prefix.path(), "/usr/bin/sh"), None);
    }

    #[test]
    fn a_quoted_word_stays_one_word() {
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }

    fn package(format: &str, app_path: Option<&str>) -> Package {
        Package {
            format: FormatName::new(format),
            install: String::new(),
            uninstall: String::new(),
            app_path: app_path.map(Into::into),
            process_name: None,
            file_glob: String::new(),
        }
    }
}
