//! Who belongs to a tree of processes on a machine, as far as its table of processes tells.
//!
//! It asks nobody; the table is given.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Mutex, PoisonError},
};

/// The variable that marks a tree.
pub(super) const MARK: &str = "MOSDAT_TREE";

/// Tells a process from a later one with the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity {
    pub(super) pid: u32,
    /// In clock ticks since the machine started.
    pub(super) start: u64,
}

impl Identity {
    /// Reads a process id and a time, as in `812 10432`.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let (pid, start) = line.trim().split_once(' ')?;
        Some(Self {
            pid: pid.parse().ok()?,
            start: start.parse().ok()?,
        })
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.pid, self.start)
    }
}

/// A table of processes.
#[derive(Debug, Default)]
pub(super) struct Table {
    processes: Vec<Process>,
    /// Who has the mark.
    marked: BTreeSet<u32>,
}

/// A process that lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    id: Identity,
    parent: u32,
    session: u32,
}

impl Table {
    /// Returns the script that tells it, of use to a tree with this mark.
    pub(super) fn script(mark: &str) -> String {
        // No pattern: neither the mark nor the variable has a character that means something else.
        format!(
            "cat /proc/[0-9]*/stat 2>/dev/null\n\
             echo; echo marked\n\
             grep -lsF -e '{MARK}={mark}' /proc/[0-9]*/environ\n\
             echo end"
        )
    }

    /// Reads what the script told; `None` when it did not come to its end.
    pub(super) fn parse(told: &[u8]) -> Option<Self> {
        let told = String::from_utf8_lossy(told);
        let (rows, marked) = told.rsplit_once("\nmarked\n")?;
        let marked = marked.strip_suffix("end\n")?;
        let pid = |path: &str| path.strip_prefix("/proc/")?.split('/').next()?.parse().ok();
        Some(Self {
            processes: processes(rows),
            marked: marked.lines().filter_map(pid).collect(),
        })
    }
}

/// Reads rows of `/proc/PID/stat`, one after the other. A program's name is in parentheses and may
/// hold any character, ends of lines among them.
fn processes(rows: &str) -> Vec<Process> {
    let mut found = Vec::new();
    let mut row = String::new();
    for line in rows.lines() {
        row.push_str(line);
        let rest = row.rsplit_once(')').map_or("", |(_, rest)| rest);
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        // Names have 15 characters at most, which is less than all these fields.
        if fields.len() < FIELDS {
            row.push('\n');
            continue;
        }
        found.extend(process(&row, &fields));
        row.clear();
    }
    found
}

/// At least so many fields follow the name.
const FIELDS: usize = 40;

fn process(row: &str, fields: &[&str]) -> Option<Process> {
    let pid = row.split_once(" (")?.0.trim().parse().ok()?;
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    let has_ended = matches!(*fields.first()?, "Z" | "X" | "x");
    let id = Identity {
        pid,
        start: number(19)?,
    };
    (!has_ended).then_some(Process {
        id,
        parent: number(1)? as u32,
        session: number(3)? as u32,
    })
}

/// The members of one tree.
#[derive(Debug)]
pub(super) struct Members {
    root: Identity,
    /// Members that were seen. They stay members when they are given another parent.
    seen: Mutex<BTreeSet<Identity>>,
}

impl Members {
    /// Takes the program that is at the root of all, and leads a session.
    pub(super) fn new(root: Identity) -> Self {
        Self {
            root,
            seen: Mutex::default(),
        }
    }

    pub(super) fn root(&self) -> u32 {
        self.root.pid
    }

    /// Returns all members that live.
    pub(super) fn find(&self, table: &Table) -> Vec<Identity> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // Who has the root's number now says whose session it is.
        let at_root = |process: &&Process| process.id.pid == self.root.pid;
        let other = table.processes.iter().find(at_root);
        let is_own_session = other.is_none_or(|process| process.id == self.root);
        let mut rest: Vec<Process> = table.processes.clone();
        rest.retain(|process| process.id.start >= self.root.start);
        let belongs = |process: &Process| {
            process.id == self.root
                || seen.contains(&process.id)
                || (is_own_session && process.session == self.root.pid)
                || table.marked.contains(&process.id.pid)
        };
        let mut members = Vec::new();
        let mut found: Vec<_> = rest.extract_if(.., |process| belongs(process)).collect();
        while !found.is_empty() {
            let parents: BTreeSet<u32> = found.iter().map(|process| process.id.pid).collect();
            members.extend(found.iter().map(|process| process.id));
            found = rest
                .extract_if(.., |process| parents.contains(&process.parent))
                .collect();
        }
        seen.extend(members.iter().copied());
        members
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: Identity = Identity {
        pid: 100,
        start: 50,
    };

