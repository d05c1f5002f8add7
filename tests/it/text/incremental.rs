//! That no more is read than has to be, and that it comes to the same.

use super::{
    by_models, missing,
    scene::{Scene, TRUTH},
};
use mosdat::{
    model::{Frame, Reading, Rect, TextLine},
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
    assert!(cold.detector <= 35 && cold.recogniser > 30, "{cold:?}");

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
    assert!(runs.detector - cold.detector <= 4, "{cold:?} {runs:?}");
    assert!(runs.recogniser - cold.recogniser <= 3, "{cold:?} {runs:?}");
    assert_eq!(missing(&second, "Waiting"), [""; 0]);
    assert_eq!(missing(&second, "Paused"), ["Paused"]);
    assert!(missing(&second, &TRUTH.replace("Paused", "Waiting")).len() <= 1);

    // What was read before is not read again.
    let back = scene.change("Paused").await;
    assert_eq!(reader.read(&back, None).await.unwrap(), first);
    assert_eq!(readers.runs(), runs);
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
    assert!(runs.recogniser <= 6 && runs.detector <= 9, "{runs:?}");
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

/// What is read of a picture is the same whatever was read before it: the same lines, words and
/// places. Each seed is another story.
#[tokio::test]
async fn what_was_read_change_by_change_is_what_is_read_at_once() {
    let scene = Scene::start(&[]).await;
    let original = scene.settled().await;
    let readers = by_models();
    let first = readers.open().read(&original, None).await.unwrap();
    let mut stories = Vec::new();
    for _ in 0..3 {
        let seed = fastrand::u64(..);
        let mut random = fastrand::Rng::with_seed(seed);
        let reader = readers.open();
        let mut frame = original.clone();
        for step in 0..5 {
            frame = edited(&original, &frame, &first, &mut random);
            let area = random.bool().then(|| some_area(&frame, &mut random));
            let changed = reader.read(&frame, area).await.unwrap();
            let whole = readers.open().read(&frame, None).await.unwrap();
            let is_right = in_area(&changed, area) == in_area(&whole, area);
            assert!(
                is_right,
                "step {step} of seed {seed}, {area:?}: {changed:#?} was read, {whole:#?} is there"
            );
        }
        stories.push((seed, frame, reader));
    }
    // Nor is it what was remembered for another screen: these models have read nothing yet.
    let (seed, frame, reader) = stories.pop().unwrap();
    let anew = by_models().open().read(&frame, None).await.unwrap();
    let changed = reader.read(&frame, None).await.unwrap();
    assert_eq!(changed, anew, "seed {seed}");
}

/// A question about an area is answered with the lines of the whole whose middle lies in it.
#[tokio::test]
async fn what_is_read_of_an_area_is_what_the_whole_has_there() {
    let scene = Scene::start(&[]).await;
    let original = scene.settled().await;
    let readers = by_models();
    let first = readers.open().read(&original, None).await.unwrap();
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let mut frame = original.clone();
    for _ in 0..2 {
        frame = edited(&original, &frame, &first, &mut random);
        let whole = readers.open().read(&frame, None).await.unwrap();
        // Each middle by itself is the smallest area that has a line.
        let middles = whole.lines.iter().step_by(5).map(|line| Rect {
            x: line.rect.center().x,
            y: line.rect.center().y,
            width: 1,
            height: 1,
        });
        let areas = (0..8).map(|_| some_area(&frame, &mut random));
        for area in middles.chain(areas.collect::<Vec<_>>()) {
            let part = readers.open().read(&frame, Some(area)).await.unwrap();
            let (part, whole) = (in_area(&part, None), in_area(&whole, Some(area)));
            assert_eq!(part, whole, "{area} of seed {seed}");
        }
    }
}

/// The lines whose middle lies in an area, by their places.
fn in_area(reading: &Reading, area: Option<Rect>) -> Vec<TextLine> {
    let is_in = |line: &&TextLine| area.is_none_or(|area| area.contains(line.rect.center()));
    let mut lines: Vec<TextLine> = reading.lines.iter().filter(is_in).cloned().collect();
    lines.sort_by_key(|line| line.rect);
    lines
}

fn some_area(frame: &Frame, random: &mut fastrand::Rng) -> Rect {
    let (width, height) = (random.i32(1..500), random.i32(1..300));
    Rect {
        x: random.i32(-20..frame.width as i32),
        y: random.i32(-20..frame.height as i32),
        width,
        height,
    }
}

/// What an app does to its screen: a line vanishes, comes back, or appears where nothing was, or a
/// part of it moves anywhere.
fn edited(original: &Frame, frame: &Frame, first: &Reading, random: &mut fastrand::Rng) -> Frame {
    let is_text = |line: &&TextLine| line.text.len() > 3;
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
    match random.u8(..4) {
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
        2 => {
            let part = Rect {
                x: 0,
                y: 0,
                width: random.i32(1..300),
                height: random.i32(1..150),
            };
            let place = |random: &mut fastrand::Rng| {
                let x = random.i32(0..=width - part.width);
                (x, random.i32(0..=frame.height as i32 - part.height))
            };
            let (from, to) = (place(random), place(random));
            for (dx, dy) in points(part) {
                let (from, to) = (
                    offset(from.0 + dx, from.1 + dy),
                    offset(to.0 + dx, to.1 + dy),
                );
                pixels[to..to + 4].copy_from_slice(&frame.rgba[from..from + 4]);
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
