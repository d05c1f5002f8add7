//! Steps on real machines: opens a session, does what lies between, does the step's own work,
//! closes the session whatever happened.

use super::{script, smoke};
use crate::{
    model::{
        Build, ContentHash, Desired, Layer, LayerKind, Machine, MachineName, Motion, Outcome,
        Package, Phase, ProviderKind, ScenarioName,
    },
    port::{
        Blobs, BuildRequest, Builder, Guest, Performer, Provider, ProviderError, Task, Wanted,
        Watcher, with_causes,
    },
    scenario::{Script, SmokeCheck},
};
use async_trait::async_trait;
use std::{collections::BTreeMap, pin::Pin, sync::Arc};

/// Carries out steps on real machines, through their providers.
#[derive(Debug)]
pub struct MachinePerformer {
    /// What should hold: how machines, packages and builds are made.
    pub desired: Arc<Desired>,
    /// Who keeps the machines.
    pub providers: BTreeMap<ProviderKind, Arc<dyn Provider>>,
    /// Who makes packages.
    pub builder: Arc<dyn Builder>,
    /// Where packages are kept.
    pub blobs: Arc<dyn Blobs>,
    /// The scripts that cells use; smoke checks bring their own rules.
    pub scripts: BTreeMap<ScenarioName, Arc<Script>>,
    /// Those that are others on a machine.
    pub own_scripts: BTreeMap<MachineName, BTreeMap<ScenarioName, Arc<Script>>>,
    /// What scenarios are seen with besides screens and trees.
    pub eyes: script::Eyes,
    /// Values of variables that are not the scenarios' own.
    pub provided: script::Provided,
    /// How the pointer moves, where a scenario does not say.
    pub cursor: Motion,
}

#[async_trait]
impl Performer for MachinePerformer {
    async fn perform(&self, task: &Task, watcher: &Watcher) -> Outcome {
        match task.step.phase {
            Phase::Build => self.build(task, watcher).await,
            Phase::Restore
            | Phase::AttachGpu
            | Phase::Install
            | Phase::Checkpoint
            | Phase::Exercise => match self.on_machine(task, watcher).await {
                Ok(outcome) => outcome,
                Err(err) => blocked(&err),
            },
        }
    }
}

impl MachinePerformer {
    async fn build(&self, task: &Task, watcher: &Watcher) -> Outcome {
        let (build, format) = task
            .step
            .build
            .as_ref()
            .zip(task.step.format.as_ref())
            .expect("a build step names both");
        let build: &Build = &self.desired.builds[build];
        let packages = self
            .desired
            .machines
            .values()
            .filter_map(|m| m.packages.get(format));
        let file_glob = packages.map(|package| package.file_glob.as_str()).next();
        let request = BuildRequest {
            build,
            format,
            file_glob: file_glob.unwrap_or("*"),
        };
        let made = self
            .builder
            .build(request, &|line| watcher.log(line), &watcher.stop)
            .await;
        match made {
            Ok(artifact) => Outcome {
                output: Some(artifact.digest),
                ..Outcome::passed()
            },
            Err(err) => blocked(&err),
        }
    }

    async fn on_machine(&self, task: &Task, watcher: &Watcher) -> Result<Outcome, ProviderError> {
        let name = task
            .step
            .machine
            .as_ref()
            .expect("only a build has no machine");
        let machine = &self.desired.machines[name];
        let provider = self.providers.get(&machine.provider);
        let provider = provider.ok_or_else(|| ProviderError::Unable {
            machine: name.clone(),
            what: format!(
                "be used: this version has no provider `{}`",
                machine.provider.as_str()
            ),
        })?;
        let from = task.from.as_ref().unwrap_or(&Layer::Base);
        let lease = task
            .lease
            .as_ref()
            .expect("a step on a machine has a lease");
        let gpu = task.step.gpu.as_ref();
        let wanted = Wanted {
            machine,
            gpu: gpu.and_then(|gpu| self.desired.gpus.get(gpu)),
            from,
            lease,
        };
        let guest = watcher.uncounted(provider.open(&wanted)).await?;
        let mut outcome = self.in_session(task, watcher, machine, &*guest).await;
        // What is seen on a machine that is lost says nothing about the app, be it good or bad.
        if let Some(why) = guest.lost().await {
            let machine = machine.name.clone();
            outcome = Err(ProviderError::Lost { machine, why });
        }
        if !outcome
            .as_ref()
            .is_ok_and(|outcome| outcome.verdict.holds())
        {
            for finding in guest.evidence().await {
                script::Record::new(watcher).found(&finding);
            }
        }
        // The session ends before its verdict counts: what it leaves behind would falsify others.
        guest.close().await?;
        outcome
    }

