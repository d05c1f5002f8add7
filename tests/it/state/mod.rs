//! Tests of what is kept on disk: state, its lock, blobs, the folders of runs.

mod cache;
mod faults;
mod journal;
mod lock;
mod runs;

use mosdat::{
    driver::disk::{DiskStore, LockRules},
    model::{
        ContentHash, History, Ingredient, Record, Recorded, RunId, StepKey, StepRecord, Timestamp,
        Verdict,
    },
    port::{Clock, Durability, LockHolder, Store},
};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// A clock that stands still until it is told otherwise.
#[derive(Debug, Default)]
pub(super) struct Hand(AtomicU64);

impl Hand {
    pub(super) fn advance(&self, by: Duration) {
        self.0.fetch_add(by.as_millis() as u64, Ordering::SeqCst);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// Heartbeats so far apart that none comes.
pub(super) const SILENT: LockRules = LockRules {
    heartbeat: Duration::from_hours(1),
    expiry: Duration::from_secs(30),
};

pub(super) fn store(dir: &Path, clock: &Arc<Hand>) -> DiskStore {
    let clock: Arc<dyn Clock> = Arc::<Hand>::clone(clock);
    DiskStore::open(dir, clock).unwrap().with_rules(SILENT)
}

pub(super) fn open(dir: &Path) -> DiskStore {
    store(dir, &Arc::default())
}

pub(super) fn holder() -> LockHolder {
    holder_with_pid(std::process::id())
}

pub(super) fn holder_with_pid(pid: u32) -> LockHolder {
    LockHolder {
        token: None,
        user: "ada".into(),
        host: "desk".into(),
        pid,
        operation: "apply".into(),
        since: Timestamp(5),
        heartbeat: Timestamp(5),
    }
}

pub(super) fn locked(dir: &Path) -> DiskStore {
    let mut store = open(dir);
    store.lock(holder()).unwrap();
    store
}

pub(super) fn started(key: &str) -> Record {
    Record::Started {
        key: key.into(),
        run: "run-1".into(),
    }
}

pub(super) fn sum(records: &[Record]) -> Recorded {
    let mut recorded = Recorded::default();
    for record in records {
        recorded.apply(record.clone());
    }
    recorded
}

pub(super) fn append(store: &mut DiskStore, records: &[Record]) {
    store.append(records, Durability::Process).unwrap();
}

/// The records of one step as a real matrix has them: five ingredients, of which one is its own.
pub(super) fn step_of(number: usize) -> [Record; 2] {
    let (machine, cell) = (number % 40, number / 40);
    let key: StepKey = StepKey::new(format!(
        "machine-{machine:02}/none/main.deb/scenario-{cell:05}:exercise"
    ));
    assert!((43..=48).contains(&key.as_str().len()), "{key}");
    let digest = |of: String| ContentHash::of(of.as_bytes());
    let ingredient = |name: &str, value: String| Ingredient {
        name: name.into(),
        value: value.into(),
    };
    let file = format!("file scenarios/scenario-{cell:05}.yaml");
    let ingredients = vec![
        ingredient("app", "notes 4.1.0".into()),
        ingredient("session", format!("x11 on machine-{machine:02}")),
        ingredient("snapshot", format!("clean-{machine:02}")),
        ingredient(&file, digest(file.clone()).to_string()),
        ingredient("upstream", digest(format!("upstream {number}")).to_string()),
    ];
    let run: RunId = "20260131T101500-4f2a".into();
    let step = StepRecord {
        hash: digest(format!("step {number}")),
        ingredients,
        verdict: Verdict::Passed,
        detail: String::new(),
        attempts: 1,
        finished: Timestamp(1_769_854_500_000 + number as u64),
        duration_ms: 12_345,
        output: None,
        notes: Vec::new(),
        run: run.clone(),
        history: History(vec![Verdict::Passed; History::LENGTH]),
    };
    let step = Box::new(step);
    [
        Record::Started {
            key: key.clone(),
            run,
        },
        Record::Finished { key, step },
    ]
}
