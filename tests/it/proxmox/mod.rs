//! The driver for Proxmox VE, against a server that answers as real ones do.

mod calls;
mod clones;
mod clones_left;
mod consoles;
mod direct;
mod doctor;
mod fakepve;
mod files;
mod fleet;
mod golden;
mod gpus;
mod machines;
mod one_colour;
mod paper;
mod peers;
mod runs;
mod tasks;
mod vm_console;
mod vm_matrix;
mod vm_real;
mod windows;
mod world;
