//! Reads the plan file and every file it includes, each once. Understands nothing but `include`:
//! what the tables mean is for others.

use super::{
    mistakes::Mistakes,
    name,
    source::{Found, SourceFile, Sources, join},
    value::Value,
};
use crate::model::{ContentHash, Diagnostic, FileError, Files, Severity};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};
use toml::{
    Spanned,
    de::{DeTable, DeValue, Error},
};

/// A file that could be read and parsed.
pub(super) struct Document<'a> {
    /// Its text.
    pub(super) source: &'a SourceFile,
    /// Its tables. A table in disguise, so that it can be asked like any other value.
    pub(super) root: Spanned<DeValue<'a>>,
}

/// What reading came to.
pub(super) struct Included<'a> {
    /// The plan file first, then what it includes, in order. Without those that are broken.
    pub(super) documents: Vec<Document<'a>>,
    /// The digest of each file that was read.
    pub(super) digests: BTreeMap<PathBuf, ContentHash>,
    /// Whether every file is there: otherwise it is too early to say that something is missing.
    pub(super) is_complete: bool,
    /// What could not be said with a place: that there is no plan file.
    pub(super) homeless: Option<Diagnostic>,
}

/// Reads the file at `plan` and all that it includes.
pub(super) fn read<'a>(
    plan: &Path,
    files: &dyn Files,
    sources: &'a Sources,
    mistakes: &'a Mistakes,
) -> Included<'a> {
    let included = Included {
        documents: Vec::new(),
        digests: BTreeMap::new(),
        is_complete: true,
        homeless: None,
    };
    let mut walk = Walk {
        files,
        sources,
        mistakes,
        open: Vec::new(),
        included,
    };
    match files.read(plan) {
        Ok(bytes) => walk.take(plan, bytes),
        Err(err) => {
            walk.included.is_complete = false;
            walk.included.homeless = Some(Diagnostic {
                place: None,
                severity: Severity::Error,
                message: format!("cannot read the plan file `{}`: {err}", plan.display()),
                hint: None,
            });
        }
    }
    walk.included
}

struct Walk<'a, 'f> {
    files: &'f dyn Files,
    sources: &'a Sources,
    mistakes: &'a Mistakes,
    /// The files that are being read just now, each included by the one before.
    open: Vec<PathBuf>,
    included: Included<'a>,
}

impl<'a> Walk<'a, '_> {
    fn take(&mut self, path: &Path, bytes: Vec<u8>) {
        let digest = ContentHash::of(&bytes);
        self.included.digests.insert(path.into(), digest);
        let Some(source) = self.decode(path, bytes) else {
            self.included.is_complete = false;
            return;
        };
        let (table, errors) = DeTable::parse_recoverable(&source.text);
        let span = table.span();
        let root = Spanned::new(span, DeValue::Table(table.into_inner()));
        let broken_from = errors.first().map(|err| self.complain(source, err));
        let list = includes(&root, source, self.mistakes, broken_from);
        if broken_from.is_none() {
            self.included.documents.push(Document { source, root });
        } else {
            self.included.is_complete = false;
        }
        self.open.push(join(Path::new(""), &path.to_string_lossy()));
        for (file, at) in list {
            let path = join(source.folder(), &file);
            self.follow(&path, Found { value: &file, at });
        }
        self.open.pop();
    }

    fn follow(&mut self, path: &Path, include: Found<&str>) {
        if let Some(first) = self.open.iter().position(|open| open == path) {
            let circle = self.open[first..].iter().map(PathBuf::as_path);
            let circle = circle.chain([path]);
            let circle: Vec<_> = circle.map(|path| format!("`{}`", path.display())).collect();
            let message = format!("files include each other: {}", circle.join(" includes "));
            self.mistakes
                .error(include.at, message, "take one of them out");
            return;
        }
        if self.included.digests.contains_key(path) {
            return;
        }
        match self.files.read(path) {
            Ok(bytes) => self.take(path, bytes),
            Err(err) => self.missing(path, include, &err),
        }
    }

    fn missing(&mut self, path: &Path, include: Found<&str>, err: &FileError) {
        self.included.is_complete = false;
        let message = format!("cannot read `{}`: {err}", path.display());
        let beside = self.files.list(path.parent().unwrap_or(Path::new("")));
        let names = beside
            .iter()
            .filter(|file| file.extension().is_some_and(|e| e == "toml"));
        let names: Vec<_> = names
            .filter_map(|file| file.file_name()?.to_str())
            .collect();
        let word = path.file_name().unwrap_or_default().to_string_lossy();
        let hint = match (err, names.is_empty()) {
            (FileError::Missing, false) => name::near(&word, names),
            (FileError::Missing, true) => "paths are relative to the file they stand in".into(),
            (FileError::Unreadable(_), _) => String::new(),
        };
        self.mistakes.error(include.at, message, hint);
    }

    fn decode(&self, path: &Path, bytes: Vec<u8>) -> Option<&'a SourceFile> {
        match String::from_utf8(bytes) {
            Ok(text) => Some(self.sources.add(path.into(), text)),
            Err(err) => {
                let start = err.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(err.as_bytes()).into_owned();
                let source = self.sources.add(path.into(), text);
                let at = source.at(start, start + 1);
                self.mistakes
                    .error(at, "this is not UTF-8", "TOML files are UTF-8");
                None
            }
        }
    }

    /// Says what is wrong with the syntax, and returns where that begins.
    fn complain(&self, source: &SourceFile, err: &Error) -> usize {
        let span = err.span().unwrap_or(0..0);
        let message = format!("not TOML: {}", err.message());
        self.mistakes
            .error(source.at(span.start, span.end), message, "");
        span.start
    }
}

/// The files that `root` includes, so far as they stand before `broken_from`: a parser that stumbled
/// guesses from there on.
fn includes<'a>(
    root: &Spanned<DeValue<'a>>,
    source: &'a SourceFile,
    mistakes: &Mistakes,
    broken_from: Option<usize>,
) -> Vec<(String, super::source::At)> {
    let (key, inner) = ("matrix", root);
    let root = Value {
        key,
        inner,
        source,
        mistakes,
    };
    let Some(matrix) = root.inner.get_ref().get("matrix") else {
        return Vec::new();
    };
    let is_table = matrix.get_ref().is_table();
    let Some(include) = is_table.then(|| matrix.get_ref().get("include")).flatten() else {
        return Vec::new();
    };
    let (key, inner) = ("include", include);
    let include = Value { key, inner, ..root };
    if broken_from.is_some_and(|broken| broken <= include.at().end) {
        return Vec::new();
    }
    let files = include.texts().unwrap_or_default();
    files
        .into_iter()
        .map(|file| (file.value.to_owned(), file.at))
        .collect()
}

/// Returns the tables of a document as one table.
pub(super) fn root<'a>(document: &'a Document<'a>, mistakes: &'a Mistakes) -> Value<'a> {
    let (key, inner, source) = ("", &document.root, document.source);
    Value {
        key,
        inner,
        source,
        mistakes,
    }
}
