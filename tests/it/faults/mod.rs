//! Things that go wrong on purpose, to the whole program.

mod desktop;
mod interrupt;
mod kill;
mod lab;
mod lock;
mod saved_plan;
mod slow_build;
mod state;
