//! Attempts in files.

use super::{attempt, instruction, key};
use mosdat::{
    driver::disk::DiskPastAttempts,
    model::{PastAttempt, StepKey, Verdict},
    port::PastAttempts as _,
};
use std::{fs, io::Write as _};

fn numbered(number: u32) -> PastAttempt {
    PastAttempt {
        attempt: number,
        instructions: vec![instruction("1", "a|b \"c\"\n", Verdict::Failed)],
        ..attempt("1", Verdict::Failed)
    }
}

fn numbers(memory: &DiskPastAttempts, key: &StepKey) -> Vec<u32> {
    let attempts = memory.of(key).unwrap();
    attempts.iter().map(|one| one.attempt).collect()
}

#[test]
fn attempts_are_remembered_by_step() {
    let dir = tempfile::tempdir().unwrap();
    let memory = DiskPastAttempts::new(dir.path().join("attempts"));
    let other = StepKey::new("b/../x:exercise");
    assert_eq!(memory.of(&key()).unwrap(), []);
    assert_eq!(memory.steps().unwrap(), []);
    memory.add(&key(), &[numbered(1), numbered(2)]).unwrap();
    memory.add(&other, &[numbered(7)]).unwrap();
    memory.add(&key(), &[numbered(3)]).unwrap();
    let memory = DiskPastAttempts::new(dir.path().join("attempts"));
    assert_eq!(memory.of(&key()).unwrap()[0], numbered(1));
    assert_eq!(numbers(&memory, &key()), [1, 2, 3]);
    assert_eq!(numbers(&memory, &other), [7]);
    assert_eq!(memory.steps().unwrap(), [key(), other]);
}

#[test]
fn the_oldest_of_many_are_forgotten_and_the_file_stays_short() {
    let dir = tempfile::tempdir().unwrap();
    let memory = DiskPastAttempts::new(dir.path().into());
    for number in 1..=230 {
        memory.add(&key(), &[numbered(number)]).unwrap();
    }
    assert_eq!(numbers(&memory, &key()), (181..=230).collect::<Vec<_>>());
    let file = fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap();
    let lines = fs::read_to_string(file.path()).unwrap().lines().count();
    assert!(lines < 100, "{lines} lines");
}

#[test]
fn a_line_that_a_crash_cut_short_costs_only_itself() {
    let dir = tempfile::tempdir().unwrap();
    let memory = DiskPastAttempts::new(dir.path().into());
    memory.add(&key(), &[numbered(1), numbered(2)]).unwrap();
    let path = fs::read_dir(dir.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let text = fs::read(&path).unwrap();
    fs::write(&path, &text[..text.len() - 20]).unwrap();
    // What a replaced file leaves when the power goes.
    let mut left = fs::File::create(dir.path().join("x.jsonl.new")).unwrap();
    left.write_all(&text).unwrap();
    memory.add(&key(), &[numbered(3)]).unwrap();
    assert_eq!(numbers(&memory, &key()), [1, 3]);
    assert_eq!(memory.steps().unwrap(), [key()]);
}
