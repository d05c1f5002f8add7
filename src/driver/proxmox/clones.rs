//! Machines that are cloned from a template for one step, and removed after it; and templates that are
//! made of such clones, which are the layers.
//!
//! Everything that is made here has the tag `mosdat`, and from its first moment on the lease in its
//! description. Nothing else is ever removed.

use super::{
    api::{ApiError, Call, Client, Reason},
    census::Census,
    lease::{Claim, claim_of, with_claim},
    notes::{Notes, Sort},
    vm::{Cloning, Config, Vm},
};
use crate::model::{Gpu, LayerName, LeaseId, MachineName};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// What is on everything that mosdat makes.
pub(super) const TAG: &str = "mosdat";

/// How old the list of the cluster may be in which a layer is looked up first.
const RECENT: Duration = Duration::from_secs(5);

/// How many numbers are tried when others take them meanwhile.
const TRIES: usize = 20;

/// A clone, as it is written down before it is made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Made {
    pub(super) vmid: u32,
    pub(super) node: String,
    pub(super) machine: MachineName,
    pub(super) lease: LeaseId,
    pub(super) marker: String,
}

/// What a clone is wanted for.
pub(super) struct Wish<'a> {
    pub(super) machine: &'a MachineName,
    pub(super) template: Vm,
    pub(super) is_linked: bool,
    pub(super) claim: Claim,
    pub(super) pool: Option<&'a str>,
}

/// The clones of this run.
#[derive(Debug)]
pub(super) struct Clones {
    notes: Arc<Notes>,
    /// Every GPU of the plan: a layer has none.
    gpus: Vec<Gpu>,
    /// Numbers that are spoken for, though the server does not know yet.
    numbers: Mutex<BTreeSet<u32>>,
    /// Layers that this run has made: the list of the cluster may be some seconds old.
    layers: Mutex<BTreeMap<LayerName, u32>>,
}

impl Clones {
    pub(super) fn new(notes: Arc<Notes>, gpus: Vec<Gpu>) -> Self {
        Self {
            notes,
            gpus,
            numbers: Mutex::default(),
            layers: Mutex::default(),
        }
    }

    /// Makes a clone under a number that nobody has.
    pub(super) async fn make(&self, wish: &Wish<'_>) -> Result<Vm, ApiError> {
        let mut tries = 0;
        loop {
            let vm = wish
                .template
                .sibling(self.number(&wish.template.client).await?);
            tries += 1;
            match self.clone_once(wish, &vm).await {
                Err(err) if err.reason() == Reason::NumberTaken && tries < TRIES => {
                    self.forget(vm.vmid);
                }
                // It was refused, and so there is nothing of it.
                Err(err @ ApiError::Refused { .. }) if !err.is_unknown() => {
                    self.forget(vm.vmid);
                    return Err(err);
                }
                cloned => return self.tagged(wish, vm, cloned).await,
            }
        }
    }

    /// Tags a clone; whatever there is of one that failed goes again.
    async fn tagged(
        &self,
        wish: &Wish<'_>,
        vm: Vm,
        cloned: Result<(), ApiError>,
    ) -> Result<Vm, ApiError> {
        let tagged = match cloned {
            Ok(()) => vm.tag().await,
            Err(err) => Err(err),
        };
        let (lease, marker, vmid) = (&wish.claim.lease, &wish.claim.marker, vm.vmid);
        if tagged.is_err()
            && let Err(error) = self.remove(&vm, lease, marker).await
        {
            tracing::warn!(%error, vmid, "a clone that failed is left to the end of the run");
        }
        tagged.map(|()| vm)
    }

