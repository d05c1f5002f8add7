//! The simulated cluster itself: looks, acts, and a clock that runs on virtual time.

use super::{
    chance::{Chance, Fate},
    world::{SimWorld, WorldError},
};
use crate::{
    model::{
        ContentHash, Layer, LayerName, Lease, Machine, MachineName, Outcome, Phase, Presence,
        SimSettings, Step, StepHash, Timestamp,
    },
    port::{Clock, Keeper, Performer, ProviderError, Task, Watcher},
};
use async_trait::async_trait;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::time::Instant;

/// A simulated cluster.
#[derive(Debug)]
pub struct SimCluster {
    settings: SimSettings,
    world: Mutex<SimWorld>,
    in_use: Mutex<BTreeMap<MachineName, usize>>,
    slots: BTreeMap<MachineName, usize>,
}

impl SimCluster {
    /// Makes a cluster of `machines` with the memory of `world`.
    pub fn new<'a>(
        settings: SimSettings,
        world: SimWorld,
        machines: impl Iterator<Item = &'a Machine>,
    ) -> Self {
        Self {
            settings,
            world: Mutex::new(world),
            in_use: Mutex::default(),
            slots: machines.map(|m| (m.name.clone(), m.slots)).collect(),
        }
    }

    /// The world, also after a simulated driver panicked: what it wrote is whole lines.
    fn world(&self) -> MutexGuard<'_, SimWorld> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn act(&self, task: &Task) -> Result<Outcome, WorldError> {
        let step = &task.step;
        let inputs = inputs(step);
        let chance = Chance {
            settings: &self.settings,
        };
        match chance.fate(step.key.as_str(), &inputs, step.phase, task.attempt) {
            Fate::Panics => panic!("a simulated driver crashed in `{}`", step.key),
            Fate::Stumbles => {
                return Ok(Outcome::blocked("a simulated fault that passes").transient());
            }
            Fate::Blocks => return Ok(Outcome::blocked("a simulated fault that stays")),
            Fate::Fails => {
                self.world().acted(step.key.as_str(), &inputs)?;
                return Ok(Outcome::failed("the simulated app misbehaved"));
            }
            Fate::Passes => {}
        }
        let mut world = self.world();
        if let (Some(machine), Some(layer)) = (&step.machine, &task.leaves) {
            world.make(machine, layer)?;
        }
        world.acted(step.key.as_str(), &inputs)?;
        drop(world);
        let made = format!("{} of {inputs}", step.key);
        Ok(Outcome {
            output: (step.phase == Phase::Build).then(|| ContentHash::of(made.as_bytes())),
            ..Outcome::passed()
        })
    }

    fn find(&self, task: &Task) -> Result<(), Outcome> {
        match (&task.step.machine, &task.from) {
            (Some(machine), Some(Layer::Kept(layer))) if !self.world().has(machine, layer) => Err(
                Outcome::blocked(format!("`{machine}` has no layer `{layer}`")),
            ),
            _ => Ok(()),
        }
    }
}

fn inputs(step: &Step) -> String {
    match step.hash {
        StepHash::Known(hash) => hash.to_hex(),
        StepHash::Pending => panic!("`{}` was started before its inputs were known", step.key),
    }
}

#[async_trait]
impl Performer for SimCluster {
    async fn perform(&self, task: &Task, watcher: &Watcher) -> Outcome {
        let _place = Place::take(self, task.step.machine.as_ref());
        if let Err(outcome) = self.find(task) {
            return outcome;
        }
        let chance = Chance {
            settings: &self.settings,
        };
        let step = &task.step;
        let redone = task
            .redo
            .iter()
            .map(|phase| chance.duration(step.key.as_str(), *phase, 0));
        let own = chance.duration(step.key.as_str(), step.phase, task.attempt);
        tokio::select! {
            () = tokio::time::sleep(redone.sum::<std::time::Duration>() + own) => {}
            () = watcher.stop.cancelled() => return Outcome::blocked("stopped"),
        }
        self.act(task)
            .unwrap_or_else(|err| Outcome::blocked(err.to_string()))
    }
}

#[async_trait]
impl Keeper for SimCluster {
    async fn observe(&self, machine: &Machine) -> Presence {
        let chance = Chance {
            settings: &self.settings,
        };
        if chance.is_silent(machine.name.as_str()) {
            let why = "the simulated cluster keeps silent".into();
            return Presence::Unknown { why };
        }
        Presence::Present {
            base: format!("simulated {}", machine.snapshot),
            layers: self.world().layers(&machine.name),
            abilities: None,
        }
    }

    async fn remove_layer(
        &self,
        machine: &MachineName,
        layer: &LayerName,
    ) -> Result<(), ProviderError> {
        let removed = self.world().remove(machine, layer);
        removed.map_err(|err| ProviderError::Lost {
            machine: machine.clone(),
            why: err.to_string(),
        })
    }

    async fn reclaim(&self, _: &Lease) -> Result<(), ProviderError> {
        // Nothing of a simulated machine outlives its process.
        Ok(())
    }
}

/// The use of a machine by one step. More at once than it has slots is a mistake of mosdat.
struct Place<'a> {
    cluster: &'a SimCluster,
    machine: Option<&'a MachineName>,
}

impl<'a> Place<'a> {
    fn take(cluster: &'a SimCluster, machine: Option<&'a MachineName>) -> Self {
        if let Some(machine) = machine {
            let mut in_use = cluster
                .in_use
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let users = in_use.entry(machine.clone()).or_default();
            *users += 1;
            let slots = cluster.slots.get(machine).copied().unwrap_or(1);
            assert!(*users <= slots, "`{machine}` is used {users} times at once");
        }
        Self { cluster, machine }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(machine) = self.machine {
            let mut in_use = self
                .cluster
                .in_use
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if let Some(users) = in_use.get_mut(machine) {
                *users -= 1;
            }
        }
    }
}

/// A clock that goes as fast as the simulation.
#[derive(Debug)]
pub struct SimClock {
    began: Timestamp,
    instant: Instant,
}

impl SimClock {
    /// Starts the clock at `began`. Must be called within the simulation's runtime.
    pub fn new(began: Timestamp) -> Self {
        let instant = Instant::now();
        Self { began, instant }
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.began.0 + self.instant.elapsed().as_millis() as u64)
    }
}
