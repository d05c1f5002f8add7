//! Keys and buttons that a server was told to hold down. It sends nothing.

use super::keys;
use crate::{
    model::{Button, Keyboard},
    port::Input,
};

/// What is held, and where the pointer is: at the top left corner until it was moved.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// Where the pointer is.
    pub(super) pointer: (u16, u16),
    /// Buttons that are down, as VNC's bits.
    pub(super) buttons: u8,
    keys: Vec<u32>,
}

impl Held {
    /// Takes notice of an input that is being sent.
    pub(super) fn note(&mut self, input: Input) {
        match input {
            Input::Move(point) => self.pointer = (point.x as u16, point.y as u16),
            Input::Press(button) => self.buttons |= bit(button),
            Input::Release(button) => self.buttons &= !bit(button),
            Input::KeyDown(key) => {
                self.keys.retain(|held| *held != key);
                self.keys.push(key);
            }
            Input::KeyUp(key) => self.keys.retain(|held| *held != key),
            // A notch is over when it is sent.
            Input::Scroll(_) => {}
        }
    }

    /// Returns the inputs that let go of everything: keys, the last pressed first, then buttons.
    pub(super) fn releases(&self) -> Vec<Input> {
        let keys = self.keys.iter().rev().map(|key| Input::KeyUp(*key));
        let buttons = [Button::Left, Button::Middle, Button::Right].into_iter();
        let buttons = buttons.filter(|button| self.buttons & bit(*button) != 0);
        keys.chain(buttons.map(Input::Release)).collect()
    }

    /// Returns the messages that let go of everything, for when no one is left to send inputs.
    pub(super) fn release_messages(&self, keyboard: Keyboard) -> Vec<u8> {
        let mut bytes = Vec::new();
        for key in self.keys.iter().rev() {
            let [a, b, c, d] = key.to_be_bytes();
            let message = [4, 0, 0, 0, a, b, c, d];
            match keys::by_place(&message, keyboard) {
                Some(message) => bytes.extend(message),
                None => bytes.extend(message),
            }
        }
        if self.buttons != 0 {
            bytes.extend([5, 0]);
            bytes.extend(self.pointer.0.to_be_bytes());
            bytes.extend(self.pointer.1.to_be_bytes());
        }
        bytes
    }
}

fn bit(button: Button) -> u8 {
    match button {
        Button::Left => 1,
        Button::Middle => 2,
        Button::Right => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{KeyLayout, Point};

    #[test]
    fn what_is_down_is_let_go_in_reverse_order() {
        let mut held = Held::default();
        for input in [
            Input::KeyDown(0xffe3),
            Input::KeyDown(0xffe1),
            Input::KeyDown(0x61),
            Input::KeyUp(0x61),
            Input::Move(Point { x: 258, y: 7 }),
            Input::Press(Button::Right),
        ] {
            held.note(input);
        }
        let keys_then_button = [
            Input::KeyUp(0xffe1),
            Input::KeyUp(0xffe3),
            Input::Release(Button::Right),
        ];
        assert_eq!(held.releases(), keys_then_button);
        let messages = [
            [4, 0, 0, 0, 0, 0, 0xff, 0xe1].as_slice(),
            &[4, 0, 0, 0, 0, 0, 0xff, 0xe3],
            &[5, 0, 1, 2, 0, 7],
        ];
        let symbols = Keyboard::default();
        assert_eq!(held.release_messages(symbols), messages.concat());
        let places = held.release_messages(Keyboard::Places(KeyLayout::Us));
        let shift_up = [255, 0, 0, 0, 0, 0, 0xff, 0xe1, 0, 0, 0, 0x2a];
        assert_eq!(places[..12], shift_up);
        for input in held.releases() {
            held.note(input);
        }
        assert!(held.releases().is_empty());
        assert!(held.release_messages(symbols).is_empty());
    }
}
