//! What `vnc-rs` is given to send for an input.

use super::held::Held;
use crate::{model::Wheel, port::Input};
use vnc::X11Event;

/// Returns what is sent for an input. A notch of the wheel is a button that goes down and up.
pub(super) fn events(input: Input, held: &Held) -> (X11Event, Option<X11Event>) {
    let pointer = |buttons| {
        let (x, y) = held.pointer;
        X11Event::PointerEvent((x, y, buttons).into())
    };
    match input {
        Input::KeyDown(key) => (X11Event::KeyEvent((key, true).into()), None),
        Input::KeyUp(key) => (X11Event::KeyEvent((key, false).into()), None),
        Input::Move(_) | Input::Press(_) | Input::Release(_) => (pointer(held.buttons), None),
        Input::Scroll(wheel) => {
            let bit = match wheel {
                Wheel::Up => 8,
                Wheel::Down => 16,
                Wheel::Left => 32,
                Wheel::Right => 64,
            };
            (pointer(held.buttons | bit), Some(pointer(held.buttons)))
        }
    }
}
