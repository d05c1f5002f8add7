//! Multiplies a selection out into cells, and says of each whether it is left out and what it is
//! expected to do. Decides nothing about what has to be done for them.

use super::{
    expand::{Chosen, Selected},
    matrix::Rule,
    mistakes::Mistakes,
};
use crate::model::{
    BuildName, Cell, Expectation, FormatName, GpuName, Machine, MachineName, ProviderKind,
    Scenario, ScenarioName, Session,
};
use std::collections::BTreeMap;

/// Returns every cell, in order of machine, GPU, build, format and scenario. Rules that no cell obeys
/// are worth a warning.
pub(super) fn expand(
    selected: &Selected<'_>,
    scenarios: &Described,
    mistakes: &Mistakes,
) -> Vec<Cell> {
    let columns = Columns::new(selected);
    let mut cells = Vec::new();
    let mut used = Used {
        exclude: vec![false; selected.exclude.len()],
        expect: vec![false; selected.expect.len()],
    };
    for (index, table) in selected.stock.machines.values().enumerate() {
        if selected.chosen.machines[index] {
            let row = Row::new(selected, index, &table.machine, scenarios);
            row.cells(&columns, &mut cells, &mut used);
        }
    }
    // A rule may be idle only because something else is wrong.
    if !mistakes.has_errors() {
        warn_of_idle(&selected.exclude, &used.exclude, mistakes);
        warn_of_idle(&selected.expect, &used.expect, mistakes);
    }
    cells
}

fn warn_of_idle(rules: &[(&Rule, Chosen)], used: &[bool], mistakes: &Mistakes) {
    for ((rule, _), _) in rules.iter().zip(used).filter(|(_, used)| !**used) {
        mistakes.warn(rule.at, "this applies to no cell", "");
    }
}

/// What scenarios are: by name, and by machine where that makes a difference.
#[derive(Default)]
pub(super) struct Described {
    pub(super) usual: BTreeMap<ScenarioName, Scenario>,
    pub(super) own: BTreeMap<MachineName, BTreeMap<ScenarioName, Scenario>>,
    /// Why a machine has none of that name.
    pub(super) absent: BTreeMap<MachineName, BTreeMap<ScenarioName, String>>,
}

impl Described {
    /// Returns what a scenario is on a machine, or why it is nothing there; `None` when it could not
    /// be read.
    fn get(
        &self,
        machine: &MachineName,
        name: &ScenarioName,
    ) -> Option<Result<&Scenario, &String>> {
        let absent = self.absent.get(machine).and_then(|names| names.get(name));
        if let Some(why) = absent {
            return Some(Err(why));
        }
        let own = self.own.get(machine).and_then(|names| names.get(name));
        own.or_else(|| self.usual.get(name)).map(Ok)
    }
}

/// Which rules applied to some cell.
struct Used {
    exclude: Vec<bool>,
    expect: Vec<bool>,
}

/// What every machine is combined with, each with its number on its axis.
struct Columns<'a> {
    gpus: Vec<(usize, GpuName)>,
    builds: Vec<(usize, &'a BuildName)>,
    scenarios: Vec<(usize, &'a ScenarioName)>,
}

impl<'a> Columns<'a> {
    fn new(selected: &Selected<'a>) -> Self {
        let chosen = &selected.chosen;
        let gpus = numbered(&selected.axes.gpus.names, &chosen.gpus);
        let builds = numbered(selected.stock.builds.keys(), &chosen.builds);
        let scenarios = numbered(&selected.stock.scenarios.all, &chosen.scenarios);
        Self {
            gpus: gpus
                .map(|(gpu, name)| (gpu, GpuName::from(*name)))
                .collect(),
            builds: builds.collect(),
            scenarios: scenarios.collect(),
        }
    }
}

/// Numbers everything, and returns what is chosen.
fn numbered<T>(
    all: impl IntoIterator<Item = T>,
    chosen: &[bool],
) -> impl Iterator<Item = (usize, T)> {
    let all = all.into_iter().enumerate();
    all.filter(|(number, _)| chosen[*number])
}

/// The cells of one machine.
struct Row<'s, 'a> {
    selected: &'s Selected<'a>,
    machine: &'a Machine,
    scenarios: &'s Described,
    /// The rules that may apply to the machine, with their numbers.
    exclude: Vec<(usize, &'s (&'a Rule, Chosen))>,
    expect: Vec<(usize, &'s (&'a Rule, Chosen))>,
}

