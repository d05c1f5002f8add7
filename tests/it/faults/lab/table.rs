//! The table that `make faults` shows: it is kept in a file, which the script prints.

use std::{fmt::Write as _, fs, path::Path};

/// Writes down what came of each fault, below `target/` for who runs the lab.
pub(super) fn keep(title: &str, rows: &[(&str, &str, String, String)]) {
    let mut table = format!("\n{title}\n");
    for (fault, expected, verdict, detail) in rows {
        let mark = if expected == verdict { "ok " } else { "!! " };
        let detail: String = detail
            .lines()
            .next()
            .unwrap_or("")
            .chars()
            .take(110)
            .collect();
        writeln!(
            table,
            "{mark} {fault:<24} {expected:<8} {verdict:<8} {detail}"
        )
        .unwrap();
    }
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fault-lab");
    fs::create_dir_all(&dir).unwrap();
    let name: String = title.chars().filter(char::is_ascii_alphabetic).collect();
    fs::write(dir.join(format!("{name}.txt")), table).unwrap();
}
