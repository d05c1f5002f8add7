//! X11 keysyms, which VNC sends for keys, and the names that scenarios call keys by.

use super::accents::ACCENTS;

/// A key that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its names, the one to recommend first. Case, blanks, `_` and `-` make no difference.
    pub names: &'static [&'static str],
    /// Its keysym.
    pub key: u32,
    /// Its physical key, as QEMU numbers them: scan code set 1, with bit 7 set for codes that
    /// begin with `e0`. `None` where that depends on the layout.
    pub code: Option<u16>,
}

const fn at(code: u16, key: u32, names: &'static [&'static str]) -> Named {
    let code = Some(code);
    Named { names, key, code }
}

const fn sign(key: char, names: &'static [&'static str]) -> Named {
    let (key, code) = (key as u32, None);
    Named { names, key, code }
}

/// Every key that has a name.
pub const NAMED: &[Named] = &[
    at(
        0x1c,
        0xff0d,
        &["Return", "Enter", "ret", "newline", "linefeed"],
    ),
    at(0x0f, 0xff09, &["Tab"]),
    at(0x01, 0xff1b, &["Escape", "Esc"]),
    at(0x0e, 0xff08, &["BackSpace", "bksp", "bs"]),
    at(0xd3, 0xffff, &["Delete", "Del"]),
    at(0xd2, 0xff63, &["Insert", "Ins"]),
    at(0xc7, 0xff50, &["Home"]),
    at(0xcf, 0xff57, &["End"]),
    at(0xc9, 0xff55, &["PageUp", "PgUp", "Prior"]),
    at(0xd1, 0xff56, &["PageDown", "PgDn", "PgDown", "Next"]),
    at(0xc8, 0xff52, &["Up", "ArrowUp", "UpArrow"]),
    at(0xd0, 0xff54, &["Down", "ArrowDown", "DownArrow"]),
    at(0xcb, 0xff51, &["Left", "ArrowLeft", "LeftArrow"]),
    at(0xcd, 0xff53, &["Right", "ArrowRight", "RightArrow"]),
    at(0x39, 0x20, &["space", "spacebar"]),
    at(0xdd, 0xff67, &["Menu", "ContextMenu", "apps"]),
    at(0x54, 0xff61, &["Print", "PrintScreen", "PrtSc", "SysRq"]),
    at(0xc6, 0xff13, &["Pause", "Break"]),
    at(0x3a, 0xffe5, &["CapsLock", "capslk"]),
    at(0x45, 0xff7f, &["NumLock"]),
    at(0x46, 0xff14, &["ScrollLock"]),
    at(0xf5, 0xff6a, &["Help"]),
    at(0x3b, 0xffbe, &["F1"]),
    at(0x3c, 0xffbf, &["F2"]),
    at(0x3d, 0xffc0, &["F3"]),
    at(0x3e, 0xffc1, &["F4"]),
    at(0x3f, 0xffc2, &["F5"]),
    at(0x40, 0xffc3, &["F6"]),
    at(0x41, 0xffc4, &["F7"]),
    at(0x42, 0xffc5, &["F8"]),
    at(0x43, 0xffc6, &["F9"]),
    at(0x44, 0xffc7, &["F10"]),
    at(0x57, 0xffc8, &["F11"]),
    at(0x58, 0xffc9, &["F12"]),
    at(0x5d, 0xffca, &["F13"]),
    at(0x5e, 0xffcb, &["F14"]),
    at(0x5f, 0xffcc, &["F15"]),
    at(0x55, 0xffcd, &["F16"]),
    at(0x83, 0xffce, &["F17"]),
    at(0xf7, 0xffcf, &["F18"]),
    at(0x84, 0xffd0, &["F19"]),
    at(0x5a, 0xffd1, &["F20"]),
    at(0x74, 0xffd2, &["F21"]),
    at(0xf9, 0xffd3, &["F22"]),
    at(0x6d, 0xffd4, &["F23"]),
    at(0x6f, 0xffd5, &["F24"]),
    at(0x2a, 0xffe1, &["shift", "Shift_L", "LeftShift"]),
    at(0x36, 0xffe2, &["Shift_R", "RightShift"]),
    at(
        0x1d,
        0xffe3,
        &["ctrl", "control", "Ctrl_L", "Control_L", "LeftCtrl"],
    ),
    at(0x9d, 0xffe4, &["Ctrl_R", "Control_R", "RightCtrl"]),
    at(0x38, 0xffe9, &["alt", "option", "opt", "Alt_L", "LeftAlt"]),
    at(0xb8, 0xffea, &["Alt_R", "RightAlt"]),
    at(0xb8, 0xfe03, &["AltGr", "ISO_Level3_Shift"]),
    at(
        0xdb,
        0xffeb,
        &[
            "super",
            "win",
            "windows",
            "meta",
            "cmd",
            "command",
            "Super_L",
            "LeftSuper",
            "Meta_L",
        ],
    ),
    at(0xdc, 0xffec, &["Super_R", "RightSuper", "Meta_R"]),
    at(0x52, 0xffb0, &["KP_0", "numpad0"]),
    at(0x4f, 0xffb1, &["KP_1", "numpad1"]),
    at(0x50, 0xffb2, &["KP_2", "numpad2"]),
    at(0x51, 0xffb3, &["KP_3", "numpad3"]),
    at(0x4b, 0xffb4, &["KP_4", "numpad4"]),
    at(0x4c, 0xffb5, &["KP_5", "numpad5"]),
    at(0x4d, 0xffb6, &["KP_6", "numpad6"]),
    at(0x47, 0xffb7, &["KP_7", "numpad7"]),
    at(0x48, 0xffb8, &["KP_8", "numpad8"]),
    at(0x49, 0xffb9, &["KP_9", "numpad9"]),
    at(0x4e, 0xffab, &["KP_Add", "KP_Plus", "numpadadd"]),
    at(0x4a, 0xffad, &["KP_Subtract", "KP_Minus", "numpadsubtract"]),
    at(0x37, 0xffaa, &["KP_Multiply", "numpadmultiply"]),
    at(0xb5, 0xffaf, &["KP_Divide", "KP_Slash", "numpaddivide"]),
    at(0x53, 0xffae, &["KP_Decimal", "KP_Point", "numpaddecimal"]),
    at(0x9c, 0xff8d, &["KP_Enter", "numpadenter"]),
    at(0x59, 0xffbd, &["KP_Equal"]),
    at(0xa0, 0x1008_ff12, &["AudioMute", "mute", "VolumeMute"]),
    at(0xae, 0x1008_ff11, &["AudioLowerVolume", "VolumeDown"]),
    at(0xb0, 0x1008_ff13, &["AudioRaiseVolume", "VolumeUp"]),
    at(
        0xa2,
        0x1008_ff14,
        &["AudioPlay", "PlayPause", "MediaPlayPause"],
    ),
    at(0xa4, 0x1008_ff15, &["AudioStop", "MediaStop"]),
    at(
        0x90,
        0x1008_ff16,
        &["AudioPrev", "MediaPrev", "MediaTrackPrevious"],
    ),
    at(
        0x99,
        0x1008_ff17,
        &["AudioNext", "MediaNext", "MediaTrackNext"],
    ),
    sign('!', &["exclam", "exclamation"]),
    sign('"', &["quotedbl", "DoubleQuote"]),
    sign('#', &["numbersign", "hash"]),
    sign('$', &["dollar"]),
    sign('%', &["percent"]),
    sign('&', &["ampersand"]),
    sign('\'', &["apostrophe", "quote", "SingleQuote"]),
    sign('(', &["parenleft"]),
    sign(')', &["parenright"]),
    sign('*', &["asterisk", "star"]),
    sign('+', &["plus"]),
    sign(',', &["comma"]),
    sign('-', &["minus", "hyphen", "dash"]),
    sign('.', &["period", "dot"]),
    sign('/', &["slash"]),
    sign(':', &["colon"]),
    sign(';', &["semicolon"]),
    sign('<', &["less"]),
    sign('=', &["equal", "equals"]),
    sign('>', &["greater"]),
    sign('?', &["question"]),
    sign('@', &["at"]),
    sign('[', &["bracketleft", "leftbracket"]),
    sign('\\', &["backslash"]),
    sign(']', &["bracketright", "rightbracket"]),
    sign('^', &["asciicircum", "caret"]),
    sign('_', &["underscore"]),
    sign('`', &["grave", "backtick"]),
    sign('{', &["braceleft", "leftbrace"]),
    sign('|', &["bar", "pipe"]),
    sign('}', &["braceright", "rightbrace"]),
    sign('~', &["asciitilde", "tilde"]),
];

