//! What commands show: for people, and as JSON for other programs.

mod anchors;
pub(super) mod flakes;
pub(super) mod images;
pub(super) mod json;
pub(super) mod matrix;
pub(super) mod plan;
pub(super) mod widgets;

pub(super) use anchors::review_page;
