//! Compared with the definition, worked out place by place.

use super::{cut, rect};
use mosdat::{
    judge::{Bounds, Likeness, Prepared, find_like},
    model::{Frame, FrameCause, FrameSeq, Rect, Timestamp},
};
use proptest::prelude::*;
use std::sync::Arc;

fn luma(pixel: &[u8]) -> f64 {
    let [red, green, blue] = [0, 1, 2].map(|at| u32::from(pixel[at]));
    f64::from((3735 * blue + 19235 * green + 9798 * red + 16384) >> 15)
}

fn window(frame: &Frame, area: Rect) -> Vec<f64> {
    let rows = area.y..area.y + area.height;
    let points = rows.flat_map(|y| (area.x..area.x + area.width).map(move |x| (x, y)));
    let pixels = points.map(|(x, y)| {
        let at = (y as usize * frame.width as usize + x as usize) * 4;
        luma(&frame.rgba[at..at + 4])
    });
    pixels.collect()
}

/// Returns the correlation and the ratio of contrasts; `None` when one is flat.
fn correlation(one: &[f64], other: &[f64]) -> Option<(f64, f64)> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (a, b) = (mean(one), mean(other));
    let sum = |of: &dyn Fn(f64, f64) -> f64| -> f64 {
        let pairs = one.iter().zip(other);
        pairs.map(|(one, other)| of(one - a, other - b)).sum()
    };
    let (aa, bb) = (sum(&|a, _| a * a), sum(&|_, b| b * b));
    let least = 0.25 * one.len() as f64;
    (aa >= least && bb >= least).then(|| (sum(&|a, b| a * b) / (aa * bb).sqrt(), (bb / aa).sqrt()))
}

/// Bounds that let everything through, so that the best place by score is told.
fn open() -> Bounds {
    Bounds {
        score: -1.0,
        gain: 0.0..=1e9,
        tile: -1.0,
        off_by: 255,
        off_colour: 1.0,
        off_colour_of_tile: 1.0,
        clearance: 0.0,
        similar: -1.0,
    }
}

/// What is asked of: a screen of blurred noise with some flat parts, and a place on it.
fn screens() -> impl Strategy<Value = (Frame, Rect, u64)> {
    let size = (8..70_i32, 8..60_i32);
    let screen = (size, any::<u64>(), 1..200_u32).prop_map(|((width, height), seed, contrast)| {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut rgba = Vec::new();
        let mut value = [90_u32; 3];
        for at in 0..width * height {
            let is_flat = at / width < height / 4 && at % width > width / 2;
            for value in &mut value {
                if !is_flat {
                    *value = (*value + 20 + random.u32(..contrast)) / 2;
                }
                rgba.push((*value).min(255) as u8);
            }
            rgba.push(255);
        }
        let frame = Frame {
            seq: FrameSeq(1),
            at: Timestamp(0),
            cause: FrameCause::Connected,
            width: width as u32,
            height: height as u32,
            rgba: Arc::new(rgba),
            damage: Vec::new(),
        };
        (frame, seed)
    });
    (screen, any::<[proptest::sample::Index; 4]>()).prop_map(|((frame, seed), at)| {
        let (width, height) = (frame.width as usize, frame.height as usize);
        let (w, h) = (at[0].index(width - 2) + 3, at[1].index(height - 2) + 3);
        let (x, y) = (at[2].index(width - w + 1), at[3].index(height - h + 1));
        (frame, rect(x as i32, y as i32, w as i32, h as i32), seed)
    })
}

/// The frame with noise all over.
fn noisy(frame: &Frame, seed: u64) -> Frame {
    let mut random = fastrand::Rng::with_seed(seed);
    let rgba = frame.rgba.iter().enumerate();
    let rgba = rgba.map(|(at, value)| match at % 4 {
        3 => 255,
        _ => value.saturating_add(random.u8(..12)),
    });
    Frame {
        rgba: Arc::new(rgba.collect()),
        ..frame.clone()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_best_place_has_the_best_score_there_is((screen, area, seed) in screens()) {
        let seen = noisy(&screen, seed);
        let wanted = window(&screen, area);
        prop_assume!(correlation(&wanted, &wanted).is_some());
        let anchor = cut(&screen, area);
        let rows = 0..=screen.height as i32 - area.height;
        let columns = 0..=screen.width as i32 - area.width;
        let places = rows.flat_map(|y| columns.clone().map(move |x| rect(x, y, area.width, area.height)));
        let scores: Vec<_> = places
            .filter_map(|place| Some((correlation(&wanted, &window(&seen, place))?, place)))
            .collect();
        let best = scores.iter().map(|((score, _), _)| *score).fold(-1.0, f64::max);
        let likeness = find_like(&seen, &anchor, None, &open(), &mut Prepared::default()).unwrap();
        let alike = match likeness {
            Likeness::Found(alike) | Likeness::Refused { best: alike, .. } => alike,
            Likeness::Nothing { best: None } => {
                prop_assert!(best <= 1e-3, "{best}");
                return Ok(());
            }
            Likeness::Nothing { best: Some(_) } => panic!("the bounds are open"),
        };
        // The score that is told is the one of the place that is told, and there is no better.
        let ((score, gain), _) = *scores.iter().find(|(_, place)| *place == alike.place).unwrap();
        prop_assert!((alike.score - score).abs() < 1e-9);
        prop_assert!((alike.gain - gain).abs() < 1e-9);
        prop_assert!(alike.score >= best - 1e-9, "{} {best}", alike.score);
        // Nothing that is equal comes before it.
        let is_equal = |((score, _), _): &&((f64, f64), Rect)| *score >= best - 1e-12;
        let first = scores.iter().find(is_equal).unwrap().1;
        prop_assert_eq!(alike.place, first);
    }

    #[test]
    fn a_noisy_copy_is_never_found_elsewhere((screen, area, seed) in screens()) {
        let seen = noisy(&screen, seed);
        let wanted = window(&screen, area);
        prop_assume!(correlation(&wanted, &wanted).is_some());
        let anchor = cut(&screen, area);
        let bounds = Bounds::default();
        let likeness = find_like(&seen, &anchor, None, &bounds, &mut Prepared::default()).unwrap();
        if let Likeness::Found(alike) = likeness {
            let there = window(&seen, alike.place);
            let (score, gain) = correlation(&wanted, &there).unwrap();
            prop_assert!(score >= bounds.score && bounds.gain.contains(&gain));
            // No other place is as good, unless it is all but the same.
            let rival = alike.second.filter(|second| second.value >= score - bounds.clearance);
            if let Some(rival) = rival {
                let (_, gain) = correlation(&wanted, &window(&seen, rival.place)).unwrap();
                prop_assert!(rival.value < bounds.score || !bounds.gain.contains(&gain) || area.width < 16 || area.height < 16);
            }
        }
    }
}
