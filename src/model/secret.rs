//! Secrets: words that are never shown, and texts without them.

use std::fmt;
use std::path::PathBuf;

/// A secret. It shows itself to nobody who does not ask for it by name.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns what must not be shown.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// Where a secret is. It is looked up only when a machine is about to be talked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// In the plan file itself.
    Literal(Secret),
    /// In a variable of the environment.
    Environment(String),
    /// In a file, but for the line break at its end.
    File(PathBuf),
}

/// What stands in place of a secret.
pub const MASK: &str = "(secret)";

/// Shorter ones are part of too many words: nothing would be left of a text.
const SHORTEST: usize = 4;

/// Words that no model and no record gets to see.
#[derive(Clone, Debug, Default)]
pub struct Secrets(Vec<Secret>);

impl Secrets {
    /// Takes them, but for those of less than four characters.
    pub fn new(mut secrets: Vec<Secret>) -> Self {
        secrets.retain(|secret| secret.expose().chars().count() >= SHORTEST);
        // One secret may be part of another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
        Self(secrets)
    }

    /// Returns these and others.
    #[must_use]
    pub fn and(&self, others: impl IntoIterator<Item = Secret>) -> Self {
        Self::new(self.0.iter().cloned().chain(others).collect())
    }

    /// Returns `text` without them.
    pub fn mask(&self, text: &str) -> String {
        let secrets = self.0.iter();
        secrets.fold(text.to_owned(), |text, secret| {
            text.replace(secret.expose(), MASK)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_the_longest_first() {
        let words = ["", "abc", "hunter"].map(Secret::new);
        let secrets = Secrets::new(words.to_vec()).and([Secret::new("hunter2")]);
        assert_eq!(
            secrets.mask("the field shows hunter2, hunter and abc"),
            "the field shows (secret), (secret) and abc"
        );
    }
}
