//! Who belongs to a tree of processes, and how they are signalled.
//!
//! Starts nothing. Reads `/proc`, and signals by file descriptor where the system has such, so
//! that a process id that was given to someone else in between does no harm.

#![expect(
    clippy::disallowed_methods,
    reason = "what runs on this computer is read from `/proc`"
)]

use super::spawn::LEASE_VARIABLE;
use rustix::process::{Pid, PidfdFlags, Signal};
use std::{
    collections::BTreeSet,
    fs,
    os::fd::OwnedFd,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

/// How long a tree has to end by itself once it was asked to.
const GRACE: Duration = Duration::from_secs(2);

/// How long the system has to end what was killed. Only a process that hangs in the kernel takes
/// longer, and nobody can do anything about it.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// How often a process that should end is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Ends every process whose environment holds the lease `marker`, and returns how many there
/// were. Never ends one that does not hold it, nor mosdat itself.
pub async fn end_marked(marker: &str) -> usize {
    let entry = format!("{LEASE_VARIABLE}={marker}");
    let find = || -> Vec<Identity> {
        let marked = processes().filter(|process| has_entry(process.id.pid, &entry));
        marked.map(|process| process.id).collect()
    };
    end_all(find).await
}

/// Ends every process that has `token` in its command line, and returns how many there were. For
/// what runs as another user, in a namespace of this one's: its environment cannot be read from
/// here. The token must be one that nobody else comes upon, such as the path of a folder whose name
/// was drawn by lot.
pub async fn end_naming(token: &str) -> usize {
    let find = || -> Vec<Identity> {
        let named = processes().filter(|process| names(process.id.pid, token));
        named.map(|process| process.id).collect()
    };
    end_all(find).await
}

/// Returns when a process started, in clock ticks since the computer did, which tells it from a
/// later one with the same id; `None` when it does not live.
pub fn start_time(pid: u32) -> Option<u64> {
    Process::read(pid).map(|process| process.id.start)
}

/// The value of a variable that tells one tree from every other.
#[derive(Debug)]
pub(super) struct Mark(String);

impl Mark {
    pub(super) const VARIABLE: &str = "MOSDAT_TREE";

    pub(super) fn fresh() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let own = std::process::id();
        let start = start_time(own).unwrap_or_default();
        Self(format!("{own}-{start}-{number}"))
    }

    pub(super) fn value(&self) -> &str {
        &self.0
    }
}

/// The members of one tree.
#[derive(Debug)]
pub(super) struct Members {
    root: Identity,
    entry: String,
    /// Members that were seen. They stay members when they are given another parent.
    seen: Mutex<BTreeSet<Identity>>,
    /// Whether the root's id may already be someone else's, and so its group's.
    root_is_gone: AtomicBool,
}

impl Members {
    pub(super) fn new(root: u32, mark: &Mark) -> Self {
        let id = Process::read(root).map(|process| process.id);
        Self {
            root: id.unwrap_or(Identity {
                pid: root,
                start: 0,
            }),
            entry: format!("{}={}", Mark::VARIABLE, mark.value()),
            seen: Mutex::default(),
            root_is_gone: AtomicBool::new(false),
        }
    }

    pub(super) fn root(&self) -> u32 {
        self.root.pid
    }

    /// Returns the ids of all members that live.
    pub(super) fn pids(&self) -> Vec<u32> {
        self.find().iter().map(|member| member.pid).collect()
    }

    /// To be called right after the root was reaped: its group is looked at for the last time.
    pub(super) fn root_was_reaped(&self) {
        self.find();
        self.root_is_gone.store(true, Ordering::Release);
    }

    /// Asks all members to end, then makes them, and waits until they are gone.
    pub(super) async fn end(&self) {
        end_all(|| self.find()).await;
    }

    /// Makes all members end, without waiting until they have.
    pub(super) fn kill(&self) {
        // Each round finds only what was started during the round before.
        let mut told = BTreeSet::new();
        let mut quiet = 0;
        for _ in 0..100 {
            let new: Vec<_> = self
                .find()
                .into_iter()
                .filter(|id| told.insert(*id))
                .collect();
            quiet = if new.is_empty() { quiet + 1 } else { 0 };
            if quiet == LOOKS {
                return;
            }
            for member in new.iter().filter_map(Member::open) {
                member.signal(Signal::KILL);
            }
        }
    }

