//! Processor time of this process and of the programs it started that have ended.

/// Linux tells times of processes in hundredths of a second, whatever its own clock does.
const TICKS: f64 = 100.0;

/// Returns user and system time so far, in seconds; that of programs to the next tick.
pub(crate) fn cpu_seconds() -> f64 {
    let own = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks: f64 = fields[13..15]
        .iter()
        .map(|ticks| ticks.parse::<f64>().unwrap())
        .sum();
    own.tv_sec as f64 + own.tv_nsec as f64 / 1e9 + ticks / TICKS
}
