//! That words are read, and told from those that are nearly the same.

use super::{
    by_models, missing,
    scene::{Scene, TRUTH},
};
use mosdat::{
    judge::{Nearness, WantedText, find_text},
    model::Rect,
    port::Readers,
};

#[tokio::test]
async fn every_word_of_a_known_scene_is_read() {
    let scene = Scene::start(&[]).await;
    let frame = scene.settled().await;
    let reading = by_models().open().read(&frame, None).await.unwrap();
    assert_eq!(reading.engine, "PP-OCRv6");
    let total = TRUTH.split_whitespace().count();
    let missing = missing(&reading, TRUTH);
    assert!(
        missing.len() * 100 <= total,
        "{missing:?} of {total}: {reading:#?}"
    );

    // What is found can be clicked: the words are where the button is.
    let found = find_text(&reading.lines, &WantedText::new("Reset everything")).found;
    let [button] = found.as_slice() else {
        panic!("{found:?}");
    };
    let place = Rect {
        x: 100,
        y: 420,
        width: 170,
        height: 45,
    };
    assert!(place.contains(button.rect().center()), "{button:?}");
    assert_eq!(button.nearness, Nearness::Exact);
    // Two are there: the title and the button.
    let twice = find_text(&reading.lines, &WantedText::new("Cancel berth")).found;
    assert_eq!(twice.len(), 2, "{twice:?}");
}

#[tokio::test]
async fn a_word_that_is_one_letter_off_on_the_screen_is_not_the_word() {
    let mut scene = Scene::start(&["--changed", "Delete_nole"]).await;
    let readers = by_models();
    let reader = readers.open();
    for (shown, wanted, letters) in [
        ("Delete_nole", "Delete_note", 1),
        ("Savcd", "Saved", 1),
        ("modem", "modern", 1),
        ("1406", "1405", 1),
        ("Ready", "Reads", 1),
        ("Unsaved", "Saved", 3),
    ] {
        let frame = scene.change(shown).await;
        let reading = reader.read(&frame, None).await.unwrap();
        let is = find_text(&reading.lines, &WantedText::new(shown));
        assert_eq!(
            is.found.first().map(|found| found.nearness),
            Some(Nearness::Exact),
            "{shown}: {is:?}"
        );
        let search = find_text(&reading.lines, &WantedText::new(wanted));
        assert_eq!(search.found, [], "{wanted} is not there");
        if let Some(nearest) = search.nearest {
            assert_eq!(
                nearest.nearness,
                Nearness::Off(letters),
                "{wanted}: {nearest:?}"
            );
        } else {
            assert!(letters * 2 > wanted.len(), "{wanted}: nothing is near");
        }
    }
}
