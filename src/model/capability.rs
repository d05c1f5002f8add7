//! What an app was seen to do, found out once for each package and written down.

use super::{ContentHash, Timestamp};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// The newest format that is known.
const FORMAT: u32 = 1;

/// What came of pressing keys in a freshly started app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyEffect {
    /// Something opened: a good part of the picture changed.
    Open,
    /// Nothing changed, though it is a key that opens menus: `F10`, or one with Alt.
    Swallowed,
    /// Nothing changed, and no menu was to be expected.
    NoAccel,
    /// It could not be told.
    Unknown,
}

impl KeyEffect {
    /// Every one, by the word that documents use.
    pub const ALL: [(&str, Self); 4] = [
        ("open", Self::Open),
        ("swallowed", Self::Swallowed),
        ("no_accel", Self::NoAccel),
        ("unknown", Self::Unknown),
    ];

    /// Returns that word.
    pub fn as_str(self) -> &'static str {
        let found = Self::ALL.iter().find(|(_, effect)| *effect == self);
        found.expect("every effect has a word").0
    }
}

impl fmt::Display for KeyEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What the app from one package was seen to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capabilities {
    format_version: u32,
    /// The digest of the package. What is said here is said of no other.
    pub package: ContentHash,
    /// The machine on which it was found out.
    pub machine: String,
    /// When, in milliseconds since 1970.
    pub traced: Timestamp,
    /// What came of each key: `alt+f`, `ctrl+,`.
    pub accelerators: BTreeMap<String, KeyEffect>,
}

impl Capabilities {
    /// The folder of such documents, below the folder of scenarios.
    pub const FOLDER: &str = "capabilities";

    /// Says nothing yet about any key.
    pub fn new(package: ContentHash, machine: String, traced: Timestamp) -> Self {
        Self {
            format_version: FORMAT,
            package,
            machine,
            traced,
            accelerators: BTreeMap::new(),
        }
    }

    /// Returns the name of the document about a package.
    pub fn file_name(package: ContentHash) -> String {
        format!("{}.json", package.to_hex())
    }

    /// Reads the document called `name`, or says why it cannot count.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Version {
            format_version: u32,
        }
        let version: Version = serde_json::from_slice(bytes).map_err(|err| err.to_string())?;
        if version.format_version > FORMAT {
            return Err("a newer mosdat wrote it".into());
        }
        let read: Self = serde_json::from_slice(bytes).map_err(|err| err.to_string())?;
        if Self::file_name(read.package) != name {
            return Err("it is about another package than its name says".into());
        }
        Ok(read)
    }

    /// Writes the document.
    pub fn write(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("every value can be written");
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_under_its_own_name_only() {
        let package = ContentHash::of(b"a package");
        let mut one = Capabilities::new(package, "lin".into(), Timestamp(7));
        for (word, effect) in KeyEffect::ALL {
            one.accelerators.insert(word.into(), effect);
            assert_eq!(serde_json::to_value(effect).unwrap(), word);
        }
        let name = Capabilities::file_name(package);
        let text = one.write();
        assert_eq!(Capabilities::read(&name, text.as_bytes()), Ok(one));
        let other = Capabilities::file_name(ContentHash::of(b"another"));
        let newer = text.replace("\"format_version\": 1", "\"format_version\": 2");
        let word = text.replace("\"swallowed\",", "\"swallowed_in_webview\",");
        for (name, text) in [(&other, &text), (&name, &newer), (&name, &word)] {
            assert!(Capabilities::read(name, text.as_bytes()).is_err(), "{text}");
        }
    }
}
