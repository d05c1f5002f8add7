//! The ports made real. A driver knows its protocol and the model, and no other driver, but for those
//! that others are built of: `process` starts programs, `windows` asks window systems, `linux` is
//! at home on a Linux machine, `uia` on one with Windows.

pub mod atspi;
pub mod build;
pub mod disk;
pub mod image;
pub mod linux;
pub mod local;
pub mod ocr;
pub mod process;
pub mod proxmox;
pub mod qemu;
pub mod sim;
pub mod ssh;
pub mod uia;
pub mod video;
pub mod vlm;
pub mod vnc;
pub mod windows;
