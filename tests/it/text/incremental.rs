//! That no more is read than has to be, and that it comes to the same.

use super::{
    by_models, missing,
    scene::{Scene, TRUTH},
    words,
};
use mosdat::{
    model::{Frame, Point, Reading, Rect},
    port::{Reader, Readers},
};
use std::sync::Arc;

#[tokio::test]
async fn only_what_changed_is_read_again() {
    let mut scene = Scene::start(&[]).await;
    let readers = by_models();
    let reader = readers.open();
    let frame = scene.settled().await;
    let first = reader.read(&frame, None).await.unwrap();
    let cold = readers.runs();
    assert!(cold.detector == 1 && cold.recogniser > 30, "{cold:?}");

    // The same picture, in other memory: no model is run, whatever part is asked for.
    let mut same = frame.clone();
    same.rgba = Arc::new(frame.rgba.to_vec());
    let part = Rect {
        x: 20,
        y: 400,
        width: 540,
        height: 80,
    };
    for area in [None, Some(part), None] {
        let again = reader.read(&same, area).await.unwrap();
        let within = first
            .lines
            .iter()
            .filter(|line| area.is_none_or(|area| area.contains(line.rect.center())));
        assert!(again.lines.iter().eq(within), "{area:?}");
    }
    assert_eq!(readers.runs(), cold);

    let changed = scene.change("Waiting").await;
    let second = reader.read(&changed, None).await.unwrap();
    let runs = readers.runs();
    assert!(runs.detector - cold.detector <= 2, "{cold:?} {runs:?}");
    assert!(runs.recogniser - cold.recogniser <= 3, "{cold:?} {runs:?}");
    assert_eq!(missing(&second, "Waiting"), [""; 0]);
    assert_eq!(missing(&second, "Paused"), ["Paused"]);
    assert!(missing(&second, &TRUTH.replace("Paused", "Waiting")).len() <= 1);

    // What was read before is not read again, wherever it is.
    let back = scene.change("Paused").await;
    reader.read(&back, None).await.unwrap();
    assert_eq!(readers.runs().recogniser, runs.recogniser);
}

#[tokio::test]
async fn a_question_about_a_part_reads_that_part() {
    let scene = Scene::start(&[]).await;
    let frame = scene.settled().await;
    let readers = by_models();
    let reader = readers.open();
    // The buttons; a line above is cut by its upper edge.
    let buttons = Rect {
        x: 20,
        y: 410,
        width: 540,
        height: 60,
    };
    let reading = reader.read(&frame, Some(buttons)).await.unwrap();
    assert_eq!(
        missing(&reading, "Reset everything Discard Publish Close"),
        [""; 0]
    );
    assert!(
        reading
            .lines
            .iter()
            .all(|line| buttons.contains(line.rect.center()))
    );
    let runs = readers.runs();
    assert!(runs.recogniser <= 6, "{runs:?}");
    reader.read(&frame, Some(buttons)).await.unwrap();
    assert_eq!(readers.runs(), runs);

    // All of it, piece by piece, is all of it.
    let outside = Rect {
        x: 5000,
        y: 0,
        width: 10,
        height: 10,
    };
    assert_eq!(reader.read(&frame, Some(outside)).await.unwrap().lines, []);
    assert_eq!(readers.runs(), runs);
    let all = reader.read(&frame, None).await.unwrap();
    let missing = missing(&all, TRUTH);
    assert!(missing.len() <= 1, "{missing:?}");
}

#[tokio::test]
async fn what_was_read_change_by_change_is_what_is_read_at_once() {
    let scene = Scene::start(&[]).await;
    let mut frame = scene.settled().await;
    let original = frame.clone();
    let readers = by_models();
    let reader = readers.open();
    let first = reader.read(&frame, None).await.unwrap();
    let seed = 1;
    let mut random = fastrand::Rng::with_seed(seed);
    for step in 0..6 {
        frame = edited(&original, &frame, &first, &mut random);
        let changed = reader.read(&frame, None).await.unwrap();
        let whole = readers.open().read(&frame, None).await.unwrap();
        let (only_changed, only_whole) = (not_in(&changed, &whole), not_in(&whole, &changed));
        assert!(
            only_changed.is_empty() && only_whole.is_empty(),
            "step {step} of seed {seed}: {only_changed:?} are remembered, {only_whole:?} are there"
        );
    }
}

