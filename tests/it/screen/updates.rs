//! What becomes of the updates that a server sends.

use super::{
    fake::{Fake, LIMIT, Rectangle, Said, serve},
    patient,
    session::{BLUE, RED, SIZE, done, loss, next, open, pixel},
};
use mosdat::{
    model::{FrameCause, FrameSeq, Rect},
    port::{Screen, ScreenError},
};
use tokio::time::timeout;

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
    let first = screen.frame().await.unwrap();
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
    let first = screen.frame().await.unwrap();
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
    let first = screen.frame().await.unwrap();
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
    let first = screen.frame().await.unwrap();
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
    let first = screen.frame().await.unwrap();
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
    let first = screen.frame().await.unwrap();
    let second = next(&screen, &first).await;
    assert_eq!(second.cause, FrameCause::Damage);
    assert_eq!(pixel(&second, 1, 1), [255, 0, 0, 255]);
}
