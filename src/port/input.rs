//! What people do with a keyboard and a pointer, as single inputs. It sends nothing.

use super::Input;
use crate::model::{Button, Chord, Point, keysym};

/// ASCII characters other than capital letters that the shift key gives on a US keyboard.
const SHIFTED: &str = "~!@#$%^&*()_+{}|:\"<>?";

impl Input {
    /// Returns what types `text`. Capital letters and what lies above the digits are typed with
    /// the shift key held: servers that look keys up by their place on the keyboard need it, and
    /// the others do not mind.
    pub fn typing(text: &str) -> Vec<Self> {
        let mut inputs = Vec::with_capacity(text.len() * 2);
        let mut is_shifted = false;
        for c in text.chars() {
            let needs_shift = c.is_uppercase() || SHIFTED.contains(c);
            if needs_shift != is_shifted {
                inputs.push(Self::key(keysym::SHIFT, needs_shift));
                is_shifted = needs_shift;
            }
            let key = keysym::of_char(c);
            inputs.extend([Self::KeyDown(key), Self::KeyUp(key)]);
        }
        if is_shifted {
            inputs.push(Self::KeyUp(keysym::SHIFT));
        }
        inputs
    }

    /// Returns what presses and releases the keys of `chord`.
    pub fn pressing(chord: &Chord) -> Vec<Self> {
        let keys = || chord.modifiers.iter().copied().chain([chord.key]);
        let down = keys().map(Self::KeyDown);
        let mut up: Vec<Self> = keys().map(Self::KeyUp).collect();
        up.reverse();
        down.chain(up).collect()
    }

    /// Returns what moves the pointer to `point` and clicks `times` with `button`.
    pub fn clicking(point: Point, button: Button, times: usize) -> Vec<Self> {
        let click = [Self::Press(button), Self::Release(button)];
        let mut inputs = vec![Self::Move(point)];
        inputs.extend(click.repeat(times));
        inputs
    }

    fn key(key: u32, is_down: bool) -> Self {
        if is_down {
            Self::KeyDown(key)
        } else {
            Self::KeyUp(key)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_typed_with_shift_where_a_person_would_hold_it() {
        let (a, b) = (u32::from('a'), u32::from('B'));
        let expected = [
            Input::KeyDown(a),
            Input::KeyUp(a),
            Input::KeyDown(keysym::SHIFT),
            Input::KeyDown(b),
            Input::KeyUp(b),
            Input::KeyDown(u32::from('!')),
            Input::KeyUp(u32::from('!')),
            Input::KeyUp(keysym::SHIFT),
            Input::KeyDown(0xff0d),
            Input::KeyUp(0xff0d),
        ];
        assert_eq!(Input::typing("aB!\n"), expected);
        assert_eq!(
            Input::typing("B").last(),
            Some(&Input::KeyUp(keysym::SHIFT))
        );
    }

    #[test]
    fn a_chord_is_let_go_in_reverse_order() {
        let chord = Chord::parse("ctrl+shift+s").unwrap();
        let (ctrl, shift, s) = (0xffe3, 0xffe1, u32::from('s'));
        let expected = [
            Input::KeyDown(ctrl),
            Input::KeyDown(shift),
            Input::KeyDown(s),
            Input::KeyUp(s),
            Input::KeyUp(shift),
            Input::KeyUp(ctrl),
        ];
        assert_eq!(Input::pressing(&chord), expected);
    }

    #[test]
    fn a_click_goes_there_first() {
        let point = Point { x: 3, y: 4 };
        let (press, release) = (Input::Press(Button::Left), Input::Release(Button::Left));
        let expected = [Input::Move(point), press, release, press, release];
        assert_eq!(Input::clicking(point, Button::Left, 2), expected);
    }
}
