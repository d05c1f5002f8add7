//! One table of a TOML file, asked for key by key; keys that nobody asked for are mistakes. So the
//! code that reads a table is the only list of its keys. Does not know what any key means.

use super::{
    mistakes::Mistakes,
    name,
    source::{At, Found, SourceFile, join},
    value::Value,
};
use crate::model::{Secret, SecretSource};
use std::{cell::RefCell, ops::RangeInclusive, path::PathBuf, time::Duration};
use toml::de::DeTable;

/// A table that is being read.
pub(super) struct Table<'a> {
    /// What messages call it, such as `[[vm]]`.
    pub(super) title: &'static str,
    /// Where it begins.
    pub(super) at: At,
    /// The file it stands in.
    pub(super) source: &'a SourceFile,
    pub(super) mistakes: &'a Mistakes,
    entries: &'a DeTable<'a>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Table<'a> {
    /// Starts to read `entries`, which stand where `value` stands.
    pub(super) fn new(title: &'static str, entries: &'a DeTable<'a>, value: Value<'a>) -> Self {
        Self {
            title,
            at: value.at(),
            source: value.source,
            mistakes: value.mistakes,
            entries,
            asked: RefCell::new(Vec::with_capacity(24)),
        }
    }

    /// Ends: every key that nobody asked for is a mistake.
    pub(super) fn finish(self) {
        let asked = self.asked.into_inner();
        for (key, _) in self.entries {
            let (word, span) = (key.get_ref().as_ref(), key.span());
            if asked.contains(&word) {
                continue;
            }
            let message = format!("unknown key `{word}` in `{}`", self.title);
            let hint = name::near(word, asked.iter().copied());
            let at = self.source.at(span.start, span.end);
            self.mistakes.error(at, message, hint);
        }
    }

    /// Looks for a key.
    pub(super) fn get(&self, key: &'static str) -> Option<Value<'a>> {
        self.asked.borrow_mut().push(key);
        let inner = self.entries.get(key)?;
        Some(self.value(key, inner))
    }

    /// Whether `key` is there, of whatever type.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Whether there is nothing but `key`.
    pub(super) fn has_only(&self, key: &str) -> bool {
        self.entries.len() == usize::from(self.has(key))
    }

    /// Returns every entry of a table whose keys the user chooses, with the key's place.
    pub(super) fn entries(&self) -> Vec<(Found<&'a str>, Value<'a>)> {
        let entries = self.entries.iter().map(|(key, inner)| {
            let (word, span) = (key.get_ref().as_ref(), key.span());
            let at = self.source.at(span.start, span.end);
            (Found { value: word, at }, self.value(word, inner))
        });
        entries.collect()
    }

    /// Insists on `key`: where it is not there at all, that is a mistake. `example` shows it.
    pub(super) fn needs<T>(&self, key: &str, example: &str, found: Option<T>) -> Option<T> {
        if !self.has(key) {
            let message = format!("`{}` has no `{key}`", self.title);
            let hint = format!("add a line such as `{key} = {example}`");
            self.mistakes.error(self.at, message, hint);
        }
        found
    }

    /// Asks for text.
    pub(super) fn text(&self, key: &'static str) -> Option<Found<&'a str>> {
        self.get(key)?.text()
    }

    /// Asks for text, as a value of its own.
    pub(super) fn string(&self, key: &'static str) -> Option<String> {
        Some(self.text(key)?.value.into())
    }

    /// Asks for text with something in it.
    pub(super) fn filled_text(&self, key: &'static str) -> Option<Found<&'a str>> {
        self.get(key)?.filled_text()
    }

    /// Asks for a list of texts, where one text alone is a list of one.
    pub(super) fn texts(&self, key: &'static str) -> Option<Vec<Found<&'a str>>> {
        self.get(key)?.texts()
    }

    /// Asks for a list of texts, as values of their own.
    pub(super) fn strings(&self, key: &'static str) -> Vec<String> {
        let texts = self.texts(key).unwrap_or_default();
        texts.into_iter().map(|text| text.value.into()).collect()
    }

    /// Asks for one of several words.
    pub(super) fn choice<T: Copy>(&self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        Some(self.get(key)?.choice(choices)?.value)
    }

    /// Asks for a whole number within `range`.
    pub(super) fn whole<T>(&self, key: &'static str, range: RangeInclusive<T>) -> Option<Found<T>>
    where
        T: TryFrom<i128> + PartialOrd + std::fmt::Display,
    {
        self.get(key)?.whole(range)
    }

    /// Asks how many, at least one.
    pub(super) fn count(&self, key: &'static str) -> Option<usize> {
        Some(self.whole(key, 1..=10_000_usize)?.value)
    }

    /// Asks for a number from 0 to 1.
    pub(super) fn rate(&self, key: &'static str) -> Option<f64> {
        Some(self.get(key)?.rate()?.value)
    }

    /// Asks for yes or no.
    pub(super) fn truth(&self, key: &'static str) -> Option<bool> {
        Some(self.get(key)?.truth()?.value)
    }

    /// Asks for a span of time in which something can happen.
    pub(super) fn limit(&self, key: &'static str) -> Option<Duration> {
        Some(self.get(key)?.limit()?.value)
    }

    /// Asks for a path, which is relative to the file that the table stands in.
    pub(super) fn path(&self, key: &'static str) -> Option<PathBuf> {
        let text = self.filled_text(key)?;
        Some(join(self.source.folder(), text.value))
    }

    /// Asks for a secret: literal, `env:NAME` or `file:PATH`. Nothing is looked up.
    pub(super) fn secret(&self, key: &'static str) -> Option<SecretSource> {
        let text = self.text(key)?;
        if let "env:" | "file:" = text.value {
            let message = format!("`{key}` does not say where the secret is");
            let hint = "write it as `\"env:NAME\"` or `\"file:PATH\"`";
            self.mistakes.error(text.at, message, hint);
            return None;
        }
        if let Some(name) = text.value.strip_prefix("env:") {
            return Some(SecretSource::Environment(name.into()));
        }
        Some(match text.value.strip_prefix("file:") {
            Some(file) => SecretSource::File(join(self.source.folder(), file)),
            None => SecretSource::Literal(Secret::new(text.value)),
        })
    }

    fn value(&self, key: &'a str, inner: &'a toml::Spanned<toml::de::DeValue<'a>>) -> Value<'a> {
        let (source, mistakes) = (self.source, self.mistakes);
        Value {
            key,
            inner,
            source,
            mistakes,
        }
    }
}
