//! Framing: how records lie in the journal, and how what was torn is told from what was damaged.
//!
//! Knows bytes only, and reads no file.
//!
//! ```text
//! file:   "mosdat-j"  format u32  crc32 of both u32      then frames
//! frame:  length u32  crc32 of length and payload u32  crc32 of both u32      then the payload
//! ```
//!
//! All numbers are little-endian. The length has a check of its own: without it, a flipped bit in
//! it would make a frame in the middle reach beyond the end of the file, and everything after it
//! would look like a write that was cut short.

/// The newest format that is known.
pub(super) const FORMAT: u32 = 1;

/// The length of what precedes the first frame.
pub(super) const FILE_HEADER: usize = 16;

const FRAME_HEADER: usize = 12;
const MAGIC: &[u8; 8] = b"mosdat-j";

/// What precedes the first frame.
pub(super) fn file_header() -> Vec<u8> {
    file_header_of(FORMAT)
}

fn file_header_of(format: u32) -> Vec<u8> {
    let mut header = MAGIC.to_vec();
    header.extend(format.to_le_bytes());
    header.extend(crc32fast::hash(&header).to_le_bytes());
    header
}

/// What precedes the frames of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// A known format.
    Known,
    /// The file was being created.
    Torn,
    /// A format of the future.
    TooNew(u32),
    /// No journal, or a damaged one.
    Damaged,
}

/// Reads what precedes the first frame.
pub(super) fn start(bytes: &[u8]) -> Start {
    let Some(header) = bytes.get(..FILE_HEADER) else {
        let is_prefix = file_header().starts_with(bytes);
        return if is_prefix {
            Start::Torn
        } else {
            Start::Damaged
        };
    };
    let format = number(header, 8);
    if *header != file_header_of(format) || format == 0 {
        return Start::Damaged;
    }
    if format > FORMAT {
        return Start::TooNew(format);
    }
    Start::Known
}

/// Puts a payload into a frame.
pub(super) fn framed(payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a batch of records is far from 4 GiB");
    let mut frame = Vec::with_capacity(FRAME_HEADER + payload.len());
    frame.extend(length.to_le_bytes());
    frame.extend(checksum(length, payload).to_le_bytes());
    frame.extend(crc32fast::hash(&frame).to_le_bytes());
    frame.extend(payload);
    frame
}

/// What lies at some place of a journal.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<'a> {
    /// A sound frame.
    Frame {
        /// What it holds.
        payload: &'a [u8],
        /// Where the next one starts.
        end: usize,
    },
    /// The end.
    End,
    /// The last write, cut short. Nothing follows it.
    Torn,
    /// Something that was never written so.
    Damaged(&'static str),
}

/// Reads the frame at `offset`.
pub(super) fn next(bytes: &[u8], offset: usize) -> Next<'_> {
    let rest = &bytes[offset..];
    if rest.is_empty() {
        return Next::End;
    }
    let Some(header) = rest.get(..FRAME_HEADER) else {
        return Next::Torn;
    };
    if crc32fast::hash(&header[..8]) != number(header, 8) {
        // After a loss of power a file may be longer than what reached the disk.
        if written(rest) < FRAME_HEADER {
            return Next::Torn;
        }
        return Next::Damaged("the length of a record does not match its checksum");
    }
    let length = number(header, 0);
    let Some(payload) = rest[FRAME_HEADER..].get(..length as usize) else {
        return Next::Torn;
    };
    let end = offset + FRAME_HEADER + payload.len();
    if checksum(length, payload) == number(header, 4) {
        return Next::Frame { payload, end };
    }
    match written(&bytes[end..]) {
        0 => Next::Torn,
        _ => Next::Damaged("a record does not match its checksum"),
    }
}

/// How much of `bytes` is more than a file that was made longer.
fn written(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1)
}

fn checksum(length: u32, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length.to_le_bytes());
    hasher.update(payload);
    hasher.finalize()
}

fn number(bytes: &[u8], at: usize) -> u32 {
    let bytes = bytes[at..at + 4]
        .try_into()
        .expect("the slice has four bytes");
    u32::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_back() {
        let bytes = framed(b"payload");
        let end = bytes.len();
        let payload = b"payload".as_slice();
        assert_eq!(next(&bytes, 0), Next::Frame { payload, end });
        assert_eq!(next(&bytes, end), Next::End);
    }

    #[test]
    fn a_length_that_reaches_beyond_the_end_is_damage_and_not_a_torn_tail() {
        let mut bytes = [framed(b"one"), framed(b"two")].concat();
        bytes[2] ^= 0x80;
        assert!(matches!(next(&bytes, 0), Next::Damaged(_)));
    }

    #[test]
    fn a_write_that_was_cut_short_is_torn_even_when_zeros_follow() {
        let whole = [framed(b"one"), framed(b"two, and some more")].concat();
        let second = framed(b"one").len();
        for cut in second + 1..whole.len() {
            let torn = &whole[..cut];
            assert_eq!(next(torn, second), Next::Torn, "cut at {cut}");
            let longer = [torn, &[0; 100]].concat();
            assert_eq!(
                next(&longer, second),
                Next::Torn,
                "cut at {cut}, then zeros"
            );
        }
    }

    #[test]
    fn the_start_tells_format_damage_and_creation_apart() {
        let header = file_header();
        assert_eq!(start(&header), Start::Known);
        assert_eq!(
            start(&file_header_of(FORMAT + 1)),
            Start::TooNew(FORMAT + 1)
        );
        assert_eq!(start(&header[..7]), Start::Torn);
        assert_eq!(start(b"{}"), Start::Damaged);
        for at in 0..header.len() {
            let mut flipped = header.clone();
            flipped[at] ^= 1;
            assert_eq!(start(&flipped), Start::Damaged, "byte {at}");
        }
    }
}
