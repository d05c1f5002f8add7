//! Virtual machines, the real ones.

mod gpus;
mod vm_clones;
mod vm_lost;
mod vm_world;
