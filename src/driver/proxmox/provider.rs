//! The provider of machines of a cluster: what there is, how one is opened, and how what a crash left
//! is found again.

use super::{
    api::{ApiError, Client, Reason},
    census::{Listed, Register},
    clones::Clones,
    config::ProxmoxConfig,
    doctor::{self, Patient},
    guest::ProxmoxGuest,
    hold::{Cleaner, Held, Terms},
    look::{RECENT, listed},
    notes::{Notes, Sort},
    open::Opening,
    reasons::api_error,
    vm::Vm,
};
use crate::{
    model::{ContentHash, LayerName, Lease, LeaseId, Machine, MachineName, Presence},
    port::{Check, Guest, Keeper, Provider, ProviderError, Wanted},
};
use async_trait::async_trait;
use serde::Serialize;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Keeps machines of a cluster.
#[derive(Debug)]
pub struct ProxmoxProvider {
    pub(super) config: ProxmoxConfig,
    pub(super) register: Arc<Register>,
    /// The base snapshots that the plan is made for, by machine.
    pub(super) planned: Mutex<BTreeMap<MachineName, String>>,
    /// What has to be given back.
    pub(super) notes: Arc<Notes>,
    pub(super) clones: Arc<Clones>,
    pub(super) cleaner: Arc<Cleaner>,
}

impl ProxmoxProvider {
    /// Returns the provider; nothing is asked yet.
    pub fn new(config: ProxmoxConfig) -> Self {
        let notes = Arc::new(Notes::new(config.work_dir.clone()));
        Self {
            register: Arc::default(),
            planned: Mutex::default(),
            clones: Arc::new(Clones::new(Arc::clone(&notes), config.gpus.clone())),
            notes,
            config,
            cleaner: Arc::default(),
        }
    }

    pub(super) fn client(&self, machine: &MachineName) -> Result<&Arc<Client>, ProviderError> {
        self.config
            .client
            .as_ref()
            .map_err(|why| ProviderError::Unable {
                machine: machine.clone(),
                what: format!("be used: {why}"),
            })
    }

    /// Returns what marks leases of this work folder: others may have leases of the same name.
    fn marker(&self) -> String {
        let place = self.config.work_dir.as_os_str();
        let text = format!("{}\n{}", self.config.holder, place.display());
        ContentHash::of(text.as_bytes()).short()
    }

    pub(super) fn terms(&self, lease: &LeaseId) -> Terms {
        Terms {
            holder: self.config.holder.clone(),
            lease: lease.clone(),
            marker: self.marker(),
            term: self.config.limits.lease,
        }
    }

    pub(super) fn vm(&self, client: &Arc<Client>, listed: &Listed) -> Vm {
        self.vm_at(client, listed.vmid, &listed.node)
    }

    pub(super) fn vm_at(&self, client: &Arc<Client>, vmid: u32, node: &str) -> Vm {
        let (client, register) = (Arc::clone(client), Arc::clone(&self.register));
        Vm::new(
            client,
            register,
            vmid,
            node.into(),
            self.config.limits.tasks,
        )
    }

    pub(super) fn note(
        &self,
        machine: &MachineName,
        sort: Sort,
        name: &str,
        value: &impl Serialize,
    ) -> Result<(), ProviderError> {
        let noted = self.notes.add(sort, name, value);
        noted.map_err(|err| ProviderError::Unable {
            machine: machine.clone(),
            what: format!("be used: what has to be given back cannot be written down: {err}"),
        })
    }

    /// Returns a machine by its number, unless it is gone or may be seen no more.
    pub(super) async fn vm_of(&self, vmid: u32) -> Result<Option<Vm>, ApiError> {
        let client = self.config.client.as_ref();
        let client = client.map_err(|why| ApiError::Unreadable {
            call: "GET /cluster/resources".into(),
            why: why.clone(),
        })?;
        for age in [RECENT, Duration::ZERO] {
            let census = self.register.census(client, age).await?;
            if let Some(listed) = census.vms.get(&vmid) {
                return Ok(Some(self.vm(client, listed)));
            }
        }
        tracing::warn!(
            vmid,
            "a machine is gone, or the role lacks `VM.Audit` on it"
        );
        Ok(None)
    }

