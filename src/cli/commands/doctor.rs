//! `mosdat doctor`: whether machines can be tested on, and what is missing. Changes nothing.

use crate::{
    cli::{
        arguments::DoctorArguments, error::CliError, exit::Ended, settings::Settings,
        workplace::Workplace,
    },
    model::{Machine, MachineName},
    port::{Check, Health},
};
use futures_util::{StreamExt as _, stream};
use std::{
    collections::BTreeSet,
    io::{self, Write},
};

/// How many machines are looked at at once.
const AT_ONCE: usize = 8;

/// What was looked at, and what came of it.
struct Subject {
    name: String,
    checks: Vec<Check>,
}

pub(in crate::cli) fn run(settings: &Settings, typed: &DoctorArguments) -> Result<Ended, CliError> {
    let place = Workplace::open(settings, typed.file.file.as_deref())?;
    let machines = wanted(&place, &typed.machines)?;
    let subjects = place.block_on(examine(&place, &machines))??;
    let is_bad = |subject: &Subject| subject.checks.iter().any(|it| it.health == Health::Bad);
    let ended = if subjects.iter().any(is_bad) {
        Ended::ERROR
    } else {
        Ended::GOOD
    };
    settings.face.result(|out| {
        if typed.json {
            return write_json(out, &subjects);
        }
        write_lines(out, &subjects, settings.face.color_out)
    })?;
    Ok(ended)
}

fn wanted<'a>(place: &'a Workplace, names: &[String]) -> Result<Vec<&'a Machine>, CliError> {
    let machines = &place.loaded.desired.machines;
    for name in names {
        if !machines.contains_key(&MachineName::from(name.as_str())) {
            let known: Vec<&str> = machines.keys().map(MachineName::as_str).collect();
            let why = format!("there is no machine `{name}`, only {}", known.join(", "));
            return Err(CliError::Usage(why));
        }
    }
    let is_wanted = |machine: &&Machine| {
        names.is_empty() || names.iter().any(|name| machine.name.as_str() == name)
    };
    Ok(machines.values().filter(is_wanted).collect())
}

async fn examine(place: &Workplace, machines: &[&Machine]) -> Result<Vec<Subject>, CliError> {
    let drivers = place.drivers()?;
    let used: BTreeSet<_> = machines.iter().map(|machine| machine.provider).collect();
    let mut subjects = Vec::new();
    for kind in used {
        let Some(keeper) = drivers.keepers.get(&kind) else {
            continue;
        };
        let checks = keeper.examine().await;
        if !checks.is_empty() {
            let name = kind.as_str().into();
            subjects.push(Subject { name, checks });
        }
    }
    let looks = machines.iter().map(|machine| async {
        let keeper = drivers.keepers.get(&machine.provider);
        let checks = match keeper {
            Some(keeper) => keeper.examine_machine(machine).await,
            None => Vec::new(),
        };
        let name = machine.name.to_string();
        Subject { name, checks }
    });
    let looked: Vec<Subject> = stream::iter(looks).buffered(AT_ONCE).collect().await;
    subjects.extend(looked);
    Ok(subjects)
}

fn write_lines(out: &mut dyn Write, subjects: &[Subject], color: bool) -> io::Result<()> {
    let whats = subjects.iter().flat_map(|subject| &subject.checks);
    let width = whats.map(|check| check.what.chars().count()).max();
    let width = width.unwrap_or(0);
    let mut counts = [0; 3];
    for subject in subjects {
        writeln!(out, "{}", subject.name)?;
        for Check {
            what,
            health,
            detail,
        } in &subject.checks
        {
            let (sign, paint) = match health {
                Health::Good => ("ok  ", "\x1b[32m"),
                Health::Doubtful => ("?   ", "\x1b[33m"),
                Health::Bad => ("BAD ", "\x1b[1;31m"),
            };
            counts[*health as usize] += 1;
            let (paint, plain) = if color { (paint, "\x1b[0m") } else { ("", "") };
            writeln!(out, "  {paint}{sign}{plain}{what:width$}  {detail}")?;
        }
    }
    let [good, doubtful, bad] = counts;
    writeln!(out, "{good} ok, {doubtful} doubtful, {bad} bad")
}

fn write_json(out: &mut dyn Write, subjects: &[Subject]) -> io::Result<()> {
    let subjects = subjects.iter().map(|subject| {
        let checks = subject.checks.iter().map(|check| {
            serde_json::json!({
                "what": check.what,
                "health": check.health.as_str(),
                "detail": check.detail,
            })
        });
        serde_json::json!({"name": subject.name, "checks": checks.collect::<Vec<_>>()})
    });
    let document = serde_json::json!({
        "format_version": crate::cli::view::json::FORMAT_VERSION,
        "subjects": subjects.collect::<Vec<_>>(),
    });
    writeln!(out, "{document}")
}
