//! Secrets: words that are never shown.

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
