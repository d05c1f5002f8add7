//! `mosdat functional`: carries out one scenario, or some steps of it, and records nothing of it.
//! What it needs, builds and installed machines, is made and recorded as `apply` does.

use crate::{
    cli::{
        arguments::ApplyArguments,
        arguments::functional::{FunctionalArguments, PartArguments},
        error::CliError,
        exit::Ended,
        settings::Settings,
        sign_in, trying,
        workplace::Workplace,
    },
    model::{Cell, Desired, Scenario, ScenarioName, did_you_mean},
    scenario::{Bound, Bounds, Part, SmokeCheck},
};
use std::{collections::BTreeSet, time::Duration};

pub(in crate::cli) fn run(
    settings: &Settings,
    typed: &FunctionalArguments,
) -> Result<Ended, CliError> {
    let vars = sign_in::variables(&typed.vars.var)?;
    let mut place = Workplace::open_with(settings, typed.file.file.as_deref(), &vars)?;
    let mut cells = chosen(&place.loaded.desired, typed)?;
    let name = cells[0].scenario.clone();
    if let Some(part) = part(&place, &cells, &typed.part)? {
        take_part(&mut place, &name, part, &mut cells);
    }
    place.warn_of_unused();
    settings.face.say(&match place.parts.values().next() {
        Some((name, part)) => {
            format!("only steps {part} of `{name}`: a pass says nothing about the rest")
        }
        None => format!("what becomes of `{name}` is told and not recorded"),
    });
    if let Some(seconds) = typed.timeout {
        place.loaded.desired.timeout = Duration::from_secs(seconds);
    }
    let told = ApplyArguments {
        junit: typed.junit.clone(),
        json: typed.json,
        ..ApplyArguments::default()
    };
    trying::carry_out(&place, "functional", &cells, &told, |_| Ok(()))
}

/// Returns the cells that were asked for: at least one, all of the same scenario, and none that the
/// plan file leaves out.
fn chosen(desired: &Desired, typed: &FunctionalArguments) -> Result<Vec<Cell>, CliError> {
    let machines = trying::machines(desired, &typed.vms)?;
    let scenario = scenario(desired, typed.test.as_deref())?;
    let fits = |wanted: &Option<String>, name: &str| wanted.as_ref().is_none_or(|it| it == name);
    let cells = desired.cells.iter().filter(|cell| {
        machines.contains(&cell.machine)
            && cell.scenario == scenario
            && fits(&typed.build, cell.build.as_str())
            && fits(&typed.format, cell.format.as_str())
    });
    let (skipped, cells): (Vec<Cell>, Vec<Cell>) =
        cells.cloned().partition(|cell| cell.skip.is_some());
    // Whoever names a machine wants to know of that machine.
    let unseen = machines
        .iter()
        .find(|name| !cells.iter().any(|cell| cell.machine == **name));
    let Some(machine) = unseen else {
        return Ok(cells);
    };
    let left_out = skipped.iter().find(|cell| cell.machine == *machine);
    Err(match left_out.and_then(|cell| cell.skip.as_ref()) {
        Some(why) => CliError::Nothing(format!("`{scenario}` is left out on `{machine}`: {why}")),
        None => CliError::Usage(format!(
            "the plan has no `{scenario}` on `{machine}` with that build and package format"
        )),
    })
}

fn scenario(desired: &Desired, name: Option<&str>) -> Result<ScenarioName, CliError> {
    let known: BTreeSet<&ScenarioName> = desired.cells.iter().map(|cell| &cell.scenario).collect();
    let mut all = known.iter().copied();
    let Some(name) = name else {
        return match (all.next(), all.next()) {
            (Some(only), None) => Ok(only.clone()),
            _ => Err(CliError::Usage(
                "name the scenario with `--test`: the plan has several".into(),
            )),
        };
    };
    if let Some(found) = all.find(|known| known.as_str() == name) {
        return Ok(found.clone());
    }
    let near = did_you_mean(name, known.iter().map(|known| known.as_str()));
    let near = near.map(|near| format!("; did you mean `{near}`?"));
    Err(CliError::Usage(format!(
        "the plan has no scenario `{name}`{}",
        near.unwrap_or_default()
    )))
}

/// Returns which steps are asked for; nothing when that is all of them. They have to be the same on
/// every machine.
fn part(
    place: &Workplace,
    cells: &[Cell],
    typed: &PartArguments,
) -> Result<Option<Part>, CliError> {
    let bound = |step: Option<usize>, phase: &Option<String>| {
        let phase = phase.clone().map(Bound::Phase);
        step.map(Bound::Step).or(phase)
    };
    let bounds = Bounds {
        from: bound(typed.from_step, &typed.from_phase),
        until: bound(typed.until_step, &typed.until_phase),
    };
    if bounds == Bounds::default() {
        return Ok(None);
    }
    let name = &cells[0].scenario;
    if SmokeCheck::of_name(name).is_some() {
        let why = format!("`{name}` is built in and has no steps to choose from");
        return Err(CliError::Usage(why));
    }
    let desired = &place.loaded.desired;
    let each = cells.iter().map(|cell| {
        let scenario = desired.scenario(&cell.machine, name);
        let scenario = scenario.expect("a cell that is not left out has its scenario");
        let script = place.script(scenario, desired.machines[&cell.machine].platform)?;
        let part = script.part(&bounds);
        part.map_err(|err| CliError::Usage(err.to_string()))
    });
    let parts = each.collect::<Result<Vec<Option<Part>>, CliError>>()?;
    if parts.iter().any(|part| *part != parts[0]) {
        let why = format!("`{name}` is another document on each machine; try one at a time");
        return Err(CliError::Usage(why));
    }
    Ok(parts[0])
}

/// Makes a scenario of its own of some steps of one, so that nothing that is told of them can be
/// taken for the whole.
fn take_part(place: &mut Workplace, name: &ScenarioName, part: Part, cells: &mut [Cell]) {
    let desired = &mut place.loaded.desired;
    let own = ScenarioName::new(format!("{name}@{part}"));
    let own_scenarios = desired.own_scenarios.values_mut();
    for scenarios in own_scenarios.chain([&mut desired.scenarios]) {
        if let Some(whole) = scenarios.get(name) {
            let name = own.clone();
            let scenario = Scenario {
                name,
                ..whole.clone()
            };
            scenarios.insert(own.clone(), scenario);
        }
    }
    for cell in cells.iter_mut() {
        cell.scenario = own.clone();
        // What is expected of the whole is not expected of a part.
        cell.expect = None;
    }
    desired.cells.extend(cells.iter().cloned());
    place.parts.insert(own, (name.clone(), part));
}
