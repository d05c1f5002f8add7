//! What an error of `vnc-rs` means for a screen.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the errors of `vnc-rs` may grow, and all others mean the same"
)]

use crate::port::ScreenError;
use vnc::VncError;

/// Returns why there is no session, `was_asked` saying whether the password had been given when
/// `err` came.
pub(super) fn of_handshake(err: VncError, address: &str, was_asked: bool) -> ScreenError {
    let address = || address.to_owned();
    match err {
        VncError::NoPassword | VncError::WrongPassword => {
            ScreenError::Password { address: address() }
        }
        // Newer servers refuse a password in words, and anything else as well.
        VncError::General(_) if was_asked => ScreenError::Password { address: address() },
        VncError::General(why) => ScreenError::Connect {
            address: address(),
            why: format!("it says `{}`", why.trim_end_matches('\0')),
        },
        VncError::ConnectError => ScreenError::Connect {
            address: address(),
            why: "it offers no way of signing in that can be understood".into(),
        },
        VncError::InvalidImageData => ScreenError::Protocol(
            "its screen is empty or larger than 8192x8192 or 8294400 pixels".into(),
        ),
        other => of_session(&other, true),
    }
}

/// Returns why a session ended, `is_over` saying whether the connection had ended as well.
pub(super) fn of_session(err: &VncError, is_over: bool) -> ScreenError {
    match err {
        VncError::IoError(_) => ScreenError::Closed,
        VncError::ClientNotRunning if is_over => ScreenError::Closed,
        // The connection stands, so it is the decoder that ended: without a word, it panicked.
        VncError::ClientNotRunning => {
            ScreenError::Protocol("the decoder ended without a reason".into())
        }
        other => ScreenError::Protocol(other.to_string()),
    }
}