/// Words that are in one reading and not near the same place in the other. A detector that is shown
/// more or less around a line may move its edges a little, and makes this and that of icons.
fn not_in(one: &Reading, other: &Reading) -> Vec<String> {
    let near = |a: Point, b: Point| (a.x - b.x).abs() <= 4 && (a.y - b.y).abs() <= 4;
    let others = words(other);
    let is_there = |word: &&&mosdat::model::TextWord| {
        let mut same = others.iter().filter(|other| other.text == word.text);
        same.any(|other| near(word.rect.center(), other.rect.center()))
    };
    let is_word = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).count() > 1;
    let words = words(one);
    let lost = words
        .iter()
        .filter(|word| is_word(&word.text) && !is_there(word));
    lost.map(|word| format!("{} at {}", word.text, word.rect))
        .collect()
}

/// What an app does to its screen: a line vanishes, comes back, or appears where nothing was.
fn edited(original: &Frame, frame: &Frame, first: &Reading, random: &mut fastrand::Rng) -> Frame {
    let is_text = |line: &&mosdat::model::TextLine| line.text.len() > 3;
    let lines: Vec<Rect> = first
        .lines
        .iter()
        .filter(is_text)
        .map(|line| line.rect)
        .collect();
    let line = lines[random.usize(..lines.len())].grown(3);
    let mut pixels = frame.rgba.to_vec();
    let width = frame.width as i32;
    let offset = |x: i32, y: i32| ((y * width + x) * 4) as usize;
    match random.u8(..3) {
        0 => {
            let ground = offset(line.x, line.y);
            let ground: [u8; 4] = pixels[ground..ground + 4].try_into().unwrap();
            for (x, y) in points(line) {
                let at = offset(x, y);
                pixels[at..at + 4].copy_from_slice(&ground);
            }
        }
        1 => {
            for (x, y) in points(line) {
                let at = offset(x, y);
                pixels[at..at + 4].copy_from_slice(&original.rgba[at..at + 4]);
            }
        }
        _ => {
            // On the background, where nothing is near.
            let (x, y) = (random.i32(40..400), 486 + random.i32(0..20));
            for (dx, dy) in points(Rect { x: 0, y: 0, ..line }) {
                let (from, to) = (offset(line.x + dx, line.y + dy), offset(x + dx, y + dy));
                pixels[to..to + 4].copy_from_slice(&original.rgba[from..from + 4]);
            }
        }
    }
    Frame {
        rgba: Arc::new(pixels),
        ..frame.clone()
    }
}

fn points(area: Rect) -> impl Iterator<Item = (i32, i32)> {
    (area.y..area.y + area.height)
        .flat_map(move |y| (area.x..area.x + area.width).map(move |x| (x, y)))
}

#[tokio::test]
async fn giving_up_loses_nothing() {
    let scene = Scene::start(&[]).await;
    let frame = scene.settled().await;
    let readers = by_models();
    let reader: Arc<dyn Reader> = readers.open();
    let corner = Rect {
        x: 0,
        y: 0,
        width: 1,
        height: 1,
    };
    reader.read(&frame, Some(corner)).await.unwrap();
    let start = readers.runs();
    // It is given up as soon as a model has been run once more.
    let reading = reader.read(&frame, None);
    let begun = async {
        while readers.runs() == start {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        read = reading => panic!("read before it could be given up: {read:?}"),
        () = begun => {}
    }
    let given_up = readers.runs();
    let again = reader.read(&frame, None).await.unwrap();
    assert!(missing(&again, TRUTH).len() <= 1);
    // Whoever gave up did not have all of it read.
    let whole = by_models();
    whole.open().read(&frame, None).await.unwrap();
    assert!(given_up.recogniser - start.recogniser < whole.runs().recogniser);
}
