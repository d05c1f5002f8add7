//! A full disk, and being killed, in a process of its own.

use super::{locked, open, started, step_of};
use mosdat::{
    model::Recorded,
    port::{Durability, Store, StoreError},
};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

/// Runs one test of this file again, in a process of its own that `how` starts.
fn again(how: &str, test: &str, dir: &Path) -> Command {
    let mut command = Command::new("sh");
    let own = std::env::current_exe().unwrap();
    let test = format!("state::faults::{test}");
    command.args(["-c", how, "sh"]).arg(own);
    command.args(["--exact", &test, "--nocapture", "--test-threads=1"]);
    command.env("STATE_TEST_DIR", dir);
    command
}

fn dir_of_child() -> Option<std::path::PathBuf> {
    std::env::var_os("STATE_TEST_DIR").map(Into::into)
}

#[test]
fn a_full_disk_costs_only_what_did_not_fit() {
    let Some(dir) = dir_of_child() else {
        // No file may grow beyond 8 KiB, as if the disk ended there, in the middle of a record.
        let dir = tempfile::tempdir().unwrap();
        let how = "ulimit -S -f 8; trap '' XFSZ; exec \"$@\"";
        let test = "a_full_disk_costs_only_what_did_not_fit";
        let output = again(how, test, dir.path()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}");
        assert!(
            text.contains("filled after"),
            "the child did not run: {text}"
        );
        return;
    };
    let mut store = locked(&dir);
    let mut expected = Recorded::default();
    let mut batches = (0..).map(step_of);
    let failed = loop {
        let batch = batches.next().unwrap();
        if let Err(error) = store.append(&batch, Durability::Power) {
            assert!(
                matches!(
                    error,
                    StoreError::Io {
                        what: "append to",
                        ..
                    }
                ),
                "{error}"
            );
            break batch;
        }
        for record in batch {
            expected.apply(record);
        }
    };
    assert!(!expected.steps.is_empty());
    assert_eq!(store.load().unwrap(), expected);
    assert!(store.append(&failed, Durability::Process).is_err());
    assert_eq!(store.load().unwrap(), expected);
    // Nothing of what did not fit is in the way.
    let small = started("small");
    store
        .append(std::slice::from_ref(&small), Durability::Power)
        .unwrap();
    expected.apply(small);
    assert_eq!(store.load().unwrap(), expected);

    let none = rustix::process::Rlimit {
        current: None,
        maximum: None,
    };
    rustix::process::setrlimit(rustix::process::Resource::Fsize, none).unwrap();
    store.append(&failed, Durability::Power).unwrap();
    let filled = expected.steps.len();
    for record in failed {
        expected.apply(record);
    }
    assert_eq!(store.load().unwrap(), expected);
    println!("filled after {filled} steps");
}

#[test]
fn being_killed_at_any_point_loses_nothing_that_was_told() {
    let Some(dir) = dir_of_child() else {
        let dir = tempfile::tempdir().unwrap();
        let test = "being_killed_at_any_point_loses_nothing_that_was_told";
        let mut told = 0;
        for lines in 1..=30 {
            let mut command = again("exec \"$@\"", test, dir.path());
            let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
            let output = BufReader::new(child.stdout.take().unwrap());
            let serials = output.lines().map_while(Result::ok);
            let mut serials = serials.filter_map(|line| line.strip_prefix("told ")?.parse().ok());
            told = serials.nth(lines % 7).unwrap();
            child.kill().unwrap();
            told = serials.last().unwrap_or(told);
            child.wait().unwrap();
            let recorded = open(dir.path()).load().unwrap();
            assert!(recorded.serial.0 >= told, "{} < {told}", recorded.serial.0);
        }
        assert!(told > 30);
        return;
    };
    // Appends and compacts until it is killed, and tells what must be there.
    let mut store = locked(&dir);
    for number in 0.. {
        store
            .append(&step_of(number % 50), Durability::Process)
            .unwrap();
        store.compact().unwrap();
        println!("told {}", store.load().unwrap().serial.0);
    }
}
