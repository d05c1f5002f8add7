//! The driver for Proxmox VE, against a server that answers as real ones do.

mod calls;
mod consoles;
mod direct;
mod doctor;
mod fleet;
mod golden;
mod gpus;
mod machines;
mod matrix;
mod paper;
mod peers;
mod real;
mod runs;
mod tasks;
mod world;
