//! What is sent, and what answers come to.

use super::{
    GREEN, RED, SHOWN, World,
    looking::{desktop, rect},
    model,
    server::{Form, Model, Order, Reply, Units},
    settings, with_button, without_button,
};
use mosdat::{
    model::{Answer, Coordinates, Point, Rect, Shape, Spot, VlmSettings},
    port::{View, Vision as _, VisionError},
};

/// How a server tells places, and what plan files call that.
const WAYS: [(Units, Order, Form, &str, Shape); 7] = [
    (Units::Pixels, Order::Xy, Form::Box, "pixels", Shape::Box),
    (
        Units::Pixels,
        Order::Xy,
        Form::Point,
        "pixels",
        Shape::Point,
    ),
    (
        Units::Pixels,
        Order::Yx,
        Form::Point,
        "pixels-yx",
        Shape::Point,
    ),
    (
        Units::Thousandths,
        Order::Xy,
        Form::Point,
        "thousandths",
        Shape::Point,
    ),
    (
        Units::Thousandths,
        Order::Xy,
        Form::Box,
        "thousandths",
        Shape::Box,
    ),
    (
        Units::Thousandths,
        Order::Yx,
        Form::Box,
        "thousandths-yx",
        Shape::Box,
    ),
    (
        Units::Fractions,
        Order::Xy,
        Form::Point,
        "fractions",
        Shape::Point,
    ),
];

fn told_as(settings: VlmSettings, name: &str, shape: Shape) -> VlmSettings {
    let mut all = Coordinates::ALL.iter();
    VlmSettings {
        coordinates: all.find(|(known, _)| *known == name).map(|it| it.1),
        shape: Some(shape),
        ..settings
    }
}

fn assert_near(point: Point, thing: Rect, most: i32, about: &str) {
    let middle = thing.center();
    let off = (point.x - middle.x).abs().max((point.y - middle.y).abs());
    assert!(off <= most, "{about}: {point:?} is {off} off {middle:?}");
}

#[tokio::test]
async fn a_thing_is_found_in_every_convention_to_the_pixel() {
    let things = [
        rect(3, 2, 9, 9),
        rect(363, 190, 30, 18),
        rect(180, 90, 101, 77),
    ];
    for (units, order, form, name, shape) in WAYS {
        let server = model("any").tells(units, order, form).multiple(28);
        let server = server.start().await;
        for thing in things {
            // No side is a multiple of anything, so that what is sent is never what is shown.
            let frame = desktop(401, 223, &[(RED, thing)]);
            let world = World::new(told_as(settings(&[&server], "any"), name, shape));
            let located = world.locate(&View::of(&frame)).await.unwrap();
            let about = format!("{name} {form:?} {thing}");
            let Spot::At { point, area } = located.spot else {
                panic!("{about}: {located:?}");
            };
            assert_near(point, thing, 1, &about);
            assert_eq!(area.is_some(), form == Form::Box, "{about}");
            if let Some(area) = area {
                let near = |one: i32, other: i32| (one - other).abs() <= 2;
                assert!(
                    near(area.x, thing.x) && near(area.width, thing.width),
                    "{about} {area}"
                );
                assert!(
                    near(area.y, thing.y) && near(area.height, thing.height),
                    "{about} {area}"
                );
            }
        }
    }
}

