//! The provider of machines of a cluster: what there is, how one is opened, and how what a crash left
//! is found again.

use super::{
    api::{ApiError, Client, Reason},
    census::{Census, Listed, Register},
    config::ProxmoxConfig,
    doctor::{self, Patient},
    gpu,
    guest::ProxmoxGuest,
    hold::{self, Cleaner, Hold, Terms, give_back},
    lease::{NotLeased, claim_of},
    notes::{Notes, Sort},
    open::Opening,
    reasons::api_error,
    vm::{Config, Snapshot, Vm},
};
use crate::{
    model::{
        Abilities, ContentHash, Frame, Gpu, LayerName, Lease, LeaseId, LiveLayers, Machine,
        MachineName, Presence,
    },
    port::{Check, Guest, Keeper, Provider, ProviderError, Wanted},
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// How old what is known of the cluster may be when a plan is made.
const RECENT: Duration = Duration::from_secs(5);

/// What is said of machines that would have to be cloned first.
const NO_CLONES: &str =
    "be cloned from its `template` by this version; name a machine that is there by `vmid`";

/// How often somebody who has a GPU is asked whether he is done.
const PACE: Duration = Duration::from_secs(5);

/// Keeps machines of a cluster.
#[derive(Debug)]
pub struct ProxmoxProvider {
    config: ProxmoxConfig,
    register: Arc<Register>,
    /// The base snapshots that the plan is made for, by machine.
    planned: Mutex<BTreeMap<MachineName, String>>,
    /// What has to be given back.
    notes: Notes,
    cleaner: Arc<Cleaner>,
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

    fn client(&self, machine: &MachineName) -> Result<&Arc<Client>, ProviderError> {
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

    fn terms(&self, lease: &LeaseId) -> Terms {
        Terms {
            holder: self.config.holder.clone(),
            lease: lease.clone(),
            marker: self.marker(),
            term: self.config.limits.lease,
        }
    }

    fn vm(&self, client: &Arc<Client>, listed: &Listed) -> Vm {
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

    /// Writes down that a machine is about to have a GPU in its configuration.
    pub(super) fn note_holder(&self, machine: &Machine, vm: &Vm) -> Result<(), ProviderError> {
        self.note(&machine.name, Sort::Holder, &vm.vmid.to_string(), &vm.vmid)
    }

    fn note(
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

    /// Has a GPU freed that the machine `other` uses: one of the plan's own is stopped, another is
    /// shut down if it may be, and gets it back at the end of the run.
    pub(super) async fn free(
        &self,
        gpu: &Gpu,
        other: u32,
        for_machine: &Machine,
        deadline: Instant,
    ) -> Result<(), ProviderError> {
        let machine = &for_machine.name;
        let client = self.client(machine)?;
        let failed = |err: ApiError| api_error(machine, "the GPU", &err);
        let census = self.register.census(client, Duration::ZERO).await;
        let census = census.map_err(failed)?;
        let in_use = |by: String| ProviderError::InUse {
            machine: machine.clone(),
            what: format!("the GPU `{}`", gpu.name),
            by,
        };
        let Some(listed) = census.vms.get(&other) else {
            return Err(in_use(format!("machine {other}, which mosdat may not see")));
        };
        let vm = self.vm(client, listed);
        let config = vm.config().await.map_err(failed)?;
        let now = client.now();
        if let Some(claim) = claim_of(config.description()).filter(|claim| claim.until > now) {
            // Somebody else tests with it: it comes free.
            if Instant::now() + PACE >= deadline {
                let by = hold::in_words(&claim);
                return Err(in_use(format!("machine {other}, which {by} has")));
            }
            sleep(PACE).await;
            return Ok(());
        }
        let is_own = self.config.machines.values().any(|known| {
            known.vmid == Some(other) || known.vmid.is_none() && known.name.as_str() == listed.name
        });
        if !is_own && !gpu.take_over {
            return Err(ProviderError::Unable {
                machine: machine.clone(),
                what: format!(
                    "be given the GPU `{}`: machine {other} (`{}`) on {} has it; shut that down, or say \
                     `take_over = true`",
                    gpu.name, listed.name, listed.node
                ),
            });
        }
        self.displace(machine, gpu, vm, is_own).await
    }

    /// Shuts a machine down so that its GPU comes free.
    async fn displace(
        &self,
        machine: &MachineName,
        gpu: &Gpu,
        vm: Vm,
        is_own: bool,
    ) -> Result<(), ProviderError> {
        let failed = |err: ApiError| api_error(machine, "the GPU", &err);
        if is_own {
            return vm.stop().await.map_err(failed);
        }
        let lease = LeaseId::named(&format!("displaced-by-{}", gpu.name));
        let terms = self.terms(&lease);
        let entry = Displaced {
            vmid: vm.vmid,
            lease: lease.clone(),
            marker: terms.marker.clone(),
        };
        self.note(machine, Sort::Displaced, &vm.vmid.to_string(), &entry)?;
        // For as long as the longest run: its owner gets it back at the end.
        let leased = vm
            .lease(
                &terms.holder,
                &lease,
                &terms.marker,
                Duration::from_hours(24),
            )
            .await;
        match leased {
            Ok(_) => {}
            Err(NotLeased::Api(err)) => return Err(failed(*err)),
            Err(NotLeased::Held(claim)) => {
                return Err(ProviderError::InUse {
                    machine: machine.clone(),
                    what: format!("the GPU `{}`", gpu.name),
                    by: hold::in_words(&claim),
                });
            }
        }
        tracing::warn!(vmid = vm.vmid, gpu = %gpu.name, "a machine is shut down because of its GPU, until the run ends");
        vm.shut_down().await.map_err(failed)
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
        let (snapshots, config) = tokio::try_join!(vm.snapshots(), vm.config())?;
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
            abilities: Some(abilities(&census, &config)),
        })
    }

    /// Gives GPUs back: whoever had one during the run has it in its configuration no more, and whoever
    /// was shut down for one runs again.
    async fn give_back_gpus(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let holders: Vec<u32> = self.notes.all(Sort::Holder).unwrap_or_default();
        let displaced: Vec<Displaced> = self.notes.all(Sort::Displaced).unwrap_or_default();
        for vmid in holders {
            let taken = async { self.take_gpus_from(&self.vm_of(vmid).await?).await };
            match taken.await {
                Ok(()) => self.forget(Sort::Holder, vmid),
                Err(err) => wrong.push(format!("machine {vmid} still has a GPU: {err}")),
            }
        }
        for Displaced {
            vmid,
            lease,
            marker,
        } in displaced
        {
            let back = async {
                let vm = self.vm_of(vmid).await?;
                vm.start().await?;
                vm.give_back(&lease, &marker).await
            };
            match back.await {
                Ok(()) => self.forget(Sort::Displaced, vmid),
                Err(err) => wrong.push(format!(
                    "machine {vmid} was shut down because of its GPU and does not start again: {err}"
                )),
            }
        }
        wrong
    }

    fn forget(&self, sort: Sort, vmid: u32) {
        if let Err(error) = self.notes.remove(sort, &vmid.to_string()) {
            tracing::warn!(%error, vmid, "a note could not be removed");
        }
    }

    /// Returns a machine by its number.
    async fn vm_of(&self, vmid: u32) -> Result<Vm, ApiError> {
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

    async fn take_gpus_from(&self, vm: &Vm) -> Result<(), ApiError> {
        let config = vm.config().await?;
        let is_leased = claim_of(config.description()).is_some();
        if is_leased || !gpu::has_any(&config, &self.config.gpus) {
            return Ok(());
        }
        vm.give(None, &self.config.gpus).await.map(drop)
    }
}

/// Whether a picture shows nothing: the same dark color everywhere.
pub(super) fn is_dark(frame: &Frame) -> bool {
    let mut pixels = frame.rgba.chunks_exact(4);
    let Some(first) = pixels.next() else {
        return true;
    };
    first[..3].iter().all(|part| *part < 16) && pixels.all(|pixel| pixel == first)
}

/// Whether a volume is a file that keeps snapshots itself.
fn is_qcow2(volume: &str) -> bool {
    Path::new(volume)
        .extension()
        .is_some_and(|ending| ending == "qcow2")
}

/// A machine that was shut down because of its GPU, and under which lease.
#[derive(Debug, Serialize, Deserialize)]
struct Displaced {
    vmid: u32,
    lease: LeaseId,
    marker: String,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What can be done with a machine, by where its disks lie and what is passed through to it.
pub(super) fn abilities(census: &Census, config: &Config) -> Abilities {
    let disks = config.values.iter().filter(|(key, value)| {
        let stem = key.trim_end_matches(|c: char| c.is_ascii_digit());
        let is_disk = matches!(
            stem,
            "scsi" | "virtio" | "sata" | "ide" | "efidisk" | "tpmstate"
        );
        is_disk && stem.len() < key.len() && !value.contains("media=cdrom")
    });
    let kinds = disks.filter_map(|(_, value)| {
        let (storage, volume) = value.split_once(':')?;
        let kind = census.storages.get(storage).map_or("", String::as_str);
        let volume = volume.split(',').next().unwrap_or_default();
        Some((kind.to_owned(), volume.to_owned()))
    });
    // Where only the newest snapshot can be returned to, a layer would be in the way of its base.
    let layers = kinds.into_iter().all(|(kind, volume)| match kind.as_str() {
        "zfspool" | "lvm" | "iscsi" | "iscsidirect" | "dir" | "nfs" | "cifs" => is_qcow2(&volume),
        _ => true,
    });
    let has_device = config.values.keys().any(|key| key.starts_with("hostpci"));
    Abilities {
        layers,
        base_layer: false,
        live_layers: if layers && !has_device {
            LiveLayers::WithoutGpu
        } else {
            LiveLayers::Never
        },
    }
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
