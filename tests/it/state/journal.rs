//! The journal: what is written is read, what is torn is dropped, what is damaged is told.

use super::{append, locked, open, started, step_of, sum};
use mosdat::{
    model::{Record, Recorded},
    port::{Durability, Store, StoreError},
};
use std::fs;

#[test]
fn a_step_takes_at_most_250_bytes_before_and_after_compaction() {
    const STEPS: usize = 10_000;
    let dir = tempfile::tempdir().unwrap();
    let mut store = locked(dir.path());
    let mut expected = Recorded::default();
    for record in (0..STEPS).flat_map(step_of) {
        store
            .append(std::slice::from_ref(&record), Durability::Process)
            .unwrap();
        expected.apply(record);
    }
    let size = || fs::metadata(dir.path().join("journal")).unwrap().len() as usize / STEPS;
    let appended = size();
    assert_eq!(store.load().unwrap(), expected);
    store.compact().unwrap();
    let compacted = size();
    assert_eq!(store.load().unwrap(), expected);
    assert!(appended <= 250, "{appended} bytes a step");
    assert!(compacted <= 250, "{compacted} bytes a step");
}

#[test]
fn what_is_appended_outlives_the_store_and_another_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let records = [started("a"), started("b"), started("c"), started("a")];
    assert_eq!(open(dir.path()).load().unwrap(), Recorded::default());
    let mut one = locked(dir.path());
    one.append(&records[..1], Durability::Power).unwrap();
    append(&mut one, &records[1..3]);
    one.unlock().unwrap();
    let mut other = locked(dir.path());
    append(&mut other, &records[3..]);
    append(&mut other, &[]);
    assert_eq!(open(dir.path()).load().unwrap(), sum(&records));
}

#[test]
fn a_torn_tail_is_dropped_and_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("journal");
    append(&mut locked(dir.path()), &[started("a")]);
    let whole = fs::read(&journal).unwrap();
    append(&mut locked(dir.path()), &[started("b"), started("c")]);
    let longer = fs::read(&journal).unwrap();
    for cut in whole.len() + 1..longer.len() {
        fs::write(&journal, &longer[..cut]).unwrap();
        // All of a batch or nothing of it.
        assert_eq!(open(dir.path()).load().unwrap(), sum(&[started("a")]));
        append(&mut locked(dir.path()), &[started("d")]);
        let expected = sum(&[started("a"), started("d")]);
        assert_eq!(open(dir.path()).load().unwrap(), expected);
    }
}

#[test]
fn damage_is_told_and_what_is_sound_can_be_kept() {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("journal");
    let mut store = locked(dir.path());
    append(&mut store, &[started("a"), started("b")]);
    let offset = fs::metadata(&journal).unwrap().len();
    append(&mut store, &[started("c")]);
    append(&mut store, &[started("d")]);
    let mut damaged = fs::read(&journal).unwrap();
    damaged[offset as usize + 14] ^= 4;
    fs::write(&journal, &damaged).unwrap();
    drop(store);

    let mut store = locked(dir.path());
    let error = store.load().unwrap_err();
    let text = error.to_string();
    assert!(text.contains("`mosdat state recover`"), "{text}");
    assert!(text.contains("the 2 records before it"), "{text}");
    assert!(text.contains(&format!("at byte {offset}")), "{text}");
    let refused = store.append(&[started("e")], Durability::Process);
    assert!(matches!(refused, Err(StoreError::Damaged { .. })));
    assert_eq!(fs::read(&journal).unwrap(), damaged);

    let recovered = store.recover().unwrap();
    assert_eq!(recovered.kept, 2);
    let aside = recovered.set_aside.unwrap();
    assert_eq!(aside, dir.path().join("journal.damaged-1"));
    assert_eq!(fs::read(&aside).unwrap(), damaged);
    append(&mut store, &[started("e")]);
    let expected = sum(&[started("a"), started("b"), started("e")]);
    assert_eq!(store.load().unwrap(), expected);
    assert_eq!(store.recover().unwrap().set_aside, None);
    assert_eq!(store.load().unwrap(), expected);
}

#[test]
fn a_journal_of_a_newer_mosdat_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    append(&mut locked(dir.path()), &[started("a")]);
    let journal = dir.path().join("journal");
    let mut bytes = fs::read(&journal).unwrap();
    bytes[8] = 9;
    let check = crc32fast::hash(&bytes[..12]).to_le_bytes();
    bytes[12..16].copy_from_slice(&check);
    fs::write(&journal, &bytes).unwrap();
    let mut store = locked(dir.path());
    for result in [
        store.load().map(drop),
        store.append(&[started("b")], Durability::Process),
        store.compact(),
        store.recover().map(drop),
    ] {
        assert!(matches!(
            result,
            Err(StoreError::TooNew {
                found: 9,
                known: 1,
                ..
            })
        ));
    }
    assert_eq!(fs::read(&journal).unwrap(), bytes);
}

#[test]
fn a_journal_that_grows_beyond_what_it_says_is_compacted() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = locked(dir.path());
    let [_, mut finished] = step_of(1);
    let mut longest = 0;
    for round in 0..3000 {
        if let Record::Finished { step, .. } = &mut finished {
            step.detail = format!("{round} {}", "x".repeat(1000));
        }
        append(&mut store, std::slice::from_ref(&finished));
        let length = fs::metadata(dir.path().join("journal")).unwrap().len();
        longest = longest.max(length);
    }
    assert!(longest < 1_100_000, "{longest}");
    let recorded = store.load().unwrap();
    assert_eq!(recorded.serial.0, 3000);
    assert!(
        recorded
            .steps
            .values()
            .all(|step| step.detail.starts_with("2999 "))
    );
}

#[test]
fn a_compaction_that_was_cut_short_does_no_harm() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = locked(dir.path());
    append(&mut store, &[started("a")]);
    fs::write(dir.path().join("journal.new"), "half a jour").unwrap();
    assert_eq!(store.load().unwrap(), sum(&[started("a")]));
    store.compact().unwrap();
    append(&mut store, &[started("b")]);
    assert_eq!(store.load().unwrap(), sum(&[started("a"), started("b")]));
}

#[test]
fn nothing_is_written_without_the_lock() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    for result in [
        store.append(&[started("a")], Durability::Power),
        store.compact(),
        store.unlock(),
        store.recover().map(drop),
    ] {
        assert!(matches!(result, Err(StoreError::LockLost)));
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}