    fn find(&self) -> Vec<Identity> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let root_is_gone = self.root_is_gone.load(Ordering::Acquire);
        // A member is no older than the root, which spares a look at most of the system.
        let mut rest: Vec<_> = processes()
            .filter(|process| process.id.start >= self.root.start)
            .collect();
        let (mut members, mut parents) = (Vec::new(), BTreeSet::new());
        let belongs = |process: &Process| {
            process.id == self.root
                || seen.contains(&process.id)
                || (!root_is_gone && process.group == self.root.pid)
                || has_entry(process.id.pid, &self.entry)
        };
        let mut found: Vec<_> = rest.extract_if(.., |process| belongs(process)).collect();
        while !found.is_empty() {
            parents.extend(found.iter().map(|process| process.id.pid));
            members.extend(found.iter().map(|process| process.id));
            found = rest
                .extract_if(.., |process| parents.contains(&process.parent))
                .collect();
        }
        seen.extend(members.iter().copied());
        members
    }
}

/// How often in a row nothing must be found. While a program is being executed its environment
/// cannot be read for a moment.
const LOOKS: usize = 2;

/// Ends all that `find` finds, until it finds nothing any more.
async fn end_all(find: impl Fn() -> Vec<Identity>) -> usize {
    let mut told = BTreeSet::new();
    for (signal, limit) in [(Signal::TERM, GRACE), (Signal::KILL, PATIENCE)] {
        let ending = signal_until_gone(&find, signal, &mut told);
        if tokio::time::timeout(limit, ending).await.is_ok() {
            return told.len();
        }
    }
    tracing::warn!(left = ?find(), "some processes could not be ended");
    told.len()
}

async fn signal_until_gone(
    find: &impl Fn() -> Vec<Identity>,
    signal: Signal,
    told: &mut BTreeSet<Identity>,
) {
    let mut quiet = 0;
    while quiet < LOOKS {
        let members: Vec<_> = find().iter().filter_map(Member::open).collect();
        quiet = if members.is_empty() { quiet + 1 } else { 0 };
        for member in &members {
            told.insert(member.id);
            member.signal(signal);
        }
        futures_util::future::join_all(members.into_iter().map(Member::gone)).await;
    }
}

/// Tells a process from a later one with the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Identity {
    pid: u32,
    /// In clock ticks since the computer started.
    start: u64,
}

/// A process that lives, as `/proc` tells it.
struct Process {
    id: Identity,
    parent: u32,
    group: u32,
}

impl Process {
    /// Reads about a process; `None` when it is not there or has ended and nobody asked how.
    fn read(pid: u32) -> Option<Self> {
        let text = fs::read(format!("/proc/{pid}/stat")).ok()?;
        let text = String::from_utf8_lossy(&text);
        // The name is in parentheses and may hold any character, parentheses among them.
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
        let has_ended = matches!(*fields.first()?, "Z" | "X" | "x");
        let id = Identity {
            pid,
            start: number(19)?,
        };
        (!has_ended).then_some(Self {
            id,
            parent: number(1)? as u32,
            group: number(2)? as u32,
        })
    }
}

/// Returns every living process but mosdat itself.
fn processes() -> impl Iterator<Item = Process> {
    let own = std::process::id();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(move |pid| *pid != own)
        .filter_map(Process::read)
}

/// Whether a process was given this variable. False for one that may not be looked at.
fn has_entry(pid: u32, entry: &str) -> bool {
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment
        .split(|byte| *byte == 0)
        .any(|variable| variable == entry.as_bytes())
}

/// Whether an argument that a process was started with holds `token`.
fn names(pid: u32, token: &str) -> bool {
    let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let mut arguments = command.split(|byte| *byte == 0);
    arguments.any(|argument| String::from_utf8_lossy(argument).contains(token))
}

/// A process held in hand.
struct Member {
    id: Identity,
    handle: Option<OwnedFd>,
}

impl Member {
    /// Takes hold of a process; `None` when it has ended.
    fn open(id: &Identity) -> Option<Self> {
        let pid = Pid::from_raw(id.pid as i32)?;
        let handle = rustix::process::pidfd_open(pid, PidfdFlags::empty()).ok();
        // Only now, with the handle open, does it help to know that this is the right process.
        let now = Process::read(id.pid)?;
        (now.id == *id).then_some(Self { id: *id, handle })
    }

    /// Sends a signal. A process that has ended meanwhile needs none.
    fn signal(&self, signal: Signal) {
        let sent = match (&self.handle, Pid::from_raw(self.id.pid as i32)) {
            (Some(handle), _) => rustix::process::pidfd_send_signal(handle, signal),
            (None, Some(pid)) => rustix::process::kill_process(pid, signal),
            (None, None) => Ok(()),
        };
        if let Err(error) = sent {
            tracing::debug!(pid = self.id.pid, %error, "a process could not be signalled");
        }
    }

    /// Waits until it has ended.
    async fn gone(self) {
        while Process::read(self.id.pid).is_some_and(|now| now.id == self.id) {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}
