//! One file a command: what it does, in terms of the other modules.

pub(super) mod anchors;
pub(super) mod apply;
pub(super) mod atspi_dump;
pub(super) mod destroy;
pub(super) mod doctor;
pub(super) mod drift;
pub(super) mod gc;
pub(super) mod graph;
pub(super) mod image;
pub(super) mod import;
pub(super) mod lint;
pub(super) mod list_vms;
pub(super) mod lock;
pub(super) mod plan;
pub(super) mod recipes;
pub(super) mod replay;
pub(super) mod report;
pub(super) mod routines;
pub(super) mod schema;
pub(super) mod state;
pub(super) mod status;
pub(super) mod validate;
pub(super) mod visual;
pub(super) mod vlm;
pub(super) mod vlm_cache;
pub(super) mod why;
