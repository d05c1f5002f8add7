//! The ports made real. A driver knows its protocol and the model, and no other driver; `process`
//! is what those that start programs stand on.

pub mod atspi;
pub mod build;
pub mod disk;
pub mod local;
pub mod process;
pub mod sim;
pub mod vnc;
