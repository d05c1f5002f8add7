//! How much machines use of what they may, all together.
//!
//! What is in use is written down in a folder that every mosdat of this user looks at, a file for
//! each machine. What a dead mosdat had counts no more, unless its QEMU lives on. It keeps nobody
//! from using more than was reserved, and knows nothing of what else runs on this computer.

#![expect(
    clippy::disallowed_methods,
    reason = "who uses what is read from files"
)]

use super::{VmError, computer::Amount};
use crate::driver::process;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Mutex, Notify},
    time,
};

/// How often it is looked whether another mosdat has given something back: it may have been killed,
/// which no file tells.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// How often the lock is tried, a millisecond apart. It is held for less than that, unless its
/// holder was stopped.
const TRIES: u32 = 5000;

/// What machines may use, and what they do.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    dir: PathBuf,
    most: Amount,
    /// Who waits for room keeps everybody behind waiting, so that a large machine gets its turn.
    turn: Mutex<()>,
    given_back: Notify,
}

impl Budget {
    /// Returns where every mosdat of this user writes down what it uses: in the user's folder for
    /// such things, when there is one.
    pub fn usual_folder(runtime_dir: Option<&Path>) -> io::Result<PathBuf> {
        match runtime_dir {
            Some(dir) => Ok(dir.join("mosdat")),
            None => process::create_shared_root(),
        }
    }

    /// Makes a budget that is kept in `dir`.
    pub fn new(dir: &Path, most: Amount) -> Self {
        Self(Arc::new(Shared {
            dir: dir.join("machines"),
            most,
            turn: Mutex::new(()),
            given_back: Notify::new(),
        }))
    }

    /// Waits until `amount` can be had, and reserves it. What never fits is an error at once.
    pub async fn reserve(&self, amount: Amount) -> Result<Reservation, VmError> {
        if !amount.fits_in(self.0.most) {
            return Err(VmError::TooLarge {
                needed: amount,
                most: self.0.most,
            });
        }
        let _turn = self.0.turn.lock().await;
        loop {
            if let Some(reservation) = self.try_reserve(amount).await? {
                return Ok(reservation);
            }
            tracing::debug!(%amount, "waiting for room");
            tokio::select! {
                () = self.0.given_back.notified() => {}
                () = time::sleep(LOOK_AGAIN) => {}
            }
        }
    }

    async fn try_reserve(&self, amount: Amount) -> Result<Option<Reservation>, VmError> {
        let dir = &self.0.dir;
        let failed = VmError::io("use", dir);
        let result = async {
            let mut builder = fs::DirBuilder::new();
            builder.recursive(true).mode(0o700).create(dir)?;
            let _lock = lock(&dir.join("lock")).await?;
            let used = in_use(dir)?;
            if !used.plus(amount).fits_in(self.0.most) {
                return Ok(None);
            }
            let entry = Entry {
                holder: Holder::of(std::process::id()),
                machine: None,
                amount,
            };
            let file = dir.join(fresh_name());
            entry.write(&file)?;
            let budget = Arc::clone(&self.0);
            Ok(Some(Reservation {
                budget,
                file,
                entry,
            }))
        };
        result.await.map_err(failed)
    }
}

/// What a machine may use. Dropping it gives it back.
#[derive(Debug)]
pub struct Reservation {
    budget: Arc<Shared>,
    file: PathBuf,
    entry: Entry,
}

impl Reservation {
    /// Says which QEMU uses it, which counts even when mosdat is killed.
    pub fn belongs_to(&mut self, pid: u32) -> Result<(), VmError> {
        self.entry.machine = Holder::of(pid);
        let written = self.entry.write(&self.file);
        written.map_err(VmError::io("write", &self.file))
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.file) {
            tracing::warn!(%error, "what a machine used could not be given back");
        }
        self.budget.given_back.notify_one();
    }
}

/// What is written down of one machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    /// The mosdat that uses it.
    holder: Option<Holder>,
    /// The QEMU that does, when it is known.
    machine: Option<Holder>,
    amount: Amount,
}

impl Entry {
    fn counts(&self) -> bool {
        let holders = [&self.holder, &self.machine];
        holders.into_iter().flatten().any(Holder::lives)
    }

    /// Writes it as a whole: whoever was killed half-way leaves a file that does not count.
    fn write(&self, file: &Path) -> io::Result<()> {
        let new = file.with_extension("new");
        fs::write(&new, serde_json::to_vec(self)?)?;
        fs::rename(new, file)
    }
}

/// A process, told from every other one that ever had its id.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Holder {
    pid: u32,
    start: u64,
}

impl Holder {
    fn of(pid: u32) -> Option<Self> {
        let start = process::start_time(pid)?;
        Some(Self { pid, start })
    }

    fn lives(&self) -> bool {
        process::start_time(self.pid) == Some(self.start)
    }
}

