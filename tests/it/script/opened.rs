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
        ProviderError, Task,
    },
    run::MachinePerformer,
};
use std::{collections::BTreeMap, sync::Arc};
use tokio_util::sync::CancellationToken;

/// Opens one desktop.
#[derive(Debug)]
struct Opener(Desktop);

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
    async fn open(
        &self,
        _: &Machine,
        _: &Layer,
        _: &LeaseId,
    ) -> Result<Box<dyn Guest>, ProviderError> {
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

/// Carries out a step that passes, on a desktop that ends up like this.
async fn perform(lost: Option<&str>) -> Outcome {
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
        cells: Vec::new(),
        pools: BTreeMap::new(),
        retries: 0,
        timeout: seconds(60.0),
    };
    let performer = MachinePerformer {
        desired: Arc::new(desired),
        providers: BTreeMap::from([(
            ProviderKind::Local,
            Arc::new(Opener(scene.desktop.clone())) as Arc<dyn Provider>,
        )]),
        builder: Arc::new(NoBuilder),
        blobs: Arc::new(DiskBlobs::open(dir.path(), Arc::new(SystemClock))),
        scripts: BTreeMap::new(),
    };
    let (watcher, _heard) = scene.watcher();
    let outcome = performer.perform(&task(), &watcher).await;
    let opened = scene.desktop.state().opened.clone();
    assert!(opened.unwrap().was_closed);
    outcome
}

#[tokio::test]
async fn what_passed_on_a_machine_that_is_lost_is_blocked() {
    assert_eq!(perform(None).await.verdict, Verdict::Passed);
    let outcome = perform(Some("its kernel panicked")).await;
    assert_eq!(outcome.verdict, Verdict::Blocked);
    assert!(
        outcome.detail.contains("its kernel panicked"),
        "{outcome:?}"
    );
}
