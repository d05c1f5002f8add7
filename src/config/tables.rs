//! Everything the files say, first each table for itself, then put together into what should hold.

use super::{
    app::{self, AppTable},
    build::{self, BuildTable},
    cells::{self, Described},
    cursor,
    documents::Documents,
    expand::{self, Selected, Stock},
    functional::{self, Functional},
    gpu::{self, GpuTable},
    later,
    machine::{self, MachineTable, Surroundings},
    matrix::{self, Matrix},
    mistakes::Mistakes,
    pools::{self, PoolTable},
    provider::{self, Providers},
    settings,
    source::{At, Found, join},
    variant::Names,
    verify, vlm,
};
use crate::model::{
    BuildName, Cell, Desired, Diagnostic, Files, GpuName, LocalSettings, MachineName, Motion,
    Platform, ProviderKind, Scenario, ScenarioName, Scenarios, Settings, Severity, SimSettings,
    VlmSettings,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// What the files say, table by table.
pub(super) struct Tables<'a> {
    app: Option<AppTable>,
    machines: BTreeMap<MachineName, MachineTable>,
    gpus: BTreeMap<GpuName, GpuTable>,
    /// Missing when nobody wrote one down.
    builds: Option<BTreeMap<BuildName, BuildTable>>,
    matrix: Matrix,
    pools: PoolTable<'a>,
    providers: Providers,
    sim: SimSettings,
    vlm: Option<VlmSettings>,
    state_dir: Option<PathBuf>,
    cache_dir: Option<PathBuf>,
    cursor: Motion,
    functional: Functional,
}

/// What may be asked beyond the files themselves.
pub(super) struct World<'a> {
    pub(super) plan: &'a Path,
    pub(super) files: &'a dyn Files,
    pub(super) scenarios: &'a super::OpenScenarios<'a>,
}

impl<'a> Tables<'a> {
    /// Reads every table; `is_complete` says whether what is not there is missing.
    pub(super) fn read(documents: Documents<'a>, mistakes: &Mistakes, is_complete: bool) -> Self {
        let app = app::read(&documents, is_complete);
        let sim = settings::read_sim(&documents);
        let providers = provider::read(&documents, sim.is_some());
        let sim = sim.unwrap_or_default();
        let around = Surroundings {
            app: app.as_ref(),
            providers: &providers,
            sim: &sim,
        };
        later::read(&documents);
        let tables = Self {
            machines: machine::read(&documents, &around, mistakes),
            gpus: gpu::read(&documents, mistakes),
            builds: build::read(&documents, app.as_ref(), mistakes),
            matrix: matrix::read(&documents, mistakes),
            pools: pools::read(&documents),
            vlm: vlm::read(&documents),
            state_dir: settings::read_state(&documents),
            cache_dir: settings::read_cache(&documents),
            cursor: cursor::read(&documents),
            functional: functional::read(&documents),
            app,
            providers,
            sim,
        };
        documents.finish();
        tables
    }

    /// Puts what should hold together; mistakes in scenarios go to `others`.
    pub(super) fn put_together(
        mut self,
        world: &World<'_>,
        mistakes: &Mistakes,
        others: &mut Vec<Diagnostic>,
    ) -> Option<(Desired, Settings)> {
        let start = self.matrix.at.unwrap_or(START);
        if self.machines.is_empty() && !mistakes.has_errors() {
            let hint = "add a `[[vm]]`, here or in an included file";
            mistakes.error(start, "there is no machine", hint);
        }
        let builds = self.builds_or_simulated(start, mistakes);
        let root = root(world.plan);
        let folder = self.scenario_folder(&root, world, mistakes);
        let scenarios = (world.scenarios)(&folder, &self.functional.sign_in);
        let names = Names::new(scenarios.names(), self.machines.keys());
        let stock = Stock {
            machines: &self.machines,
            gpus: &self.gpus,
            builds: &builds,
            scenarios: &names,
        };
        let selected = expand::select(&self.matrix, &stock, mistakes);
        let described = describe(&*scenarios, &selected, others);
        let cells = cells::expand(&selected, &described, mistakes);
        verify::addresses(&stock, mistakes);
        verify::sources(&stock, &cells, mistakes);
        verify::consoles(&stock, &cells, mistakes);
        if others.is_empty() {
            verify::something_is_tested(&cells, start, mistakes);
        }
        self.pools.check(&self.machines, &self.gpus, mistakes);
        self.check_name(world.plan, mistakes);
        let settings = self.settings(root);
        Some((self.desired(builds, described, cells)?, settings))
    }

    /// Keeps what cells use.
    fn desired(
        self,
        builds: BTreeMap<BuildName, BuildTable>,
        scenarios: Described,
        cells: Vec<Cell>,
    ) -> Option<Desired> {
        let mut desired = Desired {
            name: self.matrix.name?.as_str().into(),
            app: self.app?.app,
            machines: keep(self.machines, cells.iter().map(|c| &c.machine), |t| {
                t.machine
            }),
            builds: keep(builds, cells.iter().map(|c| &c.build), |t| t.build),
            gpus: keep(self.gpus, cells.iter().map(|c| &c.gpu), |t| t.gpu),
            scenarios: keep(scenarios.usual, cells.iter().map(|c| &c.scenario), |s| s),
            own_scenarios: keep(scenarios.own, cells.iter().map(|c| &c.machine), |s| s),
            cells,
            pools: BTreeMap::new(),
            retries: self.matrix.retries,
            reruns: self.matrix.reruns,
            timeout: self.matrix.timeout,
        };
        desired.pools = self.pools.sizes(&desired, &self.providers);
        Some(desired)
    }

