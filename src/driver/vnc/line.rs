//! The stream between a VNC server and `vnc-rs`, which notes what passes and decodes nothing.
//!
//! It does what `vnc-rs` cannot: it tells where updates end, whether the server says anything at
//! all, asks it for a sign of life, sends keys by their place, and lets go of keys and buttons when
//! the session is dropped.

use super::{held::Held, keys, socket::Socket, updates::Updates};
use crate::model::Keyboard;
use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::mpsc,
};

/// Text that `vnc-rs` is given to "paste" when it should ask for a sign of life.
pub(super) const SIGN_OF_LIFE: &str = "??";

/// The message that comes out of that: a pasted text is what `vnc-rs` can send and mosdat never
/// does.
const CARRIER: [u8; 10] = [6, 0, 0, 0, 0, 0, 0, 2, b'?', b'?'];

/// What is sent in its place: a request for one pixel, changed or not, which must be answered.
/// `vnc-rs` itself could only ask for the whole screen, which takes QEMU half a second.
const ONE_PIXEL: [u8; 10] = [3, 0, 0, 0, 0, 0, 0, 1, 0, 1];

/// What the line tells the session, and the session the line.
#[derive(Debug, Default)]
pub(super) struct Noted {
    heard: AtomicU64,
    is_over: AtomicBool,
    held: Mutex<Held>,
    keyboard: Keyboard,
}

impl Noted {
    /// Starts with nothing.
    pub(super) fn new(keyboard: Keyboard) -> Self {
        Self {
            keyboard,
            ..Self::default()
        }
    }

    /// Returns how often the server was heard.
    pub(super) fn heard(&self) -> u64 {
        self.heard.load(Ordering::Acquire)
    }

    /// Whether the connection has ended.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    /// Returns what is held.
    pub(super) fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The stream.
#[derive(Debug)]
pub(super) struct Line {
    socket: Socket,
    /// The server's first bytes, which were read before `vnc-rs` came in.
    greeting: Vec<u8>,
    noted: Arc<Noted>,
    /// Set when the handshake is over: from then on the server sends messages.
    updates: Option<Updates>,
    ends: mpsc::UnboundedSender<u64>,
    sending: Sending,
}

/// The message that is being sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sending {
    /// As it is; this much of it is still to be sent.
    AsItIs(usize),
    /// Another in its place, of which this much was sent. It counts as sent when all of that is.
    Instead(&'static [u8], usize),
    /// A key by its place, in place of one by its keysym.
    ByPlace([u8; 12], usize),
}

impl Sending {
    /// Returns what is still to be sent in place of the message.
    fn instead(&self) -> Option<&[u8]> {
        match self {
            Self::AsItIs(_) => None,
            Self::Instead(bytes, sent) => Some(&bytes[*sent..]),
            Self::ByPlace(bytes, sent) => Some(&bytes[*sent..]),
        }
    }

    /// Whether no message is half sent.
    fn is_done(&self) -> bool {
        match self {
            Self::AsItIs(left) => *left == 0,
            Self::Instead(..) | Self::ByPlace(..) => false,
        }
    }
}

impl Line {
    /// Makes a line that gives `greeting` before what `socket` has, and tells `ends` the weight of
    /// all updates so far at each update's end.
    pub(super) fn new(
        socket: Socket,
        greeting: Vec<u8>,
        noted: Arc<Noted>,
        ends: mpsc::UnboundedSender<u64>,
    ) -> Self {
        Self {
            socket,
            greeting,
            noted,
            updates: None,
            ends,
            sending: Sending::AsItIs(0),
        }
    }

    fn note_received(&mut self, bytes: &[u8]) {
        self.noted.heard.fetch_add(1, Ordering::AcqRel);
        if let Some(updates) = &mut self.updates {
            // Whoever listened may be gone already: then no one waits for an end.
            updates.feed(bytes, |weight| {
                let _ = self.ends.send(weight);
            });
        }
    }

    /// Looks at a message that `vnc-rs` is about to send: it writes each in one piece.
    fn note_sent(&mut self, message: &[u8]) {
        // The list of encodings is the first message after the handshake. A password's answer is
        // 16 bytes, all else before it is shorter or starts otherwise.
        if self.updates.is_none() && message.len() >= 20 && message.starts_with(&[2, 0, 0]) {
            self.updates = Some(Updates::default());
        }
        self.sending = if message == CARRIER {
            Sending::Instead(&ONE_PIXEL, 0)
        } else {
            // Before the handshake is over a message may look like a key event.
            let key = self.updates.as_ref();
            let key = key.and_then(|_| keys::by_place(message, self.noted.keyboard));
            key.map_or(Sending::AsItIs(message.len()), |key| {
                Sending::ByPlace(key, 0)
            })
        };
    }
}

impl AsyncRead for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.greeting.is_empty() {
            let length = this.greeting.len().min(buffer.remaining());
            buffer.put_slice(&this.greeting[..length]);
            this.greeting.drain(..length);
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let result = Pin::new(&mut this.socket).poll_read(context, buffer);
        match &result {
            Poll::Pending => {}
            Poll::Ready(Ok(())) if buffer.filled().len() > before => {
                this.note_received(&buffer.filled()[before..]);
            }
            Poll::Ready(_) => this.noted.is_over.store(true, Ordering::Release),
        }
        result
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.sending.is_done() {
            this.note_sent(bytes);
        }
        loop {
            let out = this.sending.instead().unwrap_or(bytes);
            let length = match Pin::new(&mut this.socket).poll_write(context, out) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(length)) if length > 0 || out.is_empty() => length,
                other @ Poll::Ready(_) => {
                    this.noted.is_over.store(true, Ordering::Release);
                    return other;
                }
            };
            match &mut this.sending {
                Sending::AsItIs(left) => {
                    *left = left.saturating_sub(length);
                    return Poll::Ready(Ok(length));
                }
                Sending::Instead(_, sent) | Sending::ByPlace(_, sent) => *sent += length,
            }
            if this.sending.instead().is_some_and(<[u8]>::is_empty) {
                this.sending = Sending::AsItIs(0);
                return Poll::Ready(Ok(bytes.len()));
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_shutdown(context)
    }
}

impl Drop for Line {
    /// Lets go of what is held, as far as the server takes it without waiting and no other message
    /// is half sent.
    fn drop(&mut self) {
        let messages = self.noted.held().release_messages(self.noted.keyboard);
        if self.updates.is_some() && self.sending.is_done() && !messages.is_empty() {
            let sent = self.socket.try_write(&messages);
            tracing::debug!(?sent, "released keys and buttons of a dropped screen");
        }
    }
}