    async fn in_session(
        &self,
        task: &Task,
        watcher: &Watcher,
        machine: &Machine,
        guest: &dyn Guest,
    ) -> Result<Outcome, ProviderError> {
        for phase in &task.redo {
            let outcome = self.act(*phase, task, watcher, machine, guest).await?;
            if !outcome.verdict.holds() {
                let why = format!("failed to redo `{phase}`: {}", outcome.detail);
                return Ok(Outcome::blocked(why));
            }
        }
        let outcome = self
            .act(task.step.phase, task, watcher, machine, guest)
            .await?;
        if outcome.verdict.holds()
            && let Some(layer) = &task.leaves
        {
            guest.keep(layer, kind_of_layer(task.step.phase)).await?;
        }
        Ok(outcome)
    }

    async fn act(
        &self,
        phase: Phase,
        task: &Task,
        watcher: &Watcher,
        machine: &Machine,
        guest: &dyn Guest,
    ) -> Result<Outcome, ProviderError> {
        match phase {
            // A machine that is open has the GPU that was asked for, and what it stands on.
            Phase::Restore | Phase::AttachGpu | Phase::Checkpoint => Ok(Outcome::passed()),
            Phase::Install => self.install(task, machine, guest).await,
            Phase::Exercise => Ok(self.exercise(task, watcher, machine, guest).await),
            Phase::Build => Err(ProviderError::Unable {
                machine: machine.name.clone(),
                what: format!("do `{phase}`"),
            }),
        }
    }

    async fn install(
        &self,
        task: &Task,
        machine: &Machine,
        guest: &dyn Guest,
    ) -> Result<Outcome, ProviderError> {
        let refuse = |why: String| ProviderError::Install {
            machine: machine.name.clone(),
            why,
        };
        let digest: ContentHash = task
            .artifact
            .ok_or_else(|| refuse("the build made no package".into()))?;
        let file = self
            .blobs
            .path(digest)
            .map_err(|err| refuse(with_causes(&err)))?;
        let file = file.ok_or_else(|| refuse(format!("the package {digest} is no longer kept")))?;
        guest.install(package(machine, task), &file).await
    }

    async fn exercise(
        &self,
        task: &Task,
        watcher: &Watcher,
        machine: &Machine,
        guest: &dyn Guest,
    ) -> Outcome {
        let cell = task.step.cell.as_ref().expect("an exercise has a cell");
        let context = script::Exercise {
            guest,
            app: &self.desired.app,
            package: package(machine, task),
            artifact: task.artifact,
            machine: &machine.name,
            build: &cell.build,
            eyes: &self.eyes,
            provided: &self.provided,
            cursor: self.cursor,
            limit: task.limit,
        };
        if let Some(check) = SmokeCheck::of_name(&cell.scenario) {
            return smoke::smoke(check, &context, watcher).await;
        }
        let own = self.own_scripts.get(&machine.name);
        let own = own.and_then(|scripts| scripts.get(&cell.scenario));
        match own.or_else(|| self.scripts.get(&cell.scenario)) {
            Some(script) => {
                let telling: Pin<Box<dyn Future<Output = Outcome> + Send + '_>> =
                    Box::pin(script::exercise(script, &context, watcher));
                telling.await
            }
            None => Outcome::blocked(format!("there is no scenario `{}`", cell.scenario)),
        }
    }
}

/// What is kept after a step: a machine that has only had something installed boots again, so that
/// what is tested is what a user finds the next morning.
fn kind_of_layer(phase: Phase) -> LayerKind {
    match phase {
        Phase::Restore | Phase::Checkpoint => LayerKind::Session,
        Phase::Install | Phase::AttachGpu | Phase::Build | Phase::Exercise => LayerKind::Disk,
    }
}

fn package<'a>(machine: &'a Machine, task: &Task) -> &'a Package {
    let format = task
        .step
        .format
        .as_ref()
        .expect("a step after the install has a format");
    &machine.packages[format]
}

fn blocked(err: &dyn Problem) -> Outcome {
    let outcome = Outcome::blocked(with_causes(err.as_error()));
    if err.may_pass() {
        outcome.transient()
    } else {
        outcome
    }
}

/// An error that knows whether trying again could help.
trait Problem {
    fn as_error(&self) -> &dyn std::error::Error;
    fn may_pass(&self) -> bool;
}

impl Problem for ProviderError {
    fn as_error(&self) -> &dyn std::error::Error {
        self
    }

    fn may_pass(&self) -> bool {
        self.is_transient()
    }
}

impl Problem for crate::port::BuildError {
    fn as_error(&self) -> &dyn std::error::Error {
        self
    }

    fn may_pass(&self) -> bool {
        false
    }
}
