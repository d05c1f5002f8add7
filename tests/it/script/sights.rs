//! What is told of looking: enough to draw it on its picture, and to judge the picture anew.

use super::{Told, desktop::Desktop, play};
use mosdat::model::{Answer, Event, Rect, Sight, SightKind};

const BADGE: &str = "steps: [{verify: {anchor: badge.png}, timeout: 10}]";

/// Returns the sights of the step with this path.
fn sights<'a>(told: &'a Told, wanted: &str) -> &'a [Sight] {
    let mut found = told.events.iter().filter_map(|event| match event {
        Event::Instruction { path, sights, .. } if path == wanted => Some(sights.as_slice()),
        _ => None,
    });
    found.next().expect("the step was told of")
}

#[tokio::test(start_paused = true)]
async fn a_picture_that_is_there_is_told_with_its_place_and_the_files_to_judge_it_anew() {
    let desktop = Desktop::new();
    desktop.change(|state| state.draw(Some((9, 5))));
    let told = play(&desktop, BADGE).await;
    told.passed();
    let [sight] = sights(&told, "1") else {
        panic!("{:?}", told.events);
    };
    assert_eq!(sight.kind, SightKind::Anchor);
    assert_eq!(sight.what, "badge.png");
    assert_eq!((sight.answer, sight.by.as_str()), (Answer::Yes, "exact"));
    assert_eq!(sight.score, Some(1000));
    let Rect { x, y, .. } = sight.place.unwrap();
    assert_eq!((x, y), (9, 5));
    assert!(told.files.contains_key(&sight.picture), "{sight:?}");
    let badge = mosdat::judge::png(&super::badge());
    assert_eq!(told.files.get(&sight.anchor), Some(&badge));
}

#[tokio::test(start_paused = true)]
async fn a_picture_that_is_missing_is_told_with_the_picture_it_was_missed_on() {
    let told = play(&Desktop::new(), BADGE).await;
    told.failed("nowhere on the screen");
    let [sight] = sights(&told, "1") else {
        panic!("{:?}", told.events);
    };
    assert_eq!(sight.answer, Answer::No);
    assert!(sight.why.contains("nowhere"), "{sight:?}");
    assert!(sight.score.is_none_or(|score| score < 1000), "{sight:?}");
    assert!(told.files.contains_key(&sight.picture), "{sight:?}");
}

#[tokio::test(start_paused = true)]
async fn a_target_that_must_be_absent_says_whether_it_is_there_and_not_whether_that_is_good() {
    let absent = "steps: [{verify: {anchor: badge.png, absent: true}, timeout: 10}]";
    let told = play(&Desktop::new(), absent).await;
    told.passed();
    let sight = &sights(&told, "1")[0];
    assert!(sight.is_absent);
    assert_eq!(sight.answer, Answer::No);
}

#[tokio::test(start_paused = true)]
async fn each_step_tells_only_what_it_looked_for_itself() {
    let desktop = Desktop::new();
    desktop.change(|state| {
        state.draw(Some((9, 5)));
        state.add("label", "Done");
    });
    let yaml = "steps:
  - if_visible: {anchor: badge.png}
    then: [{verify: {role: label, name: Done}}]
  - verify: {anchor: badge.png}";
    let told = play(&desktop, yaml).await;
    told.passed();
    let whats = |path| -> Vec<SightKind> {
        let sights = sights(&told, path).iter();
        sights.map(|sight| sight.kind).collect()
    };
    assert_eq!(whats("1"), [SightKind::Anchor]);
    assert_eq!(whats("1.1"), [SightKind::Widget]);
    assert_eq!(whats("2"), [SightKind::Anchor]);
}
