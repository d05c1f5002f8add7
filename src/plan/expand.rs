//! Turns what is desired into steps, each after what it needs, and says what goes into each.
//!
//! The ingredients named here are the whole truth about hashes: `docs/hashes.md` is a table of
//! this file. Decides nothing about what will run.

use super::PlanInput;
use crate::model::{
    Abilities, Action, Build, Cell, Desired, Expectation, FormatName, Gpu, GpuName, Hardware,
    Ingredient, KeyLayout, LayerName, Machine, Package, Phase, Platform, PoolName, Presence,
    ProviderKind, Source, SourceSeen, Step, StepHash, StepIndex, StepKey, StepRecord,
};
use std::{collections::BTreeMap, sync::Arc};

/// A step whose action is not decided yet, and what deciding needs to know besides.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) step: Step,
    /// Steps whose hash or output is an ingredient of this one, by the ingredient's name.
    pub(super) inherits: Vec<(&'static str, StepIndex)>,
    /// What its failure would mean to the plan file.
    pub(super) expect: Option<Expectation>,
    /// Whether its machine is kept as a layer when it passes.
    pub(super) layers: bool,
}

/// The ingredient that stands for what a build made.
pub(super) const ARTIFACT: &str = "artifact";

/// Expands the matrix into steps without an action.
pub(super) fn expand(input: &PlanInput<'_>) -> Vec<Draft> {
    let mut expansion = Expansion {
        input,
        drafts: Vec::new(),
        index: BTreeMap::new(),
        estimates: Estimates::from(input.recorded.steps.iter()),
    };
    for cell in &input.desired.cells {
        if cell.skip.is_none() {
            expansion.exercise(cell);
        }
    }
    input.selection.narrow(input, expansion.drafts)
}

struct Expansion<'a> {
    input: &'a PlanInput<'a>,
    drafts: Vec<Draft>,
    index: BTreeMap<StepKey, StepIndex>,
    estimates: Estimates,
}

