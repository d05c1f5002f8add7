//! Structural similarity of brightness, in windows of 8x8 pixels that do not overlap, with the usual
//! constants. Windows at the right and bottom edge may be smaller.

use super::{
    Mark,
    regions::{CELL, Cells},
};
use crate::judge::Picture;

const C1: f64 = 0.01 * 0.01;
const C2: f64 = 0.03 * 0.03;

/// Returns the mean and the lowest similarity of all windows. Windows in which nothing changed are
/// alike by definition, and not looked at.
pub(super) fn of(one: &Picture, other: &Picture, marks: &[Mark], cells: &Cells) -> (f64, f64) {
    let (mut missing, mut worst) = (0.0, 1.0_f64);
    for (left, top) in cells.changed() {
        let similarity = window(one, other, marks, (left, top));
        missing += 1.0 - similarity;
        worst = worst.min(similarity);
    }
    (1.0 - missing / cells.len() as f64, worst)
}

fn window(one: &Picture, other: &Picture, marks: &[Mark], (left, top): (usize, usize)) -> f64 {
    let (width, height) = (one.width() as usize, one.height() as usize);
    // Of both pictures, sums of brightness, of its squares and of products.
    let (mut count, mut sums, mut squares, mut products) = (0.0, [0.0; 2], [0.0; 2], 0.0);
    for y in top..(top + CELL).min(height) {
        for x in left..(left + CELL).min(width) {
            let at = y * width + x;
            let first = grey(one, at);
            // What is masked counts as it should be.
            let second = if marks[at] == Mark::Equal {
                first
            } else {
                grey(other, at)
            };
            count += 1.0;
            for (at, value) in [first, second].into_iter().enumerate() {
                sums[at] += value;
                squares[at] += value * value;
            }
            products += first * second;
        }
    }
    let [one, other] = sums.map(|sum| sum / count);
    let (mean_squares, mean_product) = (one * one + other * other, one * other);
    let variances = (squares[0] + squares[1]) / count - mean_squares;
    let covariance = products / count - mean_product;
    (2.0 * mean_product + C1) * (2.0 * covariance + C2) / ((mean_squares + C1) * (variances + C2))
}

/// Returns the brightness of a pixel from 0 to 1.
fn grey(picture: &Picture, at: usize) -> f64 {
    let [red, green, blue, _] = picture.rgba().as_chunks::<4>().0[at].map(f64::from);
    (0.299 * red + 0.587 * green + 0.114 * blue) / 255.0
}