/// The shift key, which typing capital letters holds.
pub const SHIFT: u32 = 0xffe1;

/// The key for the third sign on a key.
pub const ALT_GR: u32 = 0xfe03;

/// The key that erases what is left of the caret.
pub const BACKSPACE: u32 = 0xff08;

/// Returns every name of every key.
pub fn names() -> impl Iterator<Item = &'static str> {
    NAMED.iter().flat_map(|named| named.names.iter().copied())
}

/// Returns the keysym of a modifier by name.
pub fn modifier(name: &str) -> Option<u32> {
    of_name(name).filter(|key| is_modifier(*key))
}

/// Whether a key changes what others do while it is held.
pub fn is_modifier(key: u32) -> bool {
    let is_lock = (0xffe5..=0xffe6).contains(&key);
    key == ALT_GR || (0xffe1..=0xffee).contains(&key) && !is_lock
}

/// Returns the keysym of a key by name, or of the character that `name` consists of.
pub fn of_name(name: &str) -> Option<u32> {
    let trimmed = name.trim();
    let mut chars = if trimmed.is_empty() { name } else { trimmed }.chars();
    if let (Some(only), None) = (chars.next(), chars.next()) {
        return Some(of_char(only));
    }
    let found = NAMED
        .iter()
        .find(|named| named.names.iter().any(|own| is_same(own, trimmed)));
    found.map(|named| named.key)
}

