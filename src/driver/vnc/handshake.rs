//! Shakes hands with a VNC server. What is said afterwards is the owner's affair.

use super::{
    line::{Line, Noted},
    loss,
    socket::Socket,
};
use crate::port::ScreenError;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tokio::{io::AsyncReadExt, sync::mpsc};
use vnc::{PixelFormat, VncClient, VncConnector, VncEncoding};

/// Shakes hands with the server. The first picture is on its way after that.
pub(super) async fn connect(
    mut socket: Socket,
    address: &str,
    password: Option<String>,
    noted: &Arc<Noted>,
    ends: mpsc::UnboundedSender<u64>,
) -> Result<VncClient, ScreenError> {
    let mut greeting = vec![0; 12];
    let read = socket.read_exact(&mut greeting).await;
    read.map_err(|_| ScreenError::Closed)?;
    if !greeting.starts_with(b"RFB ") {
        let said = String::from_utf8_lossy(&greeting);
        let what = format!("it greets with `{}`", said.escape_debug());
        return Err(ScreenError::Protocol(what));
    }
    let was_asked = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&was_asked);
    let mut connector = VncConnector::new(Line::new(socket, greeting, Arc::clone(noted), ends))
        .add_encoding(VncEncoding::CopyRect)
        .add_encoding(VncEncoding::Raw)
        .add_encoding(VncEncoding::CursorPseudo)
        .add_encoding(VncEncoding::DesktopSizePseudo)
        .set_pixel_format(PixelFormat::rgba())
        .allow_shared(true);
    let answer = password.clone().unwrap_or_default();
    let answering = async move {
        asked.store(true, Ordering::Release);
        Ok(answer)
    };
    connector = match password {
        Some(_) => connector.set_auth_method(answering),
        None => connector,
    };
    let refused = |err| loss::of_handshake(err, address, was_asked.load(Ordering::Acquire));
    let shaken = connector.build().map_err(refused)?.try_start().await;
    match shaken {
        Ok(connected) => connected.finish().map_err(refused),
        Err(err) => Err(refused(err)),
    }
}
