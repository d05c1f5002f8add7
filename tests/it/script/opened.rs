//! What a step comes to on a machine that was opened for it.

use super::{
    Scene,
    desktop::{Desktop, Opened},
    seconds,
};
use crate::machine::machine;
use async_trait::async_trait;
use mosdat::{
    driver::disk::{DiskBlobs, SystemClock},
    model::{
        Action, Build, ContentHash, Desired, Layer, LayerName, Lease, LeaseId, Machine,
        MachineName, Outcome, Phase, Presence, ProviderKind, Reason, RunId, Session, SourceSeen,
        Step, StepHash, Verdict,
    },
    port::{
        Artifact, BuildError, BuildRequest, Builder, Guest, Keeper, Performer as _, Provider,
        ProviderError, Task, Wanted,
    },
    run::MachinePerformer,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Opens one desktop, after some time.
#[derive(Debug)]
struct Opener(Desktop, Duration);

#[async_trait]
impl Keeper for Opener {
    async fn observe(&self, _: &Machine) -> Presence {
        unreachable!()
    }
    async fn remove_layer(&self, _: &MachineName, _: &LayerName) -> Result<(), ProviderError> {
        unreachable!()
    }
    async fn reclaim(&self, _: &Lease) -> Result<(), ProviderError> {
        unreachable!()
    }
}

#[async_trait]
impl Provider for Opener {
    async fn open(&self, _: &Wanted<'_>) -> Result<Box<dyn Guest>, ProviderError> {
        tokio::time::sleep(self.1).await;
        Ok(Box::new(self.0.clone()))
    }
}

#[derive(Debug)]
struct NoBuilder;

#[async_trait]
impl Builder for NoBuilder {
    async fn look(&self, _: &Build) -> SourceSeen {
        unreachable!()
    }
    async fn clean_up(&self) {
        unreachable!()
    }
    async fn build(
        &self,
        _: BuildRequest<'_>,
        _: &(dyn for<'line> Fn(&'line str) + Send + Sync),
        _: &CancellationToken,
    ) -> Result<Artifact, BuildError> {
        unreachable!()
    }
}

fn task() -> Task {
    let step = Step {
        key: "here:restore".into(),
        phase: Phase::Restore,
        machine: Some("here".into()),
        gpu: None,
        build: None,
        format: None,
        cell: None,
        hash: StepHash::Known(ContentHash::of(b"m")),
        ingredients: Vec::new(),
        action: Action::Run(Reason::New),
        needs: Vec::new(),
        pools: Vec::new(),
        from: Some(Layer::Base),
        redo: Vec::new(),
        leaves: None,
        estimate_ms: 1,
    };
    Task {
        step,
        redo: Vec::new(),
        from: Some(Layer::Base),
        leaves: None,
        artifact: None,
        lease: Some(LeaseId::new(&RunId::new("r"), 1)),
        attempt: 1,
        limit: seconds(60.0),
    }
}

/// Carries out a step that passes, on a desktop that opens after `wait` and ends up like this.
async fn perform(wait: Duration, lost: Option<&str>) -> Outcome {
    let scene = Scene::new();
    scene.desktop.state().opened = Some(Opened {
        lost: lost.map(Into::into),
        was_closed: false,
    });
    let dir = tempfile::tempdir().unwrap();
    let desired = Desired {
        name: "x".into(),
        app: scene.app.clone(),
        machines: BTreeMap::from([("here".into(), machine(ProviderKind::Local, Session::X11))]),
        builds: BTreeMap::new(),
        gpus: BTreeMap::new(),
        scenarios: BTreeMap::new(),
        own_scenarios: BTreeMap::new(),
        cells: Vec::new(),
        pools: BTreeMap::new(),
        retries: 0,
        reruns: 0,
        timeout: seconds(60.0),
    };
    let performer = MachinePerformer {
        desired: Arc::new(desired),
        providers: BTreeMap::from([(
            ProviderKind::Local,
            Arc::new(Opener(scene.desktop.clone(), wait)) as Arc<dyn Provider>,
        )]),
        builder: Arc::new(NoBuilder),
        blobs: Arc::new(DiskBlobs::open(dir.path(), Arc::new(SystemClock))),
        scripts: BTreeMap::new(),
        own_scripts: BTreeMap::new(),
        eyes: mosdat::run::script::Eyes::default(),
        provided: mosdat::run::script::Provided::default(),
        cursor: mosdat::model::Motion::default(),
    };
    let (watcher, _heard) = scene.watcher();
    let task = task();
    let outcome = tokio::select! {
        biased;
        outcome = performer.perform(&task, &watcher) => outcome,
        () = watcher.idle.limit(task.limit) => panic!("its time was up"),
    };
    let opened = scene.desktop.state().opened.clone();
    assert!(opened.unwrap().was_closed);
    outcome
}

#[tokio::test]
async fn what_passed_on_a_machine_that_is_lost_is_blocked() {
    assert_eq!(perform(Duration::ZERO, None).await.verdict, Verdict::Passed);
    let outcome = perform(Duration::ZERO, Some("its kernel panicked")).await;
    assert_eq!(outcome.verdict, Verdict::Blocked);
    assert!(
        outcome.detail.contains("its kernel panicked"),
        "{outcome:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_has_to_be_waited_for_costs_its_step_no_time() {
    assert_eq!(
        perform(seconds(3600.0), None).await.verdict,
        Verdict::Passed
    );
}