#[tokio::test]
async fn the_wrong_convention_finds_nothing_rather_than_something_else() {
    // What each server tells is read as something else, on the picture or off it.
    let thing = rect(280, 160, 40, 30);
    let frame = desktop(401, 223, &[(RED, thing)]);
    for (units, order, form, own, shape) in WAYS {
        let server = model("any").tells(units, order, form).start().await;
        for (name, _) in Coordinates::ALL {
            let is_right = name == own
                || (form == Form::Point
                    && name.split('-').next() == own.split('-').next()
                    && order == Order::Xy);
            if is_right {
                continue;
            }
            let world = World::new(told_as(settings(&[&server], "any"), name, shape));
            let spot = world.spot(&frame).await;
            assert!(
                matches!(spot, Spot::Unclear(_)),
                "{own} as {name} {form:?}: {spot:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_family_is_known_by_its_models_name() {
    for (name, units, order, form, multiple) in [
        (
            "Qwen/Qwen2.5-VL-7B-Instruct",
            Units::Pixels,
            Order::Xy,
            Form::Box,
            28,
        ),
        ("qwen3-vl-8b", Units::Thousandths, Order::Xy, Form::Box, 32),
        ("gemini-pro", Units::Thousandths, Order::Yx, Form::Box, 1),
        ("claude-any", Units::Pixels, Order::Xy, Form::Point, 28),
        ("moondream2", Units::Fractions, Order::Xy, Form::Point, 1),
    ] {
        let server = model(name).tells(units, order, form).multiple(multiple);
        let server = server.start().await;
        let thing = rect(300, 150, 20, 20);
        let frame = desktop(450, 310, &[(RED, thing)]);
        let world = World::new(settings(&[&server], name));
        match world.spot(&frame).await {
            Spot::At { point, .. } => assert_near(point, thing, 1, name),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_model_that_nobody_knows_is_not_asked_where() {
    let server = model("small").start().await;
    let world = World::new(settings(&[&server], "small"));
    let err = world.locate(&View::of(&with_button())).await.unwrap_err();
    assert!(
        matches!(&err, VisionError::Unusable { why } if why.contains("vlm probe")),
        "{err}"
    );
    assert!(!err.is_transient());
    assert_eq!(world.answer(&with_button()).await, Answer::Yes);
}

#[tokio::test]
async fn what_is_not_there_is_absent() {
    let server = model("qwen3-vl").start().await;
    let world = World::new(settings(&[&server], "qwen3-vl"));
    assert_eq!(world.spot(&without_button()).await, Spot::Absent);
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_small_thing_is_looked_at_again_closer_and_a_large_one_is_not() {
    let server = model("qwen3-vl").tells(Units::Thousandths, Order::Xy, Form::Box);
    let server = server.multiple(32).start().await;
    let world = World::new(settings(&[&server], "qwen3-vl"));
    let small = desktop(800, 448, &[(RED, rect(600, 200, 20, 14))]);
    assert!(matches!(world.spot(&small).await, Spot::At { .. }));
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].size, (800, 448));
    // 320 x 256 of it, enlarged to as many pixels.
    assert_eq!(asked[1].size, (672, 544));
    assert_ne!(asked[0].text, asked[1].text);
    let large = desktop(800, 448, &[(RED, rect(400, 200, 200, 100))]);
    assert!(matches!(world.spot(&large).await, Spot::At { .. }));
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn two_looks_that_do_not_agree_are_unclear() {
    let frame = desktop(800, 448, &[(RED, rect(600, 200, 20, 14))]);
    for (first, second) in [
        (Reply::Wrong, Reply::Right),
        (Reply::Beside(0.05, 0.0), Reply::Right),
        (Reply::Right, Reply::Beside(0.2, 0.0)),
        (Reply::Right, Reply::Says("{\"found\": false}".into())),
        (Reply::Right, Reply::Says("somewhere".into())),
    ] {
        let server = model("qwen3-vl").start().await;
        let world = World::new(settings(&[&server], "qwen3-vl"));
        server.next([first.clone(), second.clone()]);
        if second == Reply::Says("somewhere".into()) {
            server.next([second.clone(), second.clone()]);
        }
        let spot = world.spot(&frame).await;
        assert!(
            matches!(spot, Spot::Unclear(_)),
            "{first:?} {second:?}: {spot:?}"
        );
    }
}

#[tokio::test]
async fn a_place_that_cannot_be_read_is_asked_for_again_and_then_unclear() {
    let bad = [
        "",
        "somewhere",
        "{\"found\": true}",
        "{\"found\": true, \"x\": 5000, \"y\": 3}",
        "{\"x\": 0.3, \"y\": 0.4}",
        "<think>{\"x\": 1, \"y\": 2}",
    ];
    for text in bad {
        let server = model("holo3").start().await;
        let world = World::new(settings(&[&server], "holo3"));
        let says = || Reply::Says(text.into());
        server.next([says(), says()]);
        let spot = world.spot(&with_button()).await;
        assert!(matches!(spot, Spot::At { .. }), "{text}: {spot:?}");
        server.next([says(), says(), says()]);
        let other = desktop(330, 240, &[(RED, rect(100, 100, 20, 20))]);
        let spot = world.spot(&other).await;
        assert!(matches!(spot, Spot::Unclear(_)), "{text}: {spot:?}");
    }
}

#[tokio::test]
async fn a_model_that_only_points_is_asked_only_when_another_has_seen_something() {
    let server = model("holo2-4b").and("qwen3-vl").points_anyway();
    let server = server.start().await;
    let alone = World::new(settings(&[&server], "holo2-4b"));
    for err in [
        alone
            .locate(&View::of(&without_button()))
            .await
            .unwrap_err(),
        alone.judge(&View::of(&without_button())).await.unwrap_err(),
    ] {
        assert!(
            matches!(&err, VisionError::Unusable { why } if why.contains("verify_model")),
            "{err}"
        );
    }
    assert!(server.asked().is_empty());
    let world = World::new(VlmSettings {
        verify_model: Some("qwen3-vl".into()),
        ..settings(&[&server], "holo2-4b")
    });
    assert_eq!(world.spot(&without_button()).await, Spot::Absent);
    assert!(server.asked().iter().all(|asked| asked.model == "qwen3-vl"));
    assert!(matches!(world.spot(&with_button()).await, Spot::At { .. }));
    let asked = server.asked();
    assert_eq!(asked.last().unwrap().model, "holo2-4b");
    server.next([Reply::Says("{\"answer\": \"unclear\"}".into())]);
    let other = desktop(330, 240, &[]);
    assert!(matches!(world.spot(&other).await, Spot::Unclear(_)));
}

#[tokio::test]
async fn a_statement_is_judged_by_the_model_for_that() {
    let server = model("holo2-4b").and("large").start().await;
    let world = World::new(VlmSettings {
        verify_model: Some("large".into()),
        max_tokens_floor: 4096,
        ..settings(&[&server], "holo2-4b")
    });
    let judged = world.judge(&View::of(&with_button())).await.unwrap();
    assert_eq!(judged.answer, Answer::Yes);
    assert_eq!(judged.why, "what is shown");
    assert_eq!(judged.asked.model, "large");
    assert!(
        judged.asked.raw.contains("\"answer\":\"yes\""),
        "{judged:?}"
    );
    assert!(!judged.asked.is_cached);
    assert_eq!(world.answer(&without_button()).await, Answer::No);
    let asked = server.asked();
    assert_eq!(asked[0].max_tokens, 4096);
    assert!(asked[0].has_form);
    assert!(asked[0].text.contains(SHOWN));
}

#[tokio::test]
async fn what_is_neither_yes_nor_no_is_asked_again_and_then_unclear_never_no() {
    for text in [
        "",
        "not really",
        "I do not know",
        "none of it",
        "{\"answer\": \"maybe\"}",
        "{\"answer\": \"no\", \"answer\": \"yes\"}",
        "{\"answer\": \"n",
        "<think>no. no. no",
    ] {
        let server = model("large").start().await;
        let world = World::new(settings(&[&server], "large"));
        let says = || Reply::Says(text.into());
        server.next([says()]);
        assert_eq!(world.answer(&with_button()).await, Answer::Yes, "{text}");
        server.next([says(), says()]);
        let judged = world.judge(&View::of(&without_button())).await.unwrap();
        assert_eq!(judged.answer, Answer::Unclear, "{text}");
        assert!(judged.why.contains("neither yes nor no"), "{judged:?}");
        assert_eq!(server.asked().len(), 4, "{text}");
    }
}

#[tokio::test]
async fn thoughts_are_no_answer_and_neither_is_what_was_cut_off() {
    let server = model("large").start().await;
    let world = World::new(settings(&[&server], "large"));
    server.next([Reply::Thinks]);
    assert_eq!(world.answer(&with_button()).await, Answer::Yes);
    let cut = || Reply::CutOff("No".into());
    server.next([cut(), cut()]);
    assert_eq!(world.answer(&without_button()).await, Answer::Unclear);
}

#[tokio::test]
async fn a_server_without_forms_is_asked_in_words() {
    let server = model("holo3").without_forms().start().await;
    let world = World::new(settings(&[&server], "holo3"));
    assert_eq!(world.answer(&with_button()).await, Answer::Yes);
    assert!(matches!(world.spot(&with_button()).await, Spot::At { .. }));
    assert!(server.asked().iter().all(|asked| !asked.has_form));
}

#[tokio::test]
async fn what_is_hidden_is_not_sent_and_the_rest_is() {
    let server = model("holo3").never_shows(GREEN).start().await;
    let world = World::new(settings(&[&server], "holo3"));
    let secret = rect(60, 200, 101, 9);
    let frame = desktop(320, 240, &[(RED, rect(200, 60, 24, 16)), (GREEN, secret)]);
    let hidden = [secret];
    let view = View {
        hidden: &hidden,
        ..View::of(&frame)
    };
    assert_eq!(world.judge(&view).await.unwrap().answer, Answer::Yes);
    let spot = world.locate(&view).await.unwrap().spot;
    assert!(matches!(spot, Spot::At { .. }), "{spot:?}");
    assert!(server.complaints().is_empty());
    // The model does see what is not hidden: the check above can fail.
    assert!(world.judge(&View::of(&frame)).await.is_err());
    assert_eq!(server.complaints().len(), 1);
}

#[tokio::test]
async fn only_the_area_that_counts_is_shown_and_places_are_those_of_the_frame() {
    let server = model("qwen3-vl").multiple(32).start().await;
    let world = World::new(settings(&[&server], "qwen3-vl"));
    let (inside, outside) = (rect(400, 300, 20, 20), rect(20, 20, 50, 50));
    let frame = desktop(640, 480, &[(RED, inside), (GREEN, outside)]);
    let area = |area| View {
        area: Some(area),
        ..View::of(&frame)
    };
    let located = world.locate(&area(rect(350, 250, 160, 96))).await.unwrap();
    let Spot::At { point, .. } = located.spot else {
        panic!("{located:?}");
    };
    assert_near(point, inside, 1, "in the area");
    assert_eq!(server.asked()[0].size, (160, 96));
    let elsewhere = world.locate(&area(rect(0, 0, 160, 96))).await.unwrap();
    assert_eq!(elsewhere.spot, Spot::Absent);
    let nowhere = area(rect(640, 0, 10, 10));
    let judged = world.judge(&nowhere).await.unwrap();
    assert_eq!(judged.answer, Answer::Unclear);
    let spot = world.locate(&nowhere).await.unwrap().spot;
    assert!(matches!(spot, Spot::Unclear(_)));
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn secrets_leave_in_no_question_and_stand_in_no_log() {
    let server = Model::named("large").secret("hunter2").secret("sesame");
    let server = server
        .key("sesame-1")
        .shows("the field shows (secret)", RED);
    let server = server.start().await;
    let world = World::with(settings(&[&server], "large"), |config| {
        config.key = Some(mosdat::model::Secret::new("sesame-1"));
    });
    let (frame, text) = (with_button(), "the field shows hunter2");
    let judged = world.vlm.judge(&View::of(&frame), text).await.unwrap();
    assert_eq!(judged.answer, Answer::Yes);
    server.next([Reply::Says(
        "{\"answer\": \"yes\", \"seen\": \"hunter2\"}".into(),
    )]);
    let other = without_button();
    let judged = world.vlm.judge(&View::of(&other), text).await.unwrap();
    assert_eq!(judged.why, "(secret)");
    let said = world.vlm.ask(&View::of(&frame), "is hunter2 there?").await;
    assert_eq!(said, Ok("a picture of 308x252".into()));
    for entry in walk(world.dir.path()) {
        let text = String::from_utf8(std::fs::read(&entry).unwrap()).unwrap();
        assert!(
            !text.contains("hunter2") && !text.contains("sesame"),
            "{entry:?}"
        );
    }
}

fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let (dirs, mut files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    files.extend(dirs.iter().flat_map(|dir| walk(dir)));
    files
}

#[tokio::test]
async fn other_samples_are_asked_with_some_chance_and_a_seed() {
    let server = model("large").start().await;
    let world = World::new(settings(&[&server], "large"));
    let frame = with_button();
    for sample in [0, 1, 2] {
        let view = View {
            sample,
            ..View::of(&frame)
        };
        assert_eq!(world.judge(&view).await.unwrap().answer, Answer::Yes);
    }
    let asked = server.asked();
    let chance: Vec<_> = asked.iter().map(|it| (it.temperature, it.seed)).collect();
    assert_eq!(chance, [(0.0, None), (0.3, Some(1)), (0.3, Some(2))]);
}

#[tokio::test]
async fn every_question_is_written_down() {
    let server = model("holo3").start().await;
    let world = World::new(settings(&[&server], "holo3"));
    world.answer(&with_button()).await;
    world.answer(&with_button()).await;
    server.next([Reply::Status(404)]);
    world.judge(&View::of(&without_button())).await.unwrap_err();
    let log = world.log();
    assert_eq!(log.len(), 3);
    assert_eq!(log[0]["kind"], "judge");
    assert_eq!(log[0]["model"], "holo3");
    assert_eq!(log[0]["endpoint"], server.url());
    assert_eq!(log[0]["sent"], serde_json::json!([320, 256]));
    assert!(log[0]["question"].as_str().unwrap().contains(SHOWN));
    assert!(log[0]["answer"].as_str().unwrap().contains("yes"));
    assert!(log[0]["picture"].as_str().unwrap().starts_with("sha256:"));
    assert_eq!(log[1]["is_cached"], true);
    assert_eq!(log[1]["picture"], log[0]["picture"]);
    assert!(log[2]["error"].as_str().unwrap().contains("404"));
}
