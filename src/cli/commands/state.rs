//! `mosdat state ...`: looks into the recorded state, and mends it. Each change is atomic.

use crate::{
    cli::{
        arguments::FileArgument, error::CliError, exit::Ended, settings::Settings,
        view::json::FORMAT_VERSION, workplace::Workplace,
    },
    driver::disk::{self, DiskFiles},
    model::{
        Event, Files as _, LayerName, Lease, MachineName, Record, Recorded, RunId, Serial, StepKey,
        StepRecord,
    },
    plan::select::Filter,
    port::{Durability, Store as _},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, io::Read as _, path::Path};

pub(in crate::cli) fn list(
    settings: &Settings,
    file: &FileArgument,
    target: Option<&str>,
) -> Result<Ended, CliError> {
    let filter = target.map(Filter::parse).transpose()?;
    let recorded = load(settings, file)?;
    settings.face.result(|out| {
        for (key, step) in &recorded.steps {
            if filter.as_ref().is_none_or(|filter| filter.admits(key)) {
                writeln!(out, "{:8}  {key}", step.verdict)?;
            }
        }
        for key in recorded.unfinished.keys() {
            writeln!(out, "{:8}  {key}", "unknown")?;
        }
        Ok(())
    })
}

pub(in crate::cli) fn show(
    settings: &Settings,
    file: &FileArgument,
    key: &str,
) -> Result<Ended, CliError> {
    let key: StepKey = key.parse()?;
    let recorded = load(settings, file)?;
    let step = recorded.steps.get(&key).ok_or_else(|| unknown(&key))?;
    settings.face.result(|out| {
        serde_json::to_writer_pretty(&mut *out, step)?;
        writeln!(out)
    })
}

pub(in crate::cli) fn remove(
    settings: &Settings,
    file: &FileArgument,
    selector: &str,
) -> Result<Ended, CliError> {
    let filter = Filter::parse(selector)?;
    let place = Workplace::open(settings, file.file.as_deref())?;
    let count = place.locked("state rm", |store, recorded| {
        let keys = recorded.steps.keys().chain(recorded.unfinished.keys());
        let keys = keys.filter(|key| filter.admits(key)).cloned();
        let records: Vec<_> = keys.map(Record::Forgotten).collect();
        if records.is_empty() {
            return Err(CliError::Usage(format!(
                "nothing recorded fits `{selector}`"
            )));
        }
        store.append(&records, Durability::Power)?;
        Ok(records.len())
    })?;
    settings
        .face
        .result(|out| writeln!(out, "forgot {count} steps"))
}

pub(in crate::cli) fn rename(
    settings: &Settings,
    file: &FileArgument,
    from: &str,
    to: &str,
) -> Result<Ended, CliError> {
    let (from, to): (StepKey, StepKey) = (from.parse()?, to.parse()?);
    let place = Workplace::open(settings, file.file.as_deref())?;
    place.locked("state mv", |store, recorded| {
        if !recorded.steps.contains_key(&from) {
            return Err(unknown(&from));
        }
        if recorded.steps.contains_key(&to) {
            let why = format!("`{to}` is recorded already; `mosdat state rm` it first");
            return Err(CliError::Usage(why));
        }
        let record = Record::Renamed(from.clone(), to.clone());
        Ok(store.append(&[record], Durability::Power)?)
    })?;
    settings
        .face
        .result(|out| writeln!(out, "`{from}` is `{to}` now"))
}

pub(in crate::cli) fn pull(settings: &Settings, file: &FileArgument) -> Result<Ended, CliError> {
    let recorded = load(settings, file)?;
    settings.face.result(|out| {
        serde_json::to_writer_pretty(&mut *out, &StateDocument::new(&recorded))?;
        writeln!(out)
    })
}

pub(in crate::cli) fn push(
    settings: &Settings,
    file: &FileArgument,
    document: &Path,
    force: bool,
) -> Result<Ended, CliError> {
    let new = StateDocument::read(document)?;
    let place = Workplace::open(settings, file.file.as_deref())?;
    let count = place.locked("state push", |store, recorded| {
        if new.serial != recorded.serial && !force {
            return Err(CliError::Usage(format!(
                "the state has moved on from {} to {} since the document was pulled; \
                 pull again, or say `--force` to lose what came since",
                new.serial.0, recorded.serial.0
            )));
        }
        store.append(&replacing(&recorded, &new), Durability::Power)?;
        Ok(new.steps.len())
    })?;
    settings
        .face
        .result(|out| writeln!(out, "the state holds {count} steps now"))
}

