//! Finds anchors by likeness: where exact pixels are not to be had, because a font is smoothed
//! otherwise, a shadow fell, or a driver rounds colours. It says yes only to what is alike in every
//! way that was asked for, and else says what was nearest and why that was not it.
//!
//! It searches by zero-mean normalised cross-correlation of brightness, at every place, and then
//! looks closely at the best places: contrast, each part, colour. There is no search on a smaller
//! picture first: small text does not survive that.

mod field;
mod find;
mod look;
mod luma;
mod moments;
mod needle;
mod scores;
mod spectrum;
mod sums;
mod unlike;

pub use find::{LOCAL, Prepared, find_like};
pub use unlike::Unlike;

use crate::model::Rect;
use std::ops::RangeInclusive;

/// What counts as alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounds {
    /// The least correlation, of at most 1.
    pub score: f64,
    /// How many times the anchor's contrast there may be. A greyed-out widget has about 0.45.
    pub gain: RangeInclusive<f64>,
    /// The least likeness of each tile of about 16x16 pixels, of at most 1: its correlation times
    /// the ratio of contrasts.
    pub tile: f64,
    /// A pixel is of another colour when its red, green or blue is off by more than this.
    pub off_by: u8,
    /// The largest share of pixels that may be of another colour.
    pub off_colour: f64,
    /// The largest share of one tile's pixels that may be.
    pub off_colour_of_tile: f64,
    /// How much lower the score of any other place must be that is alike too.
    pub clearance: f64,
    /// What has a lower score than this is not even worth telling.
    pub similar: f64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            score: 0.95,
            gain: 0.8..=1.25,
            tile: 0.6,
            off_by: 40,
            off_colour: 0.05,
            off_colour_of_tile: 0.1,
            clearance: 0.02,
            similar: 0.7,
        }
    }
}

/// What came of looking for what is like an anchor.
#[derive(Clone, Debug, PartialEq)]
pub enum Likeness {
    /// It is there, and nowhere else.
    Found(Alike),
    /// Something is there that is not alike enough, or it is not the only one.
    Refused {
        /// What was nearest.
        best: Alike,
        /// Why it is not it; at least one reason.
        reasons: Vec<Unlike>,
    },
    /// Nothing is like it.
    Nothing {
        /// The best score of any place, and the place.
        best: Option<Part>,
    },
}

impl Likeness {
    /// Returns the place where the anchor is.
    pub fn place(&self) -> Option<Rect> {
        match self {
            Self::Found(alike) => Some(alike.place),
            Self::Refused { .. } | Self::Nothing { .. } => None,
        }
    }
}

/// How alike a place is. Only what is opaque in the anchor counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Alike {
    /// The place.
    pub place: Rect,
    /// Its correlation with the anchor, from -1 to 1.
    pub score: f64,
    /// How many times the anchor's contrast it has.
    pub gain: f64,
    /// The tile that is least alike, and how alike it is.
    pub worst_tile: Part,
    /// The share of pixels that are of another colour.
    pub off_colour: f64,
    /// The tile with the largest share of them, and that share.
    pub worst_colour: Part,
    /// The next best place and its score, whether it is alike or not. Unless its score is as good,
    /// it does not overlap this.
    pub second: Option<Part>,
}

/// A number about a part of the screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// The part.
    pub place: Rect,
    /// The number.
    pub value: f64,
}