/// A place on every axis but that of machines.
#[derive(Clone, Copy)]
struct Square {
    gpu: usize,
    build: usize,
    format: usize,
    scenario: usize,
}

impl<'s, 'a> Row<'s, 'a> {
    fn new(
        selected: &'s Selected<'a>,
        index: usize,
        machine: &'a Machine,
        scenarios: &'s Described,
    ) -> Self {
        let of = |rules: &'s [(&'a Rule, Chosen)]| {
            let rules = rules.iter().enumerate();
            rules
                .filter(|(_, (_, chosen))| chosen.machines[index])
                .collect()
        };
        Self {
            selected,
            machine,
            scenarios,
            exclude: of(&selected.exclude),
            expect: of(&selected.expect),
        }
    }

    fn cells(&self, columns: &Columns<'_>, cells: &mut Vec<Cell>, used: &mut Used) {
        let formats = self.formats();
        for (gpu, gpu_name) in &columns.gpus {
            for (build, build_name) in &columns.builds {
                for (format, format_name) in &formats {
                    for (scenario, name) in &columns.scenarios {
                        let Some(exercise) = self.scenarios.get(&self.machine.name, name) else {
                            continue;
                        };
                        let square = Square {
                            gpu: *gpu,
                            build: *build,
                            format: *format,
                            scenario: *scenario,
                        };
                        cells.push(Cell {
                            machine: self.machine.name.clone(),
                            gpu: gpu_name.clone(),
                            build: (*build_name).clone(),
                            format: (*format_name).clone(),
                            scenario: (*name).clone(),
                            skip: self.skip(square, gpu_name, exercise, &mut used.exclude),
                            expect: self.expect(square, &mut used.expect),
                        });
                    }
                }
            }
        }
    }

    /// The package formats that the machine has and the matrix wants.
    fn formats(&self) -> Vec<(usize, &'a FormatName)> {
        let (axis, chosen) = (&self.selected.axes.formats, &self.selected.chosen.formats);
        let formats = self.machine.packages.keys();
        let formats = formats.filter_map(|name| Some((axis.position(name.as_str())?, name)));
        formats.filter(|(number, _)| chosen[*number]).collect()
    }

    /// Says why the cell is left out: because the user wants it so, or because it cannot be done.
    fn skip(
        &self,
        square: Square,
        gpu: &GpuName,
        exercise: Result<&Scenario, &String>,
        used: &mut [bool],
    ) -> Option<String> {
        if let Some(rule) = first_rule(&self.exclude, square, used) {
            return Some(rule.why.clone());
        }
        let machine = self.machine;
        if machine.provider == ProviderKind::Local && !gpu.is_none() {
            let name = &machine.name;
            return Some(format!(
                "`{name}` is a desktop on this computer, which keeps its GPUs"
            ));
        }
        let exercise = match exercise {
            Ok(exercise) => exercise,
            Err(why) => return Some(why.clone()),
        };
        let needs = exercise
            .needs_session
            .filter(|session| *session != machine.session)?;
        let needs = match needs {
            Session::X11 => "an X11 session",
            Session::Wayland => "a Wayland session",
            Session::None => "a machine without a desktop",
        };
        let runs = match machine.session {
            Session::X11 => "X11",
            Session::Wayland => "Wayland",
            Session::None => "no desktop",
        };
        Some(format!("needs {needs}; `{}` runs {runs}", machine.name))
    }

    fn expect(&self, square: Square, used: &mut [bool]) -> Option<Expectation> {
        let rule = first_rule(&self.expect, square, used)?;
        Some(Expectation {
            verdict: rule.verdict,
            why: rule.why.clone(),
        })
    }
}

/// Returns the first rule for the square, and remembers that it is of use.
fn first_rule<'a>(
    rules: &[(usize, &(&'a Rule, Chosen))],
    square: Square,
    used: &mut [bool],
) -> Option<&'a Rule> {
    let (number, (rule, _)) = rules.iter().find(|(_, (_, chosen))| {
        chosen.gpus[square.gpu]
            && chosen.builds[square.build]
            && chosen.formats[square.format]
            && chosen.scenarios[square.scenario]
    })?;
    used[*number] = true;
    Some(rule)
}
