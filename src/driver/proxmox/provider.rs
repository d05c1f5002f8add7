//! The provider of machines of a cluster: what there is, how one is opened, and how what a crash left
//! is found again.

use super::{
    api::{ApiError, Client, Reason},
    census::{Listed, Register},
    config::ProxmoxConfig,
    doctor::{self, Patient},
    guest::ProxmoxGuest,
    hold::{self, Cleaner, Hold, Terms, give_back},
    lease::NotLeased,
    notes::{Notes, Sort},
    open::Opening,
    reasons::api_error,
    storage,
    vm::{Snapshot, Vm},
};
use crate::{
    model::{ContentHash, LayerName, Lease, LeaseId, Machine, MachineName, Presence},
    port::{Check, Guest, Keeper, Provider, ProviderError, Wanted},
};
use async_trait::async_trait;
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How old what is known of the cluster may be when a plan is made.
const RECENT: Duration = Duration::from_secs(5);

/// What is said of machines that would have to be cloned first.
const NO_CLONES: &str =
    "be cloned from its `template` by this version; name a machine that is there by `vmid`";

/// Keeps machines of a cluster.
#[derive(Debug)]
pub struct ProxmoxProvider {
    pub(super) config: ProxmoxConfig,
    pub(super) register: Arc<Register>,
    /// The base snapshots that the plan is made for, by machine.
    planned: Mutex<BTreeMap<MachineName, String>>,
    /// What has to be given back.
    pub(super) notes: Notes,
    pub(super) cleaner: Arc<Cleaner>,
}

