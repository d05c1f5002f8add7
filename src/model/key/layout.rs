//! Keyboard layouts: which physical key types a character, and what has to be held.

use super::{
    accents::ACCENTS,
    keysym,
    tables::{self, CODES, Level},
};

/// What is printed on the keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[expect(
    missing_docs,
    reason = "each is named after its country, as X servers call it"
)]
pub enum KeyLayout {
    #[default]
    Us,
    Gb,
    De,
    At,
    Ch,
    Fr,
    Be,
    Es,
    Latam,
    It,
    Pt,
    Br,
    Nl,
    Se,
    Fi,
    No,
    Dk,
    Is,
    Pl,
    Cz,
    Sk,
    Hu,
    Ee,
    Hr,
    Si,
    Tr,
}

impl KeyLayout {
    /// Every layout, with the word used in plan files.
    pub const ALL: [(&str, Self); 26] = [
        ("us", Self::Us),
        ("gb", Self::Gb),
        ("de", Self::De),
        ("at", Self::At),
        ("ch", Self::Ch),
        ("fr", Self::Fr),
        ("be", Self::Be),
        ("es", Self::Es),
        ("latam", Self::Latam),
        ("it", Self::It),
        ("pt", Self::Pt),
        ("br", Self::Br),
        ("nl", Self::Nl),
        ("se", Self::Se),
        ("fi", Self::Fi),
        ("no", Self::No),
        ("dk", Self::Dk),
        ("is", Self::Is),
        ("pl", Self::Pl),
        ("cz", Self::Cz),
        ("sk", Self::Sk),
        ("hu", Self::Hu),
        ("ee", Self::Ee),
        ("hr", Self::Hr),
        ("si", Self::Si),
        ("tr", Self::Tr),
    ];

    /// Returns the word used in plan files.
    pub fn as_str(self) -> &'static str {
        let found = Self::ALL.iter().find(|(_, layout)| *layout == self);
        found.expect("every layout has a name").0
    }

    /// Returns what the physical key `code` types at a level: alone (0), with shift (1), with
    /// AltGr (2), or with both (3). A combining mark for a dead key; nothing also for what another
    /// key has as well.
    pub fn sign(self, code: u16, level: usize) -> Option<char> {
        let rows = self.levels().get(level)?;
        CODES.iter().zip(rows).find_map(|(codes, row)| {
            let at = codes.iter().position(|own| *own == code)?;
            row.chars().nth(at).filter(|sign| *sign != ' ')
        })
    }

    fn levels(self) -> &'static [Level] {
        match self {
            Self::Us => tables::US,
            Self::Gb => tables::GB,
            Self::De | Self::At => tables::DE,
            Self::Ch => tables::CH,
            Self::Fr => tables::FR,
            Self::Be => tables::BE,
            Self::Es => tables::ES,
            Self::Latam => tables::LATAM,
            Self::It => tables::IT,
            Self::Pt => tables::PT,
            Self::Br => tables::BR,
            Self::Nl => tables::NL,
            Self::Se => tables::SE,
            Self::Fi => tables::FI,
            Self::No => tables::NO,
            Self::Dk => tables::DK,
            Self::Is => tables::IS,
            Self::Pl => tables::PL,
            Self::Cz => tables::CZ,
            Self::Sk => tables::SK,
            Self::Hu => tables::HU,
            Self::Ee => tables::EE,
            Self::Hr => tables::HR,
            Self::Si => tables::SI,
            Self::Tr => tables::TR,
        }
    }

    /// Returns the physical key that has `sign` on it, and the level.
    fn place(self, sign: char) -> Option<(u16, usize)> {
        if sign == ' ' {
            return keysym::code(' '.into()).map(|code| (code, 0));
        }
        let levels = self.levels().iter().enumerate();
        levels
            .flat_map(|(level, rows)| rows.iter().zip(CODES).map(move |row| (level, row)))
            .find_map(|(level, (row, codes))| {
                let at = row.chars().position(|own| own == sign)?;
                Some((codes[at], level))
            })
    }

    fn stroke(self, sign: char) -> Option<Stroke> {
        let (_, level) = self.place(sign)?;
        Some(Stroke {
            key: keysym::of_char(sign),
            shift: level % 2 == 1,
            alt_gr: level >= 2,
        })
    }
}

