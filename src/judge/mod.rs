//! Compares pictures with expectations: pixels in, places and numbers out.
//!
//! It has no screen and no time: whoever waits for a picture asks again with the next frame. What
//! is found is exact: pixels are equal or they are not.

mod anchor;
mod compare;
mod edges;
mod exact;
mod layout;
mod net;
mod picture;
mod rolling;
mod search;
mod whole;

pub use anchor::{Anchor, AnchorError};
pub use compare::{differs, is_blank};
pub use exact::{Found, MOST_PLACES, Match, Near, find_exact, find_in_damage, nearest};
pub use layout::find_layout;
pub use picture::{Picture, PictureError, png};
