//! Looks up what a matrix selects: which names its globs match. The cells that they make are for
//! `cells`.

use super::{
    build::BuildTable,
    glob::{Axis, Pattern},
    gpu::GpuTable,
    machine::MachineTable,
    matrix::{Matrix, Rule, Selection},
    mistakes::Mistakes,
    variant::Names,
};
use crate::model::{BuildName, FormatName, GpuName, Machine, MachineName, ScenarioName};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that a matrix can choose from.
pub(super) struct Stock<'a> {
    pub(super) machines: &'a BTreeMap<MachineName, MachineTable>,
    pub(super) gpus: &'a BTreeMap<GpuName, GpuTable>,
    pub(super) builds: &'a BTreeMap<BuildName, BuildTable>,
    pub(super) scenarios: &'a Names,
}

/// The names of each kind.
pub(super) struct Axes<'a> {
    machines: Axis<'a>,
    pub(super) gpus: Axis<'a>,
    builds: Axis<'a>,
    pub(super) formats: Axis<'a>,
    scenarios: Axis<'a>,
}

/// Which names a selection means: a flag for each name of an [`Axis`].
pub(super) struct Chosen {
    pub(super) machines: Vec<bool>,
    pub(super) gpus: Vec<bool>,
    pub(super) builds: Vec<bool>,
    pub(super) formats: Vec<bool>,
    pub(super) scenarios: Vec<bool>,
}

/// A matrix whose patterns have been looked up.
pub(super) struct Selected<'a> {
    pub(super) stock: &'a Stock<'a>,
    pub(super) axes: Axes<'a>,
    pub(super) chosen: Chosen,
    pub(super) exclude: Vec<(&'a Rule, Chosen)>,
    pub(super) expect: Vec<(&'a Rule, Chosen)>,
}

/// Looks every pattern up; one that matches nothing is a mistake.
pub(super) fn select<'a>(
    matrix: &'a Matrix,
    stock: &'a Stock<'a>,
    mistakes: &Mistakes,
) -> Selected<'a> {
    let axes = axes(stock);
    let mut chosen = choose(&matrix.select, &axes, mistakes);
    if matrix.select.gpus.is_none() {
        chosen.gpus = axes
            .gpus
            .names
            .iter()
            .map(|name| *name == GpuName::NONE)
            .collect();
    }
    chosen.scenarios = match &matrix.select.scenarios {
        None => default_scenarios(&axes.scenarios, stock.scenarios),
        Some(patterns) => {
            let all = axes.scenarios.names.iter().zip(chosen.scenarios);
            all.map(|(name, chosen)| chosen && is_meant(name, patterns, stock.scenarios))
                .collect()
        }
    };
    let resolve = |rules: &'a [Rule]| {
        let rules = rules.iter();
        rules
            .map(|rule| (rule, choose(&rule.select, &axes, mistakes)))
            .collect()
    };
    let (exclude, expect) = (resolve(&matrix.exclude), resolve(&matrix.expect));
    Selected {
        stock,
        axes,
        chosen,
        exclude,
        expect,
    }
}

fn axes<'a>(stock: &Stock<'a>) -> Axes<'a> {
    let machines = stock.machines.values().map(|table| &table.machine);
    let formats: BTreeSet<&str> = machines
        .flat_map(|machine| machine.packages.keys().map(FormatName::as_str))
        .collect();
    let mut gpus: Vec<_> = stock.gpus.keys().map(GpuName::as_str).collect();
    if let Err(place) = gpus.binary_search(&GpuName::NONE) {
        gpus.insert(place, GpuName::NONE);
    }
    let axis = |kind, names| Axis { kind, names };
    Axes {
        machines: axis(
            "machine",
            stock.machines.keys().map(MachineName::as_str).collect(),
        ),
        gpus: axis("GPU", gpus),
        builds: axis(
            "build",
            stock.builds.keys().map(BuildName::as_str).collect(),
        ),
        formats: axis("package format", formats.into_iter().collect()),
        scenarios: axis(
            "scenario",
            stock
                .scenarios
                .all
                .iter()
                .map(ScenarioName::as_str)
                .collect(),
        ),
    }
}

fn choose(selection: &Selection, axes: &Axes<'_>, mistakes: &Mistakes) -> Chosen {
    let on = |axis: &Axis<'_>, patterns: &Option<Vec<Pattern>>| match patterns {
        Some(patterns) => axis.choose(patterns, mistakes),
        None => vec![true; axis.names.len()],
    };
    Chosen {
        machines: on(&axes.machines, &selection.machines),
        gpus: on(&axes.gpus, &selection.gpus),
        builds: on(&axes.builds, &selection.builds),
        formats: on(&axes.formats, &selection.formats),
        scenarios: on(&axes.scenarios, &selection.scenarios),
    }
}

/// The user's own scenarios, or the smoke checks when there are none. A name that stands for others
/// is none of them: those are.
fn default_scenarios(axis: &Axis<'_>, names: &Names) -> Vec<bool> {
    let has_own = axis.names.iter().any(|name| !is_smoke(name));
    let chosen = axis
        .names
        .iter()
        .map(|name| (!is_smoke(name) || !has_own) && names.stands_for(name).is_none());
    chosen.collect()
}

/// Whether a name is meant by one of the patterns that match it: where a glob matches a name that
/// stands for other documents and one of these as well, the document is meant.
fn is_meant(name: &str, patterns: &[Pattern], names: &Names) -> bool {
    let Some(documents) = names.stands_for(name) else {
        return true;
    };
    let matches = |pattern: &&Pattern| {
        let mut documents = documents.iter();
        pattern.matches(name) && !documents.any(|document| pattern.matches(document.as_str()))
    };
    patterns.iter().any(|pattern| matches(&pattern))
}

/// Whether a scenario is a check of the display environment, which needs no picture of the screen.
pub(super) fn is_smoke(scenario: &str) -> bool {
    scenario.starts_with("smoke/")
}

impl<'a> Selected<'a> {
    /// Returns the machines that cells use.
    pub(super) fn machines(&self) -> impl Iterator<Item = &'a Machine> {
        let machines = self.stock.machines.values().zip(&self.chosen.machines);
        machines.filter_map(|(table, chosen)| chosen.then_some(&table.machine))
    }

    /// Returns the scenarios that cells use.
    pub(super) fn scenarios(&self) -> Vec<&'a ScenarioName> {
        let names = self.stock.scenarios.all.iter().zip(&self.chosen.scenarios);
        names
            .filter_map(|(name, chosen)| chosen.then_some(name))
            .collect()
    }
}
