//! What a server may do to a session, and what the session makes of it.

use super::{
    fake::{Fake, LIMIT, Rectangle, Said, serve},
    hasty, impatient, patient,
};
use mosdat::{
    driver::vnc::{VncDialer, VncSession},
    model::{Button, Frame, FrameCause, FrameSeq, Point, Rect},
    port::{Input, Screen, ScreenAddress, ScreenError},
};
use std::{path::PathBuf, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    task::JoinSet,
    time::timeout,
};

const SIZE: (u16, u16) = (40, 30);
const RED: [u8; 3] = [255, 0, 0];
const BLUE: [u8; 3] = [0, 0, 255];

async fn open(dialer: VncDialer, address: &ScreenAddress) -> Result<VncSession, ScreenError> {
    timeout(LIMIT, dialer.open(address)).await.unwrap()
}

async fn refusal(dialer: VncDialer, address: &ScreenAddress) -> ScreenError {
    open(dialer, address).await.unwrap_err()
}

/// Waits for the end of a session.
async fn loss(screen: &VncSession) -> ScreenError {
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
        screen.frame().unwrap_err(),
        err,
        "no stale frame is given out"
    );
    err
}

async fn next(screen: &VncSession, frame: &Frame) -> Frame {
    timeout(LIMIT, screen.changed(frame.seq))
        .await
        .unwrap()
        .unwrap()
}

/// Waits until the server has done all it should.
async fn done(mut server: JoinSet<()>) {
    let served = timeout(LIMIT, server.join_next()).await.unwrap();
    served.unwrap().unwrap();
}