    async fn clone_once(&self, wish: &Wish<'_>, vm: &Vm) -> Result<(), ApiError> {
        let made = Made {
            vmid: vm.vmid,
            node: vm.node(),
            machine: wish.machine.clone(),
            lease: wish.claim.lease.clone(),
            marker: wish.claim.marker.clone(),
        };
        let noted = self.notes.add(Sort::Clone, &vm.vmid.to_string(), &made);
        noted.map_err(|err| ApiError::Unreadable {
            call: "POST clone".into(),
            why: format!("what has to be removed cannot be written down: {err}"),
        })?;
        let about = format!(
            "clone of {} for one step of `{}`",
            wish.template.vmid, wish.machine
        );
        let name = name(wish.machine, vm.vmid);
        let description = with_claim(&about, Some(&wish.claim));
        let cloning = Cloning {
            vmid: vm.vmid,
            name: &name,
            description: &description,
            pool: wish.pool,
            is_linked: wish.is_linked,
        };
        match wish.template.clone_as(&cloning).await {
            // The first of two such calls may have made it.
            Err(err) if err.reason() == Reason::NumberTaken || err.is_unknown() => {
                let config = vm.config().await;
                let is_made = config.is_ok_and(|config| has(&config, &made.lease, &made.marker));
                if is_made { Ok(()) } else { Err(err) }
            }
            done => done,
        }
    }

    /// Removes a clone, if it is this lease that it was made for.
    pub(super) async fn remove(
        &self,
        vm: &Vm,
        lease: &LeaseId,
        marker: &str,
    ) -> Result<(), ApiError> {
        let config = match vm.config().await {
            Ok(config) => config,
            Err(err) if is_gone(vm, &err).await? => {
                self.forget(vm.vmid);
                return Ok(());
            }
            Err(err) => return Err(err),
        };
        if has(&config, lease, marker) {
            vm.tag().await?;
            vm.stop().await?;
            vm.destroy().await?;
        }
        self.forget(vm.vmid);
        Ok(())
    }

    /// Returns the clones that are written down.
    pub(super) fn all(&self) -> Vec<Made> {
        self.notes.all(Sort::Clone).unwrap_or_default()
    }

    /// Makes a stopped clone the layer that later steps start from. It is nobody's clone afterwards.
    pub(super) async fn keep(
        &self,
        vm: &Vm,
        layer: &LayerName,
        machine: &MachineName,
    ) -> Result<(), ApiError> {
        vm.give(None, &self.gpus).await?;
        vm.make_template().await?;
        let about = format!("layer of `{machine}`; `mosdat gc` removes it when nothing needs it");
        let named = vm.rework(|_| {
            BTreeMap::from([
                ("name", Some(layer.as_str().to_owned())),
                ("description", Some(about.clone())),
            ])
        });
        named.await?;
        lock(&self.layers).insert(layer.clone(), vm.vmid);
        self.forget(vm.vmid);
        Ok(())
    }

    /// Finds the template that is a layer: one that this run has made, or one that the cluster lists.
    pub(super) async fn layer(
        &self,
        beside: &Vm,
        layer: &LayerName,
    ) -> Result<Option<Vm>, ApiError> {
        let made = lock(&self.layers).get(layer).copied();
        if let Some(vm) = whole(beside, made, layer).await? {
            return Ok(Some(vm));
        }
        // The list that was taken last may lack one that somebody else has made since.
        for age in [RECENT, Duration::ZERO] {
            let census = beside.register.census(&beside.client, age).await?;
            if let Some(vm) = whole(beside, layers(&census, layer), layer).await? {
                return Ok(Some(vm));
            }
        }
        Ok(None)
    }

    /// Whether there is such a layer already.
    pub(super) async fn has(&self, beside: &Vm, layer: &LayerName) -> Result<bool, ApiError> {
        Ok(self.layer(beside, layer).await?.is_some())
    }

    /// Removes every template that is this layer.
    pub(super) async fn remove_layer(
        &self,
        beside: &Vm,
        layer: &LayerName,
    ) -> Result<(), ApiError> {
        while let Some(vm) = self.layer(beside, layer).await? {
            vm.destroy().await?;
            lock(&self.layers).remove(layer);
        }
        Ok(())
    }

