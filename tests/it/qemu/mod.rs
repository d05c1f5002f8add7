//! Virtual machines, the real ones.

mod vm_clones;
mod vm_lost;
mod vm_world;