fn pixel(frame: &Frame, x: usize, y: usize) -> [u8; 4] {
    let at = (y * frame.width as usize + x) * 4;
    frame.rgba[at..at + 4].try_into().unwrap()
}

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
    let frame = screen.frame();
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
        for dialer in [patient(), patient().with_password("guess".into())] {
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

#[tokio::test]
async fn an_update_is_shown_whole_or_not_at_all() {
    let (address, server) = serve(|stream| async move {
        let mut fake = Fake::show(stream, SIZE, RED).await;
        fake.armed().await;
        let left = Rectangle::filled([0, 0, 20, 30], BLUE);
        let right = Rectangle::filled([20, 0, 20, 30], BLUE);
        fake.half_update(&[left, right]).await;
        // The left half is there in full when the connection drops.
    })
    .await;
    let screen = open(patient(), &address).await.unwrap();
    let first = screen.frame().unwrap();
    let after = timeout(LIMIT, screen.changed(first.seq)).await.unwrap();
    assert_eq!(after.unwrap_err(), ScreenError::Closed);
    done(server).await;
}

#[tokio::test]
async fn rectangles_of_one_update_make_one_frame() {
    let (address, _server) = serve(|stream| async move {
        let mut fake = Fake::show(stream, SIZE, RED).await;
        fake.armed().await;
        let unchanged = Rectangle::filled([1, 1, 2, 2], RED);
        let left = Rectangle::filled([0, 0, 20, 30], BLUE);
        let copied = Rectangle {
            area: [30, 0, 10, 10],
            encoding: 1,
            payload: vec![0, 0, 0, 0],
        };
        fake.update(&[unchanged, left, copied]).await;
        fake.armed().await;
        fake.fall_silent().await;
    })
    .await;
    let screen = open(patient(), &address).await.unwrap();
    let first = screen.frame().unwrap();
    let second = next(&screen, &first).await;
    assert_eq!(second.seq, FrameSeq(2));
    assert_eq!(second.cause, FrameCause::Damage);
    let areas = [(0, 0, 20, 30), (30, 0, 10, 10)].map(|(x, y, width, height)| Rect {
        x,
        y,
        width,
        height,
    });
    assert_eq!(second.damage, areas);
    assert_eq!(pixel(&second, 19, 29), [0, 0, 255, 255]);
    assert_eq!(pixel(&second, 39, 9), [0, 0, 255, 255]);
    assert_eq!(pixel(&second, 39, 10), [255, 0, 0, 255]);
    assert_eq!(
        pixel(&first, 0, 0),
        [255, 0, 0, 255],
        "a held frame never changes"
    );
}

#[tokio::test]
async fn an_update_without_rectangles_does_not_freeze_the_session() {
    let (address, _server) = serve(|stream| async move {
        let mut fake = Fake::show(stream, SIZE, RED).await;
        for _ in 0..3 {
            fake.armed().await;
            fake.update(&[]).await;
        }
        fake.armed().await;
        fake.update(&[Rectangle::filled([0, 0, 40, 30], BLUE)])
            .await;
        fake.armed().await;
        fake.fall_silent().await;
    })
    .await;
    // It never says anything of its own accord, so that nothing but the ends of updates can wake.
    let screen = open(patient(), &address).await.unwrap();
    let first = screen.frame().unwrap();
    let second = next(&screen, &first).await;
    assert_eq!(second.seq, FrameSeq(2), "empty updates are no frames");
    assert_eq!(pixel(&second, 0, 0), [0, 0, 255, 255]);
}

#[tokio::test]
async fn an_update_of_the_pointer_alone_does_not_freeze_the_session() {
    let (address, _server) = serve(|stream| async move {
        let mut fake = Fake::show(stream, SIZE, RED).await;
        fake.armed().await;
        let pointer = Rectangle {
            area: [0, 0, 2, 2],
            encoding: -239,
            payload: vec![0; 2 * 2 * 4 + 2],
        };
        fake.update(&[pointer]).await;
        fake.armed().await;
        fake.update(&[Rectangle::filled([0, 0, 40, 30], BLUE)])
            .await;
        fake.fall_silent().await;
    })
    .await;
    let screen = open(patient(), &address).await.unwrap();
    let first = screen.frame().unwrap();
    let second = next(&screen, &first).await;
    assert_eq!(second.seq, FrameSeq(2));
}

#[tokio::test]
async fn one_update_is_asked_for_at_a_time() {
    let (address, server) = serve(|stream| async move {
        let mut fake = Fake::show(stream, SIZE, RED).await;
        for shade in 0..50 {
            fake.armed().await;
            let rectangles = (0..20).map(|x| Rectangle::filled([x, 0, 1, 1], [shade; 3]));
            fake.update(&rectangles.collect::<Vec<_>>()).await;
        }
        // One more is asked for, and then, on a still screen, only a sign of life.
        fake.armed().await;
        let sign_of_life = Said::Request {
            incremental: false,
            size: (1, 1),
        };
        assert_eq!(fake.said().await, sign_of_life);
    })
    .await;
    let screen = open(patient(), &address).await.unwrap();
    done(server).await;
    assert_eq!(loss(&screen).await, ScreenError::Closed);
}

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
    let first = screen.frame().unwrap();
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

#[tokio::test]
async fn what_cannot_be_read_ends_the_session() {
    let (address, _server) = serve(|stream| async move {
        let mut fake = Fake::show(stream, SIZE, RED).await;
        fake.armed().await;
        let hextile = Rectangle {
            area: [0, 0, 4, 4],
            encoding: 5,
            payload: vec![0; 8],
        };
        fake.update(&[hextile]).await;
        fake.fall_silent().await;
    })
    .await;
    let screen = open(patient(), &address).await.unwrap();
    let err = loss(&screen).await;
    assert!(matches!(err, ScreenError::Protocol(_)), "{err}");
}

#[tokio::test]
async fn pixels_beside_the_screen_end_the_session() {
    let (address, _server) = serve(|stream| async move {
        let mut fake = Fake::show(stream, SIZE, RED).await;
        fake.armed().await;
        fake.update(&[Rectangle::filled([39, 29, 2, 2], BLUE)])
            .await;
        fake.fall_silent().await;
    })
    .await;
    let screen = open(patient(), &address).await.unwrap();
    let err = loss(&screen).await;
    assert!(matches!(err, ScreenError::Protocol(_)), "{err}");
}

#[tokio::test]
async fn a_new_size_is_shown_with_its_first_whole_picture() {
    let (address, server) = serve(|stream| async move {
        let mut fake = Fake::show(stream, SIZE, RED).await;
        fake.armed().await;
        fake.update(&[Rectangle::size(50, 20)]).await;
        let whole = Said::Request {
            incremental: false,
            size: (50, 20),
        };
        assert_eq!(fake.said().await, whole);
        assert_eq!(fake.armed().await, (50, 20));
        fake.update(&[Rectangle::filled([0, 0, 50, 10], BLUE)])
            .await;
        assert_eq!(fake.armed().await, (50, 20));
        fake.update(&[Rectangle::filled([0, 10, 50, 10], BLUE)])
            .await;
        assert_eq!(fake.armed().await, (50, 20));
    })
    .await;
    let screen = open(patient(), &address).await.unwrap();
    let first = screen.frame().unwrap();
    let second = screen.changed(first.seq).await;
    done(server).await;
    let second = second.unwrap();
    assert_eq!(second.seq, FrameSeq(2), "no frame shows what is not known");
    assert_eq!(second.cause, FrameCause::Resized);
    assert_eq!((second.width, second.height), (50, 20));
    assert_eq!(pixel(&second, 49, 19), [0, 0, 255, 255]);
}

#[tokio::test]
async fn the_same_size_told_again_changes_nothing() {
    let (address, _server) = serve(|stream| async move {
        let mut fake = Fake::show(stream, SIZE, RED).await;
        fake.armed().await;
        fake.update(&[Rectangle::size(40, 30)]).await;
        fake.armed().await;
        fake.update(&[Rectangle::filled([0, 0, 1, 1], BLUE)]).await;
        fake.fall_silent().await;
    })
    .await;
    let screen = open(patient(), &address).await.unwrap();
    let first = screen.frame().unwrap();
    let second = next(&screen, &first).await;
    assert_eq!(second.cause, FrameCause::Damage);
    assert_eq!(pixel(&second, 1, 1), [255, 0, 0, 255]);
}

/// A server that tells what it hears other than requests, until the client is gone.
async fn listener() -> (ScreenAddress, UnboundedReceiver<Said>) {
    let (told, heard) = unbounded_channel();
    let (address, mut server) = serve(|stream| async move {
        let mut fake = Fake::show(stream, SIZE, RED).await;
        while let Some(said) = fake.said_or_end().await {
            if !matches!(said, Said::Request { .. }) {
                told.send(said).unwrap();
            }
        }
    })
    .await;
    server.detach_all();
    (address, heard)
}

/// Waits for as many inputs as are expected.
async fn hear(heard: &mut UnboundedReceiver<Said>, expected: &[Said]) {
    for said in expected {
        let next = timeout(LIMIT, heard.recv()).await.unwrap();
        assert_eq!(next.as_ref(), Some(said));
    }
}

#[tokio::test]
async fn inputs_arrive_in_order_and_what_is_held_can_be_let_go() {
    let (address, mut heard) = listener().await;
    let screen = open(patient(), &address).await.unwrap();
    let held = [
        Input::KeyDown(0xffe3),
        Input::Move(Point { x: 7, y: 8 }),
        Input::Press(Button::Right),
        Input::Move(Point { x: 9, y: 8 }),
    ];
    assert_eq!(screen.send(&held).await, Ok(FrameSeq(1)));
    screen.release_all().await.unwrap();
    screen.release_all().await.unwrap();
    screen.send(&[Input::KeyUp(0x61)]).await.unwrap();
    let expected = [
        Said::Key(0xffe3, true),
        Said::Pointer(7, 8, 0),
        Said::Pointer(7, 8, 4),
        Said::Pointer(9, 8, 4),
        Said::Key(0xffe3, false),
        Said::Pointer(9, 8, 0),
        Said::Key(0x61, false),
    ];
    hear(&mut heard, &expected).await;
}

#[tokio::test]
async fn a_dropped_session_lets_go_of_what_it_holds() {
    let (address, mut heard) = listener().await;
    let screen = open(patient(), &address).await.unwrap();
    let held = [Input::KeyDown(0xffe1), Input::Press(Button::Left)];
    screen.send(&held).await.unwrap();
    hear(
        &mut heard,
        &[Said::Key(0xffe1, true), Said::Pointer(0, 0, 1)],
    )
    .await;
    drop(screen);
    hear(
        &mut heard,
        &[Said::Key(0xffe1, false), Said::Pointer(0, 0, 0)],
    )
    .await;
    assert_eq!(timeout(LIMIT, heard.recv()).await.unwrap(), None);
}
