//! What earlier attempts were like: a file for each step, a line for each attempt.

#![expect(
    clippy::disallowed_methods,
    reason = "this is what the `PastAttempts` port stands for"
)]

use super::{replace::replace, runs::file_name};
use crate::{
    model::{PastAttempt, StepKey},
    port::{EvidenceError, PastAttempts},
};
use serde::{Deserialize, Serialize};
use std::{
    borrow::Cow,
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

/// How many attempts at a step are remembered.
const KEPT: usize = 50;

/// A file is made shorter when it has so many lines.
const MOST: usize = 2 * KEPT;

/// Attempts in a folder, a file for each step.
#[derive(Clone, Debug)]
pub struct DiskPastAttempts {
    dir: PathBuf,
}

#[derive(Debug, Serialize, Deserialize)]
struct Line<'a> {
    key: Cow<'a, StepKey>,
    #[serde(flatten)]
    attempt: Cow<'a, PastAttempt>,
}

impl DiskPastAttempts {
    /// Takes the folder, which need not be there yet.
    pub fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    fn file(&self, key: &StepKey) -> PathBuf {
        let name = format!("{key}.jsonl");
        self.dir.join(file_name(&name))
    }
}

impl PastAttempts for DiskPastAttempts {
    fn of(&self, key: &StepKey) -> Result<Vec<PastAttempt>, EvidenceError> {
        let lines = read(&self.file(key))?;
        let surplus = lines.len().saturating_sub(KEPT);
        let kept = lines.into_iter().skip(surplus);
        Ok(kept.map(|line| line.attempt.into_owned()).collect())
    }

    fn add(&self, key: &StepKey, attempts: &[PastAttempt]) -> Result<(), EvidenceError> {
        if attempts.is_empty() {
            return Ok(());
        }
        let path = self.file(key);
        fs::create_dir_all(&self.dir).map_err(failed(&self.dir))?;
        let mut options = OpenOptions::new();
        let file = options.append(true).create(true).read(true).open(&path);
        let mut file = file.map_err(failed(&path))?;
        let mut text = String::new();
        // A line that a crash cut short stands by itself.
        if !ends_with_line(&path).map_err(failed(&path))? {
            text.push('\n');
        }
        for attempt in attempts {
            text += &line(key, attempt).map_err(failed(&path))?;
        }
        file.write_all(text.as_bytes()).map_err(failed(&path))?;
        self.shorten(key, &path)
    }

    fn steps(&self) -> Result<Vec<StepKey>, EvidenceError> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(err) if err.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(err) => return Err(failed(&self.dir)(err)),
        };
        let mut steps = Vec::new();
        for entry in entries {
            let path = entry.map_err(failed(&self.dir))?.path();
            if path.extension() != Some("jsonl".as_ref()) {
                continue;
            }
            steps.extend(read(&path)?.pop().map(|line| line.key.into_owned()));
        }
        steps.sort();
        Ok(steps)
    }
}

impl DiskPastAttempts {
    /// Forgets the oldest attempts when there are many.
    fn shorten(&self, key: &StepKey, path: &Path) -> Result<(), EvidenceError> {
        let size = fs::metadata(path).map_err(failed(path))?.len();
        // No attempt takes less.
        if size < MOST as u64 * 100 || read(path)?.len() < MOST {
            return Ok(());
        }
        let lines = self.of(key)?.into_iter();
        let lines: io::Result<String> = lines.map(|attempt| line(key, &attempt)).collect();
        let text = lines.map_err(failed(path))?;
        replace(path, text.as_bytes()).map_err(failed(path))
    }
}

fn line(key: &StepKey, attempt: &PastAttempt) -> io::Result<String> {
    let line = Line {
        key: Cow::Borrowed(key),
        attempt: Cow::Borrowed(attempt),
    };
    Ok(serde_json::to_string(&line)? + "\n")
}

/// Reads what lines there are. One that is not whole, or that another version wrote, is left out:
/// nothing rests on it.
fn read(path: &Path) -> Result<Vec<Line<'static>>, EvidenceError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(err) if err.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(err) => return Err(failed(path)(err)),
    };
    let lines = text.lines();
    Ok(lines
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect())
}

fn ends_with_line(path: &Path) -> io::Result<bool> {
    let mut file = fs::File::open(path)?;
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

fn failed(path: &Path) -> impl Fn(io::Error) -> EvidenceError {
    let path = path.to_owned();
    move |source| EvidenceError {
        path: path.clone(),
        source,
    }
}
