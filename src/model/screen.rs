//! Pictures of a screen, places on it, and the parts of a pointing device.

use super::Timestamp;
use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc};

/// A point on a screen, from its top left corner, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// To the right.
    pub x: i32,
    /// Down.
    pub y: i32,
}

/// A part of a screen, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rect {
    /// Left edge.
    pub x: i32,
    /// Top edge.
    pub y: i32,
    /// Width.
    pub width: i32,
    /// Height.
    pub height: i32,
}

impl Rect {
    /// Returns the point in the middle.
    pub fn center(self) -> Point {
        Point {
            x: self.x + self.width / 2,
            y: self.y + self.height / 2,
        }
    }

    /// Whether a point lies in it.
    pub fn contains(self, point: Point) -> bool {
        let inside = |at: i32, from: i32, length: i32| at >= from && at < from + length;
        inside(point.x, self.x, self.width) && inside(point.y, self.y, self.height)
    }

    /// Whether all of `other` lies in it.
    pub fn holds(self, other: Self) -> bool {
        self.x <= other.x
            && self.y <= other.y
            && self.x + self.width >= other.x + other.width
            && self.y + self.height >= other.y + other.height
    }

    /// Whether the two share a pixel.
    pub fn intersects(self, other: Self) -> bool {
        self.x < other.x + other.width
            && other.x < self.x + self.width
            && self.y < other.y + other.height
            && other.y < self.y + self.height
    }

    /// Returns the smallest rectangle that holds both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let right = (self.x + self.width).max(other.x + other.width);
        let bottom = (self.y + self.height).max(other.y + other.height);
        Self {
            x,
            y,
            width: right - x,
            height: bottom - y,
        }
    }

    /// Returns what both share; it has no width or no height when they share nothing.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let right = (self.x + self.width).min(other.x + other.width);
        let bottom = (self.y + self.height).min(other.y + other.height);
        Self {
            x,
            y,
            width: (right - x).max(0),
            height: (bottom - y).max(0),
        }
    }

    /// Returns it with so many more pixels on each side.
    #[must_use]
    pub fn grown(self, by: i32) -> Self {
        Self {
            x: self.x - by,
            y: self.y - by,
            width: self.width + 2 * by,
            height: self.height + 2 * by,
        }
    }
}

impl fmt::Display for Rect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{} at {},{}", self.width, self.height, self.x, self.y)
    }
}

/// Counts the changes of one screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FrameSeq(pub u64);

/// Why a frame is newer than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameCause {
    /// The first picture after connecting.
    Connected,
    /// The server said that something changed.
    Damage,
    /// The screen has another size.
    Resized,
    /// The first picture after the connection broke and was made again.
    Reconnected,
}

/// A screen's picture at one time.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// Which change led to it.
    pub seq: FrameSeq,
    /// When mosdat had it.
    pub at: Timestamp,
    /// What led to it.
    pub cause: FrameCause,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Four bytes a pixel: red, green, blue, 255; row by row from the top.
    pub rgba: Arc<Vec<u8>>,
    /// What changed since the frame before this.
    pub damage: Vec<Rect>,
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame {} of {}x{}", self.seq.0, self.width, self.height)
    }
}

/// A button of the pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Button {
    /// The one that selects.
    Left,
    /// The wheel.
    Middle,
    /// The one that opens menus.
    Right,
}

/// A direction that the wheel turns to: what is seen moves the other way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wheel {
    /// Towards the beginning of a text.
    Up,
    /// Towards its end.
    Down,
    /// Towards the beginning of a line.
    Left,
    /// Towards its end.
    Right,
}
