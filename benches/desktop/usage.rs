//! What processes use, as the kernel tells it.

use std::{fs, path::Path};

/// The memory of one process or several, in MiB.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    /// All pages that are there, those it shares with others as well.
    pub(crate) resident: f64,
    /// The same, with each shared page divided among those who share it: only this adds up.
    pub(crate) proportional: f64,
    /// Pages that go with it, because nobody else has them.
    pub(crate) private: f64,
    /// Pages that are in no file, or not as they are in the file.
    pub(crate) anonymous: f64,
}

impl Memory {
    /// Returns what process `pid` has; nothing when it has ended.
    pub(crate) fn of(pid: u32) -> Self {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
        Self::sum(text.lines())
    }

    /// Returns what process `pid` has of `file`, which it has mapped.
    pub(crate) fn of_mapping(pid: u32, file: &Path) -> Self {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps")).unwrap_or_default();
        let name = format!(" {}", file.display());
        let mut is_of_file = false;
        Self::sum(text.lines().filter(|line| {
            // A line without a colon after its first word begins a mapping.
            let first = line.split(' ').next().unwrap_or_default();
            if !first.ends_with(':') {
                is_of_file = line.ends_with(&name);
            }
            is_of_file
        }))
    }

    /// Returns what several have together.
    pub(crate) fn of_all(pids: &[u32]) -> Self {
        let each = pids.iter().map(|pid| Self::of(*pid));
        each.fold(Self::default(), |sum, one| Self {
            resident: sum.resident + one.resident,
            proportional: sum.proportional + one.proportional,
            private: sum.private + one.private,
            anonymous: sum.anonymous + one.anonymous,
        })
    }

    fn sum<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let mut sum = Self::default();
        for line in lines {
            let Some((name, rest)) = line.split_once(':') else {
                continue;
            };
            let kib = rest.trim().strip_suffix(" kB");
            let mib = kib.and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0;
            match name {
                "Rss" => sum.resident += mib,
                "Pss" => sum.proportional += mib,
                "Private_Clean" | "Private_Dirty" => sum.private += mib,
                "Anonymous" => sum.anonymous += mib,
                _ => {}
            }
        }
        sum
    }
}

/// Returns the processes that were started under a lease whose mark starts with `mark`.
pub(crate) fn started_under(mark: &str) -> Vec<u32> {
    let mark = format!("{}={mark}", mosdat::driver::process::LEASE_VARIABLE);
    let pids = fs::read_dir("/proc").unwrap().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_marked = |pid: &u32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let mut variables = environment.split(|byte| *byte == 0);
        variables.any(|variable| variable.starts_with(mark.as_bytes()))
    };
    pids.filter(is_marked).collect()
}

/// Returns the most memory that this process had at once so far, in MiB.
pub(crate) fn peak_mib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    peak.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}

/// Returns the processor time that process `pid` has used, in seconds.
pub(crate) fn cpu_seconds(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    ticks(&stat, [11, 12])
}

/// Returns the processor time that this process has used, in seconds.
pub(crate) fn own_cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Returns the processor time of all processes that this one has started and waited for, and of
/// those that they waited for.
pub(crate) fn cpu_seconds_of_children() -> f64 {
    ticks(&fs::read_to_string("/proc/self/stat").unwrap(), [13, 14])
}

/// Adds up fields of what the kernel tells of a process, counted from the one after its name.
fn ticks(stat: &str, fields: [usize; 2]) -> f64 {
    // The name may hold anything, also what ends it.
    let fields_text = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let all: Vec<&str> = fields_text.split_whitespace().collect();
    let value = |at: usize| all.get(at)?.parse::<f64>().ok();
    // Linux counts in hundredths of a second, whatever its own clock does.
    fields.iter().filter_map(|at| value(*at)).sum::<f64>() / 100.0
}

/// Returns how many processes wanted a processor, on average over the last minute.
pub(crate) fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}
