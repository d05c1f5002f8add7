//! Which evidence files are embedded, and how.
//!
//! Files are asked for in the order they matter, until the page is full.

use super::sights::Parts;
use crate::model::ReadLine;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::collections::BTreeMap;

/// A single file larger than this is never embedded.
const LARGEST: usize = 4 << 20;

/// Text is shown up to this length.
const LONGEST_TEXT: usize = 60_000;

/// What there is to show of an evidence file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Embedded {
    /// A `data:` address.
    Picture(String),
    /// Text, cut where it is long.
    Text(String),
    /// Nothing, and why.
    Nothing(&'static str),
}

/// Embeds files as long as there is room.
pub(super) struct Embedder<'a> {
    file: &'a dyn Fn(&str) -> Option<Vec<u8>>,
    room: usize,
    done: BTreeMap<String, Embedded>,
    /// What looking again needs.
    pub(super) parts: Parts,
}

impl<'a> Embedder<'a> {
    /// Starts with `room` characters.
    pub(super) fn new(file: &'a dyn Fn(&str) -> Option<Vec<u8>>, room: usize) -> Self {
        let done = BTreeMap::new();
        let parts = Parts::default();
        Self {
            file,
            room,
            done,
            parts,
        }
    }

    /// Embeds the picture at `path` if there is room.
    pub(super) fn picture(&mut self, path: &str) -> Embedded {
        self.embed(path, picture)
    }

    /// Gives the picture at `path` room before those that are asked for later.
    pub(super) fn reserve(&mut self, path: &str) {
        drop(self.picture(path));
    }

    /// Embeds the picture at `path` if there is room; one that is embedded already takes none.
    pub(super) fn once(&mut self, path: &str) -> Embedded {
        if !self.done.contains_key(path)
            && let Some(bytes) = (self.file)(path)
        {
            let made = picture(&bytes);
            if self.done.values().any(|known| *known == made) {
                return made;
            }
        }
        self.picture(path)
    }

    /// Embeds the lines of text that were read, which are kept at `path`, if there is room.
    pub(super) fn lines(&mut self, path: &str) -> Option<Vec<ReadLine>> {
        let Embedded::Text(text) = self.embed(path, json) else {
            return None;
        };
        serde_json::from_str(&text).ok()
    }

    /// Embeds the text at `path` if there is room.
    pub(super) fn text(&mut self, path: &str) -> Embedded {
        self.embed(path, text)
    }

    /// Returns how many files were left out for want of room.
    pub(super) fn without_room(&self) -> usize {
        let is_out = |one: &&Embedded| **one == Embedded::Nothing(NO_ROOM);
        self.done.values().filter(is_out).count()
    }

    fn embed(&mut self, path: &str, make: fn(&[u8]) -> Embedded) -> Embedded {
        if let Some(known) = self.done.get(path) {
            return known.clone();
        }
        let made = match self.room {
            0 => Embedded::Nothing(NO_ROOM),
            _ => match (self.file)(path) {
                None => Embedded::Nothing("the file is missing"),
                Some(bytes) if bytes.len() > LARGEST => Embedded::Nothing(NO_ROOM),
                Some(bytes) => self.charge(make(&bytes)),
            },
        };
        self.done.insert(path.into(), made.clone());
        made
    }

    fn charge(&mut self, made: Embedded) -> Embedded {
        let size = match &made {
            Embedded::Picture(text) | Embedded::Text(text) => text.len(),
            Embedded::Nothing(_) => 0,
        };
        if let Some(rest) = self.room.checked_sub(size) {
            self.room = rest;
            return made;
        }
        // The next one may be smaller, but then it would look as if this one did not matter.
        self.room = 0;
        Embedded::Nothing(NO_ROOM)
    }
}

const NO_ROOM: &str = "there was no room for it on this page";

fn picture(bytes: &[u8]) -> Embedded {
    // What a file is named says nothing about what a browser would make of it.
    let kind = match bytes {
        [0x89, b'P', b'N', b'G', ..] => "png",
        [0xff, 0xd8, 0xff, ..] => "jpeg",
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => "webp",
        _ => return Embedded::Nothing("the file is not a picture"),
    };
    Embedded::Picture(format!(
        "data:image/{kind};base64,{}",
        STANDARD.encode(bytes)
    ))
}

fn json(bytes: &[u8]) -> Embedded {
    Embedded::Text(String::from_utf8_lossy(bytes).into_owned())
}

/// Returns the width and height of a picture that is embedded as a PNG file.
pub(super) fn size(address: &str) -> Option<(u32, u32)> {
    /// All of a file's beginning up to its size, as whole groups of characters.
    const BEGINNING: usize = 32;
    let data = address.strip_prefix("data:image/png;base64,")?;
    let bytes = STANDARD.decode(data.get(..BEGINNING)?).ok()?;
    let number = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    number(16).zip(number(20))
}

fn text(bytes: &[u8]) -> Embedded {
    let text = crate::report::words::clean(&String::from_utf8_lossy(bytes));
    Embedded::Text(crate::report::words::cut(&text, LONGEST_TEXT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(length: usize) -> Vec<u8> {
        let mut bytes = b"\x89PNG".to_vec();
        bytes.resize(length, 0);
        bytes
    }

    #[test]
    fn pictures_are_embedded_until_there_is_no_room() {
        let file = |path: &str| (path != "gone").then(|| png(30));
        let mut embedder = Embedder::new(&file, 100);
        assert!(matches!(embedder.picture("a"), Embedded::Picture(_)));
        assert_eq!(
            embedder.picture("gone"),
            Embedded::Nothing("the file is missing")
        );
        assert_eq!(embedder.picture("b"), Embedded::Nothing(NO_ROOM));
        assert_eq!(embedder.picture("c"), Embedded::Nothing(NO_ROOM));
        assert!(matches!(embedder.picture("a"), Embedded::Picture(_)));
        assert_eq!(embedder.without_room(), 2);
    }

    #[test]
    fn what_is_no_picture_is_not_embedded_as_one() {
        let file = |_: &str| Some(b"<svg onload=alert(1)>".to_vec());
        let mut embedder = Embedder::new(&file, 1_000);
        let made = embedder.picture("a.png");
        assert_eq!(made, Embedded::Nothing("the file is not a picture"));
    }
}
