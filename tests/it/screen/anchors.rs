//! Looking for anchors, compared with the slowest possible way.

use mosdat::{
    judge::{Anchor, Found, MOST_PLACES, Match, Picture, find_exact, find_in_damage},
    model::{Frame, FrameCause, FrameSeq, Rect, Timestamp},
};
use proptest::prelude::*;
use std::sync::Arc;

fn frame(width: i32, height: i32, colour: impl Fn(i32, i32) -> [u8; 4]) -> Frame {
    let points = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    Frame {
        seq: FrameSeq(1),
        at: Timestamp(0),
        cause: FrameCause::Connected,
        width: width as u32,
        height: height as u32,
        rgba: Arc::new(points.flat_map(|(x, y)| colour(x, y)).collect()),
        damage: Vec::new(),
    }
}

fn rect(x: i32, y: i32, width: i32, height: i32) -> Rect {
    Rect {
        x,
        y,
        width,
        height,
    }
}

/// What [`find_exact`] promises, in the slowest possible way.
fn all_places(screen: &Frame, wanted: &Picture) -> Vec<Rect> {
    let (width, height) = (wanted.width() as i32, wanted.height() as i32);
    let is_at = |x: i32, y: i32| {
        let there = Picture::crop(screen, rect(x, y, width, height)).unwrap();
        let pixels = wanted.rgba().as_chunks::<4>().0.iter();
        let mut pairs = pixels.zip(there.rgba().as_chunks::<4>().0);
        pairs.all(|(a, b)| a[3] != 255 || a == b)
    };
    let rows = 0..=screen.height as i32 - height;
    let columns = 0..=screen.width as i32 - width;
    let points = rows.flat_map(|y| columns.clone().map(move |x| (x, y)));
    let fitting = points.filter(|(x, y)| is_at(*x, *y));
    fitting.map(|(x, y)| rect(x, y, width, height)).collect()
}

fn summary(places: &[Rect]) -> Option<Found> {
    let others = (places.len() - usize::from(!places.is_empty())).min(MOST_PLACES);
    places.first().map(|place| Found {
        place: *place,
        others,
    })
}

fn found(outcome: Match) -> Option<Found> {
    match outcome {
        Match::Found(found) => Some(found),
        Match::Missing { .. } => None,
    }
}

/// A small screen of few colours, white among them, and an anchor cut from one like it, with
/// holes.
fn case() -> impl Strategy<Value = (Frame, Picture, Vec<Rect>)> {
    const WHITE: [u8; 4] = [255; 4];
    const COLOURS: [[u8; 4]; 3] = [WHITE, [0, 0, 0, 255], [255, 255, 0, 255]];
    let screen = prop::collection::vec(prop::sample::select(&COLOURS), 14 * 9);
    let part = (0..11, 0..7, 1..4, 1..3);
    let holes = prop::collection::vec(prop::bool::weighted(0.2), 12);
    let changes = prop::collection::vec((0usize..14 * 9, prop::sample::select(&COLOURS)), 0..6);
    let damage = prop::collection::vec((-2..14, -2..9, 0..6, 0..6), 0..4);
    (screen, part, holes, changes, damage).prop_map(
        |(mut pixels, (x, y, width, height), holes, changes, damage)| {
            let make = |pixels: &[[u8; 4]]| frame(14, 9, |x, y| pixels[(y * 14 + x) as usize]);
            let old = make(&pixels);
            for (at, colour) in changes {
                pixels[at] = colour;
            }
            let holed = frame(width, height, |dx, dy| {
                let at = (((y + dy) * 14 + x + dx) * 4) as usize;
                let mut pixel: [u8; 4] = old.rgba[at..at + 4].try_into().unwrap();
                if holes[(dy * width + dx) as usize] {
                    pixel[3] = 0;
                }
                pixel
            });
            let picture = Picture::crop(&holed, rect(0, 0, width, height)).unwrap();
            let damage = damage.into_iter().map(|(x, y, w, h)| rect(x, y, w, h));
            (make(&pixels), picture, damage.collect())
        },
    )
}