/// Adds up what counts, and removes what does not any more.
fn in_use(dir: &Path) -> io::Result<Amount> {
    let mut used = Amount::default();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_none_or(|ending| ending != "json") {
            continue;
        }
        let bytes = match fs::read(&path) {
            // It was given back just now.
            Err(err) if err.kind() == io::ErrorKind::NotFound => continue,
            bytes => bytes?,
        };
        match serde_json::from_slice::<Entry>(&bytes) {
            Ok(entry) if entry.counts() => used = used.plus(entry.amount),
            Ok(_) => drop(fs::remove_file(&path)),
            Err(error) => tracing::warn!(%error, "`{}` cannot be read", path.display()),
        }
    }
    Ok(used)
}

fn fresh_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let own = std::process::id();
    let start = process::start_time(own).unwrap_or_default();
    format!("{own}-{start}-{number}.json")
}

async fn lock(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => time::sleep(Duration::from_millis(1)).await,
            Err(TryLockError::Error(err)) => return Err(err),
        }
    }
    Err(io::Error::new(
        io::ErrorKind::TimedOut,
        "another mosdat has it locked and does not go on",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Child, Command, Stdio};

    const MOST: Amount = Amount {
        memory: 6000,
        cpus: 8,
    };

    fn amount(memory: u64, cpus: u32) -> Amount {
        Amount { memory, cpus }
    }

    /// Whether a reservation waits, after everything that can go on has.
    async fn waits(
        reserving: &mut (impl Future<Output = Result<Reservation, VmError>> + Unpin),
    ) -> bool {
        time::timeout(LOOK_AGAIN / 4, reserving).await.is_err()
    }

    #[tokio::test]
    async fn what_never_fits_is_an_error_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let budget = Budget::new(dir.path(), MOST);
        let err = budget.reserve(amount(9000, 2)).await.unwrap_err();
        let text =
            "the machine needs 9000 MiB and 2 processors of at most 6000 MiB and 8 processors";
        assert_eq!(err.to_string(), text);
        assert!(budget.reserve(amount(100, 9)).await.is_err());
    }

    #[tokio::test]
    async fn who_does_not_fit_waits_until_something_is_given_back() {
        let dir = tempfile::tempdir().unwrap();
        // Another process has a budget of its own, and the same folder.
        let (budget, other) = (Budget::new(dir.path(), MOST), Budget::new(dir.path(), MOST));
        let first = budget.reserve(amount(4000, 2)).await.unwrap();
        let second = other.reserve(amount(2000, 2)).await.unwrap();
        let mut third = Box::pin(budget.reserve(amount(3000, 2)));
        assert!(waits(&mut third).await);
        let mut fourth = Box::pin(other.reserve(amount(1, 5)));
        assert!(waits(&mut fourth).await);
        drop(first);
        let third = third.await.unwrap();
        assert!(waits(&mut fourth).await);
        drop((second, third));
        drop(fourth.await.unwrap());
        assert_eq!(
            in_use(&dir.path().join("machines")).unwrap(),
            Amount::default()
        );
    }

    #[tokio::test]
    async fn a_large_machine_gets_its_turn() {
        let dir = tempfile::tempdir().unwrap();
        let budget = Budget::new(dir.path(), MOST);
        let small = budget.reserve(amount(1000, 1)).await.unwrap();
        let mut large = Box::pin(budget.reserve(amount(6000, 1)));
        assert!(waits(&mut large).await);
        // There would be room for this one, and for the next, and for ever so on.
        let mut next = Box::pin(budget.reserve(amount(1000, 1)));
        assert!(waits(&mut next).await);
        drop(small);
        drop(large.await.unwrap());
        drop(next.await.unwrap());
    }

    #[tokio::test]
    async fn a_dead_holder_counts_only_while_its_machine_lives() {
        let dir = tempfile::tempdir().unwrap();
        let budget = Budget::new(dir.path(), MOST);
        let mut kept = budget.reserve(amount(4000, 2)).await.unwrap();
        let mut machine = sleeper();
        kept.belongs_to(machine.id()).unwrap();
        // As it is when mosdat is killed: its process is gone, the file is not.
        kept.entry.holder = Some(Holder {
            pid: std::process::id(),
            start: 1,
        });
        kept.entry.write(&kept.file).unwrap();
        let mut waiting = Box::pin(budget.reserve(amount(4000, 2)));
        assert!(waits(&mut waiting).await);
        machine.kill().unwrap();
        machine.wait().unwrap();
        // Nobody tells; it is found out.
        drop(waiting.await.unwrap());
        assert!(!kept.file.exists());
    }

    #[tokio::test]
    async fn a_file_that_was_not_finished_does_not_count() {
        let dir = tempfile::tempdir().unwrap();
        let budget = Budget::new(dir.path(), MOST);
        drop(budget.reserve(amount(1, 1)).await.unwrap());
        fs::write(dir.path().join("machines/1-2-3.json"), "{\"hol").unwrap();
        fs::write(dir.path().join("machines/1-2-4.new"), "{}").unwrap();
        drop(budget.reserve(MOST).await.unwrap());
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "it stands for a QEMU that mosdat left behind"
    )]
    fn sleeper() -> Child {
        Command::new("sleep")
            .arg("600")
            .stdin(Stdio::null())
            .spawn()
            .unwrap()
    }
}
