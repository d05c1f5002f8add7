//! Finds where framebuffer updates end in the bytes of a VNC server, which `vnc-rs` does not say.
//!
//! Knowing it, a frame is never half an update, each update is followed by exactly one request
//! for the next, and an update without rectangles does not go unnoticed. It decodes no pixels.

/// Encodings that the session asks for; every other one ends it.
pub(super) mod encoding {
    pub(in super::super) const RAW: i32 = 0;
    pub(in super::super) const COPY: i32 = 1;
    pub(in super::super) const CURSOR: i32 = -239;
    pub(in super::super) const DESKTOP_SIZE: i32 = -223;
}

/// Adds up how much the events of all updates so far weigh, so that whoever receives them knows
/// when one is complete: pixels weigh their number, everything else weighs one.
#[derive(Debug, Default)]
pub(super) struct Updates {
    at: At,
    header: Vec<u8>,
    skip: u64,
    rectangles: u16,
    weight: u64,
}

/// What comes next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    /// The first byte of a message.
    #[default]
    Message,
    /// How many rectangles an update has.
    Update,
    /// A rectangle of it, or its end.
    Rectangle,
    /// How long a text is.
    Text,
    /// Nothing that can be understood; `vnc-rs` will say so.
    Lost,
}

impl At {
    fn header_length(self) -> usize {
        match self {
            Self::Message => 1,
            Self::Update => 3,
            Self::Rectangle => 12,
            Self::Text => 7,
            Self::Lost => 0,
        }
    }
}

impl Updates {
    /// Reads what the server sent next, and tells `ended` the weight so far at each update's end.
    pub(super) fn feed(&mut self, mut bytes: &[u8], mut ended: impl FnMut(u64)) {
        while self.at != At::Lost {
            let skipped = self.skip.min(bytes.len() as u64);
            self.skip -= skipped;
            bytes = &bytes[skipped as usize..];
            if self.skip == 0 && self.at == At::Rectangle && self.rectangles == 0 {
                ended(self.weight);
                self.at = At::Message;
            }
            if bytes.is_empty() {
                return;
            }
            let missing = self.at.header_length() - self.header.len();
            let (taken, rest) = bytes.split_at(missing.min(bytes.len()));
            self.header.extend_from_slice(taken);
            bytes = rest;
            if self.header.len() == self.at.header_length() {
                self.at = self.read_header();
                self.header.clear();
            }
        }
    }

    fn read_header(&mut self) -> At {
        match self.at {
            At::Message => match self.header[0] {
                0 => At::Update,
                2 => At::Message,
                3 => At::Text,
                _ => At::Lost,
            },
            At::Update => {
                self.rectangles = self.short(1);
                At::Rectangle
            }
            At::Text => {
                self.skip = self.long(3).into();
                At::Message
            }
            At::Rectangle => self.read_rectangle(),
            At::Lost => At::Lost,
        }
    }

    fn read_rectangle(&mut self) -> At {
        let (width, height) = (u64::from(self.short(4)), u64::from(self.short(6)));
        let area = width * height;
        let (weight, skip) = match self.long(8).cast_signed() {
            encoding::RAW => (area, area * 4),
            encoding::COPY => (area, 4),
            encoding::CURSOR => (1, area * 4 + width.div_ceil(8) * height),
            encoding::DESKTOP_SIZE => (1, 0),
            _ => return At::Lost,
        };
        self.weight += weight;
        self.skip = skip;
        self.rectangles -= 1;
        At::Rectangle
    }

    fn short(&self, at: usize) -> u16 {
        u16::from_be_bytes([self.header[at], self.header[at + 1]])
    }

    fn long(&self, at: usize) -> u32 {
        (u32::from(self.short(at)) << 16) | u32::from(self.short(at + 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn update(rectangles: &[(u16, u16, i32, usize)]) -> Vec<u8> {
        let mut bytes = vec![0, 0];
        bytes.extend((rectangles.len() as u16).to_be_bytes());
        for (width, height, encoding, payload) in rectangles {
            bytes.extend([0; 4]);
            bytes.extend(width.to_be_bytes());
            bytes.extend(height.to_be_bytes());
            bytes.extend(encoding.to_be_bytes());
            bytes.extend(vec![3; *payload]);
        }
        bytes
    }

    /// Everything a server may send, and the weights at the updates' ends.
    fn conversation() -> (Vec<u8>, Vec<u64>) {
        let mut bytes = vec![2];
        bytes.extend(update(&[(2, 3, encoding::RAW, 24)]));
        bytes.extend([3, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0]);
        bytes.extend(update(&[]));
        bytes.extend(update(&[
            (9, 2, encoding::CURSOR, 9 * 2 * 4 + 4),
            (0, 0, encoding::CURSOR, 0),
            (5, 5, encoding::DESKTOP_SIZE, 0),
            (4, 4, encoding::COPY, 4),
        ]));
        bytes.extend(update(&[(5, 5, encoding::DESKTOP_SIZE, 0)]));
        (bytes, vec![6, 6, 6 + 3 + 16, 26])
    }

    proptest! {
        #[test]
        fn ends_are_found_however_the_bytes_are_cut(cuts in prop::collection::vec(1usize..40, 1..60)) {
            let (bytes, expected) = conversation();
            let (mut updates, mut ends, mut at) = (Updates::default(), Vec::new(), 0usize);
            for cut in cuts.into_iter().chain([usize::MAX]) {
                let end = at.max(bytes.len().min(at.saturating_add(cut)));
                updates.feed(&bytes[at..end], |weight| ends.push(weight));
                at = end;
            }
            prop_assert_eq!(ends, expected);
        }
    }

    #[test]
    fn an_end_is_told_with_the_last_byte_and_not_before() {
        let bytes = update(&[(2, 1, encoding::RAW, 8)]);
        let (mut updates, mut ends) = (Updates::default(), Vec::new());
        updates.feed(&bytes[..bytes.len() - 1], |weight| ends.push(weight));
        assert!(ends.is_empty());
        updates.feed(&bytes[bytes.len() - 1..], |weight| ends.push(weight));
        assert_eq!(ends, [2]);
    }

    #[test]
    fn what_is_not_understood_is_not_guessed() {
        let mut bytes = update(&[(2, 2, 7, 16)]);
        bytes.extend(update(&[]));
        let mut ends = Vec::new();
        Updates::default().feed(&bytes, |weight| ends.push(weight));
        assert!(ends.is_empty());
    }
}