    /// Returns a machine by its name: one of the plan, or one that earlier plans had.
    async fn known(&self, machine: &MachineName) -> Result<Option<Vm>, ProviderError> {
        if let Some(known) = self.config.machines.get(machine) {
            return self.find(known, RECENT).await.map(Some);
        }
        let Some(vmid) = self.notes.get(Sort::Machine, machine.as_str()) else {
            // Another provider's.
            return Ok(None);
        };
        let vm = self.vm_of(vmid).await;
        vm.map_err(|err| api_error(machine, "a look at the cluster", &err))
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Keeper for ProxmoxProvider {
    async fn observe(&self, machine: &Machine) -> Presence {
        match self.look(machine).await {
            Ok(presence) => presence,
            Err(err) if err.reason() == Reason::NoMachine => {
                let why = err.to_string();
                Presence::Absent { why }
            }
            Err(err) => {
                let why = err.to_string();
                Presence::Unknown { why }
            }
        }
    }

    async fn remove_layer(
        &self,
        machine: &MachineName,
        layer: &LayerName,
    ) -> Result<(), ProviderError> {
        let Some(vm) = self.known(machine).await? else {
            return Ok(());
        };
        let removed = async {
            if vm.is_template().await? {
                self.clones.remove_layer(&vm, layer).await
            } else {
                vm.remove_snapshot(layer.as_str()).await
            }
        };
        let failed = |err: ApiError| api_error(machine, "the removal of a layer", &err);
        removed.await.map_err(failed)
    }

    async fn reclaim(&self, lease: &Lease) -> Result<(), ProviderError> {
        let failed = |err: ApiError| api_error(&lease.machine, "its release", &err);
        let clones = self.clones.all().into_iter();
        for clone in clones.filter(|clone| clone.lease == lease.id) {
            self.remove_clone(&clone).await?;
        }
        let Some(vm) = self.known(&lease.machine).await? else {
            return Ok(());
        };
        if vm.is_template().await.map_err(failed)? {
            return Ok(());
        }
        let held = Held {
            vm: vm.clone(),
            lease: lease.id.clone(),
            marker: self.marker(),
            clones: None,
        };
        held.give_back().await.map_err(failed)?;
        self.take_gpus_from(&vm).await.map_err(failed)
    }

    async fn examine(&self) -> Vec<Check> {
        match &self.config.client {
            Ok(client) => doctor::server(client).await,
            Err(why) => vec![Check::bad("server", why.clone())],
        }
    }

    async fn examine_machine(&self, machine: &Machine) -> Vec<Check> {
        let Ok(client) = &self.config.client else {
            return vec![Check::doubtful("machine", "the cluster cannot be asked")];
        };
        let census = match self.register.census(client, RECENT).await {
            Ok(census) => census,
            Err(err) => return vec![Check::doubtful("machine", err.to_string())],
        };
        let listed = match listed(&census, machine) {
            Ok(listed) => listed,
            Err(why) => return vec![Check::bad("machine", why)],
        };
        let patient = Patient {
            config: &self.config,
            machine,
            listed,
            storages: &census,
            vm: self.vm(client, listed),
        };
        patient.examine().await
    }

    async fn activity(&self, machine: &Machine) -> Option<String> {
        let client = self.config.client.as_ref().ok()?;
        let census = self.register.census(client, RECENT).await.ok()?;
        let Listed {
            vmid, node, status, ..
        } = listed(&census, machine).ok()?;
        Some(if machine.is_cloned() {
            format!("cloned from {vmid} on {node}")
        } else {
            format!("{vmid} on {node}, {status}")
        })
    }

    fn left_over(&self) -> Vec<String> {
        let clones = self.clones.all().into_iter();
        let clones = clones.map(|clone| format!("the clone {} of `{}`", clone.vmid, clone.machine));
        clones.chain(self.gpus_left_over()).collect()
    }

    async fn wind_up(&self) -> Result<(), ProviderError> {
        self.cleaner.wait().await;
        let mut wrong = self.remove_clones().await;
        wrong.extend(self.give_back_gpus().await);
        if wrong.is_empty() {
            return Ok(());
        }
        Err(ProviderError::Unwound(wrong.join("; ")))
    }
}

#[async_trait]
impl Provider for ProxmoxProvider {
    async fn open(&self, wanted: &Wanted<'_>) -> Result<Box<dyn Guest>, ProviderError> {
        let machine = wanted.machine;
        let vm = self.find(machine, RECENT).await?;
        self.note(
            &machine.name,
            Sort::Machine,
            machine.name.as_str(),
            &vm.vmid,
        )?;
        let hold = if machine.is_cloned() {
            self.cloned(wanted, &vm).await?
        } else {
            self.leased(wanted, vm).await?
        };
        let opening = Opening {
            provider: self,
            config: &self.config,
            machine,
            gpu: wanted.gpu,
            from: wanted.from,
            vm: hold.vm().clone(),
        };
        match opening.run().await {
            Ok(opened) => Ok(Box::new(ProxmoxGuest::new(opened, hold))),
            Err(err) => {
                let vmid = hold.vm().vmid;
                if let Err(error) = hold.give_back().await {
                    tracing::warn!(%error, vmid, "a machine that did not open could not be given back");
                }
                Err(err)
            }
        }
    }
}
