//! Gives each step to whoever can carry it out: the simulated cluster, or real machines.

use crate::{
    model::{Desired, Outcome, ProviderKind, Source, Step},
    port::{Performer, Task, Watcher},
};
use async_trait::async_trait;
use std::sync::Arc;

/// Gives each step to whoever can carry it out.
#[derive(Debug)]
pub(super) struct Dispatch {
    pub(super) desired: Arc<Desired>,
    pub(super) sim: Arc<dyn Performer>,
    pub(super) machines: Arc<dyn Performer>,
}

#[async_trait]
impl Performer for Dispatch {
    async fn perform(&self, task: &Task, watcher: &Watcher) -> Outcome {
        let performer = if self.is_simulated(&task.step) {
            &self.sim
        } else {
            &self.machines
        };
        performer.perform(task, watcher).await
    }
}

impl Dispatch {
    fn is_simulated(&self, step: &Step) -> bool {
        match (&step.machine, &step.build) {
            (Some(machine), _) => self.desired.machines[machine].provider == ProviderKind::Sim,
            (None, Some(build)) => self.desired.builds[build].source == Source::Simulated,
            (None, None) => false,
        }
    }
}
