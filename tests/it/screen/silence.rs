//! A still screen is told from a server that says nothing any more.

use super::{
    fake::{Fake, LIMIT, Rectangle, Said, serve},
    impatient, patient,
    session::{BLUE, RED, SIZE, done, loss, open},
};
use mosdat::port::{Input, Screen, ScreenError};
use std::time::Duration;
use tokio::time::timeout;

#[tokio::test]
async fn a_still_screen_is_asked_for_one_pixel_and_stays_open() {
    let (address, server) = serve(|stream| async move {
        let mut fake = Fake::show(stream, SIZE, RED).await;
        for _ in 0..6 {
            fake.armed().await;
            let sign_of_life = Said::Request {
                incremental: false,
                size: (1, 1),
            };
            assert_eq!(fake.said().await, sign_of_life);
            fake.update(&[Rectangle::filled([0, 0, 1, 1], RED)]).await;
        }
    })
    .await;
    let dialer = patient();
    let screen = open(dialer, &address).await.unwrap();
    let first = screen.frame().await.unwrap();
    done(server).await;
    // Nothing changed, so the end is the next thing to be told.
    let after = timeout(LIMIT, screen.changed(first.seq)).await.unwrap();
    assert_eq!(after.unwrap_err(), ScreenError::Closed);
}

#[tokio::test]
async fn a_server_that_falls_silent_has_stalled() {
    let (address, _server) = serve(|stream| async move {
        let fake = Fake::show(stream, SIZE, RED).await;
        fake.fall_silent().await;
    })
    .await;
    let screen = open(impatient(), &address).await.unwrap();
    let err = loss(&screen).await;
    let ScreenError::Stalled { silence } = err else {
        panic!("{err}");
    };
    assert!(silence >= Duration::from_secs(1), "{silence:?}");
}

#[tokio::test]
async fn a_server_that_falls_silent_in_the_middle_of_an_update_has_stalled() {
    let (address, _server) = serve(|stream| async move {
        let mut fake = Fake::show(stream, SIZE, RED).await;
        fake.armed().await;
        let whole = Rectangle::filled([0, 0, 40, 30], BLUE);
        fake.half_update(&[whole]).await;
        fake.fall_silent().await;
    })
    .await;
    let screen = open(impatient(), &address).await.unwrap();
    let err = loss(&screen).await;
    assert!(matches!(err, ScreenError::Stalled { .. }), "{err}");
}

#[tokio::test]
async fn a_server_that_reads_nothing_any_more_has_stalled() {
    let (address, _server) = serve(|stream| async move {
        let fake = Fake::show(stream, SIZE, RED).await;
        fake.fall_silent().await;
    })
    .await;
    let screen = open(impatient(), &address).await.unwrap();
    // More than the socket's buffers and the queue hold.
    let flood = [Input::KeyDown(97), Input::KeyUp(97)].repeat(1 << 20);
    let sent = timeout(LIMIT, screen.send(&flood)).await.unwrap();
    assert!(matches!(sent, Err(ScreenError::Stalled { .. })), "{sent:?}");
}
