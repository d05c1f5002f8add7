//! The log of calls: one JSON line for each attempt, without anything secret.

use super::{Call, Method};
use crate::port::Clock;
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// A log that has grown beyond this is set aside, and the one before it forgotten.
const LARGEST: u64 = 16 << 20;

/// Parameters whose values are written down. All others may hold secrets, or are long.
const SHOWN: &[&str] = &[
    "delete",
    "digest",
    "full",
    "name",
    "newid",
    "pid",
    "pool",
    "since",
    "snapname",
    "start",
    "storage",
    "tags",
    "target",
    "timeout",
    "type",
    "typefilter",
    "vmid",
    "vmstate",
];

/// The log of calls.
#[derive(Clone, Debug, Default)]
pub struct CallLog {
    file: Option<Arc<LogFile>>,
}

#[derive(Debug)]
struct LogFile {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    open: Mutex<Option<File>>,
}

/// One attempt.
#[derive(Debug, Serialize)]
struct Line<'a> {
    at: String,
    method: &'static str,
    path: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    params: BTreeMap<&'a str, &'a str>,
    attempt: u32,
    status: Option<u16>,
    duration_ms: u64,
    #[serde(skip_serializing_if = "str::is_empty")]
    error: &'a str,
}

impl CallLog {
    /// Keeps the log in the file at `path`, which is made with the first call.
    pub fn to(path: PathBuf, clock: Arc<dyn Clock>) -> Self {
        let open = Mutex::default();
        let file = Some(Arc::new(LogFile { path, clock, open }));
        Self { file }
    }

    /// Notes an attempt. What cannot be written is left out: a log must not stop the work.
    pub(super) fn note(
        &self,
        call: &Call,
        attempt: u32,
        status: Option<u16>,
        took: Duration,
        error: &str,
    ) {
        let Some(file) = &self.file else { return };
        let params = call.params.iter().map(|(name, value)| {
            let is_shown = SHOWN.contains(&name.as_str()) || name.starts_with("hostpci");
            (name.as_str(), if is_shown { value.as_str() } else { "..." })
        });
        let line = Line {
            at: file.clock.now().to_string(),
            method: Method::as_str(call.method),
            path: &call.path,
            params: params.collect(),
            attempt,
            status,
            duration_ms: took.as_millis() as u64,
            error,
        };
        let mut text = serde_json::to_vec(&line).expect("a line is plain data");
        text.push(b'\n');
        if let Err(error) = file.write(&text) {
            tracing::debug!(%error, "a call could not be logged");
        }
    }
}

impl LogFile {
    fn write(&self, line: &[u8]) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match open.take() {
            Some(file) if file.metadata()?.len() < LARGEST => file,
            Some(_) => {
                fs::rename(&self.path, self.path.with_extension("old.jsonl"))?;
                self.make()?
            }
            None => self.make()?,
        };
        // In one piece, so that two processes' lines do not mix.
        open.insert(file).write_all(line)
    }

    fn make(&self) -> io::Result<File> {
        fs::create_dir_all(self.path.parent().unwrap_or(Path::new(".")))?;
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path)
    }
}
