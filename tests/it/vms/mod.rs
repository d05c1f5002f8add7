//! What is promised of virtual machines on this computer, on real ones.
//!
//! A machine boots once for all of these tests, in [`prepared`]; each test works on a copy of what
//! was kept of that, which costs nothing, and clones start from it within a second. The images are
//! those in the folder that `MOSDAT_TEST_IMAGES` names.

mod boot;
mod desktop;
mod faults;
mod fleet;
mod images;
mod kept;
mod layers;
mod matrix;
mod older;
mod prepared;
mod processes;
mod told;
mod witness;
mod world;