    /// Chooses a number that is free, and that no other clone of this run is about to have.
    async fn number(&self, client: &Client) -> Result<u32, ApiError> {
        let unreadable = |why: String| ApiError::Unreadable {
            call: "GET /cluster/nextid".into(),
            why,
        };
        let free: String = client.ask(&Call::get("/cluster/nextid")).await?;
        let first: u32 = free
            .parse()
            .map_err(|_| unreadable(format!("`{free}` is no number")))?;
        for vmid in first.. {
            if !lock(&self.numbers).insert(vmid) {
                continue;
            }
            if vmid == first {
                return Ok(vmid);
            }
            let call = Call::get("/cluster/nextid").with("vmid", vmid);
            match client.ask::<String>(&call).await {
                Ok(_) => return Ok(vmid),
                Err(err) if err.status() == Some(400) => {}
                Err(err) => {
                    lock(&self.numbers).remove(&vmid);
                    return Err(err);
                }
            }
            // Somebody's, and so nobody's of this run.
            lock(&self.numbers).remove(&vmid);
        }
        Err(unreadable("all numbers are taken".into()))
    }

    /// Forgets a clone that is gone, or that never was.
    fn forget(&self, vmid: u32) {
        for sort in [Sort::Clone, Sort::Holder] {
            if let Err(error) = self.notes.remove(sort, &vmid.to_string()) {
                tracing::warn!(%error, vmid, "a note could not be removed");
            }
        }
        lock(&self.numbers).remove(&vmid);
    }
}

impl Vm {
    /// Tags it as mosdat's.
    async fn tag(&self) -> Result<(), ApiError> {
        self.rework(|config| match config.get("tags") {
            _ if config.has_tag(TAG) => BTreeMap::new(),
            Some(tags) if !tags.is_empty() => {
                BTreeMap::from([("tags", Some(format!("{tags};{TAG}")))])
            }
            _ => BTreeMap::from([("tags", Some(TAG.to_owned()))]),
        })
        .await
    }
}

/// Whether a machine is gone, by what came of asking for it. Whoever may act on a pool only may not
/// even ask for one that is no more.
async fn is_gone(vm: &Vm, err: &ApiError) -> Result<bool, ApiError> {
    if err.status() != Some(403) {
        return Ok(err.reason() == Reason::NoMachine);
    }
    let census = vm.register.census(&vm.client, Duration::ZERO).await?;
    Ok(!census.vms.contains_key(&vm.vmid))
}

/// Returns the first of some machines that is a layer still.
async fn whole(
    beside: &Vm,
    vmids: impl IntoIterator<Item = u32>,
    layer: &LayerName,
) -> Result<Option<Vm>, ApiError> {
    for vmid in vmids {
        let vm = beside.sibling(vmid);
        match vm.config().await {
            Ok(config) if is_layer(&config, layer) => return Ok(Some(vm)),
            Ok(_) => {}
            Err(err) if is_gone(&vm, &err).await? => {}
            Err(err) => return Err(err),
        }
    }
    Ok(None)
}

/// Returns the numbers of the templates that are a layer.
fn layers(census: &Census, layer: &LayerName) -> impl Iterator<Item = u32> {
    let vms = census.vms.values();
    vms.filter(|vm| vm.is_template && vm.tags.contains(TAG) && vm.name == layer.as_str())
        .map(|vm| vm.vmid)
}

/// Returns the layers that the cluster has.
pub(super) fn all_layers(census: &Census) -> BTreeSet<LayerName> {
    let vms = census.vms.values();
    vms.filter(|vm| vm.is_template && vm.tags.contains(TAG))
        .filter_map(|vm| LayerName::parse(&vm.name))
        .collect()
}

/// Whether a template is a layer that is whole: what is made last is its name.
fn is_layer(config: &Config, layer: &LayerName) -> bool {
    config.get("template") == Some("1")
        && config.has_tag(TAG)
        && config.get("name") == Some(layer.as_str())
}

/// Whether a machine is under this lease.
fn has(config: &Config, lease: &LeaseId, marker: &str) -> bool {
    claim_of(config.description())
        .is_some_and(|claim| claim.lease == *lease && claim.marker == marker)
}

/// Names a clone as hosts may be named.
fn name(machine: &MachineName, vmid: u32) -> String {
    let plain = machine.as_str().chars();
    let plain: String = plain
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(40)
        .collect();
    format!("{TAG}-{}-{vmid}", plain.trim_matches('-'))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
