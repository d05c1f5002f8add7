//! Sessions with a real X server.

use super::{impatient, patient};
use crate::desktop::XServer;
use mosdat::{
    driver::vnc::VncSession,
    model::{Button, Chord, Frame, FrameCause, FrameSeq, Keyboard, Point, Rect, Timestamp},
    port::{Input, Screen, ScreenAddress, ScreenError},
};
use std::{
    io::{Read, Write},
    time::Duration,
};

const LIMIT: Duration = Duration::from_secs(30);

async fn dial(server: &XServer) -> VncSession {
    let address = ScreenAddress::Tcp(server.address());
    patient().open(&address).await.unwrap()
}

/// Waits for a frame that fits; frames before it may be anything.
async fn frame_where(screen: &VncSession, fits: impl Fn(&Frame) -> bool) -> Frame {
    let mut frame = screen.frame().await.unwrap();
    let wait = async {
        while !fits(&frame) {
            frame = screen.changed(frame.seq).await.unwrap();
        }
        frame
    };
    let waited = tokio::time::timeout(LIMIT, wait).await;
    waited.expect("such a frame comes")
}

fn pixel(frame: &Frame, x: usize, y: usize) -> [u8; 4] {
    let at = (y * frame.width as usize + x) * 4;
    frame.rgba[at..at + 4].try_into().unwrap()
}

fn is_filled(frame: &Frame, colour: [u8; 4]) -> bool {
    frame.rgba.chunks_exact(4).all(|pixel| pixel == colour)
}

#[tokio::test]
async fn the_first_frame_is_the_whole_screen_and_opaque() {
    let server = XServer::start(320, 200);
    server.fill(0x0012_3456);
    let screen = dial(&server).await;
    let frame = screen.frame().await.unwrap();
    assert_eq!((frame.width, frame.height), (320, 200));
    assert_eq!(frame.cause, FrameCause::Connected);
    assert_eq!(frame.seq, FrameSeq(1));
    assert_eq!(frame.at, Timestamp(43_200_000));
    frame_where(&screen, |frame| is_filled(frame, [0x12, 0x34, 0x56, 255])).await;
}

#[tokio::test]
async fn a_change_wakes_whoever_waits_and_says_where_it_was() {
    let server = XServer::start(320, 200);
    let screen = dial(&server).await;
    let red = [255, 0, 0, 255];
    let before = frame_where(&screen, |frame| is_filled(frame, [0, 0, 0, 255])).await;
    server.fill(0x00ff_0000);
    let after = frame_where(&screen, |frame| is_filled(frame, red)).await;
    assert!(after.seq > before.seq);
    assert_eq!(after.cause, FrameCause::Damage);
    let held = screen.changed(before.seq).await.unwrap();
    let area: i32 = held
        .damage
        .iter()
        .map(|rect| rect.width * rect.height)
        .sum();
    assert!(area >= 320 * 200, "{:?}", held.damage);
    assert!(
        is_filled(&before, [0, 0, 0, 255]),
        "a held frame never changes"
    );
}

#[tokio::test]
async fn a_still_screen_makes_no_frames_however_often_the_server_is_asked() {
    let server = XServer::start(64, 48);
    let screen = dial(&server).await;
    let first = frame_where(&screen, |frame| is_filled(frame, [0, 0, 0, 255])).await;
    let more = tokio::time::timeout(Duration::from_millis(900), screen.changed(first.seq)).await;
    assert!(more.is_err(), "{more:?}");
    assert_eq!(screen.frame().await.unwrap(), first);
}

