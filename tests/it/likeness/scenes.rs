//! What may be called found on a screen, and what not.

use super::{
    cut, find,
    painted::{BOXES, Colour, INK, Painted, settings},
    rect,
};
use mosdat::{
    judge::{Alike, Anchor, AnchorError, Bounds, Likeness, Picture, Prepared, Unlike, find_like},
    model::{Frame, Point, Rect},
};
use std::sync::Arc;

const SAVE: Rect = Rect {
    x: 160,
    y: 230,
    width: 100,
    height: 40,
};

fn found(likeness: Likeness) -> Alike {
    match likeness {
        Likeness::Found(alike) => alike,
        other => panic!("{other:?}"),
    }
}

fn refused(likeness: Likeness) -> (Alike, Vec<Unlike>) {
    match likeness {
        Likeness::Refused { best, reasons } => (best, reasons),
        other => panic!("{other:?}"),
    }
}

fn luma([red, green, blue]: Colour) -> u32 {
    (3735 * u32::from(blue) + 19235 * u32::from(green) + 9798 * u32::from(red) + 16384) >> 15
}

#[test]
fn what_was_cut_out_is_found_where_it_was() {
    let screen = settings().frame();
    for place in [SAVE, rect(0, 0, 90, 30), rect(20, 180, 200, 20)] {
        let alike = found(find(&screen, &cut(&screen, place)));
        assert_eq!(alike.place, place);
        assert!(alike.score > 0.999_999 && (alike.gain - 1.0).abs() < 1e-9);
        assert!(alike.worst_tile.value > 0.999_999);
        assert_eq!((alike.off_colour, alike.worst_colour.value), (0.0, 0.0));
        let second = alike.second.unwrap();
        assert!(second.value < 0.98 && !second.place.intersects(place));
    }
}

#[test]
fn what_moved_and_is_noisy_or_has_another_gamma_is_found() {
    let anchor = cut(&settings().frame(), SAVE);
    let mut noisy = settings().moved(33, -17);
    noisy.noise(7);
    let alike = found(find(&noisy.frame(), &anchor));
    assert_eq!(alike.place, rect(193, 213, 100, 40));
    assert!(alike.score < 1.0);
    for gamma in [0.85, 1.15] {
        let mut bent = settings();
        bent.map(|_, _, colour| {
            colour.map(|value| ((f64::from(value) / 255.0).powf(gamma) * 255.0).round() as u8)
        });
        let alike = found(find(&bent.frame(), &anchor));
        assert_eq!(alike.place, SAVE);
    }
}

#[test]
fn a_greyed_out_button_is_not_the_button() {
    let anchor = cut(&settings().frame(), SAVE);
    let mut screen = settings();
    let background = [232, 230, 227];
    screen.map_area(SAVE, |colour| {
        let mut faint = background;
        for (faint, value) in faint.iter_mut().zip(colour) {
            let off = (f64::from(value) - f64::from(*faint)) * 0.45;
            *faint = (f64::from(*faint) + off).round() as u8;
        }
        faint
    });
    let (best, reasons) = refused(find(&screen.frame(), &anchor));
    assert_eq!(best.place, SAVE);
    assert!(best.score > 0.99, "{best:?}");
    assert!((best.gain - 0.45).abs() < 0.02, "{best:?}");
    assert!(
        reasons
            .iter()
            .any(|it| matches!(it, Unlike::Fainter { .. }))
    );
}

#[test]
fn one_greyed_out_button_among_others_is_seen() {
    let buttons = rect(20, 180, 360, 100);
    let anchor = cut(&settings().frame(), buttons);
    let mut screen = settings();
    screen.map_area(SAVE, |colour| {
        colour.map(|value| (232.0 + (f64::from(value) - 232.0) * 0.45).round() as u8)
    });
    let (best, reasons) = refused(find(&screen.frame(), &anchor));
    assert!(best.score > 0.9 && best.worst_tile.place.intersects(SAVE));
    assert!(reasons.iter().any(|it| matches!(it, Unlike::Tile(_))));
}

