//! What a tree of processes wrote: the end of it as text, and each line as it comes.
//!
//! Reads from no file descriptor; bytes are handed in.

use std::sync::{Arc, Mutex, PoisonError};

/// How much of the end is kept.
const TAIL: usize = 64 * 1024;

/// A line longer than this is handed on in pieces.
const LONGEST_LINE: usize = 8 * 1024;

/// Receives lines as they come, without their ends.
pub type OnLine = Arc<dyn Fn(&str) + Send + Sync>;

/// The end of what was written, shared between who reads it and who asks for it.
#[derive(Clone, Debug, Default)]
pub struct Tail(Arc<Mutex<Vec<u8>>>);

impl Tail {
    /// Returns the last 64 KiB as text. What is no UTF-8 is replaced.
    pub fn text(&self) -> String {
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

    /// Takes the next bytes.
    pub fn push(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(bytes);
        // Cut in big steps, so that a flood of output is not moved about for each piece.
        if kept.len() > 2 * TAIL {
            let surplus = kept.len() - TAIL;
            kept.drain(..surplus);
        }
    }
}

/// Takes bytes, keeps the end of them, and hands lines on.
pub(super) struct Lines {
    tail: Tail,
    on_line: Option<OnLine>,
    partial: Vec<u8>,
}

impl Lines {
    pub(super) fn new(tail: Tail, on_line: Option<OnLine>) -> Self {
        let partial = Vec::new();
        Self {
            tail,
            on_line,
            partial,
        }
    }

    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.tail.push(bytes);
        if self.on_line.is_none() {
            return;
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.partial.extend_from_slice(piece);
            if piece.ends_with(b"\n") || self.partial.len() >= LONGEST_LINE {
                self.flush();
            }
        }
    }

    /// Hands on a line that has no end yet.
    pub(super) fn flush(&mut self) {
        let line = std::mem::take(&mut self.partial);
        if let Some(on_line) = &self.on_line
            && !line.is_empty()
        {
            on_line(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(pieces: &[&[u8]]) -> Vec<String> {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        let on_line: OnLine = Arc::new(move |line| sink.lock().unwrap().push(line.to_owned()));
        let mut lines = Lines::new(Tail::default(), Some(on_line));
        for piece in pieces {
            lines.push(piece);
        }
        lines.flush();
        seen.lock().unwrap().clone()
    }

    #[test]
    fn lines_do_not_depend_on_how_they_arrive() {
        let wanted = ["one", "", "two", "three"];
        assert_eq!(lines_of(&[b"one\n\ntwo\r\nthree"]), wanted);
        assert_eq!(
            lines_of(&[b"o", b"ne", b"\n", b"\ntwo\r", b"\nthr", b"ee"]),
            wanted
        );
    }

    #[test]
    fn a_line_without_end_is_handed_on_in_pieces() {
        let flood = vec![b'x'; 3 * LONGEST_LINE];
        assert!(lines_of(&[&flood]).iter().all(|line| !line.is_empty()));
    }

    #[test]
    fn the_tail_is_bounded_and_whole_characters() {
        let tail = Tail::default();
        let mut lines = Lines::new(tail.clone(), None);
        for _ in 0..TAIL {
            lines.push("aé".as_bytes());
        }
        lines.push(b"end");
        let text = tail.text();
        assert!(text.len() <= TAIL);
        assert!(text.ends_with("aéend"));
        assert!(!text.contains('\u{FFFD}'));
    }
}
