//! QEMU's message for a key by its place, in place of the one that `vnc-rs` sends for its keysym.
//!
//! QEMU takes it without having offered it. To offer it a client would have to list a pseudo-encoding
//! whose answer ends `vnc-rs`.

use crate::model::Keyboard;

/// Returns what is sent in place of `message` when it is a key event, and the key has a place.
pub(super) fn by_place(message: &[u8], keyboard: Keyboard) -> Option<[u8; 12]> {
    let &[4, down, _, _, a, b, c, d] = message else {
        return None;
    };
    let code = keyboard.code(u32::from_be_bytes([a, b, c, d]))?;
    let [high, low] = code.to_be_bytes();
    // QEMU's own messages, extended key event, down or up; then keysym and code.
    Some([255, 0, 0, down, a, b, c, d, 0, 0, high, low])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::KeyLayout;

    #[test]
    fn only_keys_are_sent_by_their_place_and_only_where_that_is_wanted() {
        let german = Keyboard::Places(KeyLayout::De);
        let z_down = [4, 1, 0, 0, 0, 0, 0, b'z'];
        let expected = [255, 0, 0, 1, 0, 0, 0, b'z', 0, 0, 0, 0x15];
        assert_eq!(by_place(&z_down, german), Some(expected));
        assert_eq!(by_place(&z_down, Keyboard::Symbols(KeyLayout::De)), None);
        assert_eq!(by_place(&[5, 0, 0, 0, 0, 0], german), None);
        let unknown = [4, 1, 0, 0, 1, 0, 0x26, 0x3a];
        assert_eq!(by_place(&unknown, german), None);
    }
}
