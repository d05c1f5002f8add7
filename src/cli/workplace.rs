//! A plan file with everything that is needed to work on it.

use super::{
    drivers::Drivers,
    error::CliError,
    settings::{Settings, at_home},
};
use crate::{
    config::{self, Loaded},
    driver::disk::{DiskFiles, DiskPastAttempts, DiskStore, SystemClock},
    model::{Platform, ProviderKind, ProxmoxTrust, Recorded, Scenario, ScenarioName, Source},
    plan::{PlanInput, select::Selection},
    port::{Clock as _, LockHolder, Performer, Store as _},
    run::{self, Look, MachinePerformer},
    scenario::{self, Given, Part, ScenarioFolder, Script, SmokeCheck, Trial},
};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

/// A plan file, read, and where its state lies.
#[derive(Debug)]
pub(super) struct Workplace {
    pub(super) settings: Settings,
    pub(super) file: PathBuf,
    pub(super) loaded: Loaded,
    pub(super) scenario_dir: PathBuf,
    /// What is said of scenarios from outside.
    pub(super) given: Given,
    /// Scenarios of which only some steps are carried out: of which, and which.
    pub(super) parts: BTreeMap<ScenarioName, (ScenarioName, Part)>,
    /// Routines that are tested by themselves, by the name that stands for a scenario.
    pub(super) trials: BTreeMap<ScenarioName, Trial>,
    /// State, runs and, unless the plan file says otherwise, blobs lie below this.
    pub(super) dir: PathBuf,
}

impl Workplace {
    /// Reads the plan file, or returns every mistake in it.
    pub(super) fn open(settings: &Settings, file: Option<&Path>) -> Result<Self, CliError> {
        Self::open_with(settings, file, &BTreeMap::new())
    }

    /// The same, with variables that were typed.
    pub(super) fn open_with(
        settings: &Settings,
        file: Option<&Path>,
        vars: &BTreeMap<String, String>,
    ) -> Result<Self, CliError> {
        let file = match file {
            Some(file) => file.to_path_buf(),
            None => only_plan()?,
        };
        let scenario_dir = RefCell::new(PathBuf::new());
        let mut loaded = config::load(&file, &DiskFiles, &|dir, sign_in| {
            *scenario_dir.borrow_mut() = dir.to_path_buf();
            let folder = ScenarioFolder::new(dir.into(), Arc::new(DiskFiles));
            Box::new(folder.given(settings.given(sign_in, vars)))
        })?;
        find_home(&mut loaded, settings);
        let shown = super::diagnostics::render(&loaded.warnings, settings.face.color_err);
        if !loaded.warnings.is_empty() {
            settings.face.say(&shown);
        }
        let above = settings
            .state_dir
            .clone()
            .or(loaded.settings.state_dir.clone());
        let above = above.unwrap_or_else(|| loaded.settings.root.join("state"));
        // Programs are started in folders of their own, where a relative path means another file.
        let above = std::path::absolute(&above).unwrap_or(above);
        Ok(Self {
            dir: above.join(loaded.desired.name.as_str()),
            given: settings.given(&loaded.settings.sign_in, vars),
            settings: settings.clone(),
            scenario_dir: scenario_dir.into_inner(),
            parts: BTreeMap::new(),
            trials: BTreeMap::new(),
            file,
            loaded,
        })
    }

    /// Opens the recorded state.
    pub(super) fn store(&self) -> Result<DiskStore, CliError> {
        Ok(DiskStore::open(&self.dir, Arc::new(SystemClock))?)
    }

    /// Returns who is about to lock the state.
    pub(super) fn holder(&self, operation: &str) -> LockHolder {
        let now = SystemClock.now();
        LockHolder {
            token: None,
            user: self.settings.user(),
            host: Settings::host(),
            pid: std::process::id(),
            operation: operation.into(),
            since: now,
            heartbeat: now,
        }
    }

    /// Opens the state, takes the lock, does `work`, gives the lock back.
    pub(super) fn locked<T>(
        &self,
        operation: &str,
        work: impl FnOnce(&mut DiskStore, Recorded) -> Result<T, CliError>,
    ) -> Result<T, CliError> {
        let mut store = self.store()?;
        store.lock(self.holder(operation))?;
        let result = store
            .load()
            .map_err(CliError::from)
            .and_then(|recorded| work(&mut store, recorded));
        let unlocked = store.unlock();
        let result = result?;
        unlocked?;
        Ok(result)
    }

    /// Returns the folder of all runs.
    pub(super) fn runs_dir(&self) -> PathBuf {
        self.dir.join("runs")
    }

    /// Opens what is remembered of earlier attempts.
    pub(super) fn past(&self) -> DiskPastAttempts {
        DiskPastAttempts::new(self.dir.join("attempts"))
    }

    /// Returns the folder of what can be had again.
    pub(super) fn cache_dir(&self) -> PathBuf {
        let planned = self.loaded.settings.cache_dir.clone();
        planned.unwrap_or_else(|| self.dir.join("cache"))
    }

    /// Whether nothing of it is real, so that time need not be either.
    pub(super) fn is_simulated(&self) -> bool {
        let desired = &self.loaded.desired;
        let sim = |kind| kind == ProviderKind::Sim;
        desired
            .machines
            .values()
            .all(|machine| sim(machine.provider))
            && desired
                .builds
                .values()
                .all(|build| build.source == Source::Simulated)
    }

    /// Runs `work` to its end: in virtual time when nothing is real.
    pub(super) fn block_on<T>(&self, work: impl Future<Output = T>) -> Result<T, CliError> {
        let mut builder = if self.is_simulated() {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            builder.start_paused(true);
            builder
        } else {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            builder.worker_threads(2);
            builder
        };
        Ok(builder.enable_all().build()?.block_on(work))
    }