#[test]
fn text_of_another_colour_and_the_same_brightness_is_other_text() {
    let place = rect(18, 40, 220, 20);
    let anchor = cut(&settings().frame(), place);
    let red: Colour = [176, 0, 32];
    let blue: Colour = [20, 60, 206];
    assert!(luma(red).abs_diff(luma(blue)) < 10);
    let mut screen = settings();
    screen.fill(place, super::painted::PAPER);
    screen.text(20, 45, "Certificate expires in 12 days", blue);
    let (best, reasons) = refused(find(&screen.frame(), &anchor));
    assert_eq!(best.place, place);
    assert!(best.score > 0.99 && best.worst_tile.value > 0.9, "{best:?}");
    assert!(reasons.iter().any(|it| matches!(it, Unlike::Colour { .. })));
}

#[test]
fn one_word_of_another_colour_in_a_large_anchor_is_seen() {
    let anchor = cut(&settings().frame(), rect(0, 30, 400, 270));
    let mut screen = settings();
    screen.fill(rect(18, 40, 60, 20), super::painted::PAPER);
    screen.text(20, 45, "Certifi", [20, 60, 206]);
    let (best, reasons) = refused(find(&screen.frame(), &anchor));
    assert!(best.off_colour < Bounds::default().off_colour, "{best:?}");
    let of_tile = |it: &Unlike| matches!(it, Unlike::ColourOfTile(_));
    assert!(reasons.iter().any(of_tile), "{reasons:?}");
}

#[test]
fn a_check_mark_that_is_gone_is_missed_however_large_the_anchor_is() {
    for area in [rect(20, BOXES, 180, 20), rect(20, BOXES, 250, 105)] {
        let anchor = cut(&settings().frame(), area);
        let mut screen = settings();
        screen.fill(area_of_box(), super::painted::PAPER);
        screen.check_box(20, BOXES, "Start minimized to tray", false);
        let (best, reasons) = refused(find(&screen.frame(), &anchor));
        assert_eq!(best.place, area);
        assert!(best.worst_tile.place.intersects(area_of_box()), "{best:?}");
        assert!(reasons.iter().any(|it| matches!(it, Unlike::Tile(_))));
        if area.height == 105 {
            assert!(best.score > 0.95, "{best:?}");
        }
    }
}

fn area_of_box() -> Rect {
    rect(20, BOXES, 180, 20)
}

#[test]
fn a_button_that_was_painted_over_is_not_found_elsewhere() {
    let anchor = cut(&settings().frame(), SAVE);
    let mut screen = settings();
    screen.fill(SAVE, super::painted::PAPER);
    let likeness = find(&screen.frame(), &anchor);
    assert_eq!(likeness.place(), None, "{likeness:?}");
}

#[test]
fn two_that_are_equal_are_ambiguous_and_one_alone_is_not() {
    let mut screen = Painted::new(300, 200);
    screen.check_box(20, 20, "", true);
    let one = screen.frame();
    let anchor = cut(&one, rect(20, 20, 20, 20));
    assert_eq!(found(find(&one, &anchor)).place, rect(20, 20, 20, 20));
    screen.check_box(20, 120, "", true);
    let (best, reasons) = refused(find(&screen.frame(), &anchor));
    // The first from the top.
    assert_eq!(best.place, rect(20, 20, 20, 20));
    let [Unlike::Ambiguous(other)] = reasons[..] else {
        panic!("{reasons:?}");
    };
    assert_eq!(other.place, rect(20, 120, 20, 20));
    assert_eq!(best.second, Some(other));
    // One of them being empty, there is one left.
    screen.fill(rect(20, 20, 20, 20), super::painted::PAPER);
    screen.check_box(20, 20, "", false);
    assert_eq!(
        found(find(&screen.frame(), &anchor)).place,
        rect(20, 120, 20, 20)
    );
}