    /// One row: id, name, state, parent, session, start.
    fn row(pid: u32, name: &str, state: &str, parent: u32, session: u32, start: u64) -> String {
        let before = "0 ".repeat(15);
        let after = "0 ".repeat(30);
        format!("{pid} ({name}) {state} {parent} 1 {session} {before}{start} {after}\n")
    }

    fn found(members: &Members, rows: &[String], marked: &[u32]) -> Vec<u32> {
        let marked = marked.iter().map(|pid| format!("/proc/{pid}/environ\n"));
        let marked = marked.collect::<Vec<_>>().concat();
        let told = format!("{}\nmarked\n{marked}end\n", rows.concat());
        let table = Table::parse(told.as_bytes()).unwrap();
        members
            .find(&table)
            .iter()
            .map(|member| member.pid)
            .collect()
    }

    #[test]
    fn children_marked_ones_and_those_of_the_session_belong() {
        let rows = [
            row(1, "init", "S", 0, 1, 1),
            row(100, "notes", "S", 90, 100, 50),
            row(101, "child", "S", 100, 101, 60),
            row(102, "grandchild", "S", 101, 101, 61),
            row(103, "in session", "S", 1, 100, 62),
            row(104, "marked", "S", 1, 104, 63),
            row(105, "of marked", "S", 104, 104, 64),
            row(106, "other", "S", 1, 106, 65),
            row(107, "zombie", "Z", 100, 100, 66),
        ];
        let members = Members::new(ROOT);
        assert_eq!(
            found(&members, &rows, &[104]),
            [100, 103, 104, 101, 105, 102]
        );
    }

    #[test]
    fn a_member_that_was_seen_stays_one() {
        let members = Members::new(ROOT);
        let child = |parent, start| row(101, "child", "S", parent, 101, start);
        let root = row(100, "notes", "S", 90, 100, 50);
        assert_eq!(found(&members, &[root, child(100, 60)], &[]), [100, 101]);
        assert_eq!(found(&members, &[child(1, 60)], &[]), [101]);
        // Its number was given to someone else.
        assert_eq!(found(&members, &[child(1, 70)], &[]), [0_u32; 0]);
    }

    #[test]
    fn whoever_has_the_number_of_the_root_afterwards_is_a_stranger() {
        let members = Members::new(ROOT);
        let rows = [
            row(100, "other", "S", 1, 100, 900),
            row(101, "its child", "S", 100, 100, 901),
        ];
        assert_eq!(found(&members, &rows, &[]), [0_u32; 0]);
    }

    #[test]
    fn a_process_that_is_older_than_the_root_is_no_member() {
        let members = Members::new(ROOT);
        let rows = [
            row(100, "notes", "S", 90, 100, 50),
            row(90, "login", "S", 1, 100, 40),
        ];
        assert_eq!(found(&members, &rows, &[90]), [100]);
    }

    #[test]
    fn names_may_hold_anything() {
        let members = Members::new(ROOT);
        for name in [") S 1 1 1 1", "a\nb (c", ")\n) R 0", "((("] {
            let rows = [
                row(7, name, "S", 1, 7, 10),
                row(100, name, "S", 90, 100, 50),
                row(8, name, "S", 100, 8, 60),
            ];
            assert_eq!(found(&members, &rows, &[]), [100, 8], "{name:?}");
        }
    }

    #[test]
    fn a_table_that_was_cut_off_is_none() {
        let rows = row(100, "notes", "S", 90, 100, 50);
        for told in [rows.clone(), format!("{rows}\nmarked\n/proc/1")] {
            assert!(Table::parse(told.as_bytes()).is_none(), "{told}");
        }
    }
}
