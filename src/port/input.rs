//! What people do with a keyboard and a pointer, as single inputs. It sends nothing.

use super::Input;
use crate::model::{Button, Chord, Keyboard, NoKey, Point, Stroke, Wheel, keysym};

impl Input {
    /// Returns what types `text` with `keyboard`. What has to be held for a character is held from
    /// there to the first that is typed without.
    pub fn typing(text: &str, keyboard: Keyboard) -> Result<Vec<Self>, NoKey> {
        let mut inputs = Vec::with_capacity(text.len() * 2);
        let (mut shift, mut alt_gr) = (false, false);
        for c in text.chars() {
            for stroke in keyboard.strokes(c)? {
                inputs.extend(Self::holding(keysym::SHIFT, &mut shift, stroke.shift));
                inputs.extend(Self::holding(keysym::ALT_GR, &mut alt_gr, stroke.alt_gr));
                inputs.extend([Self::KeyDown(stroke.key), Self::KeyUp(stroke.key)]);
            }
        }
        inputs.extend(Self::holding(keysym::ALT_GR, &mut alt_gr, false));
        inputs.extend(Self::holding(keysym::SHIFT, &mut shift, false));
        Ok(inputs)
    }

    /// Returns what presses and releases the keys of `chord` on `keyboard`.
    pub fn pressing(chord: &Chord, keyboard: Keyboard) -> Result<Vec<Self>, NoKey> {
        let has_shift = chord.modifiers.contains(&keysym::SHIFT);
        let Stroke { key, shift, alt_gr } = keyboard.in_chord(chord.key, has_shift)?;
        let mut keys = chord.modifiers.clone();
        for (modifier, is_needed) in [(keysym::SHIFT, shift), (keysym::ALT_GR, alt_gr)] {
            if is_needed && !keys.contains(&modifier) {
                keys.push(modifier);
            }
        }
        keys.push(key);
        let down = keys.iter().copied().map(Self::KeyDown);
        let up = keys.iter().rev().copied().map(Self::KeyUp);
        Ok(down.chain(up).collect())
    }

    /// Returns what makes programs look at the keyboard, and does nothing else. The first key of a
    /// desktop is lost when it is one that the desktop has just been given.
    pub fn waking() -> Vec<Self> {
        vec![Self::KeyDown(keysym::SHIFT), Self::KeyUp(keysym::SHIFT)]
    }

    /// Returns what erases `count` characters left of the caret.
    pub fn erasing(count: usize) -> Vec<Self> {
        let key = keysym::BACKSPACE;
        [Self::KeyDown(key), Self::KeyUp(key)].repeat(count)
    }

    /// Returns what moves the pointer to `point` and clicks `times` with `button`.
    pub fn clicking(point: Point, button: Button, times: usize) -> Vec<Self> {
        let click = [Self::Press(button), Self::Release(button)];
        let mut inputs = vec![Self::Move(point)];
        inputs.extend(click.repeat(times));
        inputs
    }

    /// Returns what turns the wheel by so many notches, where the pointer is.
    pub fn scrolling(wheel: Wheel, notches: usize) -> Vec<Self> {
        vec![Self::Scroll(wheel); notches]
    }

    /// Returns what makes `is_held` what it should be.
    fn holding(key: u32, is_held: &mut bool, should_be: bool) -> Option<Self> {
        let was_held = std::mem::replace(is_held, should_be);
        match (was_held, should_be) {
            (false, true) => Some(Self::KeyDown(key)),
            (true, false) => Some(Self::KeyUp(key)),
            (true, true) | (false, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::KeyLayout;

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
        let us = Keyboard::default();
        assert_eq!(Input::typing("aB!\n", us).unwrap(), expected);
        let capital = Input::typing("B", us).unwrap();
        assert_eq!(capital.last(), Some(&Input::KeyUp(keysym::SHIFT)));
    }

    #[test]
    fn what_is_behind_alt_gr_is_typed_with_it_held() {
        let german = Keyboard::Places(KeyLayout::De);
        let (at, a) = (u32::from('@'), u32::from('a'));
        let expected = [
            Input::KeyDown(keysym::ALT_GR),
            Input::KeyDown(at),
            Input::KeyUp(at),
            Input::KeyUp(keysym::ALT_GR),
            Input::KeyDown(a),
            Input::KeyUp(a),
        ];
        assert_eq!(Input::typing("@a", german).unwrap(), expected);
        assert!(Input::typing("ok Ω", german).is_err());
    }

    #[test]
    fn a_chord_holds_what_its_sign_needs() {
        let chord = Chord::parse("ctrl++").unwrap();
        let plus = u32::from('+');
        let expected = [
            Input::KeyDown(0xffe3),
            Input::KeyDown(keysym::SHIFT),
            Input::KeyDown(plus),
            Input::KeyUp(plus),
            Input::KeyUp(keysym::SHIFT),
            Input::KeyUp(0xffe3),
        ];
        let pressed = Input::pressing(&chord, Keyboard::default());
        assert_eq!(pressed.unwrap(), expected);
    }

    #[test]
    fn a_chord_is_let_go_in_reverse_order() {
        let chord = Chord::parse("ctrl+shift+s").unwrap();
        // With shift held, the key gives the capital letter.
        let (ctrl, shift, s) = (0xffe3, 0xffe1, u32::from('S'));
        let expected = [
            Input::KeyDown(ctrl),
            Input::KeyDown(shift),
            Input::KeyDown(s),
            Input::KeyUp(s),
            Input::KeyUp(shift),
            Input::KeyUp(ctrl),
        ];
        let pressed = Input::pressing(&chord, Keyboard::default());
        assert_eq!(pressed.unwrap(), expected);
    }

    #[test]
    fn a_click_goes_there_first() {
        let point = Point { x: 3, y: 4 };
        let (press, release) = (Input::Press(Button::Left), Input::Release(Button::Left));
        let expected = [Input::Move(point), press, release, press, release];
        assert_eq!(Input::clicking(point, Button::Left, 2), expected);
    }
}
