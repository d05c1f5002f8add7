//! One visit to a machine: its session is opened under a lease, used, and given back whatever
//! happened.

use super::{drivers::Drivers, error::CliError, workplace::Workplace};
use crate::{
    driver::disk::DiskStore,
    model::{Layer, Lease, LeaseId, Machine, MachineName, Record, RunId},
    port::{Durability, Guest, ProviderError, Store as _, Wanted},
};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Which machine is visited, and in which state.
#[derive(Clone, Debug)]
pub(super) struct Visit<'a> {
    pub(super) machine: &'a Machine,
    pub(super) from: Layer,
}

impl Workplace {
    /// Returns the machine that is named, or the only one there is.
    pub(super) fn machine(&self, names: &[String]) -> Result<&Machine, CliError> {
        let machines = &self.loaded.desired.machines;
        let listed = || {
            let known: Vec<&str> = machines.keys().map(MachineName::as_str).collect();
            known.join(", ")
        };
        let only = || (machines.len() == 1).then(|| machines.values().next());
        match names {
            [] => only().flatten().ok_or_else(|| {
                CliError::Usage(format!("name a machine with `--vms`: {}", listed()))
            }),
            [name] => machines
                .get(&MachineName::from(name.as_str()))
                .ok_or_else(|| {
                    CliError::Usage(format!("there is no machine `{name}`, only {}", listed()))
                }),
            [_, _, ..] => Err(CliError::Usage("name one machine only".into())),
        }
    }
}

impl Visit<'_> {
    /// Opens the session, does `work` in it, and closes it. The first Ctrl-C ends the work.
    pub(super) async fn with<T>(
        &self,
        drivers: &Drivers,
        store: &mut DiskStore,
        work: impl AsyncFnOnce(&dyn Guest) -> Result<T, CliError>,
    ) -> Result<T, CliError> {
        let mut interrupt = Interrupt::listen()?;
        let lease = self.lease(drivers)?;
        store.append(&[Record::Leased(lease.clone())], Durability::Power)?;
        let visited = tokio::select! {
            visited = self.visit(drivers, &lease, work) => visited,
            () = interrupt.came() => Err(CliError::Interrupted),
        };
        // What was closed is gone already; what was not is no longer wanted.
        let given_back = self.give_back(drivers, &lease).await;
        if given_back.is_ok() {
            store.append(&[Record::Released(lease.id)], Durability::Power)?;
        }
        let value = visited?;
        given_back?;
        Ok(value)
    }

    async fn visit<T>(
        &self,
        drivers: &Drivers,
        lease: &Lease,
        work: impl AsyncFnOnce(&dyn Guest) -> Result<T, CliError>,
    ) -> Result<T, CliError> {
        let machine = self.machine;
        let provider = drivers.providers.get(&machine.provider).ok_or_else(|| {
            let kind = machine.provider.as_str();
            CliError::Usage(format!(
                "`{}` is kept by `{kind}`: it has no desktop",
                machine.name
            ))
        })?;
        let wanted = Wanted::plain(machine, &self.from, &lease.id);
        let guest = provider.open(&wanted).await?;
        let result = work(&*guest).await;
        // What was seen on a machine that is lost says nothing.
        let lost = guest.lost().await;
        guest.close().await?;
        match lost {
            None => result,
            Some(why) => {
                let machine = machine.name.clone();
                Err(ProviderError::Lost { machine, why }.into())
            }
        }
    }

    async fn give_back(&self, drivers: &Drivers, lease: &Lease) -> Result<(), ProviderError> {
        if let Some(keeper) = drivers.keepers.get(&self.machine.provider) {
            keeper.reclaim(lease).await?;
            keeper.wind_up().await?;
        }
        Ok(())
    }

    fn lease(&self, drivers: &Drivers) -> Result<Lease, CliError> {
        let run = RunId::new(format!("visit-{}", drivers.now.0));
        let step = format!("{}:restore", self.machine.name);
        Ok(Lease {
            id: LeaseId::new(&run, 1),
            machine: self.machine.name.clone(),
            step: step.parse()?,
            since: drivers.now,
        })
    }
}

/// Hears when the user wants no more of it.
#[derive(Debug)]
struct Interrupt {
    interrupted: Signal,
    terminated: Signal,
}

impl Interrupt {
    /// From now on a signal does not end the process.
    fn listen() -> Result<Self, CliError> {
        Ok(Self {
            interrupted: signal(SignalKind::interrupt())?,
            terminated: signal(SignalKind::terminate())?,
        })
    }

    async fn came(&mut self) {
        tokio::select! {
            _ = self.interrupted.recv() => {}
            _ = self.terminated.recv() => {}
        }
    }
}