/// A screen onto which a tall anchor is put at some places, perhaps with a wrong pixel, and a part
/// of that screen.
fn tall_case() -> impl Strategy<Value = (Frame, Picture, Vec<Rect>, Rect)> {
    const COLOURS: [[u8; 4]; 3] = [[255; 4], [0, 0, 0, 255], [255, 255, 0, 255]];
    let colours = |pixels| prop::collection::vec(prop::sample::select(&COLOURS), pixels);
    let size = (3..6, 8..21);
    let places = prop::collection::vec((0..11, 0..20, prop::bool::weighted(0.2)), 0..4);
    let holes = prop::collection::vec(0usize..100, 0..3);
    let area =
        |x, y, width, height| (x, y, width, height).prop_map(|(x, y, w, h)| rect(x, y, w, h));
    let damage = prop::collection::vec(area(-2..16, -2..40, 0..6, 0..9), 0..4);
    let part = area(0..5, 0..9, 8..16, 22..40);
    (
        colours(16 * 40),
        colours(100),
        size,
        places,
        holes,
        damage,
        part,
    )
        .prop_map(
            |(mut screen, pixels, (width, height), places, holes, damage, part)| {
                let pixel = |x: i32, y: i32| pixels[(y * width + x) as usize % 100];
                for (left, top, is_wrong) in places {
                    for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
                        screen[((top + y) * 16 + left + x) as usize] = pixel(x, y);
                    }
                    if is_wrong {
                        screen[((top + height / 2) * 16 + left) as usize][0] ^= 255;
                    }
                }
                let holed = frame(width, height, |x, y| {
                    let [r, g, b, _] = pixel(x, y);
                    let is_hole = holes.contains(&((y * width + x) as usize));
                    [r, g, b, if is_hole { 0 } else { 255 }]
                });
                let picture = Picture::crop(&holed, rect(0, 0, width, height)).unwrap();
                let screen = frame(16, 40, |x, y| screen[(y * 16 + x) as usize]);
                (screen, picture, damage, part)
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_place_is_found_and_no_other((screen, picture, _) in case()) {
        let expected = all_places(&screen, &picture);
        let Ok(wanted) = Anchor::new(picture) else {
            return Ok(());
        };
        let outcome = find_exact(&screen, &wanted, None).unwrap();
        prop_assert_eq!(found(outcome), summary(&expected));
    }

    #[test]
    fn every_place_of_a_tall_anchor_is_found((screen, picture, damage, part) in tall_case()) {
        let all = all_places(&screen, &picture);
        let Ok(wanted) = Anchor::new(picture) else {
            return Ok(());
        };
        let outcome = find_exact(&screen, &wanted, None).unwrap();
        prop_assert_eq!(found(outcome), summary(&all));
        let is_inside = |place: &Rect| {
            place.x >= part.x
                && place.y >= part.y
                && place.x + place.width <= part.x + part.width
                && place.y + place.height <= part.y + part.height
        };
        let inside: Vec<Rect> = all.iter().copied().filter(is_inside).collect();
        let outcome = find_exact(&screen, &wanted, Some(part)).unwrap();
        prop_assert_eq!(found(outcome), summary(&inside));
        let touching = |place: &Rect| {
            damage.iter().any(|area| area.width > 0 && area.height > 0 && place.intersects(*area))
        };
        let touching: Vec<Rect> = all.into_iter().filter(touching).collect();
        let outcome = find_in_damage(&screen, &wanted, &damage).unwrap();
        prop_assert_eq!(found(outcome), summary(&touching));
    }

    #[test]
    fn looking_at_the_damage_finds_what_touches_it((screen, picture, damage) in case()) {
        let all = all_places(&screen, &picture);
        let touching = |place: &Rect| {
            damage.iter().any(|area| area.width > 0 && area.height > 0 && place.intersects(*area))
        };
        let expected: Vec<Rect> = all.into_iter().filter(touching).collect();
        let Ok(wanted) = Anchor::new(picture) else {
            return Ok(());
        };
        let outcome = find_in_damage(&screen, &wanted, &damage).unwrap();
        prop_assert_eq!(found(outcome), summary(&expected));
    }
}