/// One key that is pressed to type a character, and what is held meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stroke {
    /// Its keysym.
    pub key: u32,
    /// Whether shift is held.
    pub shift: bool,
    /// Whether AltGr is held.
    pub alt_gr: bool,
}

/// How keys reach a desktop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyboard {
    /// By what they type: the server makes a key of any character. Signs that the layout has with
    /// shift are sent with shift held.
    Symbols(KeyLayout),
    /// By their place: the desktop has a real keyboard with this layout.
    Places(KeyLayout),
}

impl Default for Keyboard {
    fn default() -> Self {
        Self::Symbols(KeyLayout::Us)
    }
}

/// A keyboard has no key for a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` cannot be typed with the keyboard layout `{}`: paste it through the clipboard, or give the machine a `layout` that has it", sign.escape_debug(), layout.as_str())]
pub struct NoKey {
    /// The character.
    pub sign: char,
    /// The layout.
    pub layout: KeyLayout,
}

impl Keyboard {
    /// Returns the layout.
    pub fn layout(self) -> KeyLayout {
        match self {
            Self::Symbols(layout) | Self::Places(layout) => layout,
        }
    }

    /// Whether the desktop has to be given a new key before `c` can be typed.
    pub fn is_new_key(self, c: char) -> bool {
        let is_known = || keysym::code(keysym::of_char(c)).is_some();
        match self {
            Self::Symbols(layout) => !is_known() && layout.place(c).is_none(),
            Self::Places(_) => false,
        }
    }

    /// Returns the physical key that is pressed for a keysym, where keys go by their place.
    pub fn code(self, key: u32) -> Option<u16> {
        let Self::Places(layout) = self else {
            return None;
        };
        let place = || layout.place(keysym::char_of(key)?).map(|(code, _)| code);
        keysym::code(key).or_else(place)
    }

    /// Returns the keys that type `c`, one after the other: two where there is a dead key in it.
    pub fn strokes(self, c: char) -> Result<Vec<Stroke>, NoKey> {
        let layout = self.layout();
        let none = NoKey { sign: c, layout };
        let key = keysym::of_char(c);
        let plain = Stroke {
            key,
            shift: false,
            alt_gr: false,
        };
        if keysym::code(key).is_some() {
            return Ok(vec![plain]);
        }
        if c.is_control() {
            return Err(none);
        }
        match self {
            Self::Symbols(_) => {
                let level = layout.place(c).map(|(_, level)| level);
                // What the layout lacks is sent as it is; capital letters as people type them.
                let shift = level.map_or(c.is_uppercase(), |level| level == 1);
                Ok(vec![Stroke { shift, ..plain }])
            }
            Self::Places(_) => {
                let accented = || {
                    ACCENTS.iter().find_map(|accent| {
                        let bare = layout.stroke(accent.bare(c)?)?;
                        Some(vec![layout.stroke(accent.mark)?, bare])
                    })
                };
                let direct = layout.stroke(c).map(|stroke| vec![stroke]);
                direct.or_else(accented).ok_or(none)
            }
        }
    }