/// The records that turn one state into another.
fn replacing(old: &Recorded, new: &StateDocument) -> Vec<Record> {
    let forgotten = old
        .steps
        .keys()
        .chain(old.unfinished.keys())
        .cloned()
        .map(Record::Forgotten);
    let released = old.leases.keys().cloned().map(Record::Released);
    let removed = old
        .layers
        .iter()
        .cloned()
        .map(|(m, l)| Record::LayerRemoved(m, l));
    let finished = new.steps.iter().map(|(key, step)| Record::Finished {
        key: key.clone(),
        step: Box::new(step.clone()),
    });
    let started = new.unfinished.iter().map(|(key, run)| Record::Started {
        key: key.clone(),
        run: run.clone(),
    });
    let leased = new.leases.iter().cloned().map(Record::Leased);
    let made = new
        .layers
        .iter()
        .cloned()
        .map(|(m, l)| Record::LayerMade(m, l));
    let old = forgotten.chain(released).chain(removed);
    old.chain(finished)
        .chain(started)
        .chain(leased)
        .chain(made)
        .collect()
}

pub(in crate::cli) fn log(settings: &Settings, file: &FileArgument) -> Result<Ended, CliError> {
    let place = Workplace::open(settings, file.file.as_deref())?;
    let runs = disk::runs(&place.runs_dir());
    settings.face.result(|out| {
        for (run, dir) in &runs {
            let events = disk::read_events(dir).unwrap_or_default();
            let words = match events.last() {
                Some(Event::RunFinished {
                    summary,
                    exit_code: code,
                    ..
                }) => {
                    let counts = summary
                        .verdicts
                        .iter()
                        .map(|(verdict, n)| format!("{n} {verdict}"));
                    format!("exit {code}, {}", counts.collect::<Vec<_>>().join(", "))
                }
                Some(_) | None => "broken off".into(),
            };
            writeln!(out, "{run}  {words}")?;
        }
        Ok(())
    })
}

pub(in crate::cli) fn recover(settings: &Settings, file: &FileArgument) -> Result<Ended, CliError> {
    let place = Workplace::open(settings, file.file.as_deref())?;
    let mut store = place.store()?;
    store.lock(place.holder("state recover"))?;
    let recovered = store.recover();
    let unlocked = store.unlock();
    let recovered = recovered?;
    unlocked?;
    settings.face.result(|out| {
        writeln!(out, "kept {} sound records", recovered.kept)?;
        match &recovered.set_aside {
            Some(path) => writeln!(out, "the damaged journal is `{}` now", path.display()),
            None => writeln!(out, "the state was not damaged"),
        }
    })
}

/// The whole state as JSON.
#[derive(Debug, Serialize, Deserialize)]
struct StateDocument {
    format_version: u32,
    serial: Serial,
    steps: BTreeMap<StepKey, StepRecord>,
    unfinished: BTreeMap<StepKey, RunId>,
    leases: Vec<Lease>,
    layers: Vec<(MachineName, LayerName)>,
}

impl StateDocument {
    fn new(recorded: &Recorded) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            serial: recorded.serial,
            steps: recorded.steps.clone(),
            unfinished: recorded.unfinished.clone(),
            leases: recorded.leases.values().cloned().collect(),
            layers: recorded.layers.iter().cloned().collect(),
        }
    }

    fn read(path: &Path) -> Result<Self, CliError> {
        let refuse = |why: String| CliError::Document {
            path: path.into(),
            why,
        };
        let bytes = if path == Path::new("-") {
            let mut bytes = Vec::new();
            std::io::stdin().read_to_end(&mut bytes)?;
            bytes
        } else {
            DiskFiles
                .read(path)
                .map_err(|err| refuse(err.to_string()))?
        };
        let document: Self =
            serde_json::from_slice(&bytes).map_err(|err| refuse(err.to_string()))?;
        if document.format_version != FORMAT_VERSION {
            return Err(refuse(format!("it has format {}", document.format_version)));
        }
        Ok(document)
    }
}

fn load(settings: &Settings, file: &FileArgument) -> Result<Recorded, CliError> {
    let place = Workplace::open(settings, file.file.as_deref())?;
    Ok(place.store()?.load()?)
}

fn unknown(key: &StepKey) -> CliError {
    CliError::Usage(format!(
        "nothing is recorded of `{key}`; `mosdat state list` shows what is"
    ))
}
