//! `mosdat routines test` and `report`: carries out a routine by itself, remembers what came of it,
//! and tells which routines were tested and who uses them.

use super::{
    recipes::{Kept, kept, named},
    routines::values,
};
use crate::{
    cli::{
        arguments::ApplyArguments,
        arguments::routine::{ReportArguments, TestArguments},
        diagnostics,
        error::CliError,
        exit::Ended,
        settings::Settings,
        sign_in,
        trying::{self, Ends, exercise_of},
        view::json::FORMAT_VERSION,
        workplace::Workplace,
    },
    driver::disk::{DiskFiles, RoutineTest, RoutineTests},
    model::{Cell, ContentHash, MachineName, Platform, Scenario, ScenarioName, Scenarios as _},
    scenario::{Given, ScenarioFolder, SmokeCheck, Trial, load_given},
};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
    sync::Arc,
    time::Duration,
};

pub(in crate::cli) fn test(settings: &Settings, typed: &TestArguments) -> Result<Ended, CliError> {
    let vars = sign_in::variables(&typed.vars.var)?;
    let mut place = Workplace::open_with(settings, typed.file.file.as_deref(), &vars)?;
    let own = ScenarioName::new(format!("routine@{}", typed.name));
    let cells = cells(&place, &own, typed)?;
    let fixtures = kept("fixtures", &place.scenario_dir)?;
    let fixture = typed.fixture.as_deref();
    let fixture = fixture.map(|name| named(name, &fixtures, "fixture"));
    let fixture = fixture.transpose()?.map(|fixture| fixture.path.clone());
    let trial = Trial {
        with: values(&typed.with)?,
        fixture: fixture.clone(),
    };
    place.trials.insert(own.clone(), trial);
    take_in(&mut place, &typed.name, &own, &cells)?;
    place.warn_of_unused();
    if let Some(seconds) = typed.timeout {
        place.loaded.desired.timeout = Duration::from_secs(seconds);
    }
    let told = ApplyArguments {
        junit: typed.junit.clone(),
        json: typed.json,
        ..ApplyArguments::default()
    };
    trying::carry_out(&place, "routines test", &cells, &told, |ends| {
        let tests = lines(&place, &cells, ends, fixture.as_deref());
        Ok(RoutineTests::new(&place.dir).add(&tests)?)
    })
}

/// Returns where it is carried out: with each package that the plan tests on the machines.
fn cells(
    place: &Workplace,
    own: &ScenarioName,
    typed: &TestArguments,
) -> Result<Vec<Cell>, CliError> {
    let desired = &place.loaded.desired;
    let machines = trying::machines(desired, &typed.vms)?;
    let fits = |wanted: &Option<String>, name: &str| wanted.as_ref().is_none_or(|it| it == name);
    let cells = desired.cells.iter().filter(|cell| {
        machines.contains(&cell.machine)
            && cell.skip.is_none()
            && fits(&typed.build, cell.build.as_str())
            && fits(&typed.format, cell.format.as_str())
    });
    let cells: BTreeSet<Cell> = cells
        .map(|cell| Cell {
            scenario: own.clone(),
            // What is expected of a scenario is not expected of a routine.
            expect: None,
            ..cell.clone()
        })
        .collect();
    let is_seen = |name: &MachineName| cells.iter().any(|cell| cell.machine == *name);
    match machines.iter().find(|name| !is_seen(name)) {
        None => Ok(cells.into_iter().collect()),
        Some(machine) => Err(CliError::Usage(format!(
            "the plan tests nothing on `{machine}` with that build and package format"
        ))),
    }
}

/// Makes a scenario of the routine, on each machine of the document for its operating system.
fn take_in(
    place: &mut Workplace,
    name: &str,
    own: &ScenarioName,
    cells: &[Cell],
) -> Result<(), CliError> {
    let all = kept("routines", &place.scenario_dir)?;
    let mut warnings = Vec::new();
    for cell in cells {
        let machine = &cell.machine;
        let platform = place.loaded.desired.machines[machine].platform;
        let path = &for_platform(name, platform, &all)?.path;
        let mut scenario = Scenario {
            name: own.clone(),
            document: path.trim_end_matches(".yaml").into(),
            files: BTreeMap::new(),
            variables: BTreeMap::new(),
            needs_session: None,
        };
        let script = place.script(&scenario, platform)?;
        warnings.extend(script.warnings);
        (scenario.files, scenario.variables) = (script.files, script.given);
        let scenarios = &mut place.loaded.desired.own_scenarios;
        let scenarios = scenarios.entry(machine.clone()).or_default();
        scenarios.insert(own.clone(), scenario);
    }
    place.loaded.desired.cells.extend(cells.iter().cloned());
    warnings.sort();
    warnings.dedup();
    if !warnings.is_empty() {
        let face = place.settings.face;
        face.say(&diagnostics::render(&warnings, face.color_err));
    }
    Ok(())
}

