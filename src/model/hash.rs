//! What went into a step, as one hash that two runs can compare.
//!
//! A value describes itself once, to a [`Manifest`]. One manifest hashes what it is told and
//! another writes it down, so an explanation can never disagree with the hash it explains.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{fmt, str::FromStr, sync::Arc};

/// SHA-256 of everything that could change a step's result, or of a blob.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash([u8; 32]);

impl ContentHash {
    /// Hashes `bytes` as they are.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Wraps a digest that was computed elsewhere, for instance while a file was streamed.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the digest.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns the first twelve hexadecimal digits: enough to tell two apart by eye.
    pub fn short(&self) -> String {
        self.hex(6)
    }

    /// Returns all 64 hexadecimal digits.
    pub fn to_hex(&self) -> String {
        self.hex(32)
    }

    fn hex(&self, bytes: usize) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = String::with_capacity(bytes * 2);
        for byte in &self.0[..bytes] {
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        text
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.short())
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.to_hex())
    }
}

impl FromStr for ContentHash {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let hex = text.strip_prefix("sha256:").unwrap_or(text);
        let refuse = || format!("`{text}` is not a SHA-256 digest");
        if hex.len() != 64 || !hex.is_ascii() {
            return Err(refuse());
        }
        let mut bytes = [0; 32];
        for (byte, index) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&hex[index..index + 2], 16).map_err(|_| refuse())?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for ContentHash {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() {
            to.collect_str(self)
        } else {
            self.0.serialize(to)
        }
    }
}

impl<'de> Deserialize<'de> for ContentHash {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if from.is_human_readable() {
            let text = String::deserialize(from)?;
            text.parse().map_err(serde::de::Error::custom)
        } else {
            <[u8; 32]>::deserialize(from).map(Self)
        }
    }
}

/// Receives the parts of a value, in a fixed order.
pub trait Manifest {
    /// Takes one named part.
    fn part(&mut self, name: &str, value: &str);
}

/// A value that can tell a [`Manifest`] what it is made of.
pub trait Describe {
    /// Tells `to` every part that matters.
    fn describe(&self, to: &mut dyn Manifest);
}

/// One named part of what went into a step, kept so that a later run can say what changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ingredient {
    /// What it is, such as `snapshot`, `artifact` or `file scenarios/open.yaml`.
    pub name: Arc<str>,
    /// Its value, or the digest of it where it is long.
    pub value: Arc<str>,
}

/// Hashes what `value` describes.
pub fn fingerprint(value: &dyn Describe) -> ContentHash {
    let mut hasher = Hasher(Sha256::new());
    value.describe(&mut hasher);
    ContentHash(hasher.0.finalize().into())
}

/// Writes down what `value` describes.
pub fn ingredients(value: &dyn Describe) -> Vec<Ingredient> {
    let mut list = List(Vec::new());
    value.describe(&mut list);
    list.0
}

/// A list of ingredients describes itself: what was written down can be hashed again.
impl Describe for [Ingredient] {
    fn describe(&self, to: &mut dyn Manifest) {
        for ingredient in self {
            to.part(&ingredient.name, &ingredient.value);
        }
    }
}

impl Describe for Vec<Ingredient> {
    fn describe(&self, to: &mut dyn Manifest) {
        self.as_slice().describe(to);
    }
}

struct Hasher(Sha256);

impl Manifest for Hasher {
    fn part(&mut self, name: &str, value: &str) {
        // Lengths first, or ("ab", "c") and ("a", "bc") would hash alike.
        for field in [name, value] {
            self.0.update((field.len() as u64).to_le_bytes());
            self.0.update(field);
        }
    }
}

struct List(Vec<Ingredient>);

impl Manifest for List {
    fn part(&mut self, name: &str, value: &str) {
        let (name, value) = (name.into(), value.into());
        self.0.push(Ingredient { name, value });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Parts(&'static [(&'static str, &'static str)]);

    impl Describe for Parts {
        fn describe(&self, to: &mut dyn Manifest) {
            for (name, value) in self.0 {
                to.part(name, value);
            }
        }
    }

    #[test]
    fn parts_are_framed() {
        let one = fingerprint(&Parts(&[("ab", "c")]));
        let other = fingerprint(&Parts(&[("a", "bc")]));
        assert_ne!(one, other);
    }

    #[test]
    fn what_is_written_down_hashes_to_the_same() {
        let parts = Parts(&[("app", "4.1"), ("snapshot", "clean")]);
        assert_eq!(fingerprint(&ingredients(&parts)), fingerprint(&parts));
    }

    #[test]
    fn a_digest_survives_text() {
        let hash = ContentHash::of(b"x");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert!("sha256:12".parse::<ContentHash>().is_err());
    }
}