impl ProxmoxProvider {
    /// Returns the provider; nothing is asked yet.
    pub fn new(config: ProxmoxConfig) -> Self {
        Self {
            register: Arc::default(),
            planned: Mutex::default(),
            notes: Notes::new(config.work_dir.clone()),
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
        Vm::new(
            Arc::clone(client),
            Arc::clone(&self.register),
            listed.vmid,
            listed.node.clone(),
            self.config.limits.tasks,
        )
    }

    async fn find(&self, machine: &Machine, age: Duration) -> Result<Vm, ProviderError> {
        if machine.reach.template.is_some() {
            return Err(ProviderError::Unable {
                machine: machine.name.clone(),
                what: NO_CLONES.into(),
            });
        }
        let client = self.client(&machine.name)?;
        let census = self.register.census(client, age).await;
        let census =
            census.map_err(|err| api_error(&machine.name, "a look at the cluster", &err))?;
        let listed = census.find(machine.vmid, machine.name.as_str());
        let listed = listed.map_err(|why| ProviderError::Unable {
            machine: machine.name.clone(),
            what: format!("be found: {why}"),
        })?;
        Ok(self.vm(client, listed))
    }

    /// Returns what tells a snapshot from one retaken under the same name.
    pub(super) fn identity(vmid: u32, snapshot: &Snapshot) -> String {
        let text = format!("{vmid} {} {}", snapshot.name, snapshot.time);
        ContentHash::of(text.as_bytes()).short()
    }

    /// Whether the base of a machine is still the one that the plan was made for.
    pub(super) fn is_planned(&self, machine: &Machine, identity: Option<&str>) -> bool {
        let planned = lock(&self.planned);
        let planned = planned.get(&machine.name);
        planned.is_none_or(|planned| Some(planned.as_str()) == identity)
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

    /// Looks at a machine: whether it is there, its base, its layers, and what its storage can do.
    async fn look(&self, machine: &Machine) -> Result<Presence, ApiError> {
        let client = match &self.config.client {
            Ok(client) => client,
            Err(why) => return Ok(Presence::Unknown { why: why.clone() }),
        };
        if machine.reach.template.is_some() {
            return Ok(Presence::Absent {
                why: format!("it cannot {NO_CLONES}"),
            });
        }
        let census = self.register.census(client, RECENT).await?;
        let listed = match census.find(machine.vmid, machine.name.as_str()) {
            Ok(listed) => listed,
            Err(why) => return Ok(Presence::Absent { why }),
        };
        if census.nodes.get(&listed.node) == Some(&false) {
            let why = format!("its node `{}` is off", listed.node);
            return Ok(Presence::Unknown { why });
        }
        let vm = self.vm(client, listed);
        // What the base brings back counts: just now somebody may be using the machine.
        let (snapshots, config) = tokio::join!(vm.snapshots(), vm.config_of(&machine.snapshot));
        let snapshots = snapshots?;
        let base = snapshots.iter().find(|it| it.name == machine.snapshot);
        let Some(base) = base.filter(|base| !base.is_incomplete) else {
            let names: Vec<&str> = snapshots.iter().map(|it| it.name.as_str()).collect();
            let why = format!(
                "machine {} has no snapshot `{}`, only: {}; make it with `qm snapshot {} {}`",
                vm.vmid,
                machine.snapshot,
                if names.is_empty() {
                    "none".into()
                } else {
                    names.join(", ")
                },
                vm.vmid,
                machine.snapshot,
            );
            return Ok(Presence::Absent { why });
        };
        let base = Self::identity(vm.vmid, base);
        lock(&self.planned).insert(machine.name.clone(), base.clone());
        let whole = snapshots.iter().filter(|it| !it.is_incomplete);
        let layers: BTreeSet<LayerName> =
            whole.filter_map(|it| LayerName::parse(&it.name)).collect();
        Ok(Presence::Present {
            base,
            layers,
            abilities: Some(storage::abilities(&census, &config?)),
        })
    }

    /// Returns a machine by its number.
    pub(super) async fn vm_of(&self, vmid: u32) -> Result<Vm, ApiError> {
        let missing = |why: String| ApiError::Unreadable {
            call: "GET /cluster/resources".into(),
            why,
        };
        let client = self.config.client.as_ref();
        let client = client.map_err(|why| missing(why.clone()))?;
        let census = self.register.census(client, RECENT).await?;
        let listed = census.find(Some(vmid), "").map_err(missing)?;
        Ok(self.vm(client, listed))
    }

    /// Returns a machine by its name: one of the plan, or one that earlier plans had.
    async fn known(&self, machine: &MachineName) -> Option<Result<Vm, ProviderError>> {
        if let Some(known) = self.config.machines.get(machine) {
            return Some(self.find(known, RECENT).await);
        }
        let vmid = self.notes.get(Sort::Machine, machine.as_str())?;
        let vm = self.vm_of(vmid).await;
        Some(vm.map_err(|err| api_error(machine, "a look at the cluster", &err)))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
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
        let Some(vm) = self.known(machine).await.transpose()? else {
            // Another provider's.
            return Ok(());
        };
        let removed = vm.remove_snapshot(layer.as_str()).await;
        removed.map_err(|err| api_error(machine, "the removal of a layer", &err))
    }

    async fn reclaim(&self, lease: &Lease) -> Result<(), ProviderError> {
        let Some(vm) = self.known(&lease.machine).await.transpose()? else {
            return Ok(());
        };
        let failed = |err: ApiError| api_error(&lease.machine, "its release", &err);
        give_back(&vm, &lease.id, &self.marker())
            .await
            .map_err(failed)?;
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
        let listed = match census.find(machine.vmid, machine.name.as_str()) {
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
        let listed = census.find(machine.vmid, machine.name.as_str()).ok()?;
        let Listed {
            vmid, node, status, ..
        } = listed;
        Some(format!("{vmid} on {node}, {status}"))
    }

    async fn wind_up(&self) -> Result<(), ProviderError> {
        self.cleaner.wait().await;
        let wrong = self.give_back_gpus().await;
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
        let patience = self.config.limits.turn;
        let (terms, cleaner) = (self.terms(wanted.lease), Arc::clone(&self.cleaner));
        let hold = Hold::take(vm.clone(), terms, patience, cleaner).await;
        let hold = hold.map_err(|err| match err {
            NotLeased::Api(err) => api_error(&machine.name, "its lease", &err),
            NotLeased::Held(claim) => ProviderError::InUse {
                machine: machine.name.clone(),
                what: format!("the virtual machine {}", vm.vmid),
                by: hold::in_words(&claim),
            },
        })?;
        let opening = Opening {
            provider: self,
            config: &self.config,
            machine,
            gpu: wanted.gpu,
            from: wanted.from,
            vm: vm.clone(),
        };
        match opening.run().await {
            Ok(opened) => Ok(Box::new(ProxmoxGuest::new(opened, hold))),
            Err(err) => {
                if let Err(error) = hold.give_back().await {
                    tracing::warn!(%error, vmid = vm.vmid, "a machine that did not open could not be given back");
                }
                Err(err)
            }
        }
    }
}
