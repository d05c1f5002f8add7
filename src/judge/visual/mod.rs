//! Compares a picture of a screen with one that was approved: what is equal, what nobody sees, and
//! what differs, with its places.
//!
//! It compares places one to one. Finding something that moved is done elsewhere.

mod pixel;
mod regions;
mod render;
mod ssim;

pub use regions::{Region, changing};

use super::Picture;
use crate::model::Rect;
use regions::Cells;
use std::fmt;

/// How much may differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// The least structural similarity, from 0 to 1.
    pub score: f64,
    /// The most pixels that may differ so that it is seen.
    pub visible: u64,
}

impl Default for Tolerance {
    fn default() -> Self {
        Self {
            score: 0.95,
            visible: 0,
        }
    }
}

/// What a comparison comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sameness {
    /// Every pixel outside the masks is equal.
    Same,
    /// Pixels differ, and no more than may.
    Within,
    /// More differs than may.
    Differs,
}

/// Pictures cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompareError {
    /// They have different sizes.
    #[error("it has {}x{} pixels, and the approved one {}x{}", seen.0, seen.1, approved.0, approved.1)]
    Size {
        /// Of the approved one.
        approved: (u32, u32),
        /// Of the other.
        seen: (u32, u32),
    },
    /// Nothing is left to compare.
    #[error("masks cover all of it, so that nothing is compared")]
    Masked,
}

/// How two pictures differ outside masks.
#[derive(Clone, PartialEq)]
pub struct Comparison {
    /// How many pixels were compared.
    pub compared: u64,
    /// How many of them differ at all.
    pub changed: u64,
    /// How many differ so that it is seen. An edge that is smoothed otherwise is not.
    pub visible: u64,
    /// Structural similarity (SSIM): the mean over windows of 8x8 pixels of brightness.
    pub score: f64,
    /// The lowest similarity of a window.
    pub worst: f64,
    /// Where they differ, the largest number of visible pixels first.
    pub regions: Vec<Region>,
    /// What came of each pixel.
    marks: Vec<Mark>,
}

/// What came of a pixel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
enum Mark {
    #[default]
    Equal,
    /// It differs so little, or is so placed, that nobody sees it.
    Changed,
    Visible,
}

impl Comparison {
    /// Says whether that is the same.
    pub fn sameness(&self, tolerance: Tolerance) -> Sameness {
        if self.changed == 0 {
            Sameness::Same
        } else if self.score >= tolerance.score && self.visible <= tolerance.visible {
            Sameness::Within
        } else {
            Sameness::Differs
        }
    }
}

impl fmt::Debug for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} in {:?}", self.regions)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (changed, visible) = (self.changed, self.visible);
        let regions = self.regions.len();
        let region = if regions == 1 { "region" } else { "regions" };
        let score = self.score;
        write!(
            f,
            "{changed} pixels changed, {visible} of them visibly, in {regions} {region}; similarity {score:.4}"
        )
    }
}

/// Compares `seen` with what was `approved`, outside of `masks`.
pub fn compare(
    approved: &Picture,
    seen: &Picture,
    masks: &[Rect],
) -> Result<Comparison, CompareError> {
    let sizes = [approved, seen].map(|picture| (picture.width(), picture.height()));
    if sizes[0] != sizes[1] {
        return Err(CompareError::Size {
            approved: sizes[0],
            seen: sizes[1],
        });
    }
    let masked = Masked::new(masks, approved);
    if masked.compared == 0 {
        return Err(CompareError::Masked);
    }
    let width = approved.width() as usize;
    let mut marks = vec![Mark::Equal; width * approved.height() as usize];
    let mut cells = Cells::new(approved);
    for y in 0..approved.height() as usize {
        let bytes = y * width * 4..(y + 1) * width * 4;
        let rows = [approved, seen].map(|picture| &picture.rgba()[bytes.clone()]);
        if rows[0] == rows[1] {
            continue;
        }
        let masks = masked.of_row(y);
        let pairs = rows[0].as_chunks::<4>().0.iter().zip(rows[1].as_chunks().0);
        for (x, (one, other)) in pairs.enumerate() {
            if one != other && !masks.iter().any(|mask| mask.contains(&x)) {
                let is_visible = pixel::is_visible(approved, seen, x, y);
                marks[y * width + x] = if is_visible {
                    Mark::Visible
                } else {
                    Mark::Changed
                };
                cells.count(x, y, is_visible);
            }
        }
    }
    let (score, worst) = ssim::of(approved, seen, &marks, &cells);
    let (changed, visible) = cells.totals();
    Ok(Comparison {
        compared: masked.compared,
        changed,
        visible,
        score,
        worst,
        regions: cells.regions(&marks),
        marks,
    })
}

/// What is not compared.
struct Masked {
    masks: Vec<Rect>,
    compared: u64,
}

impl Masked {
    fn new(masks: &[Rect], picture: &Picture) -> Self {
        let masks: Vec<Rect> = masks
            .iter()
            .copied()
            .filter(|mask| mask.width > 0 && mask.height > 0)
            .collect();
        let mut masked = Self { masks, compared: 0 };
        let width = picture.width() as usize;
        let mut covered = vec![false; width];
        for y in 0..picture.height() as usize {
            let masks = masked.of_row(y);
            if masks.is_empty() {
                masked.compared += width as u64;
                continue;
            }
            covered.fill(false);
            for mask in masks {
                covered[mask.start.min(width)..mask.end.min(width)].fill(true);
            }
            masked.compared += covered.iter().filter(|covered| !**covered).count() as u64;
        }
        masked
    }

    /// Returns the columns of a row that are not compared.
    fn of_row(&self, y: usize) -> Vec<std::ops::Range<usize>> {
        let in_row =
            |mask: &&Rect| (mask.y..mask.y.saturating_add(mask.height)).contains(&(y as i32));
        let masks = self.masks.iter().filter(in_row);
        let columns = masks.map(|mask| {
            let end = mask.x.saturating_add(mask.width).max(0);
            mask.x.max(0) as usize..end as usize
        });
        columns.collect()
    }
}