fn is_same(a: &str, b: &str) -> bool {
    let plain = |text: &str| {
        let kept = text.chars().filter(|c| !matches!(c, '_' | '-' | ' '));
        kept.map(|c| c.to_ascii_lowercase()).collect::<Vec<_>>()
    };
    plain(a) == plain(b)
}

/// Returns the keysym that types `c`.
pub fn of_char(c: char) -> u32 {
    match c {
        '\n' | '\r' => 0xff0d,
        '\t' => 0xff09,
        '\u{8}' => BACKSPACE,
        '\u{1b}' => 0xff1b,
        // Latin-1 keysyms are the characters themselves; all others are marked.
        ' '..='~' | '\u{a0}'..='\u{ff}' => c as u32,
        _ => match ACCENTS.iter().find(|accent| accent.mark == c) {
            Some(accent) => accent.key,
            None => 0x0100_0000 | c as u32,
        },
    }
}

/// Returns the character that a key types; a combining mark for a dead key.
pub fn char_of(key: u32) -> Option<char> {
    match key {
        0x20..=0x7e | 0xa0..=0xff => char::from_u32(key),
        0x0100_0100..=0x0110_ffff => char::from_u32(key - 0x0100_0000),
        _ => {
            let accent = ACCENTS.iter().find(|accent| accent.key == key);
            accent.map(|accent| accent.mark)
        }
    }
}

/// Returns the physical key of a key that is at the same place in every layout.
pub(super) fn code(key: u32) -> Option<u16> {
    let named = NAMED.iter().find(|named| named.key == key);
    named.and_then(|named| named.code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_keys_share_a_name_or_a_keysym() {
        let plain = |name: &str| name.to_lowercase().replace('_', "");
        let names: BTreeSet<String> = names().map(plain).collect();
        // A name may be there with and without `_` for people; it is the same key then.
        for named in NAMED {
            for name in named.names {
                assert_eq!(of_name(name), Some(named.key), "{name}");
                assert_eq!(of_name(&name.to_uppercase()), Some(named.key), "{name}");
            }
        }
        let keys: BTreeSet<u32> = NAMED.iter().map(|named| named.key).collect();
        assert_eq!(keys.len(), NAMED.len());
        assert_eq!(names.len(), super::names().count());
    }

    #[test]
    fn a_key_and_its_character_are_the_same() {
        for c in "aZ ~é€Ω😀\u{302}".chars() {
            assert_eq!(char_of(of_char(c)), Some(c));
        }
        assert_eq!(char_of(of_char('\n')), None);
        assert_eq!(of_char('€'), 0x0100_20ac);
        assert_eq!(of_char('\u{302}'), 0xfe52);
    }
}
