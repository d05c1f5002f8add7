//! Keys of a keyboard: their names, the chords that are written in scenarios, and where characters
//! lie in a layout.

mod accents;
pub mod keysym;
mod layout;
#[rustfmt::skip]
mod tables;

pub use layout::{KeyLayout, Keyboard, NoKey, Stroke};

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
    /// Reads `ctrl+shift+s`, `Return`, `F5`, `super`, `a`, `ctrl++` or `ctrl+plus`. Names are read
    /// whatever their case, and so is a letter after modifiers: `Ctrl+A` holds no shift.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (front, last) = match text.trim_end().strip_suffix('+') {
            // The plus key itself, alone or after modifiers.
            Some(front) => (front.trim_end().strip_suffix('+').unwrap_or(front), "+"),
            None => text.rsplit_once('+').unwrap_or(("", text)),
        };
        let refuse = |word: &str| KeyError {
            text: word.trim().into(),
            near: super::did_you_mean(word, keysym::names()),
        };
        let names = front.split('+').filter(|name| !name.trim().is_empty());
        let modifiers = names.map(|name| keysym::modifier(name).ok_or_else(|| refuse(name)));
        let modifiers: Vec<u32> = modifiers.collect::<Result<_, _>>()?;
        let key = keysym::of_name(last).ok_or_else(|| refuse(last))?;
        let letter = keysym::char_of(key).filter(|_| !modifiers.is_empty());
        let key = letter.map_or(key, |c| keysym::of_char(lower(c)));
        Ok(Self { modifiers, key })
    }
}

/// Returns the small letter, where that is a single one.
fn lower(c: char) -> char {
    let mut small = c.to_lowercase();
    match (small.next(), small.next()) {
        (Some(only), None) => only,
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chord(text: &str) -> (Vec<u32>, u32) {
        let chord = Chord::parse(text).unwrap();
        (chord.modifiers, chord.key)
    }

    #[test]
    fn chords_are_read_whatever_their_case() {
        let s = u32::from('s');
        for text in ["Ctrl+Shift+s", "CTRL + shift + S", "control_l+Shift_L+s"] {
            assert_eq!(chord(text), (vec![0xffe3, 0xffe1], s), "{text}");
        }
        assert_eq!(chord("alt+f4"), (vec![0xffe9], 0xffc1));
        assert_eq!(chord("S"), (vec![], u32::from('S')), "a capital stays one");
    }

    #[test]
    fn plus_can_be_written() {
        let plus = u32::from('+');
        for text in ["ctrl++", "ctrl+plus", "ctrl + +"] {
            assert_eq!(chord(text), (vec![0xffe3], plus), "{text}");
        }
        assert_eq!(chord("+"), (vec![], plus));
        assert_eq!(chord("plus"), (vec![], plus));
        assert_eq!(chord("ctrl+kp_add"), (vec![0xffe3], 0xffab));
    }

    #[test]
    fn a_modifier_may_stand_alone_or_come_last() {
        assert_eq!(chord("super"), (vec![], 0xffeb));
        assert_eq!(chord("ctrl+alt"), (vec![0xffe3], 0xffe9));
        assert_eq!(chord("shift_r"), (vec![], 0xffe2));
        assert_eq!(chord("AltGr+e"), (vec![0xfe03], u32::from('e')));
    }

    #[test]
    fn a_blank_is_the_space_bar() {
        assert_eq!(chord(" "), (vec![], 0x20));
        assert_eq!(chord("ctrl+space"), (vec![0xffe3], 0x20));
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_near_one() {
        let near = |text: &str| Chord::parse(text).unwrap_err().near;
        assert_eq!(near("ctrl+Retrun"), Some("Return"));
        assert_eq!(near("comm"), Some("comma"));
        assert_eq!(near("crtl+s"), Some("ctrl"));
        assert_eq!(near("xyzzy"), None);
        for text in ["s+ctrl", "", "ctrl+", "capslock+a", "++"] {
            let is_plus = text == "++" || text == "ctrl+";
            assert_eq!(Chord::parse(text).is_ok(), is_plus, "`{text}`");
        }
    }
}
