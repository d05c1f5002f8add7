//! Machines, connections and guests that are lost while they are needed.

mod guest;
mod host_key;
mod mosdat;
mod qemu;
