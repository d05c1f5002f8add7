//! The log of questions: one JSON line for each answer or error, with pictures by their digests and
//! without anything secret.

use crate::{model::ContentHash, port::Clock};
use serde::Serialize;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// A log that has grown beyond this is set aside, and the one before it forgotten.
const LARGEST: u64 = 16 << 20;

/// The log of questions.
#[derive(Debug)]
pub(super) struct QuestionLog {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    open: Mutex<Option<File>>,
}

/// One question and what came of it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Line<'a> {
    /// `judge`, `locate`, `closer`, `ask`.
    pub(super) kind: &'static str,
    pub(super) model: &'a str,
    /// Who answered; nobody when it was remembered or failed.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) endpoint: &'a str,
    pub(super) question: &'a str,
    /// Size and pixels of what was shown.
    pub(super) picture: ContentHash,
    /// The size that it was sent in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sent: Option<(u32, u32)>,
    pub(super) sample: u32,
    pub(super) prompt_version: u32,
    pub(super) is_cached: bool,
    pub(super) duration_ms: u64,
    pub(super) answer: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) error: &'a str,
}

#[derive(Serialize)]
struct Dated<'a> {
    at: String,
    #[serde(flatten)]
    line: &'a Line<'a>,
}

impl QuestionLog {
    /// Keeps the log in the file at `path`, which is made with the first line.
    pub(super) fn new(path: PathBuf, clock: Arc<dyn Clock>) -> Self {
        let open = Mutex::default();
        Self { path, clock, open }
    }

    /// Writes a line. What cannot be written is left out: a log must not stop the work.
    pub(super) fn note(&self, line: &Line<'_>) {
        let at = self.clock.now().to_string();
        let mut text = serde_json::to_vec(&Dated { at, line }).expect("a line is plain data");
        text.push(b'\n');
        if let Err(error) = self.write(&text) {
            tracing::debug!(%error, "a question could not be logged");
        }
    }

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
        let mut file = OpenOptions::new();
        file.create(true).append(true).open(&self.path)
    }
}
