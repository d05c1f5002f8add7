//! Pictures of a screen, places on it, and what can be done to it.

use super::Timestamp;
use std::{fmt, sync::Arc};

/// A point on a screen, from its top left corner, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// To the right.
    pub x: i32,
    /// Down.
    pub y: i32,
}

/// A part of a screen, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rect {
    /// Left edge.
    pub x: i32,
    /// Top edge.
    pub y: i32,
    /// Width.
    pub width: i32,
    /// Height.
    pub height: i32,
}

impl Rect {
    /// Returns the point in the middle.
    pub fn center(self) -> Point {
        Point {
            x: self.x + self.width / 2,
            y: self.y + self.height / 2,
        }
    }

    /// Whether the two share a pixel.
    pub fn intersects(self, other: Self) -> bool {
        self.x < other.x + other.width
            && other.x < self.x + self.width
            && self.y < other.y + other.height
            && other.y < self.y + self.height
    }
}

impl fmt::Display for Rect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{} at {},{}", self.width, self.height, self.x, self.y)
    }
}

/// Counts the changes of one screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FrameSeq(pub u64);

/// Why a frame is newer than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameCause {
    /// The first picture after connecting.
    Connected,
    /// The server said that something changed.
    Damage,
    /// The screen has another size.
    Resized,
    /// The first picture after the connection broke and was made again.
    Reconnected,
}

/// A screen's picture at one time.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// Which change led to it.
    pub seq: FrameSeq,
    /// When mosdat had it.
    pub at: Timestamp,
    /// What led to it.
    pub cause: FrameCause,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Four bytes a pixel: red, green, blue, 255; row by row from the top.
    pub rgba: Arc<Vec<u8>>,
    /// What changed since the frame before this.
    pub damage: Vec<Rect>,
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame {} of {}x{}", self.seq.0, self.width, self.height)
    }
}

/// A button of the pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Button {
    /// The one that selects.
    Left,
    /// The wheel.
    Middle,
    /// The one that opens menus.
    Right,
}

/// Keys pressed together: modifiers first, released in reverse order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chord {
    /// X11 keysyms of the modifiers, in the order they are pressed.
    pub modifiers: Vec<u32>,
    /// X11 keysym of the key itself.
    pub key: u32,
}

/// A text names no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a key")]
pub struct KeyError {
    /// The text.
    pub text: String,
    /// The name that was probably meant.
    pub near: Option<&'static str>,
}

impl Chord {
    /// Reads `ctrl+shift+s`, `Return`, `F5`, `a` or `+`.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (front, last) = match text.strip_suffix('+') {
            // The plus key itself, alone or after modifiers.
            Some(front) => (front.strip_suffix('+').unwrap_or(front), "+"),
            None => text.rsplit_once('+').unwrap_or(("", text)),
        };
        let refuse = |word: &str| KeyError {
            text: word.into(),
            near: super::did_you_mean(word, keysym::NAMES.iter().map(|(name, _)| *name)),
        };
        let names = front.split('+').filter(|name| !name.is_empty());
        let modifiers = names.map(|name| keysym::modifier(name).ok_or_else(|| refuse(name)));
        Ok(Self {
            modifiers: modifiers.collect::<Result<_, _>>()?,
            key: keysym::of_name(last).ok_or_else(|| refuse(last))?,
        })
    }
}

/// X11 keysyms, which VNC sends for keys.
pub mod keysym {
    /// Keys by name, and their keysyms.
    pub const NAMES: &[(&str, u32)] = &[
        ("Return", 0xff0d),
        ("Enter", 0xff0d),
        ("Escape", 0xff1b),
        ("Esc", 0xff1b),
        ("Tab", 0xff09),
        ("BackSpace", 0xff08),
        ("Delete", 0xffff),
        ("Insert", 0xff63),
        ("Home", 0xff50),
        ("End", 0xff57),
        ("Left", 0xff51),
        ("Up", 0xff52),
        ("Right", 0xff53),
        ("Down", 0xff54),
        ("Page_Up", 0xff55),
        ("PageUp", 0xff55),
        ("Page_Down", 0xff56),
        ("PageDown", 0xff56),
        ("Menu", 0xff67),
        ("Print", 0xff61),
        ("space", 0x20),
        ("plus", 0x2b),
        ("minus", 0x2d),
        ("F1", 0xffbe),
        ("F2", 0xffbf),
        ("F3", 0xffc0),
        ("F4", 0xffc1),
        ("F5", 0xffc2),
        ("F6", 0xffc3),
        ("F7", 0xffc4),
        ("F8", 0xffc5),
        ("F9", 0xffc6),
        ("F10", 0xffc7),
        ("F11", 0xffc8),
        ("F12", 0xffc9),
        ("ctrl", 0xffe3),
        ("control", 0xffe3),
        ("shift", 0xffe1),
        ("alt", 0xffe9),
        ("super", 0xffeb),
        ("meta", 0xffeb),
        ("win", 0xffeb),
    ];

    /// The shift key, which typing capital letters holds.
    pub const SHIFT: u32 = 0xffe1;

    /// Returns the keysym of a modifier by name, whatever its case.
    pub fn modifier(name: &str) -> Option<u32> {
        of_name(name).filter(|sym| (0xffe1..=0xffee).contains(sym))
    }

    /// Returns the keysym of a key by name, or of the character that `name` consists of.
    pub fn of_name(name: &str) -> Option<u32> {
        let mut chars = name.chars();
        if let (Some(only), None) = (chars.next(), chars.next()) {
            return Some(of_char(only));
        }
        let found = NAMES.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, sym)| *sym)
    }

    /// Returns the keysym that types `c`.
    pub fn of_char(c: char) -> u32 {
        match c {
            '\n' | '\r' => 0xff0d,
            '\t' => 0xff09,
            // Latin-1 keysyms are the characters themselves; all others are marked.
            ' '..='~' | '\u{a0}'..='\u{ff}' => c as u32,
            _ => 0x0100_0000 | c as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chords_are_read() {
        let chord = Chord::parse("Ctrl+Shift+s").unwrap();
        assert_eq!(chord.modifiers, [0xffe3, 0xffe1]);
        assert_eq!(chord.key, u32::from('s'));
        assert_eq!(Chord::parse("ctrl++").unwrap().key, u32::from('+'));
        assert!(Chord::parse("+").unwrap().modifiers.is_empty());
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_near_one() {
        let err = Chord::parse("ctrl+Retrun").unwrap_err();
        assert_eq!(err.near, Some("Return"));
        assert!(Chord::parse("s+ctrl").is_err());
    }
}
