//! Reads documents: YAML in; typed steps, or every mistake with its place, out.
//!
//! ```text
//! document -> head (what is said of the whole)
//!          '-> step -> action -> click, include (routine, imported steps)
//!                   |- typing (keys, and what must hold)
//!                   '- condition -> target
//! ```
//!
//! `yaml` gives values with places, `template` renders them, `parts` hands out the keys of a map one
//! by one, `fields` makes values of them, and `mistakes` collects what is wrong.

mod action;
mod alone;
mod around;
mod click;
mod condition;
mod document;
mod fallback;
mod fields;
mod fixture;
mod head;
mod include;
mod label;
mod mistakes;
mod outline;
mod parts;
mod role;
mod routine;
mod step;
mod target;
mod template;
mod trial;
mod typing;
mod word;
pub(super) mod yaml;

pub use alone::load_routine;
pub(super) use alone::{check_fixture, check_routine, check_steps, platform_of};
pub use document::{load, load_given};
pub use outline::{Wanted, entry, inputs};
pub use trial::{Trial, load_trial};