#[test]
fn where_it_was_last_is_looked_first_and_its_twin_far_away_is_none() {
    let mut screen = Painted::new(600, 200);
    screen.button(20, 20, "Save");
    screen.button(400, 120, "Save");
    let frame = screen.frame();
    let anchor = cut(&frame, rect(400, 120, 100, 40));
    let mut prepared = Prepared::default();
    let mut near = |x, y| {
        let near = Some(Point { x, y });
        find_like(&frame, &anchor, near, &Bounds::default(), &mut prepared).unwrap()
    };
    assert_eq!(found(near(390, 130)).place, rect(400, 120, 100, 40));
    assert_eq!(found(near(0, 0)).place, rect(20, 20, 100, 40));
    // From where neither is near, nobody can tell which is meant; nor from places off the screen.
    refused(near(200, 60));
    refused(near(-900, 9000));
}

#[test]
fn a_piece_of_a_line_could_be_anywhere_along_it() {
    let mut screen = Painted::new(300, 100);
    screen.fill(rect(0, 40, 300, 3), INK);
    let frame = screen.frame();
    let (_, reasons) = refused(find(&frame, &cut(&frame, rect(90, 30, 60, 20))));
    assert!(matches!(reasons[..], [Unlike::Ambiguous(_)]), "{reasons:?}");
}

#[test]
fn rows_that_repeat_are_ambiguous_though_they_overlap() {
    let mut screen = Painted::new(200, 300);
    for row in 0..10 {
        screen.text(20, 20 + row * 20, "Enable", INK);
    }
    let frame = screen.frame();
    let (_, reasons) = refused(find(&frame, &cut(&frame, rect(10, 50, 100, 160))));
    assert!(matches!(reasons[..], [Unlike::Ambiguous(_)]), "{reasons:?}");
}

#[test]
fn other_bounds_take_what_was_refused() {
    let anchor = cut(&settings().frame(), SAVE);
    let mut screen = settings();
    screen.map_area(SAVE, |colour| {
        colour.map(|value| (232.0 + (f64::from(value) - 232.0) * 0.7).round() as u8)
    });
    let frame = screen.frame();
    let mut prepared = Prepared::default();
    let mut with = |bounds: &Bounds| find_like(&frame, &anchor, None, bounds, &mut prepared);
    assert_eq!(with(&Bounds::default()).unwrap().place(), None);
    let wide = Bounds {
        gain: 0.5..=2.0,
        off_by: 80,
        ..Bounds::default()
    };
    assert_eq!(with(&wide).unwrap().place(), Some(SAVE));
}

#[test]
fn a_large_anchor_is_found_where_it_is() {
    // More pixels than sums of squares would fit in 32 bits, were they not taken apart.
    let mut screen = Painted::new(600, 500);
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..200 {
        let (x, y) = (random.i32(0..580), random.i32(0..480));
        screen.text(x, y, &random.u32(..).to_string(), [255, 255, 255]);
        screen.fill(rect(x, y + 12, 20, 9), [0, 0, random.u8(..)]);
    }
    let frame = screen.frame();
    for place in [rect(17, 11, 550, 480), rect(0, 0, 600, 500)] {
        assert_eq!(found(find(&frame, &cut(&frame, place))).place, place);
    }
}

#[test]
fn an_anchor_that_is_larger_than_the_screen_or_flat_is_refused() {
    let screen = settings().frame();
    let anchor = cut(&screen, SAVE);
    let small = Painted::new(99, 300).frame();
    let look = |frame: &Frame, anchor: &Anchor| {
        let mut prepared = Prepared::default();
        find_like(frame, anchor, None, &Bounds::default(), &mut prepared).unwrap_err()
    };
    assert!(matches!(
        look(&small, &anchor),
        AnchorError::TooLarge { .. }
    ));
    // Two colours of the same brightness.
    let mut halves = Painted::new(20, 20);
    halves.fill(rect(0, 0, 20, 20), [76, 76, 76]);
    halves.fill(rect(0, 0, 10, 20), [255, 0, 0]);
    assert_eq!(luma([255, 0, 0]), luma([76, 76, 76]));
    let flat = cut(&halves.frame(), rect(0, 0, 20, 20));
    assert_eq!(look(&screen, &flat), AnchorError::Faint);
}

