//! Private desktops, the real ones: opened, used, broken, closed and cleaned up after.

mod desktop;
mod driven;
mod enlarged;
mod faults;
mod install;
mod places;
mod worker;
mod world;