    fn settings(&mut self, root: PathBuf) -> Settings {
        Settings {
            root,
            state_dir: self.state_dir.take(),
            cache_dir: self.cache_dir.take(),
            local: LocalSettings {
                parallel: self.providers.local_parallel,
            },
            qemu: self.providers.qemu.clone(),
            proxmox: self.providers.proxmox.clone(),
            vlm: self.vlm.take(),
            sign_in: std::mem::take(&mut self.functional.sign_in),
            sim: std::mem::take(&mut self.sim),
            cursor: self.cursor,
        }
    }

    /// Returns the builds. A simulated cluster makes one up where nobody wrote one down.
    fn builds_or_simulated(
        &mut self,
        start: At,
        mistakes: &Mistakes,
    ) -> BTreeMap<BuildName, BuildTable> {
        if let Some(builds) = self.builds.take() {
            return builds;
        }
        let mut machines = self.machines.values();
        if machines.all(|table| table.machine.provider == ProviderKind::Sim) {
            let table = self.app.as_ref().map(build::simulated);
            let named = table.map(|table| (table.build.name.clone(), table));
            return named.into_iter().collect();
        }
        let hint = "add a `[[build]]` with `name` and `source`, here or in an included file";
        mistakes.error(start, "there is no build", hint);
        BTreeMap::new()
    }

    fn scenario_folder(&self, root: &Path, world: &World<'_>, mistakes: &Mistakes) -> PathBuf {
        let Some(folder) = &self.functional.folder else {
            return join(root, "scenarios");
        };
        if world.files.list(&folder.value).is_empty() {
            let message = format!("there is nothing in `{}`", folder.value.display());
            let hint = "`tests_dir` is relative to the file it stands in";
            mistakes.error(folder.at, message, hint);
        }
        folder.value.clone()
    }

    /// Names the matrix after its file, where nothing else does.
    fn check_name(&mut self, plan: &Path, mistakes: &Mistakes) {
        if self.matrix.name.is_none() {
            let stem = plan.file_stem().unwrap_or_default().to_string_lossy();
            let (value, at) = (&*stem, START);
            super::name::check(Found { value, at }, "a matrix", mistakes);
            self.matrix.name = Some(stem.into());
        }
    }
}

/// Where the plan file begins: the place of what is missing.
const START: At = At {
    file: 0,
    start: 0,
    end: 0,
};

/// The folder above `plans`, or the plan file's own.
fn root(plan: &Path) -> PathBuf {
    let folder = plan.parent().unwrap_or(Path::new(""));
    let is_plans = folder.file_name().is_some_and(|name| name == "plans");
    join(folder, if is_plans { ".." } else { "." })
}

/// Reads what each scenario is on each machine: every document once for each platform.
fn describe(
    scenarios: &dyn Scenarios,
    selected: &Selected<'_>,
    others: &mut Vec<Diagnostic>,
) -> Described {
    let mut read: BTreeMap<(ScenarioName, Platform), Option<Scenario>> = BTreeMap::new();
    let mut described = Described::default();
    let names = selected.scenarios();
    for machine in selected.machines() {
        for name in &names {
            let document = match selected.stock.scenarios.document(name, machine) {
                Ok(document) => document,
                Err(why) => {
                    let absent = described.absent.entry(machine.name.clone()).or_default();
                    absent.insert((*name).clone(), why);
                    continue;
                }
            };
            let is_usual = document == **name && machine.platform == Platform::default();
            if is_usual && described.usual.contains_key(*name) {
                continue;
            }
            let scenario = read.entry((document, machine.platform)).or_insert_with_key(
                |(document, platform)| read_one(scenarios, document, *platform, others),
            );
            let Some(scenario) = scenario.clone() else {
                continue;
            };
            let name = (*name).clone();
            let scenario = Scenario {
                name: name.clone(),
                ..scenario
            };
            let all = if is_usual {
                &mut described.usual
            } else {
                described.own.entry(machine.name.clone()).or_default()
            };
            all.insert(name, scenario);
        }
    }
    described
}

fn read_one(
    scenarios: &dyn Scenarios,
    document: &ScenarioName,
    platform: Platform,
    others: &mut Vec<Diagnostic>,
) -> Option<Scenario> {
    match scenarios.describe(document, platform) {
        Ok(scenario) => return Some(scenario),
        Err(found) if found.is_empty() => others.push(Diagnostic {
            place: None,
            severity: Severity::Error,
            message: format!("the scenario `{document}` cannot be read"),
            hint: None,
        }),
        Err(found) => others.extend(found),
    }
    None
}

/// Keeps the entries that cells name.
fn keep<'c, K: Ord + 'c, T, V>(
    all: BTreeMap<K, T>,
    names: impl Iterator<Item = &'c K>,
    value: impl Fn(T) -> V,
) -> BTreeMap<K, V> {
    let (mut used, mut last) = (BTreeSet::new(), None);
    for name in names {
        // Neighbouring cells share most names.
        if last.replace(name) != Some(name) {
            used.insert(name);
        }
    }
    let kept = all.into_iter().filter(|(name, _)| used.contains(name));
    kept.map(|(name, table)| (name, value(table))).collect()
}
