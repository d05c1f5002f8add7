//! Why a place is not what is looked for, in words.

use super::{Alike, Bounds, Part};
use std::fmt;

/// Why a place is not what is looked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unlike {
    /// Its score is too low.
    Score {
        /// What it is.
        score: f64,
        /// What it must be.
        least: f64,
    },
    /// Its contrast is too low: it is greyed out, or behind something.
    Fainter {
        /// How many times the anchor's contrast it has.
        gain: f64,
    },
    /// Its contrast is too high.
    Stronger {
        /// How many times the anchor's contrast it has.
        gain: f64,
    },
    /// A part of it is something else.
    Tile(Part),
    /// Too many of its pixels are of another colour.
    Colour {
        /// Their share.
        share: f64,
    },
    /// Too many pixels of a part of it are of another colour.
    ColourOfTile(Part),
    /// Another place is just as alike.
    Ambiguous(Part),
}

/// Returns all reasons why `alike` is not what is looked for, but for other places.
pub(super) fn reasons(alike: &Alike, bounds: &Bounds) -> Vec<Unlike> {
    let mut reasons = Vec::new();
    let (score, gain) = (alike.score, alike.gain);
    if score < bounds.score {
        let least = bounds.score;
        reasons.push(Unlike::Score { score, least });
    }
    if gain < *bounds.gain.start() {
        reasons.push(Unlike::Fainter { gain });
    }
    if gain > *bounds.gain.end() {
        reasons.push(Unlike::Stronger { gain });
    }
    if alike.worst_tile.value < bounds.tile {
        reasons.push(Unlike::Tile(alike.worst_tile));
    }
    if alike.off_colour > bounds.off_colour {
        let share = alike.off_colour;
        reasons.push(Unlike::Colour { share });
    }
    if alike.worst_colour.value > bounds.off_colour_of_tile {
        reasons.push(Unlike::ColourOfTile(alike.worst_colour));
    }
    reasons
}

impl fmt::Display for Unlike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Score { score, least } => {
                write!(f, "its score is {score:.3} and must be {least:.3}")
            }
            Self::Fainter { gain } => write!(f, "it is fainter: {gain:.2} of the contrast"),
            Self::Stronger { gain } => write!(f, "it is stronger: {gain:.2} of the contrast"),
            Self::Tile(Part { place, value }) => {
                write!(f, "{place} differs, with a likeness of {value:.2}")
            }
            Self::Colour { share } => {
                let percent = share * 100.0;
                write!(f, "{percent:.1} % of it is of another colour")
            }
            Self::ColourOfTile(Part { place, value }) => {
                let percent = value * 100.0;
                write!(f, "{percent:.1} % of {place} is of another colour")
            }
            Self::Ambiguous(Part { place, value }) => {
                write!(f, "{place} is as alike, with a score of {value:.3}")
            }
        }
    }
}
