//! What a real X server makes of keys and the wheel.

use super::patient;
use crate::desktop::XServer;
use mosdat::{
    driver::vnc::VncSession,
    model::{Button, Chord, Point, Wheel},
    port::{Input, Screen, ScreenAddress},
};
use std::time::Duration;
use tokio::time::{sleep, timeout};
use x11rb::{
    connection::Connection as _,
    protocol::{
        Event,
        xproto::{ConnectionExt as _, CreateWindowAux, EventMask, InputFocus, WindowClass},
    },
    rust_connection::RustConnection,
    wrapper::ConnectionExt as _,
};

const LIMIT: Duration = Duration::from_secs(30);

/// What X servers call physical keys.
const CTRL: u8 = 37;
const SHIFT: u8 = 50;
const S: u8 = 39;
const ONE: u8 = 10;

/// A window over the whole screen, which has the focus.
struct Listener(RustConnection);

impl Listener {
    fn on(server: &XServer) -> Self {
        let (connection, screen) = x11rb::connect(Some(&server.display)).unwrap();
        let root = connection.setup().roots[screen].root;
        let window = connection.generate_id().unwrap();
        let mask = EventMask::KEY_PRESS
            | EventMask::KEY_RELEASE
            | EventMask::BUTTON_PRESS
            | EventMask::BUTTON_RELEASE;
        let attributes = CreateWindowAux::new().event_mask(mask).override_redirect(1);
        let (class, depth) = (WindowClass::INPUT_OUTPUT, x11rb::COPY_DEPTH_FROM_PARENT);
        connection
            .create_window(
                depth,
                window,
                root,
                0,
                0,
                400,
                300,
                0,
                class,
                0,
                &attributes,
            )
            .unwrap();
        connection.map_window(window).unwrap();
        connection.sync().unwrap();
        let now = x11rb::CURRENT_TIME;
        connection
            .set_input_focus(InputFocus::PARENT, window, now)
            .unwrap();
        connection.sync().unwrap();
        Self(connection)
    }

    /// Waits for so many events: a key or a button, and whether it went down.
    async fn hear(&self, count: usize) -> Vec<(u8, bool)> {
        let mut heard = Vec::new();
        let hear = async {
            while heard.len() < count {
                match self.0.poll_for_event().unwrap() {
                    Some(Event::KeyPress(event)) => heard.push((event.detail, true)),
                    Some(Event::KeyRelease(event)) => heard.push((event.detail, false)),
                    Some(Event::ButtonPress(event)) => heard.push((event.detail, true)),
                    Some(Event::ButtonRelease(event)) => heard.push((event.detail, false)),
                    Some(_) => {}
                    None => sleep(Duration::from_millis(5)).await,
                }
            }
        };
        let in_time = timeout(LIMIT, hear).await;
        assert!(in_time.is_ok(), "only {heard:?} came");
        heard
    }
}

async fn dial(server: &XServer) -> VncSession {
    let address = ScreenAddress::Tcp(server.address());
    patient().open(&address).await.unwrap()
}

#[tokio::test]
async fn a_chord_with_shift_is_what_a_person_presses() {
    let server = XServer::start(400, 300);
    let listener = Listener::on(&server);
    let screen = dial(&server).await;
    for (text, key) in [("ctrl+shift+s", S), ("ctrl+shift+1", ONE)] {
        let chord = Chord::parse(text).unwrap();
        let inputs = Input::pressing(&chord, screen.keyboard()).unwrap();
        screen.send(&inputs).await.unwrap();
        let down = [CTRL, SHIFT, key].map(|key| (key, true));
        let up = [key, SHIFT, CTRL].map(|key| (key, false));
        // Nothing in between: no shift that the server lets go of and presses again.
        assert_eq!(listener.hear(6).await, [down, up].concat(), "{text}");
    }
}

#[tokio::test]
async fn the_wheel_turns_where_the_pointer_is() {
    let server = XServer::start(400, 300);
    let listener = Listener::on(&server);
    let screen = dial(&server).await;
    let mut inputs = vec![Input::Move(Point { x: 50, y: 60 })];
    for wheel in [Wheel::Up, Wheel::Down, Wheel::Left, Wheel::Right] {
        inputs.extend(Input::scrolling(wheel, 1));
    }
    inputs.extend(Input::scrolling(Wheel::Down, 2));
    screen.send(&inputs).await.unwrap();
    let buttons = [4, 5, 6, 7, 5, 5].map(|button| [(button, true), (button, false)]);
    assert_eq!(listener.hear(12).await, buttons.concat());
}

#[tokio::test]
async fn what_a_panic_leaves_held_is_let_go() {
    let server = XServer::start(400, 300);
    let listener = Listener::on(&server);
    let screen = dial(&server).await;
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        let place = Input::Move(Point { x: 9, y: 9 });
        let held = [place, Input::KeyDown(0xffe3), Input::Press(Button::Left)];
        screen.send(&held).await.unwrap();
        panic!("whoever drives a screen may do this");
    });
    assert!(tasks.join_next().await.unwrap().unwrap_err().is_panic());
    let expected = [(CTRL, true), (1, true), (CTRL, false), (1, false)];
    assert_eq!(listener.hear(4).await, expected);
}

#[tokio::test]
async fn every_character_is_typed_whatever_the_layout() {
    let mut server = XServer::start(640, 300);
    let screen = dial(&server).await;
    let folder = tempfile::tempdir().unwrap();
    let (ready, typed) = (folder.path().join("ready"), folder.path().join("typed"));
    let line = format!(
        "touch {1}; head -n1 > {0}.part; mv {0}.part {0}",
        typed.display(),
        ready.display()
    );
    let geometry = ["-u8", "-geometry", "80x10+0+0"];
    let shell = ["-e", "sh", "-c", &line];
    server.spawn("xterm", &[geometry.as_slice(), &shell].concat());
    until(|| ready.exists()).await;
    let text = "äöüß é ñ Ł € @{}[]~";
    let mut inputs = vec![Input::Move(Point { x: 100, y: 50 })];
    inputs.extend(Input::waking());
    inputs.extend(Input::typing(&format!("{text}\n"), screen.keyboard()).unwrap());
    screen.send(&inputs).await.unwrap();
    until(|| typed.exists()).await;
    assert_eq!(std::fs::read_to_string(typed).unwrap().trim_end(), text);
}

async fn until(ready: impl Fn() -> bool) {
    let wait = async {
        while !ready() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LIMIT, wait).await.unwrap();
}
