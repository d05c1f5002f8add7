//! Screens over VNC: a real X server, and a server that is harsher than real ones.

mod anchors;
mod fake;
mod handshake;
mod inputs;
mod keys;
mod qemu_keys;
mod real;
mod session;
mod silence;
mod updates;

use mosdat::{
    driver::vnc::{VncDialer, VncLimits},
    model::Timestamp,
    port::Clock,
};
use std::{sync::Arc, time::Duration};

/// A clock that stands still.
#[derive(Debug)]
struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp(43_200_000)
    }
}

/// A dialer that gives servers long enough, whatever else this computer does.
fn patient() -> VncDialer {
    VncDialer::new(Arc::new(Noon)).with_limits(VncLimits {
        again: Duration::from_secs(5),
        connect: Duration::from_secs(20),
        first_picture: Duration::from_secs(20),
        silence: Duration::from_millis(200),
        answer: Duration::from_secs(20),
    })
}

/// A dialer for servers that are meant to fall silent once they are seen.
fn impatient() -> VncDialer {
    VncDialer::new(Arc::new(Noon)).with_limits(VncLimits {
        again: Duration::from_secs(5),
        connect: Duration::from_secs(20),
        first_picture: Duration::from_secs(20),
        silence: Duration::from_millis(80),
        answer: Duration::from_secs(1),
    })
}

/// A dialer for servers that are meant never to be seen.
fn hasty() -> VncDialer {
    VncDialer::new(Arc::new(Noon)).with_limits(VncLimits {
        again: Duration::from_secs(5),
        connect: Duration::from_secs(20),
        first_picture: Duration::from_millis(300),
        silence: Duration::from_millis(80),
        answer: Duration::from_secs(20),
    })
}