#[tokio::test]
async fn typed_text_arrives_as_it_was_written() {
    let mut server = XServer::start(640, 300);
    let screen = dial(&server).await;
    let folder = tempfile::tempdir().unwrap();
    let typed = folder.path().join("typed");
    let line = format!(
        "stty -echo; head -n1 > {0}.part; mv {0}.part {0}",
        typed.display()
    );
    let blank = screen.frame().await.unwrap();
    server.spawn(
        "xterm",
        &["-geometry", "80x10+0+0", "-e", "sh", "-c", &line],
    );
    // Its background is white, its border comes first.
    let white = |frame: &Frame| pixel(frame, 300, 100) == [255; 4];
    let frame = frame_where(&screen, white).await;
    assert!(frame.seq > blank.seq);
    let mut inputs = vec![Input::Move(Point { x: 300, y: 100 })];
    let (us, erase) = (Keyboard::default(), Chord::parse("ctrl+w").unwrap());
    let text = "The Quick brown_fox: {jumps} ~!@#$%^&*() 0123456789 AAaaBBbb?";
    inputs.extend(Input::typing(text, us).unwrap());
    // Undone at once: a word is put there and erased with a chord.
    inputs.extend(Input::typing(" wrong", us).unwrap());
    inputs.extend(Input::pressing(&erase, us).unwrap());
    inputs.extend(Input::typing("\n", us).unwrap());
    screen.send(&inputs).await.unwrap();
    let wait = async {
        while !typed.exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LIMIT, wait).await.unwrap();
    assert_eq!(std::fs::read_to_string(typed).unwrap().trim_end(), text);
}

