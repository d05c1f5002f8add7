//! Builds on this computer: from a folder, a commit or a finished file to a package in the blob
//! store.
//!
//! Never builds in the user's tree: sources are copied into a private folder first. Commands are
//! not confined beyond that; they get few variables, an empty home, and a time limit. Submodules
//! of git repositories are not fetched.

mod action;
mod builder;
mod command;
mod git;
mod package;
mod source;
mod work;

pub use builder::LocalBuilder;
