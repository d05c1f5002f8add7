//! The pictures of a run, by what they show: scenario, step and label, and on which machine.
//!
//! Builds are left out of that on purpose: a new build is compared with what was approved of the
//! one before.

use crate::{
    cli::error::CliError,
    driver::disk::{self, DiskFiles},
    model::{Event, EvidenceKind, Files as _, Phase, StepKey, Verdict},
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// The folder below that of a run in which differences are written. Nothing in it is a picture of
/// the run.
pub(in crate::cli) const ARTEFACTS: &str = "visual";

/// One picture.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Shot {
    /// Where it lies.
    pub(in crate::cli) file: PathBuf,
    /// What was tried: the scenario, or the folder where there is nothing but pictures.
    pub(in crate::cli) scenario: String,
    /// On what: the machine and the GPU; empty where that is not known.
    pub(in crate::cli) place: String,
    /// The step's number and label.
    pub(in crate::cli) step: String,
    /// How that which it was made in ended, where that is known.
    pub(in crate::cli) verdict: Option<Verdict>,
}

impl Shot {
    /// Whether it may be approved: it shows what should be.
    pub(in crate::cli) fn is_good(&self) -> bool {
        self.verdict
            .is_none_or(|verdict| matches!(verdict, Verdict::Passed | Verdict::Flaky))
    }

    /// Returns what people call it.
    pub(in crate::cli) fn name(&self) -> String {
        format!("{}/{}", self.scenario, self.step)
    }
}

/// Returns the pictures in the folder of a run, or in one that has nothing but pictures.
pub(in crate::cli) fn shots(dir: &Path) -> Result<Vec<Shot>, CliError> {
    let events = dir.join("events.jsonl");
    let shots = match DiskFiles.read(&events) {
        Ok(_) => of_run(dir, &disk::read_events(dir)?),
        Err(_) => of_folder(dir),
    };
    if shots.is_empty() {
        let dir = dir.display();
        return Err(CliError::Usage(format!("there is no picture in `{dir}`")));
    }
    Ok(shots)
}

/// What a step of a plan left.
#[derive(Debug, Default)]
struct Attempt {
    number: u32,
    files: Vec<String>,
    verdict: Option<Verdict>,
}

fn of_run(dir: &Path, events: &[Event]) -> Vec<Shot> {
    let mut attempts: BTreeMap<&StepKey, Attempt> = BTreeMap::new();
    for event in events {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "only what tells of pictures counts here"
        )]
        match event {
            Event::StepStarted { key, attempt, .. } => {
                let number = *attempt;
                let begun = Attempt {
                    number,
                    ..Attempt::default()
                };
                // What an earlier attempt showed is not what came of it.
                attempts.insert(key, begun);
            }
            Event::Evidence {
                key,
                kind: EvidenceKind::Frame,
                file,
                ..
            } => attempts.entry(key).or_default().files.push(file.clone()),
            Event::StepFinished { key, verdict, .. } => {
                attempts.entry(key).or_default().verdict = Some(*verdict);
            }
            _ => {}
        }
    }
    let shots = attempts.iter().flat_map(|(key, attempt)| {
        let parts = key
            .parts()
            .filter(|parts| parts.phase == Phase::Exercise)
            .and_then(|parts| Some((parts.scenario?, parts.machine?, parts.gpu?)));
        let files = attempt.files.iter().filter_map(move |file| {
            let (scenario, machine, gpu) = parts?;
            Some(Shot {
                file: dir.join(file),
                scenario: scenario.into(),
                place: format!("{machine}~{gpu}"),
                step: step(file, attempt.number, dir),
                // What has no end has not passed.
                verdict: Some(attempt.verdict.unwrap_or(Verdict::Blocked)),
            })
        });
        files.collect::<Vec<_>>()
    });
    shots.collect()
}

/// Returns the name of a step without what tells attempts apart: a second attempt's pictures have
/// the name of the first one's and a number.
fn step(file: &str, attempt: u32, dir: &Path) -> String {
    let path = Path::new(file);
    let stem = stem(path);
    let numbered = (2..=attempt).find_map(|number| stem.strip_suffix(&format!("-{number}")));
    let is_of_first = |name: &&str| {
        dir.join(path)
            .with_file_name(format!("{name}.png"))
            .is_file()
    };
    numbered.filter(is_of_first).unwrap_or(&stem).into()
}

fn of_folder(dir: &Path) -> Vec<Shot> {
    let whole = dir.canonicalize().unwrap_or_else(|_| dir.into());
    let root = whole
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let files = DiskFiles.list(dir);
    let shots = files.into_iter().filter_map(|file| {
        let inner = file.strip_prefix(dir).ok()?;
        let is_picture = inner.extension().is_some_and(|ending| ending == "png");
        if !is_picture || inner.starts_with(ARTEFACTS) {
            return None;
        }
        let folder = inner.parent().map(|folder| folder.to_string_lossy());
        let folder = folder.filter(|folder| !folder.is_empty());
        Some(Shot {
            scenario: folder.map_or_else(|| root.clone(), |folder| format!("{root}/{folder}")),
            place: String::new(),
            step: stem(inner),
            verdict: None,
            file,
        })
    });
    shots.collect()
}

fn stem(path: &Path) -> String {
    path.file_stem()
        .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}