    /// Returns the key of a chord as it has to be sent: with shift held, a key is told by the sign
    /// that it gives then, and a sign that the layout has with shift or AltGr needs them held.
    pub fn in_chord(self, key: u32, is_shifted: bool) -> Result<Stroke, NoKey> {
        let layout = self.layout();
        let plain = Stroke {
            key,
            shift: false,
            alt_gr: false,
        };
        let Some(c) = keysym::char_of(key).filter(|_| keysym::code(key).is_none()) else {
            return Ok(plain);
        };
        match (layout.place(c), self) {
            (Some((code, 0)), _) if is_shifted => {
                let shifted = layout.sign(code, 1).map(keysym::of_char);
                let key = shifted.unwrap_or(key);
                Ok(Stroke { key, ..plain })
            }
            (Some((_, 2..)) | None, Self::Symbols(_)) => Ok(plain),
            (Some((_, level)), _) => Ok(Stroke {
                shift: level % 2 == 1,
                alt_gr: level >= 2,
                ..plain
            }),
            (None, Self::Places(_)) => Err(NoKey { sign: c, layout }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(layout: KeyLayout, text: &str) -> Vec<(u16, &'static str)> {
        let keyboard = Keyboard::Places(layout);
        let strokes = text.chars().flat_map(|c| keyboard.strokes(c).unwrap());
        let told = strokes.map(|stroke| {
            let code = keyboard.code(stroke.key).unwrap();
            let held = match (stroke.shift, stroke.alt_gr) {
                (false, false) => "",
                (true, false) => "shift",
                (false, true) => "altgr",
                (true, true) => "both",
            };
            (code, held)
        });
        told.collect()
    }

    #[test]
    fn every_row_has_a_sign_for_every_key() {
        for (name, layout) in KeyLayout::ALL {
            assert_eq!(layout.as_str(), name);
            for (level, rows) in layout.levels().iter().enumerate() {
                for (row, codes) in rows.iter().zip(CODES) {
                    assert_eq!(row.chars().count(), codes.len(), "{name} {level} `{row}`");
                }
            }
        }
    }

    #[test]
    fn every_layout_types_every_ascii_character() {
        for (name, layout) in KeyLayout::ALL {
            for c in ' '..='~' {
                let strokes = Keyboard::Places(layout).strokes(c);
                assert!(strokes.is_ok(), "{name}: {c}");
                for stroke in strokes.unwrap() {
                    assert!(
                        Keyboard::Places(layout).code(stroke.key).is_some(),
                        "{name} {c}"
                    );
                }
            }
        }
    }

    // What is expected here is what is printed on keyboards that people buy.
    #[test]
    fn keys_are_where_they_are_on_real_keyboards() {
        assert_eq!(
            keys(KeyLayout::Us, "zY!"),
            [(0x2c, ""), (0x15, "shift"), (0x02, "shift")]
        );
        assert_eq!(
            keys(KeyLayout::Us, "<"),
            [(0x33, "shift")],
            "not on the key US lacks"
        );
        assert_eq!(
            keys(KeyLayout::De, "zY@"),
            [(0x15, ""), (0x2c, "shift"), (0x10, "altgr")]
        );
        assert_eq!(
            keys(KeyLayout::De, "<ß{"),
            [(0x56, ""), (0x0c, ""), (0x08, "altgr")]
        );
        assert_eq!(
            keys(KeyLayout::Fr, "a1&"),
            [(0x10, ""), (0x02, "shift"), (0x02, "")]
        );
        assert_eq!(
            keys(KeyLayout::Gb, "\"@#"),
            [(0x03, "shift"), (0x28, "shift"), (0x2b, "")]
        );
        assert_eq!(keys(KeyLayout::Se, "å@"), [(0x1a, ""), (0x03, "altgr")]);
    }

    #[test]
    fn dead_keys_are_combined() {
        assert_eq!(keys(KeyLayout::Fr, "ê"), [(0x1a, ""), (0x12, "")]);
        assert_eq!(keys(KeyLayout::Fr, "Ë"), [(0x1a, "shift"), (0x12, "shift")]);
        assert_eq!(keys(KeyLayout::De, "^"), [(0x29, ""), (0x39, "")]);
        assert_eq!(keys(KeyLayout::Es, "á"), [(0x28, ""), (0x1e, "")]);
    }

    #[test]
    fn what_the_layout_lacks_is_refused_where_keys_go_by_their_place() {
        let err = Keyboard::Places(KeyLayout::Us).strokes('é').unwrap_err();
        assert!(err.to_string().contains("`é` cannot be typed"), "{err}");
        assert!(err.to_string().contains("clipboard"), "{err}");
        let symbols = Keyboard::default();
        assert_eq!(symbols.strokes('é').unwrap()[0].key, 0xe9);
        assert!(symbols.is_new_key('é') && !symbols.is_new_key('e'));
        assert!(!symbols.is_new_key(' ') && !symbols.is_new_key('\n'));
        assert!(Keyboard::default().strokes('\u{1}').is_err());
    }

    #[test]
    fn a_chord_has_the_sign_that_its_modifiers_give() {
        let us = Keyboard::Symbols(KeyLayout::Us);
        let key = |c: char| u32::from(c);
        assert_eq!(us.in_chord(key('s'), true).unwrap().key, key('S'));
        assert_eq!(us.in_chord(key('1'), true).unwrap().key, key('!'));
        assert!(us.in_chord(key('+'), false).unwrap().shift);
        let german = Keyboard::Places(KeyLayout::De);
        let plus = german.in_chord(key('+'), false).unwrap();
        assert_eq!((plus.shift, german.code(plus.key)), (false, Some(0x1b)));
        assert_eq!(german.in_chord(0xffc1, true).unwrap().key, 0xffc1);
    }
}
