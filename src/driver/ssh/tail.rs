//! The end of what a command wrote.

use std::sync::{Arc, Mutex, PoisonError};

/// How much of the end is kept, as of programs on this computer.
const TAIL: usize = 64 * 1024;

/// The end of what a command wrote, shared between who takes it in and who asks for it.
#[derive(Clone, Debug, Default)]
pub(super) struct Tail(Arc<Mutex<Vec<u8>>>);

impl Tail {
    /// Takes the next bytes.
    pub(super) fn push(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(bytes);
        // Cut in big steps, so that a flood of output is not moved about for each piece.
        if kept.len() > 2 * TAIL {
            let surplus = kept.len() - TAIL;
            kept.drain(..surplus);
        }
    }

    /// Returns the last 64 KiB as text. What is no UTF-8 is replaced.
    pub(super) fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let start = bytes.len().saturating_sub(TAIL);
        let kept = &bytes[start..];
        // The cut may go through a character; its rest is no news to anybody.
        let partial = kept.iter().take_while(|byte| **byte & 0xC0 == 0x80);
        let skip = if kept.len() < TAIL {
            0
        } else {
            partial.count()
        };
        String::from_utf8_lossy(&kept[skip..]).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_bounded_and_whole_characters() {
        let tail = Tail::default();
        for _ in 0..TAIL {
            tail.push("aé".as_bytes());
        }
        tail.push(b"end");
        let text = tail.text();
        assert!(text.len() <= TAIL);
        assert!(text.ends_with("aéend"));
        assert!(!text.contains('\u{FFFD}'));
    }
}
