//! Answers that were given, on disk: a file for each, under the digest of all that the answer hangs
//! on. Several processes use one cache at once. What is unclear is never kept, and what cannot be
//! read back word for word is not there.
//!
//! `ab/cdef...json` is an answer; `counts` has one letter for each look-up: `h` found, `m` not.

use crate::model::{Answer, ContentHash, Timestamp};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

/// Answers on disk.
#[derive(Clone, Debug)]
pub struct VlmCache {
    dir: PathBuf,
    ttl: Duration,
}

/// All that an answer hangs on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    /// `judge` or `locate`.
    pub(super) kind: String,
    /// Size and pixels of what was shown, before it was resized.
    pub(super) pixels: ContentHash,
    pub(super) prompt_version: u32,
    pub(super) models: Vec<String>,
    pub(super) endpoints: Vec<String>,
    /// Temperature, sizes, convention.
    pub(super) parameters: String,
    /// The question, without secrets.
    pub(super) question: String,
}

/// An answer that is worth keeping.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kept {
    /// Yes or no.
    Judged {
        answer: Answer,
        why: String,
    },
    /// There, in pixels of what was shown.
    At {
        x: f64,
        y: f64,
        edges: Option<[f64; 4]>,
    },
    Absent,
}

/// An answer with how it came about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Remembered {
    pub(super) kept: Kept,
    pub(super) raw: String,
    pub(super) latency: Duration,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    identity: Identity,
    at: Timestamp,
    remembered: Remembered,
}

/// What is in a cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VlmCacheStats {
    /// How many answers.
    pub entries: usize,
    /// How many of them say whether something is so.
    pub judgements: usize,
    /// How many say where something is.
    pub places: usize,
    /// How many are too old to be used.
    pub stale: usize,
    /// How large they are together.
    pub bytes: u64,
    /// How many questions were answered from it, ever since it was cleared.
    pub hits: u64,
    /// How many were not.
    pub misses: u64,
}

impl VlmCache {
    /// Opens the cache in `dir`, which need not be there; answers are good for `ttl`.
    pub fn open(dir: PathBuf, ttl: Duration) -> Self {
        Self { dir, ttl }
    }

    /// Looks an answer up, and counts that it did.
    pub(super) fn recall(&self, identity: &Identity, now: Timestamp) -> Option<Remembered> {
        let stored = read(&self.path(identity)).filter(|stored| stored.identity == *identity);
        // The clock may have gone backwards meanwhile: what comes from the future is of no use.
        let is_fresh = |it: &Stored| it.at <= now && now.since(it.at) < self.ttl;
        let found = stored.filter(is_fresh);
        let counted = self.count(if found.is_some() { b"h" } else { b"m" });
        if let Err(error) = counted {
            tracing::debug!(%error, "a look into the cache of answers was not counted");
        }
        found.map(|stored| stored.remembered)
    }

    /// Keeps an answer.
    pub(super) fn keep(
        &self,
        identity: &Identity,
        at: Timestamp,
        remembered: Remembered,
    ) -> io::Result<()> {
        let path = self.path(identity);
        let stored = Stored {
            identity: identity.clone(),
            at,
            remembered,
        };
        let folder = path.parent().unwrap_or(&self.dir);
        fs::create_dir_all(folder)?;
        // Nobody ever sees half of an answer.
        let mut new = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(&mut new, &stored)?;
        new.persist(path)?;
        Ok(())
    }

