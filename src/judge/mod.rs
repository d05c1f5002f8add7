//! Compares pictures with expectations: pixels in, places and numbers out.
//!
//! It has no screen and no time: whoever waits for a picture asks again with the next frame. What
//! is found exactly has equal pixels; what is found by likeness says how alike it is in which way, and
//! texts how near they are to the wanted one.

mod anchor;
mod clickable;
mod compare;
mod edges;
mod exact;
mod layout;
mod like;
mod net;
pub mod past;
mod picture;
mod rolling;
mod search;
mod text;
pub mod visual;
mod whole;

pub use anchor::{Anchor, AnchorError};
pub use clickable::{CLICKABLE_AROUND, clickable};
pub use compare::{Change, change, differs, is_blank, is_small};
pub use exact::{Found, MOST_PLACES, Match, Near, find_exact, find_in_damage, nearest};
pub use layout::find_layout;
pub use like::{Alike, Bounds, LOCAL, Likeness, Part, Prepared, Unlike, find_like};
pub use picture::{Picture, PictureError, clipped, cut, png};
pub use text::{FoundText, LetterCase, Nearness, TextSearch, Tolerance, WantedText, find_text};