#[tokio::test]
async fn the_pointer_and_its_buttons_reach_programs() {
    let mut server = XServer::start(400, 300);
    let screen = dial(&server).await;
    let folder = tempfile::tempdir().unwrap();
    let pressed = folder.path().join("pressed");
    let buttons = [
        "-buttons",
        "left:10,right:20",
        "-geometry",
        "+0+0",
        "pick one",
    ];
    let line = format!(
        "xmessage {} '{}'; echo $? > {}",
        buttons[..4].join(" "),
        buttons[4],
        pressed.display()
    );
    let before = screen.frame().await.unwrap();
    server.spawn("sh", &["-c", &line]);
    let shown = frame_where(&screen, |frame| {
        let drawn = frame
            .rgba
            .chunks_exact(4)
            .filter(|pixel| *pixel == [0, 0, 0, 255]);
        frame.seq > before.seq && drawn.count() < 400 * 300 - 2000
    });
    shown.await;
    // The buttons' places depend on fonts: whichever is under the first hit of a raster ends it.
    let wait = async {
        for y in (0..120).step_by(4).cycle() {
            for x in [20, 70] {
                let click = Input::clicking(Point { x, y }, Button::Left, 1);
                screen.send(&click).await.unwrap();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
            if pressed.exists() {
                return;
            }
        }
    };
    tokio::time::timeout(LIMIT, wait).await.unwrap();
}

#[tokio::test]
async fn a_place_outside_the_screen_is_refused_and_nothing_is_sent() {
    let server = XServer::start(64, 48);
    let screen = dial(&server).await;
    let outside = Point { x: 64, y: 0 };
    let inputs = [Input::KeyDown(0xffe3), Input::Move(outside)];
    let err = screen.send(&inputs).await.unwrap_err();
    let expected = ScreenError::Outside {
        what: Rect {
            x: 64,
            y: 0,
            width: 1,
            height: 1,
        },
        size: (64, 48),
    };
    assert_eq!(err, expected);
    assert!(screen.frame().await.is_ok(), "the session goes on");
}

/// Asks a server for another size, as another client.
fn resize(port: u16, width: u16, height: u16) {
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    let skip = |stream: &mut std::net::TcpStream, length| {
        let mut bytes = vec![0; length];
        stream.read_exact(&mut bytes).unwrap();
        bytes
    };
    skip(&mut stream, 12);
    stream.write_all(b"RFB 003.008\n").unwrap();
    let kinds = skip(&mut stream, 1)[0];
    skip(&mut stream, kinds.into());
    stream.write_all(&[1]).unwrap();
    skip(&mut stream, 4);
    stream.write_all(&[1]).unwrap();
    let init = skip(&mut stream, 24);
    skip(&mut stream, init[23].into());
    // The encoding that says that this client knows about sizes, then the size, with one monitor.
    stream.write_all(&[2, 0, 0, 1]).unwrap();
    stream.write_all(&(-308_i32).to_be_bytes()).unwrap();
    let [w, x] = width.to_be_bytes();
    let [h, y] = height.to_be_bytes();
    stream.write_all(&[251, 0, w, x, h, y, 1, 0]).unwrap();
    let monitor = [0, 0, 0, 0, 0, 0, 0, 0, w, x, h, y, 0, 0, 0, 0];
    stream.write_all(&monitor).unwrap();
    // The answer comes with the next update.
    stream.write_all(&[3, 1, 0, 0, 0, 0, 0, 1, 0, 1]).unwrap();
    skip(&mut stream, 4);
}

#[tokio::test]
async fn a_screen_of_another_size_is_a_new_picture() {
    let server = XServer::start(640, 480);
    server.fill(0x0000_ff00);
    let screen = dial(&server).await;
    let green = [0, 255, 0, 255];
    let old = frame_where(&screen, |frame| is_filled(frame, green)).await;
    resize(server.port, 800, 600);
    let new = frame_where(&screen, |frame| frame.cause == FrameCause::Resized).await;
    assert_eq!((new.width, new.height), (800, 600));
    assert_eq!(new.rgba.len(), 800 * 600 * 4);
    assert_eq!((old.width, old.height), (640, 480));
    let since_old = screen.changed(old.seq).await.unwrap();
    let whole = Rect {
        x: 0,
        y: 0,
        width: 800,
        height: 600,
    };
    assert!(since_old.damage.contains(&whole), "{:?}", since_old.damage);
    // The new part can be pointed at, and changes are seen in it.
    let corner = Input::Move(Point { x: 799, y: 599 });
    screen.send(&[corner]).await.unwrap();
    server.fill(0x0000_00ff);
    frame_where(&screen, |frame| is_filled(frame, [0, 0, 255, 255])).await;
}

#[tokio::test]
async fn a_server_that_dies_ends_the_session_at_once_and_leaves_no_stale_frame() {
    let mut server = XServer::start(64, 48);
    let screen = dial(&server).await;
    server.kill();
    let ended = async {
        loop {
            screen.changed(screen.frame().await?.seq).await?;
        }
    };
    let ended: Result<(), _> = tokio::time::timeout(LIMIT, ended).await.unwrap();
    assert_eq!(ended, Err(ScreenError::Closed));
    assert_eq!(screen.frame().await, Err(ScreenError::Closed));
    assert_eq!(screen.send(&[]).await, Err(ScreenError::Closed));
    assert_eq!(screen.release_all().await, Err(ScreenError::Closed));
}

#[tokio::test]
async fn a_server_that_stands_still_has_stalled() {
    let server = XServer::start(64, 48);
    let address = ScreenAddress::Tcp(server.address());
    let screen = impatient().open(&address).await.unwrap();
    let pid = rustix::process::Pid::from_raw(server.pid.cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    let ended = tokio::time::timeout(LIMIT, async {
        let mut seq = FrameSeq(0);
        loop {
            seq = screen.changed(seq).await?.seq;
        }
    });
    let ended: Result<(), _> = ended.await.unwrap();
    let err = ended.unwrap_err();
    assert!(matches!(err, ScreenError::Stalled { .. }), "{err}");
}

#[tokio::test]
async fn passwords_are_given_when_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    // "secret", with the fixed key that VNC servers keep passwords by.
    std::fs::write(&file, [0x2e, 0x2d, 0xbf, 0x57, 0x6e, 0xb0, 0x6c, 0x9e]).unwrap();
    let path = file.to_str().unwrap();
    let security = ["-SecurityTypes", "VncAuth", "-PasswordFile", path];
    let server = XServer::start_with(64, 48, &security);
    let address = ScreenAddress::Tcp(server.address());
    let refused = ScreenError::Password {
        address: server.address().to_string(),
    };
    assert_eq!(patient().open(&address).await.unwrap_err(), refused);
    let wrong = patient().with_password(mosdat::model::Secret::new("guess"));
    assert_eq!(wrong.open(&address).await.unwrap_err(), refused);
    let right = patient().with_password(mosdat::model::Secret::new("secret"));
    assert!(right.open(&address).await.is_ok());
}
