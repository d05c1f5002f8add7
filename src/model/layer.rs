//! Layers: states of a machine, named by the hash of everything that led to them.

use super::ContentHash;
use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc};

/// A kept state of a machine, `mosdat-` and 20 hexadecimal digits: a letter first and at most
/// 40 characters, which every provider takes as a snapshot's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LayerName(Arc<str>);

impl LayerName {
    /// What every layer that mosdat made starts with; nothing else is ever removed.
    pub const PREFIX: &'static str = "mosdat-";

    /// Names the layer that everything in `hash` led to.
    pub fn of(hash: ContentHash) -> Self {
        Self(format!("{}{}", Self::PREFIX, &hash.to_hex()[..20]).into())
    }

    /// Takes a snapshot's name for a layer's, when it is one.
    pub fn parse(name: &str) -> Option<Self> {
        let digits = name.strip_prefix(Self::PREFIX)?;
        let is_hash = digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        is_hash.then(|| Self(name.into()))
    }

    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LayerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// How much of a machine a layer keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LayerKind {
    /// What is on its disk: who starts from it boots.
    Disk,
    /// The running machine with its open session: who starts from it goes on where it was.
    Session,
}

/// The state a step starts from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// The machine's base snapshot.
    Base,
    /// A layer that an earlier step left.
    Kept(LayerName),
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base => f.pad("base"),
            Self::Kept(name) => name.fmt(f),
        }
    }
}
