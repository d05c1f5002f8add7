//! What this computer has, and how much of it machines may use, all together: three quarters of its
//! memory, and four virtual processors for each real one.

#![expect(
    clippy::disallowed_methods,
    reason = "what this computer has is read from `/proc` and `/sys`"
)]

use serde::{Deserialize, Serialize};
use std::{fmt, fs, io, path::Path};

/// How many virtual processors there may be for each real one: guests mostly wait.
const CPUS_FOR_EACH: u32 = 4;

/// How much a machine uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// Memory, in MiB.
    pub memory: u64,
    /// Processors.
    pub cpus: u32,
}

impl Amount {
    /// Returns what machines may use of this computer.
    pub fn of_this_computer() -> io::Result<Self> {
        let memory = total_memory(Path::new("/"))? * 3 / 4;
        let cpus = std::thread::available_parallelism()?.get() as u32;
        Ok(Self {
            memory,
            cpus: cpus * CPUS_FOR_EACH,
        })
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            memory: self.memory + other.memory,
            cpus: self.cpus + other.cpus,
        }
    }

    pub(super) fn fits_in(self, most: Self) -> bool {
        self.memory <= most.memory && self.cpus <= most.cpus
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} MiB and {} processors", self.memory, self.cpus)
    }
}

/// Returns how much memory there is, in MiB, whether all of it may be used or not; `root` is where
/// the system's files lie.
fn total_memory(root: &Path) -> io::Result<u64> {
    let table = fs::read_to_string(root.join("proc/meminfo"))?;
    let kib = table.lines().find_map(|line| {
        let rest = line.strip_prefix("MemTotal:")?;
        rest.split_ascii_whitespace().next()?.parse::<u64>().ok()
    });
    let kib = kib.ok_or_else(|| io::Error::other("`/proc/meminfo` tells no `MemTotal`"))?;
    let limits = group_limits(root).into_iter().map(|bytes| bytes / 1024);
    Ok(limits.fold(kib, u64::min) / 1024)
}

/// Returns how much memory the control groups of this process may use, in bytes. A group may use
/// no more than those above it.
fn group_limits(root: &Path) -> Vec<u64> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let mut limits = Vec::new();
    for line in groups.lines() {
        let (top, file, group) = match line.splitn(3, ':').collect::<Vec<_>>()[..] {
            [_, "", group] => ("sys/fs/cgroup", "memory.max", group),
            [_, "memory", group] => ("sys/fs/cgroup/memory", "memory.limit_in_bytes", group),
            _ => continue,
        };
        let group = group.trim_start_matches('/');
        for dir in Path::new(group).ancestors() {
            let text = fs::read_to_string(root.join(top).join(dir).join(file));
            // `max` is no limit, and no number.
            limits.extend(text.ok().and_then(|text| text.trim().parse::<u64>().ok()));
        }
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory_with(files: &[(&str, &str)]) -> u64 {
        let dir = tempfile::tempdir().unwrap();
        let total = (
            "proc/meminfo",
            "MemTotal:       16384000 kB\nMemFree: 1 kB\n",
        );
        for (path, text) in files.iter().chain([&total]) {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        total_memory(dir.path()).unwrap()
    }

    #[test]
    fn a_group_may_use_no_more_than_those_above_it() {
        assert_eq!(memory_with(&[]), 16000);
        let group = ("proc/self/cgroup", "0::/user/run\n");
        let own = ("sys/fs/cgroup/user/run/memory.max", "max\n");
        assert_eq!(memory_with(&[group, own]), 16000);
        let above = ("sys/fs/cgroup/user/memory.max", "4194304000\n");
        assert_eq!(memory_with(&[group, own, above]), 4000);
        let top = ("sys/fs/cgroup/memory.max", "2097152000\n");
        assert_eq!(memory_with(&[group, own, above, top]), 2000);
    }

    #[test]
    fn older_systems_keep_groups_of_memory_apart() {
        let groups = ("proc/self/cgroup", "5:cpu:/a\n4:memory:/box\n");
        let limit = (
            "sys/fs/cgroup/memory/box/memory.limit_in_bytes",
            "1048576000\n",
        );
        let none = (
            "sys/fs/cgroup/memory/memory.limit_in_bytes",
            "9223372036854771712\n",
        );
        assert_eq!(memory_with(&[groups, limit, none]), 1000);
    }

    #[test]
    fn this_computer_has_something() {
        let most = Amount::of_this_computer().unwrap();
        assert!(most.memory > 0 && most.cpus >= CPUS_FOR_EACH, "{most}");
    }
}
