//! What came of tests of routines: a line for each, in a file of the state.
//!
//! ```text
//! state/<matrix>/routine-tests.jsonl    {"format_version":1,"test":{"at":..,"routine":"routines/say",..}}
//! ```
//!
//! Who writes has the state's lock.

#![expect(
    clippy::disallowed_methods,
    reason = "this file is read and written here, and nowhere else"
)]

use crate::{
    model::{ContentHash, Timestamp, Verdict},
    port::StoreError,
};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, OpenOptions},
    io::{self, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

/// The newest format that is known.
const FORMAT: u32 = 1;

/// What came of a test of a routine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutineTest {
    /// When it ended, in milliseconds since 1970.
    pub at: Timestamp,
    /// The routine's document: its path in the folder of scenarios, without the ending.
    pub routine: String,
    /// The digest of that document.
    pub digest: ContentHash,
    /// The fixture's document, when there was one.
    pub fixture: Option<String>,
    /// The machine.
    pub machine: String,
    /// The build and the format of its package: `main.deb`.
    pub package: String,
    /// What was learned.
    pub verdict: Verdict,
    /// In words, when it did not pass.
    pub detail: String,
}

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
struct Line<T> {
    format_version: u32,
    test: T,
}

/// The file of all tests.
#[derive(Debug)]
pub struct RoutineTests {
    path: PathBuf,
}

impl RoutineTests {
    /// Takes the folder of the state, which need not be there.
    pub fn new(dir: &Path) -> Self {
        Self {
            path: dir.join("routine-tests.jsonl"),
        }
    }

    /// Returns every test, oldest first. A last line that was cut short counts for nothing.
    pub fn all(&self) -> Result<Vec<RoutineTest>, StoreError> {
        let bytes = self.bytes()?;
        let whole = &bytes[..end_of_lines(&bytes)];
        let mut found = Vec::new();
        let mut offset = 0;
        for line in whole.split_inclusive(|byte| *byte == b'\n') {
            let good = found.len() as u64;
            let test = read(line).map_err(|why| StoreError::Damaged {
                path: self.path.clone(),
                offset: offset as u64,
                why,
                good,
                recovery: format!("head -n {good}"),
            })?;
            found.push(test);
            offset += line.len();
        }
        Ok(found)
    }

    /// Adds tests, so that they survive a loss of power.
    pub fn add(&self, tests: &[RoutineTest]) -> Result<(), StoreError> {
        let mut lines = Vec::new();
        for test in tests {
            let format_version = FORMAT;
            let line = Line {
                format_version,
                test,
            };
            serde_json::to_writer(&mut lines, &line).expect("every value of it can be written");
            lines.push(b'\n');
        }
        let end = end_of_lines(&self.bytes()?) as u64;
        let mut options = OpenOptions::new();
        let file = options.create(true).truncate(false).write(true);
        let write = || {
            let mut file = file.open(&self.path)?;
            // What was cut short would be damage in the middle.
            file.set_len(end)?;
            file.seek(SeekFrom::Start(end))?;
            file.write_all(&lines)?;
            file.sync_all()
        };
        write().map_err(|source| self.failed("write", source))
    }

    fn bytes(&self) -> Result<Vec<u8>, StoreError> {
        match fs::read(&self.path) {
            Ok(bytes) => Ok(bytes),
            Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(source) => Err(self.failed("read", source)),
        }
    }

    fn failed(&self, what: &'static str, source: io::Error) -> StoreError {
        StoreError::Io {
            what,
            path: self.path.clone(),
            source,
        }
    }
}

/// Returns where the last whole line ends.
fn end_of_lines(bytes: &[u8]) -> usize {
    let last = bytes.iter().rposition(|byte| *byte == b'\n');
    last.map_or(0, |last| last + 1)
}

fn read(line: &[u8]) -> Result<RoutineTest, String> {
    // The version first: what is newer may have another shape.
    let any: Line<serde_json::Value> =
        serde_json::from_slice(line).map_err(|err| err.to_string())?;
    if any.format_version > FORMAT {
        return Err("a newer mosdat wrote it".into());
    }
    serde_json::from_value(any.test).map_err(|err| err.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(name: &str) -> RoutineTest {
        RoutineTest {
            at: Timestamp(1),
            routine: name.into(),
            digest: ContentHash::of(b"steps"),
            fixture: None,
            machine: "lin".into(),
            package: "main.deb".into(),
            verdict: Verdict::Blocked,
            detail: String::new(),
        }
    }

    #[test]
    fn tests_are_kept_and_a_torn_line_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let tests = RoutineTests::new(dir.path());
        assert_eq!(tests.all().unwrap(), []);
        tests.add(&[test("a"), test("b")]).unwrap();
        let whole = fs::read(&tests.path).unwrap();
        fs::write(&tests.path, [&whole[..], b"{\"format_ver"].concat()).unwrap();
        assert_eq!(tests.all().unwrap(), [test("a"), test("b")]);
        tests.add(&[test("c")]).unwrap();
        assert_eq!(tests.all().unwrap(), [test("a"), test("b"), test("c")]);
    }

    #[test]
    fn damage_and_what_is_newer_are_told_with_their_place() {
        let dir = tempfile::tempdir().unwrap();
        let tests = RoutineTests::new(dir.path());
        tests.add(&[test("a"), test("b")]).unwrap();
        let whole = fs::read_to_string(&tests.path).unwrap();
        let second = whole.find('\n').unwrap() + 1;
        let (first, rest) = whole.split_at(second);
        for wrong in [
            rest.replace("\"format_version\":1", "\"format_version\":2"),
            rest.replace("blocked", "fine"),
        ] {
            fs::write(&tests.path, format!("{first}{wrong}")).unwrap();
            let Err(StoreError::Damaged { offset, good, .. }) = tests.all() else {
                panic!("it was read: {wrong}");
            };
            assert_eq!((offset, good), (second as u64, 1));
        }
    }
}