    /// Counts what is there.
    pub fn stats(&self, now: Timestamp) -> io::Result<VlmCacheStats> {
        let mut stats = VlmCacheStats::default();
        for path in self.files()? {
            let Some(stored) = read(&path) else { continue };
            stats.entries += 1;
            stats.bytes += fs::metadata(&path).map_or(0, |meta| meta.len());
            stats.stale += usize::from(now.since(stored.at) >= self.ttl);
            match stored.remembered.kept {
                Kept::Judged { .. } => stats.judgements += 1,
                Kept::At { .. } | Kept::Absent => stats.places += 1,
            }
        }
        let counts = match File::open(self.counts()) {
            Ok(file) => io::BufReader::new(file)
                .bytes()
                .collect::<io::Result<Vec<u8>>>()?,
            Err(err) if err.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(err) => return Err(err),
        };
        for count in counts {
            match count {
                b'h' => stats.hits += 1,
                _ => stats.misses += 1,
            }
        }
        Ok(stats)
    }

    /// Removes answers that are `age` old, and what is no answer. Returns how many went.
    pub fn prune(&self, now: Timestamp, age: Duration) -> io::Result<usize> {
        let mut gone = 0;
        for path in self.files()? {
            if read(&path).is_none_or(|stored| now.since(stored.at) >= age) {
                gone += remove(&path)?;
            }
        }
        Ok(gone)
    }

    /// Removes every answer and forgets the counts. Returns how many answers went.
    pub fn clear(&self) -> io::Result<usize> {
        let mut gone = 0;
        for path in self.files()? {
            gone += remove(&path)?;
        }
        remove(&self.counts())?;
        Ok(gone)
    }

    fn path(&self, identity: &Identity) -> PathBuf {
        let text = serde_json::to_vec(identity).expect("an identity is plain data");
        let name = ContentHash::of(&text).to_hex();
        let (folder, rest) = name.split_at(2);
        self.dir.join(folder).join(rest).with_extension("json")
    }

    fn counts(&self) -> PathBuf {
        self.dir.join("counts")
    }

    /// Counts one look-up. One byte, appended: no two processes are in each other's way.
    fn count(&self, letter: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.dir)?;
        let mut counts = OpenOptions::new();
        counts.create(true).append(true);
        counts.open(self.counts())?.write_all(letter)
    }

    fn files(&self) -> io::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for folder in entries(&self.dir)? {
            if folder.is_dir() {
                files.extend(entries(&folder)?);
            }
        }
        files.retain(|file| file.extension().is_some_and(|ending| ending == "json"));
        Ok(files)
    }
}

#[expect(clippy::disallowed_methods, reason = "the cache is this driver's own")]
fn read(path: &Path) -> Option<Stored> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Removes a file, unless another process was quicker.
fn remove(path: &Path) -> io::Result<usize> {
    match fs::remove_file(path) {
        Ok(()) => Ok(1),
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(err) => Err(err),
    }
}

