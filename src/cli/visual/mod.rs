//! Pictures of runs beside approved ones: where both lie, and what people are shown.

mod approved;
mod page;
mod shots;

pub(super) use approved::{Approved, Notes, References};
pub(super) use page::blink;
pub(super) use shots::{ARTEFACTS, Shot, shots};
