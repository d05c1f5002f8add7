//! `mosdat trace`: finds out what the keys of the app do, and writes it down for the package that was
//! installed for it.

use crate::{
    cli::{
        arguments::trace::TraceArguments, drivers::Drivers, error::CliError, exit::Ended, face,
        session::Visit, settings::Settings, workplace::Workplace,
    },
    driver::disk::DiskFiles,
    model::{
        BuildName, Capabilities, Chord, ContentHash, FileError, Files as _, FormatName, KeyEffect,
        Layer, Machine, Package, Recorded, StepKey,
    },
    port::{Command, Guest},
    run::trace::{TRACED, trace},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

pub(in crate::cli) fn run(settings: &Settings, typed: &TraceArguments) -> Result<Ended, CliError> {
    let place = Workplace::open(settings, typed.file.file.as_deref())?;
    let machine = place.machine(&typed.vms)?;
    let (build, format) = tested(&place, machine, typed)?;
    let keys = if typed.key.is_empty() {
        TRACED.map(str::to_owned).to_vec()
    } else {
        keys(&typed.key)?
    };
    let visit = Visit {
        machine,
        from: Layer::Base,
    };
    let found = place.locked("trace", |store, recorded| {
        place.block_on(async {
            let drivers = place.drivers()?;
            let (package, file) = made(&drivers, &recorded, &build, &format)?;
            let mut told = Capabilities::new(package, machine.name.to_string(), drivers.now);
            told.accelerators = earlier(&place, package)?;
            let look = async |guest: &dyn Guest| {
                install(guest, &machine.packages[&format], &file).await?;
                look(guest, &place, &machine.packages[&format], &keys, told).await
            };
            visit.with(&drivers, store, look).await
        })?
    })?;
    let path = document(&place, found.package);
    face::write_file(&path, found.write().as_bytes())?;
    settings.face.result(|out| {
        for (key, effect) in &found.accelerators {
            writeln!(out, "{key:8}  {effect}")?;
        }
        writeln!(out, "Written to {}", path.display())
    })
}

/// Returns the keys as fallbacks of routines write them.
fn keys(typed: &[String]) -> Result<Vec<String>, CliError> {
    let each = typed.iter().map(|text| match Chord::parse(text) {
        Ok(_) => Ok(text.trim().to_lowercase()),
        Err(err) => {
            let near = err.near.map(|near| format!("; did you mean `{near}`?"));
            let why = format!("{err}{}", near.unwrap_or_default());
            Err(CliError::Usage(why))
        }
    });
    each.collect()
}

/// Returns the only package that the plan tests on the machine, of those that are asked for.
fn tested(
    place: &Workplace,
    machine: &Machine,
    typed: &TraceArguments,
) -> Result<(BuildName, FormatName), CliError> {
    let fits = |wanted: &Option<String>, name: &str| wanted.as_ref().is_none_or(|it| it == name);
    let cells = place.loaded.desired.cells.iter().filter(|cell| {
        cell.machine == machine.name
            && fits(&typed.build, cell.build.as_str())
            && fits(&typed.format, cell.format.as_str())
    });
    let packages: BTreeSet<(BuildName, FormatName)> = cells
        .map(|cell| (cell.build.clone(), cell.format.clone()))
        .collect();
    let mut packages = packages.into_iter();
    let name = &machine.name;
    match (packages.next(), packages.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(CliError::Usage(format!(
            "the plan tests nothing on `{name}` with that build and package format"
        ))),
        (Some(_), Some(_)) => Err(CliError::Usage(format!(
            "the plan tests several packages on `{name}`; say which with `--build` and `--format`"
        ))),
    }
}

/// Returns the package that was made last, and the file that holds it.
fn made(
    drivers: &Drivers,
    recorded: &Recorded,
    build: &BuildName,
    format: &FormatName,
) -> Result<(ContentHash, PathBuf), CliError> {
    let step = recorded.steps.get(&StepKey::build(build, format));
    let package = step.and_then(|step| step.output);
    let file = package.map(|package| Ok::<_, CliError>(drivers.blobs.path(package)?));
    let file = file.transpose()?.flatten();
    package.zip(file).ok_or_else(|| {
        let why = format!("`{build}.{format}` was not built yet; `mosdat apply` does that");
        CliError::Usage(why)
    })
}

/// Returns what was found out earlier about the same package.
fn earlier(
    place: &Workplace,
    package: ContentHash,
) -> Result<BTreeMap<String, KeyEffect>, CliError> {
    let path = document(place, package);
    match DiskFiles.read(&path) {
        Ok(bytes) => {
            let read = Capabilities::read(&Capabilities::file_name(package), &bytes);
            let read = read.map_err(|why| CliError::Document { path, why })?;
            Ok(read.accelerators)
        }
        Err(FileError::Missing) => Ok(BTreeMap::new()),
        Err(err @ FileError::Unreadable(_)) => {
            let why = err.to_string();
            Err(CliError::Document { path, why })
        }
    }
}

fn document(place: &Workplace, package: ContentHash) -> PathBuf {
    let folder = place.scenario_dir.join(Capabilities::FOLDER);
    folder.join(Capabilities::file_name(package))
}

async fn install(guest: &dyn Guest, package: &Package, file: &Path) -> Result<(), CliError> {
    let outcome = guest.install(package, file).await?;
    if outcome.verdict.holds() {
        return Ok(());
    }
    let why = format!("the package was not installed: {}", outcome.detail);
    Err(CliError::Unseen(why))
}

async fn look(
    guest: &dyn Guest,
    place: &Workplace,
    package: &Package,
    keys: &[String],
    mut told: Capabilities,
) -> Result<Capabilities, CliError> {
    let app = &place.loaded.desired.app;
    let path = package.app_path.as_ref().unwrap_or(&app.binary);
    let program = [guest.program_path(path)];
    let command = Command {
        argv: program.into_iter().chain(app.args.clone()).collect(),
        ..Command::default()
    };
    for key in keys {
        let effect = trace(guest, &command, key).await?;
        place.settings.face.say(&format!("{key}: {effect}"));
        told.accelerators.insert(key.clone(), effect);
    }
    Ok(told)
}