impl Expansion<'_> {
    fn exercise(&mut self, cell: &Cell) {
        let key = StepKey::exercise(
            &cell.machine,
            &cell.gpu,
            &cell.build,
            &cell.format,
            &cell.scenario,
        );
        if self.index.contains_key(&key) {
            return;
        }
        let base = self.session(cell);
        let desired = self.input.desired;
        let (machine, package) = machine_and_package(desired, cell);
        let app = &desired.app;
        let mut parts = Parts::default();
        parts.add("binary", package.app_path.as_ref().unwrap_or(&app.binary));
        parts.add("args", &app.args.join(" "));
        parts.add("app timeout", &app.timeout.as_secs_f64().to_string());
        if machine.layout != KeyLayout::default() {
            parts.add("layout", machine.layout.as_str());
        }
        let scenario = desired
            .scenario(&cell.machine, &cell.scenario)
            .expect("a cell that is not left out has its scenario");
        let files = scenario.files.iter().map(|part| ("file", part));
        let variables = scenario.variables.iter().map(|part| ("variable", part));
        for (sort, (name, digest)) in files.chain(variables) {
            parts.0.push(Ingredient {
                name: format!("{sort} {name}").into(),
                value: digest.to_string().into(),
            });
        }
        let mut draft = self.on_machine(key, Phase::Exercise, machine, &cell.gpu, parts);
        draft.step.cell = Some(Box::new(cell.clone()));
        draft.expect.clone_from(&cell.expect);
        draft.inherit(self.phase_of(base), base);
        self.push_for(cell, draft);
    }

    /// Returns the step whose machine state an exercise starts from.
    fn session(&mut self, cell: &Cell) -> StepIndex {
        let install = self.install(cell);
        let machine = &self.input.desired.machines[&cell.machine];
        if !self.keeps_sessions(machine, cell) {
            return install;
        }
        let key = StepKey::checkpoint(&cell.machine, &cell.gpu, &cell.build, &cell.format);
        self.once(key, |this, key| {
            let mut draft =
                this.on_machine(key, Phase::Checkpoint, machine, &cell.gpu, Parts::default());
            draft.inherit("install", install);
            this.push_for(cell, draft)
        })
    }

    /// Whether a running session can be kept. Where the provider knows that only by looking and
    /// keeps silent, it is taken to be as it was last.
    fn keeps_sessions(&self, machine: &Machine, cell: &Cell) -> bool {
        let of = |abilities: &Abilities| abilities.live_layers.hold(!cell.gpu.is_none());
        let seen = self.input.observed.machines.get(&machine.name);
        if let Some(Presence::Present {
            abilities: Some(seen),
            ..
        }) = seen
        {
            return of(seen);
        }
        let steps = &self.input.recorded.steps;
        let (name, gpu, build, format) = (&cell.machine, &cell.gpu, &cell.build, &cell.format);
        let was_installed = steps.contains_key(&StepKey::install(name, gpu, build, format));
        if machine.provider == ProviderKind::Proxmox && was_installed {
            return steps.contains_key(&StepKey::checkpoint(name, gpu, build, format));
        }
        of(&machine.abilities)
    }

    fn install(&mut self, cell: &Cell) -> StepIndex {
        let key = StepKey::install(&cell.machine, &cell.gpu, &cell.build, &cell.format);
        self.once(key, |this, key| {
            let (machine, package) = machine_and_package(this.input.desired, cell);
            let base = this.attached(machine, &cell.gpu);
            let build = this.build(&this.input.desired.builds[&cell.build], package);
            let mut parts = Parts::default();
            parts.add("format", package.format.as_str());
            parts.add("install command", &package.install);
            let mut draft = this.on_machine(key, Phase::Install, machine, &cell.gpu, parts);
            draft.inherit(this.phase_of(base), base);
            draft.inherit(ARTIFACT, build);
            this.push_for(cell, draft)
        })
    }

    fn attached(&mut self, machine: &Machine, gpu: &GpuName) -> StepIndex {
        let restore = self.restore(machine);
        let Some(known) = self.input.desired.gpus.get(gpu) else {
            return restore;
        };
        let key = StepKey::attach_gpu(&machine.name, gpu);
        self.once(key, |this, key| {
            let parts = gpu_parts(known);
            let mut draft = this.on_machine(key, Phase::AttachGpu, machine, gpu, parts);
            draft.inherit("restore", restore);
            this.push(draft)
        })
    }

    fn restore(&mut self, machine: &Machine) -> StepIndex {
        self.once(StepKey::restore(&machine.name), |this, key| {
            let base = this.base_of(machine, &key);
            let mut parts = Parts::default();
            parts.add("machine", machine.name.as_str());
            parts.add("provider", machine.provider.as_str());
            parts.add("snapshot", &machine.snapshot);
            parts.add("base", &base);
            parts.add("session", machine.session.as_str());
            if machine.platform != Platform::Linux {
                parts.add("system", machine.platform.as_str());
            }
            let (width, height) = machine.geometry;
            parts.add("geometry", &format!("{width}x{height}"));
            if let Some(hardware) = &machine.hardware {
                parts.add("hardware", &hardware_text(hardware));
            }
            let none = GpuName::from(GpuName::NONE);
            let mut draft = this.on_machine(key, Phase::Restore, machine, &none, parts);
            draft.step.gpu = None;
            this.push(draft)
        })
    }

    /// Returns what tells the base snapshot from another of the same name. A machine that keeps
    /// silent is taken to have the base that it last had: silence is no reason to run.
    fn base_of(&self, machine: &Machine, restore: &StepKey) -> String {
        match self.input.observed.machines.get(&machine.name) {
            Some(Presence::Present { base, .. }) => base.clone(),
            Some(Presence::Absent { .. } | Presence::Unknown { .. }) | None => {
                let last = self.input.recorded.steps.get(restore);
                let base =
                    last.and_then(|step| step.ingredients.iter().find(|i| &*i.name == "base"));
                base.map_or_else(|| "not seen".into(), |base| base.value.to_string())
            }
        }
    }

    fn build(&mut self, build: &Build, package: &Package) -> StepIndex {
        self.once(StepKey::build(&build.name, &package.format), |this, key| {
            let parts = this.build_parts(build, package, &key);
            let mut draft = this.draft(key, Phase::Build, parts);
            draft.step.build = Some(build.name.clone());
            draft.step.format = Some(package.format.clone());
            draft.step.pools.push(PoolName::new("build"));
            this.push(draft)
        })
    }

    fn build_parts(&self, build: &Build, package: &Package, key: &StepKey) -> Parts {
        let mut parts = Parts::default();
        let source = match self.input.observed.sources.get(&build.name) {
            Some(SourceSeen::Known { identity, .. }) => identity.clone(),
            Some(SourceSeen::Unknown { why }) => format!("cannot be read: {why}"),
            None => {
                let last = self.input.recorded.steps.get(key);
                let source =
                    last.and_then(|step| step.ingredients.iter().find(|i| &*i.name == "source"));
                source.map_or_else(|| "not looked at".into(), |part| part.value.to_string())
            }
        };
        parts.add("source", &source);
        parts.add("commands", &build.commands.join("\n"));
        parts.add("dist_dir", &build.dist_dir.to_string_lossy());
        parts.add("package", &package.file_glob);
        parts.add("env", &build.env.join(" "));
        if build.source == Source::Simulated {
            parts.add("simulated", build.name.as_str());
        }
        parts
    }

    fn on_machine(
        &self,
        key: StepKey,
        phase: Phase,
        machine: &Machine,
        gpu: &GpuName,
        parts: Parts,
    ) -> Draft {
        let mut draft = self.draft(key, phase, parts);
        let abilities = match self.input.observed.machines.get(&machine.name) {
            Some(Presence::Present {
                abilities: Some(seen),
                ..
            }) => *seen,
            _ => machine.abilities,
        };
        draft.layers = match phase {
            Phase::Restore => abilities.base_layer,
            Phase::Install | Phase::Checkpoint => abilities.layers,
            Phase::Build | Phase::AttachGpu | Phase::Exercise => false,
        };
        let step = &mut draft.step;
        step.machine = Some(machine.name.clone());
        step.gpu = Some(gpu.clone());
        step.pools
            .push(PoolName::new(format!("machine:{}", machine.name)));
        if !gpu.is_none() {
            step.pools.push(PoolName::new(format!("gpu:{gpu}")));
        }
        // A machine that is there is restored once; a clone is made for each step.
        if let Some(node) = machine
            .node
            .as_ref()
            .filter(|_| phase == Phase::Restore || machine.is_cloned())
        {
            step.pools.push(PoolName::new(format!("node:{node}")));
        }
        if matches!(machine.provider, ProviderKind::Local | ProviderKind::Qemu) {
            step.pools.push(PoolName::new(machine.provider.as_str()));
        }
        draft
    }

    fn draft(&self, key: StepKey, phase: Phase, parts: Parts) -> Draft {
        Draft {
            step: Step {
                estimate_ms: self
                    .estimates
                    .of(self.input.recorded.steps.get(&key), phase),
                key,
                phase,
                machine: None,
                gpu: None,
                build: None,
                format: None,
                cell: None,
                hash: StepHash::Pending,
                ingredients: parts.0,
                action: Action::Keep,
                needs: Vec::new(),
                pools: Vec::new(),
                from: None,
                redo: Vec::new(),
                leaves: None,
            },
            inherits: Vec::new(),
            expect: None,
            layers: false,
        }
    }

    fn once(
        &mut self,
        key: StepKey,
        make: impl FnOnce(&mut Self, StepKey) -> StepIndex,
    ) -> StepIndex {
        match self.index.get(&key) {
            Some(index) => *index,
            None => make(self, key),
        }
    }

    fn push_for(&mut self, cell: &Cell, mut draft: Draft) -> StepIndex {
        draft.step.build = Some(cell.build.clone());
        draft.step.format = Some(cell.format.clone());
        self.push(draft)
    }

    fn push(&mut self, draft: Draft) -> StepIndex {
        let index = StepIndex(u32::try_from(self.drafts.len()).expect("fewer than 2^32 steps"));
        self.index.insert(draft.step.key.clone(), index);
        self.drafts.push(draft);
        index
    }

    fn phase_of(&self, index: StepIndex) -> &'static str {
        self.drafts[index.get()].step.phase.as_str()
    }
}

