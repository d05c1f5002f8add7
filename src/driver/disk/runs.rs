//! The folders of runs: `events.jsonl`, and evidence in a folder for each step. What is the same is
//! stored once, under several names.
//!
//! Does not look into evidence, and removes nothing.

#![expect(
    clippy::disallowed_methods,
    reason = "this is what the `RunFolder` port stands for"
)]

use crate::{
    model::{ContentHash, Event, RunId, StepKey},
    port::{EvidenceError, RunFolder},
};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

const EVENTS: &str = "events.jsonl";

/// The folder of one run.
#[derive(Debug)]
pub struct DiskRunFolder {
    dir: PathBuf,
    events: Mutex<File>,
    /// Where what was kept lies, by its content.
    kept: Mutex<BTreeMap<ContentHash, PathBuf>>,
}

impl DiskRunFolder {
    /// Creates the folder of a new run. A folder that holds one already is refused.
    pub fn create(dir: &Path) -> Result<Self, EvidenceError> {
        let path = dir.join(EVENTS);
        fs::create_dir_all(dir).map_err(failed(dir))?;
        let mut options = OpenOptions::new();
        let events = options.append(true).create_new(true).open(&path);
        Ok(Self {
            kept: Mutex::default(),
            dir: dir.into(),
            events: Mutex::new(events.map_err(failed(&path))?),
        })
    }
}

impl RunFolder for DiskRunFolder {
    fn event(&self, event: &Event) -> Result<(), EvidenceError> {
        let path = self.dir.join(EVENTS);
        let line = serde_json::to_vec(event).map_err(io::Error::from);
        let mut line = line.map_err(failed(&path))?;
        line.push(b'\n');
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.write_all(&line).map_err(failed(&path))
    }

    fn keep(&self, step: &StepKey, name: &str, bytes: &[u8]) -> Result<String, EvidenceError> {
        let folder = format!("evidence/{}", file_name(step.as_str()));
        let dir = self.dir.join(&folder);
        fs::create_dir_all(&dir).map_err(failed(&dir))?;
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        let hash = ContentHash::of(bytes);
        let same = self.lock_kept().get(&hash).cloned();
        let dot = if ending.is_empty() { "" } else { "." };
        for number in 1_u32.. {
            let name = match number {
                1 => file_name(name),
                _ => file_name(&format!("{stem}-{number}{dot}{ending}")),
            };
            let path = dir.join(&name);
            // A second attempt does not take the place of the first one's evidence.
            match store(&path, bytes, same.as_deref()) {
                Ok(()) => {
                    self.lock_kept().entry(hash).or_insert(path);
                    return Ok(format!("{folder}/{name}"));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(&path)(error)),
            }
        }
        unreachable!("there are more numbers than files")
    }

    fn path(&self) -> PathBuf {
        self.dir.clone()
    }
}

impl DiskRunFolder {
    fn lock_kept(&self) -> MutexGuard<'_, BTreeMap<ContentHash, PathBuf>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stores a new file: as another name of `same`, which has these bytes, where that can be done.
fn store(path: &Path, bytes: &[u8], same: Option<&Path>) -> io::Result<()> {
    if let Some(same) = same {
        match fs::hard_link(same, path) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
            // Some file systems have no links, and few have any number of them.
            Err(_) => {}
        }
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)
}

/// Reads the events of the run in `dir`, in order. The last line may have been cut short, when
/// mosdat was killed; it is left out then.
pub fn read_events(dir: &Path) -> Result<Vec<Event>, EvidenceError> {
    let path = dir.join(EVENTS);
    let text = fs::read(&path).map_err(failed(&path))?;
    let mut events = Vec::new();
    for (index, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        match serde_json::from_slice(line) {
            Ok(event) => events.push(event),
            Err(_) if !line.ends_with(b"\n") => break,
            Err(error) => {
                let why = format!("line {}: {error}", index + 1);
                return Err(failed(&path)(io::Error::new(
                    io::ErrorKind::InvalidData,
                    why,
                )));
            }
        }
    }
    Ok(events)
}

/// Returns every run that has a folder in `dir`, oldest first.
pub fn runs(dir: &Path) -> Vec<(RunId, PathBuf)> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let folders = entries.map(|entry| entry.path());
    let mut runs: Vec<_> = folders
        .filter(|path| path.join(EVENTS).is_file())
        .filter_map(|path| Some((RunId::new(path.file_name()?.to_str()?), path)))
        .collect();
    runs.sort();
    runs
}

/// Returns the newest run that has a folder in `dir`.
pub fn newest_run(dir: &Path) -> Option<(RunId, PathBuf)> {
    runs(dir).pop()
}

/// The longest name that file systems take, less some for what is put at its end.
const LONGEST_NAME: usize = 200;

/// Makes a name for a file of any text: no two texts get the same, and none leads elsewhere.
pub fn file_name(text: &str) -> String {
    let mut name = String::new();
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'.' if index == 0 => name.push_str("+2e"),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' => {
                name.push(char::from(byte));
            }
            b'/' => name.push('~'),
            b':' => name.push('='),
            other => write!(name, "+{other:02x}").expect("a string takes whatever is written"),
        }
    }
    if name.len() > LONGEST_NAME {
        let digest = ContentHash::of(text.as_bytes()).short();
        let ending = name.rfind('.').filter(|dot| name.len() - dot < 10);
        let ending = ending.map_or(String::new(), |dot| name[dot..].to_owned());
        name.truncate(LONGEST_NAME);
        write!(name, "+{digest}{ending}").expect("a string takes whatever is written");
    }
    name
}

fn failed(path: &Path) -> impl Fn(io::Error) -> EvidenceError {
    let path = path.to_owned();
    move |source| EvidenceError {
        path: path.clone(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_safe_and_tell_texts_apart() {
        for (text, name) in [
            (
                "debian12/none/main.deb/smoke/x11:exercise",
                "debian12~none~main.deb~smoke~x11=exercise",
            ),
            ("../../etc/passwd", "+2e.~..~etc~passwd"),
            (".", "+2e"),
            ("a~b", "a+7eb"),
            ("café", "caf+c3+a9"),
        ] {
            assert_eq!(file_name(text), name);
        }
        let long = |last: char| file_name(&format!("{}{last}.png", "x".repeat(400)));
        assert!(long('a').len() < 255);
        assert_eq!(Path::new(&long('a')).extension().unwrap(), "png");
        assert_ne!(long('a'), long('b'));
    }
}
