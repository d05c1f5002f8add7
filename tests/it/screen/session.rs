//! What tests do with a session whose server is theirs.

use super::fake::LIMIT;
use mosdat::{
    driver::vnc::{VncDialer, VncSession},
    model::{Frame, FrameSeq},
    port::{Screen, ScreenAddress, ScreenError},
};
use tokio::{task::JoinSet, time::timeout};

pub(super) const SIZE: (u16, u16) = (40, 30);
pub(super) const RED: [u8; 3] = [255, 0, 0];
pub(super) const BLUE: [u8; 3] = [0, 0, 255];

pub(super) async fn open(
    dialer: VncDialer,
    address: &ScreenAddress,
) -> Result<VncSession, ScreenError> {
    timeout(LIMIT, dialer.open(address)).await.unwrap()
}

pub(super) async fn refusal(dialer: VncDialer, address: &ScreenAddress) -> ScreenError {
    open(dialer, address).await.unwrap_err()
}

/// Waits for the end of a session.
pub(super) async fn loss(screen: &VncSession) -> ScreenError {
    let ended = async {
        let mut seq = FrameSeq(0);
        loop {
            match screen.changed(seq).await {
                Ok(frame) => seq = frame.seq,
                Err(err) => return err,
            }
        }
    };
    let err = timeout(LIMIT, ended).await.unwrap();
    assert_eq!(
        screen.frame().await.unwrap_err(),
        err,
        "no stale frame is given out"
    );
    err
}

pub(super) async fn next(screen: &VncSession, frame: &Frame) -> Frame {
    timeout(LIMIT, screen.changed(frame.seq))
        .await
        .unwrap()
        .unwrap()
}

/// Waits until the server has done all it should.
pub(super) async fn done(mut server: JoinSet<()>) {
    let served = timeout(LIMIT, server.join_next()).await.unwrap();
    served.unwrap().unwrap();
}

pub(super) fn pixel(frame: &Frame, x: usize, y: usize) -> [u8; 4] {
    let at = (y * frame.width as usize + x) * 4;
    frame.rgba[at..at + 4].try_into().unwrap()
}