fn entries(dir: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(dir) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect(),
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(err) => Err(err),
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "damage is done by hand")]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn identity(question: &str) -> Identity {
        Identity {
            kind: "judge".into(),
            pixels: ContentHash::of(b"pixels"),
            prompt_version: 1,
            models: vec!["small".into()],
            endpoints: vec!["http://127.0.0.1/v1".into()],
            parameters: String::new(),
            question: question.into(),
        }
    }

    fn yes() -> Remembered {
        Remembered {
            kept: Kept::Judged {
                answer: Answer::Yes,
                why: "it is".into(),
            },
            raw: "yes".into(),
            latency: Duration::from_millis(1234),
        }
    }

    fn at(hours: u64) -> Timestamp {
        Timestamp(hours * 3_600_000)
    }

    #[test]
    fn only_the_same_question_finds_an_answer() {
        let dir = tempfile::tempdir().unwrap();
        let cache = VlmCache::open(dir.path().join("vlm"), HOUR * 24);
        cache.keep(&identity("open?"), at(1), yes()).unwrap();
        assert_eq!(cache.recall(&identity("open?"), at(2)), Some(yes()));
        let others = [
            Identity {
                kind: "locate".into(),
                ..identity("open?")
            },
            Identity {
                pixels: ContentHash::of(b"others"),
                ..identity("open?")
            },
            Identity {
                prompt_version: 2,
                ..identity("open?")
            },
            Identity {
                models: vec!["large".into()],
                ..identity("open?")
            },
            Identity {
                endpoints: Vec::new(),
                ..identity("open?")
            },
            Identity {
                parameters: "warm".into(),
                ..identity("open?")
            },
            identity("shut?"),
        ];
        for other in &others {
            assert_eq!(cache.recall(other, at(2)), None, "{other:?}");
        }
        let stats = cache.stats(at(2)).unwrap();
        assert_eq!((stats.hits, stats.misses), (1, others.len() as u64));
    }

    #[test]
    fn an_answer_is_good_for_a_while() {
        let dir = tempfile::tempdir().unwrap();
        let cache = VlmCache::open(dir.path().into(), HOUR * 24);
        cache.keep(&identity("open?"), at(10), yes()).unwrap();
        assert_eq!(cache.recall(&identity("open?"), at(33)), Some(yes()));
        assert_eq!(cache.recall(&identity("open?"), at(34)), None);
        assert_eq!(cache.recall(&identity("open?"), at(9)), None);
        assert_eq!(cache.stats(at(34)).unwrap().stale, 1);
        cache.keep(&identity("open?"), at(34), yes()).unwrap();
        assert_eq!(cache.recall(&identity("open?"), at(35)), Some(yes()));
    }

    #[test]
    fn a_damaged_answer_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let cache = VlmCache::open(dir.path().into(), HOUR);
        let (open, shut) = (identity("open?"), identity("shut?"));
        cache.keep(&open, at(1), yes()).unwrap();
        let bytes = fs::read(cache.path(&open)).unwrap();
        for length in 0..bytes.len() {
            fs::write(cache.path(&open), &bytes[..length]).unwrap();
            assert_eq!(cache.recall(&open, at(1)), None, "{length}");
        }
        // An answer under another question's name.
        fs::create_dir_all(cache.path(&shut).parent().unwrap()).unwrap();
        fs::write(cache.path(&shut), &bytes).unwrap();
        assert_eq!(cache.recall(&shut, at(1)), None);
        fs::write(cache.path(&open), &bytes[..9]).unwrap();
        assert_eq!(cache.prune(at(1), HOUR).unwrap(), 1);
    }

    #[test]
    fn old_answers_are_pruned_and_all_are_cleared() {
        let dir = tempfile::tempdir().unwrap();
        let cache = VlmCache::open(dir.path().join("none/yet"), HOUR * 24);
        assert_eq!(cache.stats(at(0)).unwrap(), VlmCacheStats::default());
        assert_eq!(cache.clear().unwrap(), 0);
        for hours in 1..=3 {
            let identity = identity(&format!("{hours}?"));
            cache.keep(&identity, at(hours), yes()).unwrap();
        }
        assert_eq!(cache.prune(at(4), HOUR * 2).unwrap(), 2);
        assert_eq!(cache.recall(&identity("3?"), at(4)), Some(yes()));
        let stats = cache.stats(at(4)).unwrap();
        assert_eq!((stats.entries, stats.judgements, stats.places), (1, 1, 0));
        assert!(stats.bytes > 100);
        assert_eq!(cache.clear().unwrap(), 1);
        assert_eq!(cache.stats(at(4)).unwrap(), VlmCacheStats::default());
    }

    #[test]
    fn many_may_use_it_at_once() {
        let dir = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let cache = VlmCache::open(dir.path().into(), HOUR);
                    for round in 0..25 {
                        let identity = identity(&format!("{}?", round % 5));
                        cache.keep(&identity, at(1), yes()).unwrap();
                        assert_eq!(cache.recall(&identity, at(1)), Some(yes()));
                    }
                });
            }
        });
        let stats = VlmCache::open(dir.path().into(), HOUR)
            .stats(at(1))
            .unwrap();
        assert_eq!((stats.entries, stats.hits, stats.misses), (5, 200, 0));
    }
}
