//! The lock: one holder, taken over from the dead, and no late writes.

use super::{Hand, SILENT, append, holder, holder_with_pid, locked, open, started, store, sum};
use mosdat::{
    driver::disk::LockRules,
    port::{Clock, Durability, LockToken, Store, StoreError},
};
use std::{fs, process::Command, sync::Arc, time::Duration};

#[test]
fn one_holds_the_lock_and_the_other_is_told_who() {
    let dir = tempfile::tempdir().unwrap();
    let mut one = locked(dir.path());
    let mut other = open(dir.path());
    let error = other.lock(holder()).unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }));
    assert!(error.to_string().contains("ada@desk"), "{error}");
    assert!(other.append(&[started("a")], Durability::Process).is_err());
    let (shown, is_expired) = other.holder().unwrap().unwrap();
    assert_eq!((shown.token, is_expired), (Some(LockToken(1)), false));
    one.unlock().unwrap();
    assert_eq!(other.holder().unwrap(), None);
    assert_eq!(other.lock(holder()).unwrap(), LockToken(2));
    drop(other);
    assert_eq!(one.lock(holder()).unwrap(), LockToken(3));
}

#[test]
fn of_many_who_want_a_lock_at_once_one_gets_it() {
    let dir = tempfile::tempdir().unwrap();
    for round in 1..=200 {
        let start = std::sync::Barrier::new(4);
        let tokens: Vec<LockToken> = std::thread::scope(|scope| {
            let take = || {
                let mut store = open(dir.path());
                start.wait();
                let token = store.lock(holder());
                start.wait();
                token
            };
            let takers: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
            let results = takers.into_iter().map(|taker| taker.join().unwrap());
            results.filter_map(Result::ok).collect()
        });
        assert_eq!(tokens, [LockToken(round)]);
    }
}

#[test]
fn a_lock_without_a_heartbeat_is_taken_over_and_its_holder_writes_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(Hand::default());
    let (mut one, mut other) = (store(dir.path(), &clock), store(dir.path(), &clock));
    one.lock(holder()).unwrap();
    append(&mut one, &[started("a")]);
    clock.advance(Duration::from_secs(30));
    assert!(other.lock(holder()).is_err());
    clock.advance(Duration::from_millis(1));
    assert!(other.holder().unwrap().unwrap().1);
    assert_eq!(other.lock(holder()).unwrap(), LockToken(2));
    for result in [
        one.append(&[started("late")], Durability::Power),
        one.compact(),
        one.unlock(),
    ] {
        assert!(matches!(result, Err(StoreError::LockLost)));
    }
    append(&mut other, &[started("b")]);
    assert_eq!(other.load().unwrap(), sum(&[started("a"), started("b")]));
}

#[test]
fn a_heartbeat_keeps_the_lock() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(Hand::default());
    let quick = LockRules {
        heartbeat: Duration::from_millis(1),
        ..SILENT
    };
    let mut one = store(dir.path(), &clock).with_rules(quick);
    let mut other = store(dir.path(), &clock);
    one.lock(holder()).unwrap();
    for _ in 0..5 {
        clock.advance(Duration::from_secs(29));
        let now = clock.now();
        while other.holder().unwrap().unwrap().0.heartbeat != now {
            std::thread::yield_now();
        }
        assert!(matches!(
            other.lock(holder()),
            Err(StoreError::Locked { .. })
        ));
        append(&mut one, &[started("a")]);
    }
    one.unlock().unwrap();
}

#[test]
fn the_lock_of_a_process_that_has_ended_is_taken_over_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = Command::new("sleep").arg("60").spawn().unwrap();
    let mut one = open(dir.path());
    one.lock(holder_with_pid(child.id())).unwrap();
    let mut other = open(dir.path());
    assert!(other.lock(holder()).is_err());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(other.lock(holder()).unwrap(), LockToken(2));
}

#[test]
fn a_process_that_was_given_the_id_of_the_holder_is_not_taken_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let _one = locked(dir.path());
    let lock = dir.path().join("lock");
    let mut content: serde_json::Value = serde_json::from_slice(&fs::read(&lock).unwrap()).unwrap();
    let start = content["process"]["start"].as_u64().unwrap();
    content["process"]["start"] = (start - 1).into();
    fs::write(&lock, content.to_string()).unwrap();
    assert_eq!(open(dir.path()).lock(holder()).unwrap(), LockToken(2));
}

#[test]
fn the_process_of_another_computer_is_not_looked_for_here() {
    let dir = tempfile::tempdir().unwrap();
    let _one = locked(dir.path());
    let lock = dir.path().join("lock");
    let mut content: serde_json::Value = serde_json::from_slice(&fs::read(&lock).unwrap()).unwrap();
    content["process"]["start"] = 1.into();
    content["process"]["boot"] = "another".into();
    fs::write(&lock, content.to_string()).unwrap();
    assert!(open(dir.path()).lock(holder()).is_err());
}

#[test]
fn a_lock_can_be_ended_by_its_token_only() {
    let dir = tempfile::tempdir().unwrap();
    let mut one = locked(dir.path());
    let mut other = open(dir.path());
    let error = other.force_unlock(LockToken(7)).unwrap_err();
    assert_eq!(error.to_string(), "the lock is not 7; it is 1");
    append(&mut one, &[started("a")]);
    other.force_unlock(LockToken(1)).unwrap();
    let late = one.append(&[started("late")], Durability::Process);
    assert!(matches!(late, Err(StoreError::LockLost)));
    let error = other.force_unlock(LockToken(1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the lock is not 1; it is not held at all"
    );
    assert_eq!(other.lock(holder()).unwrap(), LockToken(2));
}

#[test]
fn a_lock_file_that_cannot_be_read_is_not_taken_for_a_free_lock() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("lock"), "{\"holder\": 5}").unwrap();
    assert!(matches!(
        open(dir.path()).lock(holder()),
        Err(StoreError::Io { .. })
    ));
    // What a loss of power leaves has no holder that lives.
    fs::write(dir.path().join("lock"), [0; 20]).unwrap();
    open(dir.path()).lock(holder()).unwrap();
}
