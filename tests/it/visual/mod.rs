//! Pictures compared with approved ones.

use crate::likeness::painted::{INK, PAPER, Painted, settings};
use mosdat::{
    judge::{
        Picture,
        visual::{CompareError, Comparison, Sameness, Tolerance, changing, compare},
    },
    model::Rect,
};
use proptest::prelude::*;

fn rect(x: i32, y: i32, width: i32, height: i32) -> Rect {
    Rect {
        x,
        y,
        width,
        height,
    }
}

fn picture(screen: &Painted) -> Picture {
    let frame = screen.frame();
    let whole = rect(0, 0, frame.width as i32, frame.height as i32);
    Picture::crop(&frame, whole).unwrap()
}

fn compared(approved: &Painted, seen: &Painted, masks: &[Rect]) -> Comparison {
    compare(&picture(approved), &picture(seen), masks).unwrap()
}

fn sameness(found: &Comparison) -> Sameness {
    found.sameness(Tolerance::default())
}

#[test]
fn equal_pictures_are_the_same() {
    let found = compared(&settings(), &settings(), &[]);
    assert_eq!(sameness(&found), Sameness::Same);
    assert_eq!((found.changed, found.visible), (0, 0));
    assert_eq!(found.compared, 400 * 300);
    assert!((found.score - 1.0).abs() < 1e-12 && found.regions.is_empty());
}

#[test]
fn a_check_mark_that_is_gone_differs_though_the_similarity_is_high() {
    let mut seen = settings();
    seen.fill(rect(20, 70, 190, 20), PAPER);
    seen.check_box(20, 70, "Start minimized to tray", false);
    let found = compared(&settings(), &seen, &[]);
    assert!(found.score > 0.95, "{found}");
    assert_eq!(sameness(&found), Sameness::Differs);
    assert_eq!(found.regions.len(), 1);
    let region = found.regions[0];
    assert!(rect(20, 70, 20, 20).intersects(region.place));
    assert!(
        region.place.width <= 20 && region.place.height <= 20,
        "{found:?}"
    );
    assert_eq!(region.changed, found.changed);
}

#[test]
fn damage_in_two_places_is_two_regions_and_the_larger_comes_first() {
    let mut seen = settings();
    seen.fill(rect(300, 100, 12, 12), INK);
    seen.fill(rect(10, 280, 80, 15), INK);
    let found = compared(&settings(), &seen, &[]);
    let places: Vec<Rect> = found.regions.iter().map(|region| region.place).collect();
    assert_eq!(places, [rect(10, 280, 80, 15), rect(300, 100, 12, 12)]);
}

#[test]
fn what_nobody_sees_is_within_bounds() {
    let mut seen = settings();
    seen.map(|_, _, colour| colour.map(|value| value.saturating_sub(2)));
    let found = compared(&settings(), &seen, &[]);
    assert_eq!(found.changed, 400 * 300);
    assert_eq!((found.visible, sameness(&found)), (0, Sameness::Within));
}

/// A disc whose edge is smoothed, its middle a fraction of a pixel off.
fn disc(off: f64) -> Painted {
    let mut screen = Painted::new(60, 60);
    screen.map(|x, y, _| {
        let distance = ((f64::from(x) - 30.0 - off).powi(2) + (f64::from(y) - 30.0).powi(2)).sqrt();
        let share = (20.5 - distance).clamp(0.0, 1.0);
        let mix = |at: usize| f64::from(PAPER[at]) * (1.0 - share) + f64::from(INK[at]) * share;
        [0, 1, 2].map(|at| mix(at).round() as u8)
    });
    screen
}

#[test]
fn an_edge_that_is_smoothed_otherwise_is_not_seen_and_one_that_moved_is() {
    let found = compared(&disc(0.0), &disc(0.3), &[]);
    assert!(found.changed > 20, "{found}");
    assert_eq!(found.visible, 0, "{found}");
    let found = compared(&disc(0.0), &disc(2.0), &[]);
    assert!(found.visible > 40, "{found}");
}

#[test]
fn text_that_reads_otherwise_is_seen() {
    let mut seen = settings();
    seen.button(160, 230, "Sane");
    assert_eq!(
        sameness(&compared(&settings(), &seen, &[])),
        Sameness::Differs
    );
}

#[test]
fn similarity_alone_can_be_too_low() {
    let mut seen = settings();
    seen.fill(rect(0, 30, 400, 270), [120, 120, 120]);
    let found = compared(&settings(), &seen, &[]);
    let lenient = Tolerance {
        visible: u64::MAX,
        ..Tolerance::default()
    };
    assert!(found.score < 0.95 && found.worst < found.score);
    assert_eq!(found.sameness(lenient), Sameness::Differs);
}

#[test]
fn what_is_masked_does_not_count_and_what_is_beside_it_does() {
    let mut seen = settings();
    seen.fill(rect(300, 100, 12, 12), INK);
    let masks = [
        rect(295, 95, 30, 30),
        rect(-10, -10, 5, 5),
        rect(9, 9, 0, 9),
    ];
    let found = compared(&settings(), &seen, &masks);
    assert_eq!(sameness(&found), Sameness::Same);
    assert!((found.score - 1.0).abs() < 1e-12);
    assert_eq!(found.compared, 400 * 300 - 900);
    seen.fill(rect(320, 100, 6, 6), INK);
    let found = compared(&settings(), &seen, &masks);
    assert_eq!(found.changed, 6, "{found:?}");
}

