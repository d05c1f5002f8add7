//! Lines from a socket, as QEMU's monitor, its guest agent and a serial port write them.
//!
//! Knows nothing of what is in a line.

use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

/// A longer line is no line: whoever writes it is not what was thought to be at the other end.
const LONGEST: usize = 16 * 1024 * 1024;

/// Reads line after line. A read that is dropped loses nothing.
#[derive(Debug)]
pub(super) struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    /// How much of the buffer holds no end of a line.
    searched: usize,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            buffer: Vec::new(),
            searched: 0,
        }
    }

    /// Returns the next line without its end; `None` when there will be no other. What comes after
    /// the last end of a line is no line.
    pub(super) async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let unseen = &self.buffer[self.searched..];
            if let Some(length) = unseen.iter().position(|byte| *byte == b'\n') {
                let end = self.searched + length;
                let mut line: Vec<u8> = self.buffer.drain(..=end).collect();
                self.searched = 0;
                line.truncate(end);
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(Some(line));
            }
            self.searched = self.buffer.len();
            if self.searched > LONGEST {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a line without end",
                ));
            }
            if self.reader.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt;

    #[tokio::test]
    async fn lines_do_not_depend_on_how_they_arrive() {
        let (mut writer, reader) = tokio::io::duplex(3);
        let mut lines = Lines::new(reader);
        let write = async {
            writer.write_all(b"one\r\n\ntwo\nrest").await.unwrap();
            drop(writer);
        };
        let read = async {
            let mut seen = Vec::new();
            while let Some(line) = lines.next().await.unwrap() {
                seen.push(String::from_utf8(line).unwrap());
            }
            seen
        };
        let ((), seen) = tokio::join!(write, read);
        assert_eq!(seen, ["one", "", "two"]);
    }

    #[tokio::test]
    async fn a_read_that_is_dropped_loses_nothing() {
        let (mut writer, reader) = tokio::io::duplex(64);
        let mut lines = Lines::new(reader);
        writer.write_all(b"half").await.unwrap();
        tokio::select! {
            biased;
            line = lines.next() => panic!("{line:?}"),
            () = tokio::task::yield_now() => {}
        }
        writer.write_all(b" and half\n").await.unwrap();
        assert_eq!(lines.next().await.unwrap().unwrap(), b"half and half");
    }

    #[tokio::test]
    async fn a_line_without_end_is_refused() {
        let mut lines = Lines::new(tokio::io::repeat(b'x'));
        let err = lines.next().await.unwrap_err();
        assert_eq!(err.kind(), io::ErrorKind::InvalidData);
    }
}
