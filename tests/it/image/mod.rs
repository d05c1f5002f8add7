//! Guest images: what they are made of, how they lie on the disk, and how they are made. The
//! programs that fetch and install packages are stand-ins here; `scripts/test.sh` makes a real
//! image.

mod build;
mod cli;
mod import;
mod kill;
mod recipe;
mod store;
mod tools;
