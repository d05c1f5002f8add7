//! What commands show: for people, and as JSON for other programs.

pub(super) mod images;
pub(super) mod json;
pub(super) mod matrix;
pub(super) mod plan;