impl Draft {
    fn inherit(&mut self, ingredient: &'static str, from: StepIndex) {
        self.inherits.push((ingredient, from));
        self.step.needs.push(from);
    }

    /// Returns the layer that this leaves when it passes.
    pub(super) fn layer(&self) -> Option<LayerName> {
        match self.step.hash {
            StepHash::Known(hash) if self.layers => Some(LayerName::of(hash)),
            StepHash::Known(_) | StepHash::Pending => None,
        }
    }
}

fn machine_and_package<'a>(desired: &'a Desired, cell: &Cell) -> (&'a Machine, &'a Package) {
    let machine = &desired.machines[&cell.machine];
    (machine, package_of(machine, &cell.format))
}

fn package_of<'a>(machine: &'a Machine, format: &FormatName) -> &'a Package {
    &machine.packages[format]
}

/// The image is not among it: what the provider says of it is the `base`.
fn hardware_text(hardware: &Hardware) -> String {
    let Hardware {
        image: _,
        memory,
        cpus,
        network,
    } = hardware;
    format!("{memory} MiB, {cpus} cpus, network {}", network.as_str())
}

fn gpu_parts(gpu: &Gpu) -> Parts {
    let mut parts = Parts::default();
    parts.add("gpu", gpu.name.as_str());
    parts.add("pci", gpu.pci.as_deref().unwrap_or_default());
    parts.add("mapping", gpu.mapping.as_deref().unwrap_or_default());
    parts.add("mode", if gpu.is_primary { "primary" } else { "compute" });
    parts
}

