//! What is asked once and remembered, what is not, and how much may be asked at all.

use super::{
    BLUE, RED, World,
    looking::{desktop, rect},
    model,
    server::{Reply, Server},
    settings, with_button, without_button,
};
use mosdat::{
    model::{Answer, Point, Spot, VlmSettings},
    port::{View, VisionError},
};

fn offline(server: &Server, model: &str) -> VlmSettings {
    VlmSettings {
        offline: true,
        ..settings(&[server], model)
    }
}

#[tokio::test]
async fn what_was_answered_is_not_asked_again_by_anybody() {
    let server = model("holo3").start().await;
    let world = World::new(settings(&[&server], "holo3"));
    let first = world.judge(&View::of(&with_button())).await.unwrap();
    let place = world.locate(&View::of(&with_button())).await.unwrap();
    assert_eq!(world.spot(&without_button()).await, Spot::Absent);
    let asked = server.asked().len();
    let world = world.again(settings(&[&server], "holo3"));
    let again = world.judge(&View::of(&with_button())).await.unwrap();
    assert_eq!((again.answer, &again.why), (Answer::Yes, &first.why));
    assert!(again.asked.is_cached && !first.asked.is_cached);
    assert_eq!(again.asked.raw, first.asked.raw);
    let found = world.locate(&View::of(&with_button())).await.unwrap();
    assert_eq!(found.spot, place.spot);
    assert!(found.asked.is_cached);
    assert_eq!(world.spot(&without_button()).await, Spot::Absent);
    assert_eq!(server.asked().len(), asked);
}

#[tokio::test]
async fn what_may_change_an_answer_has_it_asked_again() {
    let server = model("holo3").and("qwen3-vl").start().await;
    let mut world = World::new(settings(&[&server], "holo3"));
    world.answer(&with_button()).await;
    let mut frame = with_button();
    std::sync::Arc::make_mut(&mut frame.rgba)[0] ^= 1;
    world.answer(&frame).await;
    assert_eq!(server.asked().len(), 2, "one pixel");
    world = world.again(settings(&[&server], "qwen3-vl"));
    world.answer(&with_button()).await;
    assert_eq!(server.asked().len(), 3, "another model");
    world = world.again(VlmSettings {
        max_pixels: Some(100_000),
        ..settings(&[&server], "holo3")
    });
    world.answer(&with_button()).await;
    assert_eq!(server.asked().len(), 4, "another size");
    let other = model("holo3").start().await;
    world = world.again(settings(&[&other], "holo3"));
    world.answer(&with_button()).await;
    assert_eq!(other.asked().len(), 1, "another server");
    world = world.again(VlmSettings {
        cache: false,
        ..settings(&[&server], "holo3")
    });
    world.answer(&with_button()).await;
    assert_eq!(server.asked().len(), 5, "no cache");
}

#[tokio::test]
async fn another_sample_is_another_answer() {
    let server = model("large").start().await;
    let world = World::new(settings(&[&server], "large"));
    let frame = with_button();
    let view = |sample| View {
        sample,
        ..View::of(&frame)
    };
    server.next([Reply::Wrong, Reply::Right]);
    assert_eq!(world.judge(&view(1)).await.unwrap().answer, Answer::No);
    assert_eq!(world.judge(&view(0)).await.unwrap().answer, Answer::Yes);
    assert_eq!(world.judge(&view(1)).await.unwrap().answer, Answer::No);
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn what_is_unclear_or_an_error_is_never_remembered() {
    let server = model("holo3").start().await;
    let world = World::new(settings(&[&server], "holo3"));
    let unclear = || Reply::Says("{\"answer\": \"unclear\", \"seen\": \"fog\"}".into());
    server.next([unclear()]);
    assert_eq!(world.answer(&with_button()).await, Answer::Unclear);
    server.next([Reply::Status(404)]);
    world.judge(&View::of(&with_button())).await.unwrap_err();
    assert_eq!(world.answer(&with_button()).await, Answer::Yes);
    let frame = desktop(960, 640, &[(RED, rect(700, 300, 20, 14))]);
    server.next([Reply::Wrong]);
    assert!(matches!(world.spot(&frame).await, Spot::Unclear(_)));
    assert!(matches!(world.spot(&frame).await, Spot::At { .. }));
}

#[tokio::test]
async fn a_place_is_remembered_for_what_was_shown_wherever_that_is() {
    let server = model("holo3").start().await;
    let world = World::new(settings(&[&server], "holo3"));
    let thing = |x, y| {
        [
            (RED, rect(x + 40, y + 30, 20, 20)),
            (BLUE, rect(x, y, 30, 9)),
        ]
    };
    let spot = async |frame: &_, x, y| {
        let area = Some(rect(x, y, 100, 80));
        let view = View {
            area,
            ..View::of(frame)
        };
        world.locate(&view).await.unwrap()
    };
    let one = desktop(320, 240, &thing(10, 20));
    let first = spot(&one, 10, 20).await;
    let two = desktop(320, 240, &thing(150, 120));
    let second = spot(&two, 150, 120).await;
    assert!(second.asked.is_cached);
    let (Spot::At { point: here, .. }, Spot::At { point: there, .. }) = (first.spot, second.spot)
    else {
        panic!("both are there");
    };
    let moved = Point {
        x: here.x + 140,
        y: here.y + 100,
    };
    assert_eq!(there, moved);
}

#[tokio::test]
async fn offline_only_what_is_remembered_is_answered() {
    let server = model("holo3").start().await;
    let world = World::new(settings(&[&server], "holo3"));
    world.answer(&with_button()).await;
    let asked = server.asked().len();
    let world = world.again(offline(&server, "holo3"));
    assert_eq!(world.answer(&with_button()).await, Answer::Yes);
    let frame = with_button();
    let located = world.locate(&View::of(&frame)).await;
    assert_eq!(located, Err(VisionError::Offline));
    let frame = without_button();
    assert_eq!(
        world.judge(&View::of(&frame)).await,
        Err(VisionError::Offline)
    );
    assert_eq!(server.asked().len(), asked);
}

#[tokio::test]
async fn a_run_asks_no_more_than_its_budget() {
    let server = model("large").start().await;
    let world = World::new(VlmSettings {
        budget: 3,
        ..settings(&[&server], "large")
    });
    // A retry by the transport is no question of its own, one that has to be asked again is.
    server.next([Reply::Status(500), Reply::Right, Reply::Says("hm".into())]);
    assert_eq!(world.answer(&with_button()).await, Answer::Yes);
    assert_eq!(world.answer(&without_button()).await, Answer::No);
    let other = desktop(333, 240, &[]);
    let err = world.judge(&View::of(&other)).await.unwrap_err();
    assert_eq!(err, VisionError::Budget { limit: 3 });
    assert!(!err.is_transient());
    assert_eq!(server.asked().len(), 4);
    // What is remembered costs nothing.
    assert_eq!(world.answer(&with_button()).await, Answer::Yes);
}