/// Returns the routine as a machine with that operating system finds it.
fn for_platform<'k>(name: &str, platform: Platform, all: &'k [Kept]) -> Result<&'k Kept, CliError> {
    let special = format!("{}/{name}", platform.as_str());
    match all.iter().find(|one| one.name == special) {
        Some(one) => Ok(one),
        None => named(name, all, "routine"),
    }
}

/// Returns what is remembered of the tests that ended.
fn lines(
    place: &Workplace,
    cells: &[Cell],
    ends: &Ends,
    fixture: Option<&str>,
) -> Vec<RoutineTest> {
    let ended = cells.iter().filter_map(|cell| {
        let end = ends.get(&exercise_of(cell))?;
        let scenario = place
            .loaded
            .desired
            .scenario(&cell.machine, &cell.scenario)?;
        let document = scenario.document.to_string();
        let digest = scenario.files[&format!("{document}.yaml")];
        Some(RoutineTest {
            at: end.finished,
            fixture: fixture.map(|path| path.trim_end_matches(".yaml").to_owned()),
            machine: cell.machine.to_string(),
            package: format!("{}.{}", cell.build, cell.format),
            verdict: end.verdict,
            detail: end.detail.clone(),
            routine: document,
            digest,
        })
    });
    ended.collect()
}

pub(in crate::cli) fn report(
    settings: &Settings,
    typed: &ReportArguments,
) -> Result<Ended, CliError> {
    let place = Workplace::open(settings, typed.file.file.as_deref())?;
    let routines = kept("routines", &place.scenario_dir)?;
    let tests = RoutineTests::new(&place.dir).all()?;
    let users = users(&place);
    let standings: Vec<Standing<'_>> = routines
        .iter()
        .map(|routine| Standing::of(routine, &tests, &users))
        .collect();
    settings.face.result(|out| {
        if typed.json {
            let list: Vec<_> = standings.iter().map(Standing::json).collect();
            let document = json!({"format_version": FORMAT_VERSION, "routines": list});
            return writeln!(out, "{document}");
        }
        for standing in &standings {
            standing.write(out)?;
        }
        let untested = standings.iter().filter(|it| it.tests.is_empty()).count();
        writeln!(out, "{untested} of {} never tested", standings.len())
    })
}

/// Returns the scenarios that use each document, by its path. Those that cannot be read on any
/// operating system are told.
fn users(place: &Workplace) -> BTreeMap<String, BTreeSet<String>> {
    let dir = &place.scenario_dir;
    let folder = ScenarioFolder::new(dir.clone(), Arc::new(DiskFiles));
    let mut users: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let names = folder.names();
    for name in names
        .iter()
        .filter(|name| SmokeCheck::of_name(name).is_none())
    {
        let mut is_read = false;
        for (_, platform) in Platform::ALL {
            let given = Given {
                platform,
                ..place.given.clone()
            };
            let Ok(script) = load_given(name, dir, &DiskFiles, &given) else {
                continue;
            };
            is_read = true;
            for path in script.files.into_keys() {
                users.entry(path).or_default().insert(name.to_string());
            }
        }
        if !is_read {
            let text = "cannot be read, so what it uses is not known; `mosdat lint` says why";
            place.settings.face.say(&format!("`{name}` {text}"));
        }
    }
    users
}

/// A routine with what is known of it.
struct Standing<'a> {
    name: &'a str,
    /// Its tests, oldest first.
    tests: Vec<&'a RoutineTest>,
    /// Whether its document is as it was when it was last tested.
    is_same: bool,
    used_by: Vec<&'a str>,
}

impl<'a> Standing<'a> {
    fn of(
        routine: &'a Kept,
        tests: &'a [RoutineTest],
        users: &'a BTreeMap<String, BTreeSet<String>>,
    ) -> Self {
        let document = routine.path.trim_end_matches(".yaml");
        let own = tests.iter().filter(|test| test.routine == document);
        let tests: Vec<&RoutineTest> = own.collect();
        let digest = ContentHash::of(routine.text.as_bytes());
        let used_by = users.get(&routine.path).into_iter().flatten();
        Self {
            name: &routine.name,
            is_same: tests.last().is_some_and(|last| last.digest == digest),
            tests,
            used_by: used_by.map(String::as_str).collect(),
        }
    }

    /// Writes a line such as `say  2 tests, passed on lin with main.tar at ..; used by start`.
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{}  ", self.name)?;
        match (self.tests.last(), self.tests.len()) {
            (None, _) => write!(out, "never tested")?,
            (Some(last), count) => {
                let tests = if count == 1 { "test" } else { "tests" };
                let (machine, package) = (&last.machine, &last.package);
                write!(
                    out,
                    "{count} {tests}, {} on {machine} with {package} ",
                    last.verdict
                )?;
                write!(out, "at {}", last.at)?;
                if !self.is_same {
                    write!(out, ", before it was changed")?;
                }
            }
        }
        if self.used_by.is_empty() {
            writeln!(out, "; no scenario uses it")
        } else {
            writeln!(out, "; used by {}", self.used_by.join(", "))
        }
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "name": self.name,
            "tests": self.tests.len(),
            "last": self.tests.last(),
            "unchanged_since": self.is_same,
            "used_by": self.used_by,
        })
    }
}
