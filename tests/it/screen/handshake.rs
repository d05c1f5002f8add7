//! What a server may do before its first picture is there.

use super::{
    fake::{Fake, Rectangle, Said, serve},
    hasty, patient,
    session::{BLUE, RED, SIZE, done, open, pixel, refusal},
};
use mosdat::port::{Screen, ScreenAddress, ScreenError};
use std::path::PathBuf;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

#[tokio::test]
async fn no_server_is_a_failure_to_connect() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = ScreenAddress::Tcp(listener.local_addr().unwrap());
    drop(listener);
    let err = refusal(patient(), &address).await;
    assert!(matches!(err, ScreenError::Connect { .. }), "{err}");
    let nowhere = ScreenAddress::Unix(PathBuf::from("/nonexistent/vnc"));
    let err = refusal(patient(), &nowhere).await;
    assert!(err.to_string().contains("/nonexistent/vnc"), "{err}");
}

#[tokio::test]
async fn a_server_that_is_mute_from_the_start_is_given_up() {
    let (address, _server) = serve(|stream| async move {
        let _stream = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let err = refusal(hasty(), &address).await;
    assert!(matches!(err, ScreenError::Mute { .. }), "{err}");
}

#[tokio::test]
async fn a_server_that_never_sends_a_picture_is_given_up() {
    let (address, _server) = serve(|stream| async move {
        Fake::greet(stream, SIZE).await.fall_silent().await;
    })
    .await;
    let err = refusal(hasty(), &address).await;
    assert!(matches!(err, ScreenError::Mute { .. }), "{err}");
}

#[tokio::test]
async fn half_a_first_picture_is_none() {
    let (address, _server) = serve(|stream| async move {
        let mut fake = Fake::greet(stream, SIZE).await;
        fake.said().await;
        fake.update(&[Rectangle::filled([0, 0, 40, 29], RED)]).await;
        fake.fall_silent().await;
    })
    .await;
    let err = refusal(hasty(), &address).await;
    assert!(matches!(err, ScreenError::Mute { .. }), "{err}");
}

#[tokio::test]
async fn what_is_missing_of_the_first_picture_is_asked_for_again() {
    let (address, server) = serve(|stream| async move {
        let mut fake = Fake::greet(stream, SIZE).await;
        fake.said().await;
        fake.update(&[Rectangle::filled([0, 0, 40, 29], RED)]).await;
        fake.armed().await;
        let again = Said::Request {
            incremental: false,
            size: SIZE,
        };
        assert_eq!(fake.said().await, again);
        fake.update(&[Rectangle::filled([0, 29, 40, 1], BLUE)])
            .await;
        fake.armed().await;
    })
    .await;
    let screen = open(patient(), &address).await.unwrap();
    let frame = screen.frame().await;
    done(server).await;
    let frame = frame.unwrap();
    assert_eq!(pixel(&frame, 39, 28), [255, 0, 0, 255]);
    assert_eq!(pixel(&frame, 39, 29), [0, 0, 255, 255]);
}

#[tokio::test]
async fn what_is_no_vnc_server_is_named_by_its_greeting() {
    let (address, _server) = serve(|mut stream| async move {
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let err = refusal(patient(), &address).await;
    let expected = ScreenError::Protocol("it greets with `HTTP/1.1 400`".into());
    assert_eq!(err, expected);
}

#[tokio::test]
async fn a_server_that_hangs_up_during_the_handshake_has_closed() {
    for greeting in [b"RFB".as_slice(), b"RFB 003.008\n", b"RFB 003.008\n\x01"] {
        let (address, _server) = serve(move |mut stream| async move {
            stream.write_all(greeting).await.unwrap();
            stream.shutdown().await.unwrap();
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await.unwrap();
        })
        .await;
        let err = refusal(patient(), &address).await;
        assert_eq!(err, ScreenError::Closed, "{greeting:?}");
    }
}

#[tokio::test]
async fn a_server_that_turns_clients_away_is_quoted() {
    let (address, _server) = serve(|mut stream| async move {
        stream.write_all(b"RFB 003.008\n").await.unwrap();
        stream.read_exact(&mut [0; 12]).await.unwrap();
        stream.write_all(b"\0\0\0\0\x08too many").await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let err = refusal(patient(), &address).await;
    let ScreenError::Connect { why, .. } = &err else {
        panic!("{err}");
    };
    assert_eq!(why, "it says `too many`");
}

/// Asks for a password and says whatever was given is wrong, as servers of `version` do.
async fn ask_for_password(mut stream: TcpStream, version: [u8; 12]) {
    stream.write_all(&version).await.unwrap();
    stream.read_exact(&mut [0; 12]).await.unwrap();
    stream.write_all(&[1, 2]).await.unwrap();
    if stream.read_exact(&mut [0; 1]).await.is_err() {
        return;
    }
    stream.write_all(&[9; 16]).await.unwrap();
    if stream.read_exact(&mut [0; 16]).await.is_err() {
        return;
    }
    stream.write_all(&[0, 0, 0, 1]).await.unwrap();
    if &version == b"RFB 003.008\n" {
        stream.write_all(b"\0\0\0\x05wrong").await.unwrap();
    }
    let mut rest = Vec::new();
    drop(stream.read_to_end(&mut rest).await);
}

#[tokio::test]
async fn a_missing_and_a_wrong_password_are_told_apart_from_other_refusals() {
    for version in [*b"RFB 003.008\n", *b"RFB 003.007\n"] {
        for dialer in [
            patient(),
            patient().with_password(mosdat::model::Secret::new("guess")),
        ] {
            let (address, _server) = serve(move |stream| ask_for_password(stream, version)).await;
            let err = refusal(dialer, &address).await;
            assert!(
                matches!(err, ScreenError::Password { .. }),
                "{version:?}: {err}"
            );
            assert!(!err.is_transient());
        }
    }
}