#[test]
fn on_a_blank_screen_there_is_nothing_like_it() {
    let anchor = cut(&settings().frame(), SAVE);
    let likeness = find(&Painted::new(400, 300).frame(), &anchor);
    assert_eq!(likeness, Likeness::Nothing { best: None });
}

/// Makes the left fifth and the right fifth of an anchor count or not.
fn with_ends(frame: &Frame, area: Rect, opacity: u8) -> Anchor {
    let cut = Picture::crop(frame, area).unwrap();
    let (width, height) = (cut.width() as usize, cut.height() as usize);
    let mut rgba = cut.rgba().to_vec();
    for (at, pixel) in rgba.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        if at % width < width / 5 || at % width >= width - width / 5 {
            pixel[3] = opacity;
        }
    }
    let framed = Frame {
        width: width as u32,
        height: height as u32,
        rgba: Arc::new(rgba),
        ..frame.clone()
    };
    let whole = rect(0, 0, width as i32, height as i32);
    Anchor::new(Picture::crop(&framed, whole).unwrap()).unwrap()
}

#[test]
fn what_is_not_opaque_does_not_count() {
    let screen = settings();
    let mut other = screen.clone();
    other.noise(5);
    other.fill(rect(SAVE.x, SAVE.y, 15, 40), [0, 0, 0]);
    let (screen, other) = (screen.frame(), other.frame());
    assert_eq!(
        found(find(&other, &with_ends(&screen, SAVE, 0))).place,
        SAVE
    );
    assert_eq!(find(&other, &with_ends(&screen, SAVE, 255)).place(), None);
}

#[test]
fn what_is_opaque_counts_though_it_is_not_in_the_largest_rectangle() {
    // A hole in the second line makes the first line the largest rectangle.
    let screen = settings().frame();
    let area = rect(20, BOXES, 180, 46);
    let mut rgba = Picture::crop(&screen, area).unwrap().rgba().to_vec();
    rgba[(30 * 180 + 90) * 4 + 3] = 0;
    let framed = Frame {
        width: 180,
        height: 46,
        rgba: Arc::new(rgba),
        ..screen.clone()
    };
    let anchor = Anchor::new(Picture::crop(&framed, rect(0, 0, 180, 46)).unwrap()).unwrap();
    assert_eq!(found(find(&screen, &anchor)).place, area);
    let mut other = settings();
    other.check_box(20, BOXES + 26, "Hardware acceleration", true);
    let (best, _) = refused(find(&other.frame(), &anchor));
    assert_eq!(best.place, area);
}

#[test]
fn a_prepared_frame_is_not_taken_for_another() {
    let (with, without) = (settings().frame(), Painted::new(400, 300).frame());
    let anchor = cut(&with, SAVE);
    let mut prepared = Prepared::default();
    for _ in 0..2 {
        for (frame, place) in [(&with, Some(SAVE)), (&without, None)] {
            for near in [None, Some(Point { x: 150, y: 220 })] {
                let likeness = find_like(frame, &anchor, near, &Bounds::default(), &mut prepared);
                assert_eq!(likeness.unwrap().place(), place);
            }
        }
    }
}

#[test]
fn reasons_are_told_in_words() {
    let anchor = cut(&settings().frame(), SAVE);
    let mut screen = settings();
    screen.button(160, 230, "Sane");
    let (_, reasons) = refused(find(&screen.frame(), &anchor));
    let words: Vec<String> = reasons.iter().map(ToString::to_string).collect();
    assert!(!words.is_empty());
    assert!(words.iter().all(|word| !word.contains('{')), "{words:?}");
}
