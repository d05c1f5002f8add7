//! The machines of a project that run now, as the operating system knows them.

use rustix::process::{Pid, Signal, kill_process};
use std::{fs, path::Path};

/// A process that mosdat has started on behalf of a lease.
#[derive(Clone, Debug)]
pub(super) struct Marked {
    pid: i32,
    command_line: String,
}

/// Returns every process with a mark that has to do with files below `state`.
pub(super) fn of(state: &Path) -> Vec<Marked> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid| look(pid, state)).collect()
}

/// A process that ends while it is looked at is none.
fn look(pid: i32, state: &Path) -> Option<Marked> {
    let read = |what: &str| fs::read(format!("/proc/{pid}/{what}")).ok();
    let environment = read("environ")?;
    let mut words = environment.split(|byte| *byte == 0);
    words.find(|word| word.starts_with(b"MOSDAT_LEASE="))?;
    let command_line = String::from_utf8_lossy(&read("cmdline")?).replace('\0', " ");
    let folder = fs::read_link(format!("/proc/{pid}/cwd")).ok()?;
    let is_of_state =
        folder.starts_with(state) || command_line.contains(&state.display().to_string());
    is_of_state.then_some(Marked { pid, command_line })
}

impl Marked {
    /// Kills it.
    pub(super) fn kill(&self) {
        assert!(self.command_line.contains("qemu-system"), "{self:?}");
        let pid = Pid::from_raw(self.pid).unwrap();
        // It may have ended by itself meanwhile.
        let _ended = kill_process(pid, Signal::KILL);
    }
}
