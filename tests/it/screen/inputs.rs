//! What reaches a server of what is sent to it.

use super::{
    fake::{Fake, LIMIT, Said, serve},
    patient,
    session::{RED, SIZE, open},
};
use mosdat::{
    model::{Button, FrameSeq, KeyLayout, Keyboard, Point, Wheel},
    port::{Input, Screen, ScreenAddress},
};
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::timeout,
};

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

#[tokio::test]
async fn keys_go_by_their_place_where_that_is_wanted() {
    let (address, mut heard) = listener().await;
    let french = Keyboard::Places(KeyLayout::Fr);
    let screen = patient().open_with(&address, french).await.unwrap();
    assert_eq!(screen.keyboard(), french);
    let (a, omega) = (u32::from('a'), 0x0100_03a9);
    let inputs = [a, omega, 0xffe1].map(Input::KeyDown);
    screen.send(&inputs).await.unwrap();
    screen.release_all().await.unwrap();
    let expected = [
        Said::Place(a, 0x10, true),
        // What has no place is sent as it is.
        Said::Key(omega, true),
        Said::Place(0xffe1, 0x2a, true),
        Said::Place(0xffe1, 0x2a, false),
        Said::Key(omega, false),
        Said::Place(a, 0x10, false),
    ];
    hear(&mut heard, &expected).await;
    screen.send(&[Input::KeyDown(a)]).await.unwrap();
    hear(&mut heard, &[Said::Place(a, 0x10, true)]).await;
    drop(screen);
    hear(&mut heard, &[Said::Place(a, 0x10, false)]).await;
}

#[tokio::test]
async fn the_wheel_turns_with_what_is_held() {
    let (address, mut heard) = listener().await;
    let screen = open(patient(), &address).await.unwrap();
    let inputs = [
        Input::Move(Point { x: 3, y: 4 }),
        Input::Press(Button::Left),
        Input::Scroll(Wheel::Down),
        Input::Scroll(Wheel::Left),
    ];
    screen.send(&inputs).await.unwrap();
    let buttons = [0, 1, 1 | 16, 1, 1 | 32, 1];
    let expected = buttons.map(|buttons| Said::Pointer(3, 4, buttons));
    hear(&mut heard, &expected).await;
    // A notch is not held, so there is nothing of it to let go.
    screen.release_all().await.unwrap();
    hear(&mut heard, &[Said::Pointer(3, 4, 0)]).await;
}
