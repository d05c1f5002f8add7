//! Whether people see that a pixel is another: by the distance of its colours as eyes weigh them,
//! and unless it lies on an edge that is only smoothed otherwise.
//!
//! The distance is Kotsarenko's and Ramos' in the YIQ colour space, the recognition of smoothed edges
//! Vyšniauskas'.

use crate::judge::Picture;

/// The largest distance that nobody sees: a tenth of that from black to white.
const UNSEEN: f64 = 352.15;

/// How many equal neighbours make a pixel part of something flat.
const MANY: usize = 3;

type Rgba = [u8; 4];

/// Whether people see a difference at a place where there is one.
pub(super) fn is_visible(one: &Picture, other: &Picture, x: usize, y: usize) -> bool {
    distance(at(one, x, y), at(other, x, y)) > UNSEEN
        && !is_smoothed(one, other, x, y)
        && !is_smoothed(other, one, x, y)
}

fn at(picture: &Picture, x: usize, y: usize) -> Rgba {
    picture.rgba().as_chunks::<4>().0[y * picture.width() as usize + x]
}

/// Returns the distance of two colours: how far apart their brightness and both hues are, weighed.
fn distance(one: Rgba, other: Rgba) -> f64 {
    const WEIGHTS: [(f64, [f64; 3]); 3] = [
        (0.5053, BRIGHTNESS),
        (0.299, [0.595_977_99, -0.274_176_10, -0.321_801_89]),
        (0.1957, [0.211_470_17, -0.522_617_11, 0.311_146_94]),
    ];
    let parts = WEIGHTS.map(|(weight, of)| weight * off(one, other, of).powi(2));
    parts.into_iter().sum()
}

/// What each colour has of brightness.
const BRIGHTNESS: [f64; 3] = [0.298_895_31, 0.586_622_47, 0.114_482_23];

/// Returns how much more of something `one` has.
fn off(one: Rgba, other: Rgba, of: [f64; 3]) -> f64 {
    let colours = one.iter().zip(other).zip(of);
    let parts = colours.map(|((one, other), of)| (f64::from(*one) - f64::from(other)) * of);
    parts.sum()
}

/// Whether a pixel of `one` is a step between something darker and something brighter, of which at
/// least one is flat in both pictures.
fn is_smoothed(one: &Picture, other: &Picture, x: usize, y: usize) -> bool {
    let here = at(one, x, y);
    let mut equal = usize::from(is_at_border(one, x, y));
    let (mut darkest, mut brightest) = ((0.0, (x, y)), (0.0, (x, y)));
    for (u, v) in neighbours(one, x, y) {
        let there = at(one, u, v);
        let step = off(there, here, BRIGHTNESS);
        if there == here || step == 0.0 {
            equal += 1;
            if equal >= MANY {
                return false;
            }
        } else if step < darkest.0 {
            darkest = (step, (u, v));
        } else if step > brightest.0 {
            brightest = (step, (u, v));
        }
    }
    let is_between = darkest.0 < 0.0 && brightest.0 > 0.0;
    let is_flat = |place| is_in_something_flat(one, place) && is_in_something_flat(other, place);
    is_between && (is_flat(darkest.1) || is_flat(brightest.1))
}

fn is_in_something_flat(picture: &Picture, (x, y): (usize, usize)) -> bool {
    let here = at(picture, x, y);
    let equal = neighbours(picture, x, y).filter(|(u, v)| at(picture, *u, *v) == here);
    equal.count() + usize::from(is_at_border(picture, x, y)) >= MANY
}

fn is_at_border(picture: &Picture, x: usize, y: usize) -> bool {
    let (right, bottom) = (picture.width() as usize - 1, picture.height() as usize - 1);
    x == 0 || y == 0 || x == right || y == bottom
}

fn neighbours(picture: &Picture, x: usize, y: usize) -> impl Iterator<Item = (usize, usize)> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let rows = y.saturating_sub(1)..(y + 2).min(height);
    let all =
        rows.flat_map(move |v| (x.saturating_sub(1)..(x + 2).min(width)).map(move |u| (u, v)));
    all.filter(move |place| *place != (x, y))
}
