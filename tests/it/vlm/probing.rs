//! The probe: a model that can be used is told from one that cannot, and what has to be said of it.

use super::{
    World, config,
    server::{Form, Model, Order, Reply, Server, Units},
    settings,
};
use mosdat::{
    driver::vlm::{ProbeReport, probe},
    model::{Coordinates, Shape, VlmSettings},
    port::{Health, VisionError},
};

/// A model that knows what is on the picture of the probe.
pub(super) fn model(name: &str) -> Model {
    Model::named(name)
        .thing("the red rectangle", [215, 25, 30])
        .thing("the green rectangle", [20, 150, 60])
        .thing("the blue rectangle", [25, 60, 200])
        .thing("the yellow rectangle", [245, 205, 20])
        .thing("the black rectangle", [10, 10, 10])
        .thing("the purple rectangle", [128, 0, 128])
        .riddle("this computer has been switched on for more than a week")
}

async fn probed(settings: VlmSettings) -> Result<ProbeReport, VisionError> {
    let dir = tempfile::tempdir().unwrap();
    let report = probe(config(settings, dir.path())).await;
    assert!(
        !dir.path().join("cache").exists(),
        "the probe remembers nothing"
    );
    report
}

fn about<'a>(report: &'a ProbeReport, what: &str) -> (Health, &'a str) {
    let found = report.checks.iter().find(|check| check.what == what);
    let found = found.unwrap_or_else(|| panic!("nothing about {what}: {report:#?}"));
    (found.health, &found.detail)
}

fn telling(server: &Server, name: &str, shape: Shape) -> VlmSettings {
    let mut all = Coordinates::ALL.iter();
    VlmSettings {
        coordinates: all.find(|(known, _)| *known == name).map(|it| it.1),
        shape: Some(shape),
        ..settings(&[server], "any")
    }
}

/// Probes a model with wrong settings, then with those that the probe named.
async fn check(way: (Units, Order, Form), wrong: (&str, Shape), right: (&str, Shape)) {
    let server = model("any").tells(way.0, way.1, way.2).start().await;
    let report = probed(telling(&server, wrong.0, wrong.1)).await.unwrap();
    assert!(!report.is_good());
    let (health, detail) = about(&report, "places");
    assert_eq!(health, Health::Bad);
    let shape = right.1.as_str();
    let remedy = format!(
        "`coordinates = \"{}\"` and `answers = \"{shape}\"`",
        right.0
    );
    assert!(detail.contains(&remedy), "{detail}");
    let report = probed(telling(&server, right.0, right.1)).await.unwrap();
    assert!(report.is_good(), "{report:#?}");
    assert!(about(&report, "places").1.contains("as expected"));
}

#[tokio::test]
async fn points_in_pixels_are_told_from_others() {
    let way = (Units::Pixels, Order::Xy, Form::Point);
    check(way, ("thousandths", Shape::Point), ("pixels", Shape::Point)).await;
}

#[tokio::test]
async fn boxes_in_thousandths_with_y_first_are_told_from_others() {
    let way = (Units::Thousandths, Order::Yx, Form::Box);
    check(
        way,
        ("thousandths", Shape::Box),
        ("thousandths-yx", Shape::Box),
    )
    .await;
}

#[tokio::test]
async fn fractions_are_told_from_others() {
    let way = (Units::Fractions, Order::Xy, Form::Point);
    check(way, ("pixels", Shape::Box), ("fractions", Shape::Point)).await;
}

#[tokio::test]
async fn a_server_that_shrinks_pictures_is_found_out() {
    let units = Units::ShrunkPixels(1_003_520);
    let server = model("any")
        .tells(units, Order::Xy, Form::Box)
        .start()
        .await;
    let report = probed(telling(&server, "pixels", Shape::Box))
        .await
        .unwrap();
    let (health, detail) = about(&report, "places");
    assert_eq!(health, Health::Bad);
    let (_, number) = detail.split_once("`max_pixels = ").unwrap();
    let most: u64 = number.split('`').next().unwrap().parse().unwrap();
    assert!((995_000..=1_003_520).contains(&most), "{detail}");
    let report = probed(VlmSettings {
        max_pixels: Some(most),
        ..telling(&server, "pixels", Shape::Box)
    });
    assert!(report.await.unwrap().is_good());
}

#[tokio::test]
async fn a_model_that_nobody_knows_is_not_good_before_the_plan_file_says_how_it_tells() {
    let server = model("any").start().await;
    let report = probed(settings(&[&server], "any")).await.unwrap();
    let (health, detail) = about(&report, "places");
    assert_eq!(health, Health::Bad);
    assert!(
        detail.contains("`coordinates = \"thousandths\"`"),
        "{detail}"
    );
}

#[tokio::test]
async fn what_fits_nothing_and_what_lies_is_bad() {
    let server = model("holo3").start().await;
    server.next([const { Reply::Wrong }; 20]);
    let report = probed(settings(&[&server], "holo3")).await.unwrap();
    assert!(!report.is_good());
    let (health, detail) = about(&report, "places");
    assert_eq!(health, Health::Bad);
    assert!(detail.contains("no convention fits"), "{detail}");
    for what in [
        "a right statement",
        "a wrong statement",
        "an impossible one",
    ] {
        assert_eq!(about(&report, what).0, Health::Bad, "{what}");
    }
}

#[tokio::test]
async fn a_model_that_tells_nothing_is_bad() {
    let server = model("holo3").start().await;
    server.next([const { Reply::CutOff(String::new()) }; 10]);
    let report = probed(settings(&[&server], "holo3")).await.unwrap();
    let (health, detail) = about(&report, "places");
    assert_eq!(health, Health::Bad);
    assert!(detail.contains("[0, 0] marks"), "{detail}");
}

#[tokio::test]
async fn a_model_that_points_at_what_is_not_there_is_doubtful() {
    let server = model("holo3").points_anyway().start().await;
    let report = probed(settings(&[&server], "holo3")).await.unwrap();
    assert!(report.is_good());
    assert_eq!(about(&report, "what is not there").0, Health::Doubtful);
    assert_eq!(about(&report, &server.url()).0, Health::Good);
}

#[tokio::test]
async fn a_model_that_cannot_be_asked_is_an_error() {
    let server = model("other").start().await;
    let err = probed(settings(&[&server], "holo3")).await.unwrap_err();
    assert!(matches!(err, VisionError::Refused { .. }), "{err}");
    // And the driver itself says the same.
    let world = World::new(settings(&[&server], "holo3"));
    let frame = super::with_button();
    let view = mosdat::port::View::of(&frame);
    assert!(matches!(
        world.judge(&view).await,
        Err(VisionError::Refused { .. })
    ));
}
