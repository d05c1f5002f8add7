//! Endpoints that fail, and what is done then.

use super::{World, limits, model, server::Reply, settings, with_button, without_button};
use mosdat::{
    driver::vlm::{VlmConfig, VlmLimits},
    model::{Answer, Secret, VlmSettings},
    port::{View, VisionError},
};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// An address where nobody listens.
async fn nobody() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    format!("http://{}/v1", listener.local_addr().unwrap())
}

fn impatient(config: &mut VlmConfig) {
    config.limits = VlmLimits {
        answer: Duration::from_secs(1),
        total: Duration::from_secs(4),
        ..limits()
    };
}

#[tokio::test]
async fn the_next_endpoint_answers_when_one_does_not_and_is_asked_first_from_then_on() {
    for fault in [
        Reply::Status(500),
        Reply::Status(503),
        Reply::Status(408),
        Reply::Busy { seconds: 3600 },
        Reply::Broken,
        Reply::Silent,
    ] {
        let (one, two) = (model("large").start().await, model("large").start().await);
        let world = World::with(settings(&[&one, &two], "large"), impatient);
        one.next([fault.clone()]);
        assert_eq!(world.answer(&with_button()).await, Answer::Yes, "{fault:?}");
        assert_eq!((one.asked().len(), two.asked().len()), (1, 1), "{fault:?}");
        assert_eq!(
            world.answer(&without_button()).await,
            Answer::No,
            "{fault:?}"
        );
        assert_eq!((one.asked().len(), two.asked().len()), (1, 2), "{fault:?}");
    }
}

#[tokio::test]
async fn where_nobody_listens_nobody_is_waited_for() {
    let server = model("large").start().await;
    let mut settings = settings(&[&server], "large");
    settings.endpoints.insert(0, nobody().await);
    let world = World::new(settings);
    assert_eq!(world.answer(&with_button()).await, Answer::Yes);
}

#[tokio::test]
async fn one_endpoint_is_tried_again() {
    for fault in [Reply::Status(502), Reply::Broken] {
        let server = model("large").start().await;
        let world = World::new(settings(&[&server], "large"));
        server.next([fault.clone(), fault.clone()]);
        assert_eq!(world.answer(&with_button()).await, Answer::Yes, "{fault:?}");
        assert_eq!(server.asked().len(), 3, "{fault:?}");
    }
}

