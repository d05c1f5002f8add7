//! Guest images: the disks that virtual machines on this computer start from.
//!
//! [`ImageStore`] keeps them in a folder, each whole or not at all, and is the `Images` port made
//! real. [`ImageMaker`] makes them: from Debian packages by a [`Recipe`], without an installer and
//! without starting a machine, or out of a disk that somebody else made. Nothing here starts
//! machines.

mod disk;
mod error;
mod files;
mod guest;
mod hold;
mod import;
mod keys;
mod maker;
mod manifest;
mod packages;
mod progress;
mod recipe;
mod root;
mod sources;
mod store;
mod tool;
mod trouble;
mod work;

pub use error::{MakeError, Stage};
pub use hold::ImageHold;
pub use import::ImportRequest;
pub use maker::{ImageMaker, ImageRequest, Made};
pub use progress::Progress;
pub use recipe::{Recipe, Release};
pub use store::{ImageStore, RemoveError, StoredImage};
pub use trouble::Trouble;
