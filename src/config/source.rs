//! The texts of the files that were read, kept in one place so that everything can point into
//! them. Does not read files and does not count lines until somebody asks.

use crate::model::{Place, place_of_offset};
use std::{
    cell::OnceCell,
    path::{Path, PathBuf},
};

/// A part of a file, as bytes: the line is counted only when there is something to say about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    /// Which file, counted in the order they were read.
    pub(super) file: usize,
    /// First byte.
    pub(super) start: usize,
    /// The byte after the last.
    pub(super) end: usize,
}

/// Something, and where it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<T> {
    /// What is written.
    pub(super) value: T,
    /// Where.
    pub(super) at: At,
}

/// One file.
#[derive(Debug)]
pub(super) struct SourceFile {
    /// Which file it is, counted in the order they were read.
    pub(super) number: usize,
    /// Its path, as the user would name it.
    pub(super) path: PathBuf,
    /// What it says.
    pub(super) text: String,
    next: OnceCell<Box<Self>>,
}

impl SourceFile {
    /// Returns the place of the bytes `start..end`.
    pub(super) fn at(&self, start: usize, end: usize) -> At {
        let file = self.number;
        At { file, start, end }
    }

    /// Returns the folder that paths in this file are relative to.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }
}

/// Every file that was read. A chain rather than a list, because trees point into the texts of the
/// first files while later ones are still being added.
#[derive(Debug, Default)]
pub(super) struct Sources {
    first: OnceCell<Box<SourceFile>>,
}

impl Sources {
    /// Adds a file at the end.
    pub(super) fn add(&self, path: PathBuf, text: String) -> &SourceFile {
        let (mut end, mut number) = (&self.first, 0);
        while let Some(file) = end.get() {
            (end, number) = (&file.next, number + 1);
        }
        end.get_or_init(|| {
            Box::new(SourceFile {
                number,
                path,
                text,
                next: OnceCell::new(),
            })
        })
    }

    /// Returns every file, in the order they were read.
    pub(super) fn iter(&self) -> impl Iterator<Item = &SourceFile> {
        let first = self.first.get().map(|file| &**file);
        std::iter::successors(first, |file| file.next.get().map(|next| &**next))
    }

    /// Counts lines and columns.
    pub(super) fn place(&self, at: At) -> Option<Place> {
        let file = self.iter().nth(at.file)?;
        Some(place_of_offset(&file.path, &file.text, at.start, at.end))
    }
}

/// Joins `path` to `folder` and takes out `.` and `..`, so that a file has one name however it is
/// reached. Links are not followed.
pub(super) fn join(folder: &Path, path: &str) -> PathBuf {
    use std::path::Component;
    let mut joined = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(joined.components().next_back(), Some(Component::Normal(_))) =>
            {
                joined.pop();
            }
            Component::ParentDir if joined.has_root() => {}
            Component::ParentDir
            | Component::Prefix(_)
            | Component::RootDir
            | Component::Normal(_) => joined.push(part),
        }
    }
    if joined.as_os_str().is_empty() {
        joined.push(".");
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_name() {
        let check = |folder: &str, path, joined: &str| {
            assert_eq!(join(Path::new(folder), path), Path::new(joined));
        };
        check("plans", "../examples/notes.toml", "examples/notes.toml");
        check("plans", "..", ".");
        check("", "../app", "../app");
        check("plans", "../../app", "../app");
        check("/plans", "../../app", "/app");
        check("plans", "/srv/./app", "/srv/app");
    }

    #[test]
    fn files_are_counted_in_the_order_they_were_read() {
        let sources = Sources::default();
        let first = sources.add("a".into(), "one".into());
        let second = sources.add("b".into(), "two".into());
        assert_eq!((first.number, second.number), (0, 1));
        assert_eq!(sources.iter().count(), 2);
        assert_eq!(sources.place(second.at(0, 3)).unwrap().text, "two");
    }
}