/// Ingredients in the making. Texts of more than 200 characters are kept as their digest: they
/// are told apart just as well, and the state stays small.
#[derive(Default)]
struct Parts(Vec<Ingredient>);

impl Parts {
    fn add(&mut self, name: &str, value: &str) {
        let value: Arc<str> = if value.len() > 200 {
            crate::model::ContentHash::of(value.as_bytes())
                .to_string()
                .into()
        } else {
            value.into()
        };
        let name = name.into();
        self.0.push(Ingredient { name, value });
    }
}

/// How long steps took, for those that have never run.
struct Estimates {
    by_phase: BTreeMap<Phase, u64>,
}

impl Estimates {
    fn from<'a>(steps: impl Iterator<Item = (&'a StepKey, &'a StepRecord)>) -> Self {
        let mut sums: BTreeMap<Phase, (u64, u64)> = BTreeMap::new();
        // A few hundred say as much as all of them.
        for (key, step) in steps.take(500) {
            if let Some(phase) = key.phase() {
                let sum = sums.entry(phase).or_default();
                *sum = (sum.0 + step.duration_ms, sum.1 + 1);
            }
        }
        let by_phase = sums
            .into_iter()
            .map(|(phase, (total, n))| (phase, total / n));
        Self {
            by_phase: by_phase.collect(),
        }
    }

    fn of(&self, last: Option<&StepRecord>, phase: Phase) -> u64 {
        let by_phase = || self.by_phase.get(&phase).copied();
        last.map(|step| step.duration_ms)
            .or_else(by_phase)
            .unwrap_or_else(|| by_guess(phase))
    }
}

/// Milliseconds a step of each phase takes before anything is known; only their order matters.
fn by_guess(phase: Phase) -> u64 {
    match phase {
        Phase::Build => 60_000,
        Phase::Restore => 5_000,
        Phase::AttachGpu => 3_000,
        Phase::Install => 8_000,
        Phase::Checkpoint => 2_000,
        Phase::Exercise => 15_000,
    }
}
