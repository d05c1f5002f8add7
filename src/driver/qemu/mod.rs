//! Virtual machines on this computer, run by QEMU.
//!
//! ```text
//! provider, guest, layers     what the rest of mosdat asks for
//!        |
//!       vm ---- template, snapshot      a machine, and its states
//!        |
//! qmp, agent, serial, command_line      how QEMU and the guest are spoken to
//! ```

mod accel;
mod agent;
mod budget;
mod command_line;
mod computer;
mod config;
mod error;
mod folder;
mod folders;
mod guest;
mod keep;
mod layers;
mod line;
mod open;
mod passthrough;
mod program;
mod provider;
mod qmp;
mod reasons;
mod serial;
mod snapshot;
mod spec;
mod template;
mod vm;

pub use accel::{Choice, Engines, Proof};
pub use agent::{Agent, AgentError, Ran};
pub use budget::{Budget, Reservation};
pub use computer::Amount;
pub use config::{Limits, QemuConfig};
pub use error::VmError;
pub use folder::Folder;
pub use passthrough::Devices;
pub use program::Qemu;
pub use provider::QemuProvider;
pub use qmp::{Picture, Qmp, QmpError, RunState, Shutdown, Signs};
pub use spec::{Engine, Ram, Spec, Start};
pub use template::Template;
pub use vm::Vm;

use std::{fs, io, path::Path};

/// Runs what waits for the disk where it holds nobody up.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|err| Err(io::Error::other(err)))
}

#[expect(
    clippy::disallowed_methods,
    reason = "QEMU draws pictures into files in the machine's own folder"
)]
fn read(path: &Path) -> io::Result<Vec<u8>> {
    fs::read(path)
}
