//! In which numbers a model tells places: what it told of places that are known is compared with
//! every convention. Pure arithmetic.

use super::told::Numbers;
use crate::model::{AxisOrder, Shape, Unit};
use std::fmt;

/// How far off a place may be told, in parts of the picture's diagonal: on the average, and once.
const MEAN: f64 = 0.015;
const MOST: f64 = 0.04;

/// A convention, and how well it explains what was told.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// What the numbers count.
    pub unit: FitUnit,
    /// Which comes first.
    pub order: AxisOrder,
    /// What was told.
    pub shape: Shape,
    /// How far off places were, on the average, in parts of the picture's diagonal.
    pub mean: f64,
    /// How far the worst was.
    pub most: f64,
}

/// What numbers count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FitUnit {
    /// What can be written in a plan file.
    Known(Unit),
    /// Pixels of a picture of another size: the server has resized what it was sent.
    Resized {
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
    },
}

/// What was told of a place that is known.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Told {
    /// Where it is, in pixels of the picture that was sent.
    pub(super) middle: (f64, f64),
    pub(super) numbers: Numbers,
}

impl Fit {
    /// Whether it explains what was told.
    pub fn is_good(&self) -> bool {
        self.mean <= MEAN && self.most <= MOST
    }
}

impl fmt::Display for FitUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(Unit::Pixels) => f.write_str("pixels"),
            Self::Known(Unit::Thousandths) => f.write_str("thousandths"),
            Self::Known(Unit::Fractions) => f.write_str("fractions"),
            Self::Resized { width, height } => write!(f, "pixels of {width}x{height}"),
        }
    }
}

/// Returns every convention, the one that fits best first.
pub(super) fn all(told: &[Told], shape: Shape, (width, height): (u32, u32)) -> Vec<Fit> {
    let (wide, high) = (f64::from(width), f64::from(height));
    let mut fits = Vec::new();
    for order in [AxisOrder::Xy, AxisOrder::Yx] {
        let pairs: Option<Vec<_>> = told.iter().map(|it| pair(it, shape, order)).collect();
        let Some(pairs) = pairs.filter(|pairs| !pairs.is_empty()) else {
            continue;
        };
        let mut add = |unit, scale: (f64, f64)| {
            let off = pairs.iter().map(|(own, told)| {
                let off = (told.0 * scale.0 - own.0).hypot(told.1 * scale.1 - own.1);
                off / wide.hypot(high)
            });
            let off: Vec<f64> = off.collect();
            fits.push(Fit {
                unit,
                order,
                shape,
                mean: off.iter().sum::<f64>() / off.len() as f64,
                most: off.iter().copied().fold(0.0, f64::max),
            });
        };
        add(FitUnit::Known(Unit::Pixels), (1.0, 1.0));
        add(
            FitUnit::Known(Unit::Thousandths),
            (wide / 1000.0, high / 1000.0),
        );
        add(FitUnit::Known(Unit::Fractions), (wide, high));
        if let Some(scale) = common_scale(&pairs) {
            let unit = FitUnit::Resized {
                width: (wide / scale).round() as u32,
                height: (high / scale).round() as u32,
            };
            add(unit, (scale, scale));
        }
    }
    fits.sort_by(|one, other| one.mean.total_cmp(&other.mean));
    fits
}

type Pair = ((f64, f64), (f64, f64));

/// Returns where a place is and where it was told to be, as x and y in that order.
fn pair(told: &Told, shape: Shape, order: AxisOrder) -> Option<Pair> {
    let (first, second) = match (shape, &told.numbers.values[..]) {
        (Shape::Point, [first, second]) => (*first, *second),
        (Shape::Box, [left, top, right, bottom]) => {
            (f64::midpoint(*left, *right), f64::midpoint(*top, *bottom))
        }
        _ => return None,
    };
    let is_swapped = order == AxisOrder::Yx;
    if is_swapped && told.numbers.is_named {
        return None;
    }
    let (x, y) = if is_swapped {
        (second, first)
    } else {
        (first, second)
    };
    Some((told.middle, (x, y)))
}

/// Returns by what both axes have to be stretched, when that is more than the odd pixel.
fn common_scale(pairs: &[Pair]) -> Option<f64> {
    let dot = |one: (f64, f64), other: (f64, f64)| one.0 * other.0 + one.1 * other.1;
    let told: f64 = pairs.iter().map(|(_, told)| dot(*told, *told)).sum();
    let both: f64 = pairs.iter().map(|(own, told)| dot(*own, *told)).sum();
    let scale = both / told;
    let is_other = (scale - 1.0).abs() > 0.01;
    (is_other && (0.1..=10.0).contains(&scale)).then_some(scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (u32, u32) = (1920, 1080);
    const PLACES: [(f64, f64); 5] = [
        (240.0, 150.0),
        (1650.0, 210.0),
        (900.0, 480.0),
        (330.0, 900.0),
        (1500.0, 840.0),
    ];

    fn told(is_named: bool, tell: impl Fn(f64, f64) -> Vec<f64>) -> Vec<Told> {
        let each = PLACES.iter().map(|middle| Told {
            middle: *middle,
            numbers: Numbers {
                values: tell(middle.0, middle.1),
                is_named,
            },
        });
        each.collect()
    }

    fn check(told: &[Told], shape: Shape, unit: FitUnit, order: AxisOrder) {
        let fits = all(told, shape, SIZE);
        let good: Vec<_> = fits.iter().filter(|fit| fit.is_good()).collect();
        assert_eq!(good.len(), 1, "{fits:#?}");
        assert_eq!((good[0].unit, good[0].order), (unit, order));
    }

    #[test]
    fn each_convention_is_told_from_all_others() {
        let known = FitUnit::Known;
        let (point, xy, yx) = (Shape::Point, AxisOrder::Xy, AxisOrder::Yx);
        let pixels = told(false, |x, y| vec![x, y]);
        check(&pixels, point, known(Unit::Pixels), xy);
        let named = told(true, |x, y| vec![x + 9.0, y - 7.0]);
        check(&named, point, known(Unit::Pixels), xy);
        let thousandths = told(false, |x, y| vec![x / 1.92, y / 1.08]);
        check(&thousandths, point, known(Unit::Thousandths), xy);
        let swapped = told(false, |x, y| vec![y / 1.08, x / 1.92]);
        check(&swapped, point, known(Unit::Thousandths), yx);
        let fractions = told(false, |x, y| vec![x / 1920.0, y / 1080.0]);
        check(&fractions, point, known(Unit::Fractions), xy);
        let area = told(false, |x, y| vec![y - 30.0, x - 50.0, y + 30.0, x + 50.0]);
        check(&area, Shape::Box, known(Unit::Pixels), yx);
        let shrunk = told(false, |x, y| vec![x * 0.7, y * 0.7]);
        let (width, height) = (1344, 756);
        check(&shrunk, point, FitUnit::Resized { width, height }, xy);
    }

    #[test]
    fn what_fits_nothing_fits_nothing() {
        let corner = told(false, |_, _| vec![5.0, 5.0]);
        let mirrored = told(false, |x, y| vec![1920.0 - x, 1080.0 - y]);
        let axes = told(false, |x, y| vec![x / 1.92, y]);
        for told in [corner, mirrored, axes] {
            let fits = all(&told, Shape::Point, SIZE);
            assert!(fits.iter().all(|fit| !fit.is_good()), "{fits:#?}");
        }
        assert!(all(&told(false, |x, _| vec![x]), Shape::Point, SIZE).is_empty());
        assert!(all(&[], Shape::Point, SIZE).is_empty());
    }
}