#[tokio::test]
async fn a_busy_endpoint_is_left_alone_for_as_long_as_it_says() {
    let server = model("large").start().await;
    let world = World::new(settings(&[&server], "large"));
    server.next([Reply::Busy { seconds: 1 }]);
    let began = Instant::now();
    assert_eq!(world.answer(&with_button()).await, Answer::Yes);
    assert!(began.elapsed() >= Duration::from_secs(1));
    // Longer than anybody may wait: said at once, and not asked before the time is over.
    server.next([Reply::Busy { seconds: 3600 }]);
    for _ in 0..2 {
        let err = world.judge(&View::of(&without_button())).await.unwrap_err();
        assert!(
            matches!(&err, VisionError::Unreachable { why } if why.contains("429")),
            "{err}"
        );
        assert!(err.is_transient());
    }
    assert!(began.elapsed() < Duration::from_secs(15));
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn what_is_refused_is_refused_at_once() {
    for status in [400, 401, 403, 404, 413] {
        let (one, two) = (model("large").start().await, model("large").start().await);
        let world = World::new(settings(&[&one, &two], "large"));
        one.next([Reply::Status(status), Reply::Status(status)]);
        let err = world.judge(&View::of(&with_button())).await.unwrap_err();
        let VisionError::Refused { endpoint, why } = &err else {
            panic!("{status}: {err}");
        };
        assert_eq!(*endpoint, one.url());
        assert!(why.contains(&status.to_string()), "{why}");
        assert!(why.contains("as the script says"), "{why}");
        assert!(!err.is_transient());
        assert!(two.asked().is_empty());
    }
}

#[tokio::test]
async fn a_dead_endpoint_is_not_awaited_by_every_question() {
    let server = model("large").start().await;
    let world = World::with(settings(&[&server], "large"), impatient);
    server.next([Reply::Silent]);
    let frame = without_button();
    let view = View::of(&frame);
    let err = world.judge(&view).await.unwrap_err();
    let endpoint = server.url();
    let limit = Duration::from_secs(1);
    assert_eq!(err, VisionError::TimedOut { endpoint, limit });
    let began = Instant::now();
    for _ in 0..5 {
        let err = world.judge(&view).await.unwrap_err();
        assert!(
            matches!(&err, VisionError::Unreachable { why } if why.contains("left alone")),
            "{err}"
        );
    }
    assert!(began.elapsed() < Duration::from_secs(1));
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn when_nobody_answers_each_is_named_with_what_it_said() {
    let (one, two) = (model("large").start().await, model("large").start().await);
    let nobody = nobody().await;
    let mut settings = settings(&[&one, &two], "large");
    settings.endpoints.push(nobody.clone());
    let world = World::new(settings);
    one.next([Reply::Status(500), Reply::Broken, Reply::Status(502)]);
    two.next([const { Reply::Status(503) }; 3]);
    let err = world.judge(&View::of(&with_button())).await.unwrap_err();
    let VisionError::Unreachable { why } = &err else {
        panic!("{err}");
    };
    for part in [
        &one.url(),
        &two.url(),
        &nobody,
        "502",
        "503",
        "as the script says",
    ] {
        assert!(why.contains(part), "{part}: {why}");
    }
    // All of them rest now, so the next question is over at once.
    world.judge(&View::of(&with_button())).await.unwrap_err();
    assert_eq!((one.asked().len(), two.asked().len()), (3, 3));
}

#[tokio::test]
async fn what_is_no_answer_at_all_is_asked_again_and_then_an_error() {
    let server = model("large").start().await;
    let world = World::new(settings(&[&server], "large"));
    let page = || Reply::Garbage("<html>please sign in</html>");
    server.next([page()]);
    assert_eq!(world.answer(&with_button()).await, Answer::Yes);
    server.next([page(), page()]);
    let err = world.judge(&View::of(&without_button())).await.unwrap_err();
    assert!(
        matches!(&err, VisionError::Malformed { raw, .. } if raw.contains("sign in")),
        "{err}"
    );
    server.next([Reply::Garbage("{\"choices\": []}"), Reply::Garbage("")]);
    let err = world.judge(&View::of(&without_button())).await.unwrap_err();
    assert!(matches!(err, VisionError::Malformed { .. }), "{err}");
}

#[tokio::test]
async fn an_endpoint_has_to_serve_what_is_expected() {
    let (one, two) = (model("small").start().await, model("large").start().await);
    let expecting = |servers: &[&_]| VlmSettings {
        expected_model: Some("large".into()),
        ..settings(servers, "large")
    };
    let world = World::new(expecting(&[&one]));
    let err = world.judge(&View::of(&with_button())).await.unwrap_err();
    assert!(
        matches!(&err, VisionError::Refused { why, .. } if why.contains("it serves small")),
        "{err}"
    );
    let world = World::new(expecting(&[&one, &two]));
    assert_eq!(world.answer(&with_button()).await, Answer::Yes);
    assert!(one.asked().is_empty());
}

#[tokio::test]
async fn the_key_opens_the_door() {
    let server = model("large").key("sesame").start().await;
    let keyless = World::new(settings(&[&server], "large"));
    let err = keyless.judge(&View::of(&with_button())).await.unwrap_err();
    assert!(
        matches!(&err, VisionError::Refused { why, .. } if why.contains("401")),
        "{err}"
    );
    let world = World::with(settings(&[&server], "large"), |config| {
        config.key = Some(Secret::new("sesame"));
    });
    assert_eq!(world.answer(&with_button()).await, Answer::Yes);
}

#[tokio::test]
async fn settings_that_make_no_sense_are_told_by_the_first_question() {
    let err = |settings| async {
        let world = World::new(settings);
        world
            .judge(&View::of(&with_button()))
            .await
            .unwrap_err()
            .to_string()
    };
    let none = VlmSettings::default();
    assert!(err(none.clone()).await.contains("`base_url`"));
    let endpoints = vec!["http://127.0.0.1:9/v1".to_owned()];
    let nameless = VlmSettings { endpoints, ..none };
    assert!(err(nameless).await.contains("`model`"));
}