    /// Reads the script of a scenario, or what of it is carried out.
    pub(super) fn script(
        &self,
        scenario: &Scenario,
        platform: Platform,
    ) -> Result<Script, CliError> {
        let given = Given {
            platform,
            ..self.given.clone()
        };
        let dir = &self.scenario_dir;
        if let Some(trial) = self.trials.get(&scenario.name) {
            let document = &scenario.document;
            return Ok(scenario::load_trial(
                document, trial, dir, &DiskFiles, &given,
            )?);
        }
        let script = scenario::load_given(&scenario.document, dir, &DiskFiles, &given)?;
        let only = self.parts.get(&scenario.name).map(|(_, part)| *part);
        Ok(Script { only, ..script })
    }

    /// Reads the scripts of scenarios that cells use. They were read before without a mistake.
    fn scripts(
        &self,
        scenarios: &BTreeMap<ScenarioName, Scenario>,
        platform: Platform,
    ) -> Result<BTreeMap<ScenarioName, Arc<Script>>, CliError> {
        let written = scenarios.iter();
        let written = written.filter(|(name, _)| SmokeCheck::of_name(name).is_none());
        written
            .map(|(name, scenario)| {
                let script = self.script(scenario, platform)?;
                // What is run has to be what was planned, or its result would be filed wrongly.
                if script.files != scenario.files {
                    let why = format!("scenario `{name}` changed just now; run the command again");
                    return Err(CliError::Usage(why));
                }
                Ok((name.clone(), Arc::new(script)))
            })
            .collect()
    }

    /// Makes what carries out steps.
    pub(super) fn performer(&self, drivers: &Drivers) -> Result<Arc<dyn Performer>, CliError> {
        let desired = Arc::new(self.loaded.desired.clone());
        let own = desired.own_scenarios.iter().map(|(machine, scenarios)| {
            let platform = desired.machines[machine].platform;
            Ok((machine.clone(), self.scripts(scenarios, platform)?))
        });
        let machines = MachinePerformer {
            desired: Arc::clone(&desired),
            providers: drivers.providers.clone(),
            builder: Arc::clone(&drivers.builder) as _,
            blobs: Arc::clone(&drivers.blobs),
            own_scripts: own.collect::<Result<_, CliError>>()?,
            scripts: self.scripts(&desired.scenarios, Platform::default())?,
            eyes: drivers.eyes.clone(),
            provided: self.provided(),
            cursor: self.loaded.settings.cursor,
        };
        Ok(Arc::new(super::dispatch::Dispatch {
            desired,
            sim: Arc::clone(&drivers.sim) as _,
            machines: Arc::new(machines),
        }))
    }

    /// Recalls the state, without a lock, and looks at the world: all that a plan is made from.
    pub(super) fn look(&self, selection: Selection, look: Look) -> Result<Scene<'_>, CliError> {
        let recorded = self.store()?.load()?;
        self.block_on(async {
            let drivers = self.drivers()?;
            Ok(self.observe(&drivers, recorded, selection, look).await)
        })?
    }

    /// Looks at the world.
    pub(super) async fn observe(
        &self,
        drivers: &Drivers,
        recorded: Recorded,
        selection: Selection,
        look: Look,
    ) -> Scene<'_> {
        let desired = &self.loaded.desired;
        let observed = run::observe(
            desired,
            &recorded,
            &drivers.keepers,
            &*drivers.builder,
            &*drivers.blobs,
            look,
        )
        .await;
        Scene {
            desired,
            recorded,
            observed,
            selection,
            left_over: drivers
                .keepers
                .values()
                .flat_map(|it| it.left_over())
                .collect(),
            nothing: BTreeSet::new(),
        }
    }
}

/// Everything that a plan is made from.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) desired: &'a crate::model::Desired,
    pub(super) recorded: Recorded,
    pub(super) observed: crate::model::Observed,
    pub(super) selection: Selection,
    /// What earlier runs did not give back, in words.
    pub(super) left_over: Vec<String>,
    nothing: BTreeSet<crate::model::StepKey>,
}

impl Scene<'_> {
    /// Returns it as the planner takes it.
    pub(super) fn input(&self) -> PlanInput<'_> {
        PlanInput {
            desired: self.desired,
            recorded: &self.recorded,
            observed: &self.observed,
            selection: &self.selection,
            done: &self.nothing,
        }
    }
}

/// Puts the user's home in place of `~` in what may lie there: keys and certificates.
fn find_home(loaded: &mut Loaded, settings: &Settings) {
    let find = |file: &mut PathBuf| *file = at_home(file, &settings.environment);
    for machine in loaded.desired.machines.values_mut() {
        machine.reach.key.as_mut().map(find);
    }
    if let Some(proxmox) = &mut loaded.settings.proxmox
        && let ProxmoxTrust::Ca(file) = &mut proxmox.trust
    {
        find(file);
    }
}

/// Returns the only plan file there is.
fn only_plan() -> Result<PathBuf, CliError> {
    use crate::model::Files as _;
    let files = DiskFiles.list(Path::new("plans"));
    let plans = files.into_iter().filter(|file| {
        file.extension().is_some_and(|ending| ending == "toml")
            && file.parent() == Some(Path::new("plans"))
    });
    let plans: Vec<_> = plans.collect();
    match &plans[..] {
        [only] => Ok(only.clone()),
        [] => Err(CliError::Usage(
            "there is no plan file in `plans/`; name one".into(),
        )),
        several => {
            let names: Vec<_> = several
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            let names = names.join(", ");
            Err(CliError::Usage(format!(
                "there are several plan files; name one of {names}"
            )))
        }
    }
}