#[test]
fn pictures_of_another_size_and_masks_over_everything_are_no_comparison() {
    let one = picture(&settings());
    let other = picture(&Painted::new(400, 299));
    let size = CompareError::Size {
        approved: (400, 300),
        seen: (400, 299),
    };
    assert_eq!(compare(&one, &other, &[]), Err(size));
    let all = [rect(0, 0, 400, 150), rect(0, 140, 999, 999)];
    assert_eq!(compare(&one, &one, &all), Err(CompareError::Masked));
}

#[test]
fn what_changes_by_itself_is_learned_from_idle_pictures() {
    let idle: Vec<Picture> = (0..4)
        .map(|at| {
            let mut screen = settings();
            screen.text(300, 10, &format!("12:0{at}"), [255, 255, 255]);
            if at % 2 == 0 {
                screen.fill(rect(190, 186, 1, 12), INK);
            }
            picture(&screen)
        })
        .collect();
    let masks = changing(&idle).unwrap();
    assert_eq!(masks.len(), 2, "{masks:?}");
    for one in &idle {
        let found = compare(&idle[0], one, &masks).unwrap();
        assert_eq!(sameness(&found), Sameness::Same);
    }
    let area: i32 = masks.iter().map(|mask| mask.width * mask.height).sum();
    assert!(area < 1500, "{masks:?}");
    assert_eq!(changing(&idle[..1]), Ok(Vec::new()));
    assert_eq!(changing(&[]), Ok(Vec::new()));
    assert!(changing(&[idle[0].clone(), picture(&Painted::new(9, 9))]).is_err());
}

#[test]
fn differences_are_drawn_between_what_was_approved_and_what_was_seen() {
    let mut seen = settings();
    seen.fill(rect(300, 100, 12, 12), INK);
    let (approved, seen) = (picture(&settings()), picture(&seen));
    let masks = [rect(0, 290, 10, 10)];
    let found = compare(&approved, &seen, &masks).unwrap();
    let side = found.side_by_side(&approved, &seen, &masks);
    assert_eq!((side.width(), side.height()), (400 * 3 + 16, 300));
    let at = |x: usize, y: usize| {
        let at = (y * side.width() as usize + x) * 4;
        [0, 1, 2].map(|channel| side.rgba()[at + channel])
    };
    assert_eq!(at(305, 105), PAPER);
    assert_eq!(at(408 + 305, 105), [220, 0, 40]);
    assert_eq!(at(816 + 305, 105), INK);
    assert_eq!(at(408 + 5, 295), [120, 140, 220]);
    let [red, green, blue] = at(408 + 350, 280);
    assert!(red == green && green == blue);
}

/// The mean similarity of all windows, from its definition.
fn similarity(one: &Picture, other: &Picture) -> f64 {
    let (width, height) = (one.width() as usize, one.height() as usize);
    let grey = |picture: &Picture, x: usize, y: usize| {
        let at = (y * width + x) * 4;
        let [r, g, b] = [0, 1, 2].map(|channel| f64::from(picture.rgba()[at + channel]));
        (0.299 * r + 0.587 * g + 0.114 * b) / 255.0
    };
    let mut scores = Vec::new();
    for top in (0..height).step_by(8) {
        for left in (0..width).step_by(8) {
            let rows = top..(top + 8).min(height);
            let points = rows.flat_map(|y| (left..(left + 8).min(width)).map(move |x| (x, y)));
            let pairs: Vec<(f64, f64)> = points
                .map(|(x, y)| (grey(one, x, y), grey(other, x, y)))
                .collect();
            let mean = |of: &dyn Fn(&(f64, f64)) -> f64| {
                pairs.iter().map(of).sum::<f64>() / pairs.len() as f64
            };
            let (a, b) = (mean(&|pair| pair.0), mean(&|pair| pair.1));
            let aa = mean(&|pair| (pair.0 - a).powi(2));
            let bb = mean(&|pair| (pair.1 - b).powi(2));
            let ab = mean(&|pair| (pair.0 - a) * (pair.1 - b));
            let (c1, c2) = (0.0001, 0.0009);
            scores.push(
                (2.0 * a * b + c1) * (2.0 * ab + c2) / ((a * a + b * b + c1) * (aa + bb + c2)),
            );
        }
    }
    scores.iter().sum::<f64>() / scores.len() as f64
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn numbers_are_those_of_the_definitions(
        (width, height) in (1..40_i32, 1..40_i32),
        changes in prop::collection::vec((0..40_i32, 0..40_i32, 1..12_i32, any::<[u8; 3]>()), 0..6),
    ) {
        let mut approved = Painted::new(width, height);
        approved.text(2, 2, "abc", INK);
        let mut seen = approved.clone();
        for (x, y, side, colour) in changes {
            seen.fill(rect(x, y, side, side), colour);
        }
        let (one, other) = (picture(&approved), picture(&seen));
        let found = compare(&one, &other, &[]).unwrap();
        let pairs = one.rgba().as_chunks::<4>().0.iter().zip(other.rgba().as_chunks::<4>().0);
        let changed = pairs.filter(|(a, b)| a != b).count() as u64;
        prop_assert_eq!(found.changed, changed);
        prop_assert!(found.visible <= changed);
        prop_assert!((found.score - similarity(&one, &other)).abs() < 1e-9);
        // Regions are apart and hold everything that changed.
        prop_assert_eq!(found.regions.iter().map(|region| region.changed).sum::<u64>(), changed);
        prop_assert_eq!(found.regions.iter().map(|region| region.visible).sum::<u64>(), found.visible);
    }
}
