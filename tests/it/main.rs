//! Integration tests, one binary, a file for each area: see `layers` for the shape of the code.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on may panic, tests start programs and read files, and look at the few events they are about"
)]

mod apply;
mod build;
mod cli;
mod config;
mod desktop;
mod faults;
mod hashes;
mod image;
mod input;
mod layers;
mod likeness;
mod linux;
mod local;
mod machine;
mod package;
mod past;
mod plan;
mod process;
mod project;
mod proxmox;
#[path = "../pve/mod.rs"]
mod pve;
mod qemu;
mod report;
mod scenario;
mod screen;
mod script;
mod ssh;
mod state;
mod text;
mod tree;
mod uia;
mod visual;
mod vlm;
mod vms;
mod world;
