//! Globs over names. `*` also matches `/`, so `*` is everything. The one file that knows `globset`.

use super::{
    mistakes::Mistakes,
    name,
    source::{At, Found},
};
use globset::{GlobBuilder, GlobMatcher};

/// A name or a glob, and where it is written.
pub(super) struct Pattern {
    at: At,
    text: String,
    /// Missing where the text is a plain name, which is looked up instead.
    matcher: Option<GlobMatcher>,
}

impl Pattern {
    /// Reads a pattern; a bad one is a mistake.
    pub(super) fn read(text: Found<&str>, mistakes: &Mistakes) -> Option<Self> {
        let is_name = !text.value.contains(['*', '?', '[', ']', '{', '}', '\\']);
        let matcher = if is_name {
            None
        } else {
            Some(compile(text, mistakes)?)
        };
        Some(Self {
            at: text.at,
            text: text.value.into(),
            matcher,
        })
    }
}

impl Pattern {
    /// Whether it is this name, or a glob that matches it.
    pub(super) fn matches(&self, name: &str) -> bool {
        match &self.matcher {
            Some(matcher) => matcher.is_match(name),
            None => self.text == name,
        }
    }
}

/// Complains when `text` is no glob.
pub(super) fn check(text: Found<&str>, mistakes: &Mistakes) {
    drop(compile(text, mistakes));
}

fn compile(text: Found<&str>, mistakes: &Mistakes) -> Option<GlobMatcher> {
    match GlobBuilder::new(text.value).backslash_escape(true).build() {
        Ok(glob) => Some(glob.compile_matcher()),
        Err(err) => {
            let message = format!("`{}` is not a glob: {}", text.value, err.kind());
            mistakes.error(text.at, message, "");
            None
        }
    }
}

/// Every name of one kind, sorted.
pub(super) struct Axis<'a> {
    /// What one of them is, such as `machine`.
    pub(super) kind: &'static str,
    /// The names.
    pub(super) names: Vec<&'a str>,
}

impl Axis<'_> {
    /// Says of each name whether a pattern matches it; a pattern that matches none is a mistake.
    pub(super) fn choose(&self, patterns: &[Pattern], mistakes: &Mistakes) -> Vec<bool> {
        let mut chosen = vec![false; self.names.len()];
        for pattern in patterns {
            if !self.mark(pattern, &mut chosen) {
                let message = format!("`{}` matches no {}", pattern.text, self.kind);
                let hint = name::near(&pattern.text, self.names.iter().copied());
                mistakes.error(pattern.at, message, hint);
            }
        }
        chosen
    }

    /// Returns where `name` is among the names.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.names.binary_search(&name).ok()
    }

    fn mark(&self, pattern: &Pattern, chosen: &mut [bool]) -> bool {
        let Some(matcher) = &pattern.matcher else {
            let found = self.position(&pattern.text);
            if let Some(index) = found {
                chosen[index] = true;
            }
            return found.is_some();
        };
        let mut any = false;
        for (name, chosen) in self.names.iter().zip(chosen) {
            let matches = matcher.is_match(name);
            *chosen |= matches;
            any |= matches;
        }
        any
    }
}
