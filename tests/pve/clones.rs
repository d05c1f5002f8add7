//! Clones: a machine like another, on disks of its own or on those of a template.

use super::{
    cluster::{Storage, Vm, is_disk},
    server::{Answer, Pve, Refusal, Request},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

impl Pve {
    pub(super) fn clone_vm(self: &Arc<Self>, request: &Request, node: &str, vmid: u32) -> Answer {
        let new: u32 = request.text("newid").parse().unwrap();
        let mut cluster = self.cluster();
        if cluster.vms.contains_key(&new) {
            let why = format!("unable to create VM {new}: config file already exists");
            return Err(Refusal::failed(why));
        }
        let storages = cluster
            .vms
            .get(&vmid)
            .map(|vm| cluster.storages_of(vm))
            .unwrap_or_default();
        for (storage, _) in &storages {
            let (path, privilege) = (format!("/storage/{storage}"), "Datastore.AllocateSpace");
            if !cluster.access.has(&request.caller, &path, privilege) {
                let why = format!("Permission check failed ({path}, {privilege})");
                return Err(Refusal::forbidden(&why));
            }
        }
        let source = cluster.on(node, vmid).map_err(Refusal::failed)?;
        let is_full = check(request, source, &storages)?;
        let body = Arc::clone(&source.body);
        let copy = copy(request, source, new, is_full);
        cluster.vms.insert(new, copy);
        if let Some(pool) = request.get("pool") {
            cluster.access.put_into_pool(new, pool);
        }
        drop(cluster);
        let (pve, at) = (Arc::clone(self), node.to_owned());
        let work = async move {
            let made = body.copy(new).await;
            let mut cluster = pve.cluster();
            match made {
                Ok(copy) => {
                    let vm = cluster.on(&at, new)?;
                    vm.body = copy;
                    vm.config.remove("lock");
                    if !is_full {
                        cluster.on(&at, vmid)?.base_of.insert(new);
                    }
                    Ok(())
                }
                Err(why) => {
                    cluster.vms.remove(&new);
                    cluster.access.take_out_of_pool(new);
                    Err(format!("clone failed: {why}"))
                }
            }
        };
        let (caller, id) = (&request.caller, vmid.to_string());
        Ok(self.spawn(caller, node, "qmclone", &id, Box::pin(work)))
    }
}

/// Returns whether the clone has disks of its own; refuses what cannot be.
fn check(request: &Request, source: &Vm, storages: &[(String, Storage)]) -> Result<bool, Refusal> {
    let is_template = source.is_template();
    let given = request.get("full").map(|_| request.flag("full"));
    let is_full = given.unwrap_or(!is_template);
    let can_link = storages.iter().all(|(_, kind)| *kind != Storage::Lvm);
    if !(is_full || is_template && can_link) {
        let why = "Linked clone feature is not supported for drive 'scsi0'";
        return Err(Refusal::failed(why));
    }
    if is_template && request.get("snapname").is_some() {
        return Err(Refusal::failed("snapname is not possible for a template"));
    }
    Ok(is_full)
}

fn copy(request: &Request, source: &Vm, new: u32, is_full: bool) -> Vm {
    let mut config = source.config.clone();
    for key in ["template", "parent"] {
        config.remove(key);
    }
    for (_, disk) in config.iter_mut().filter(|(key, _)| is_disk(key)) {
        let (storage, rest) = disk.split_once(':').unwrap();
        let (volume, options) = rest.split_once(',').unwrap();
        let below = if is_full {
            String::new()
        } else {
            format!("{volume}/")
        };
        *disk = format!("{storage}:{below}vm-{new}-disk-0,{options}");
    }
    let name = request.get("name").map(str::to_owned);
    let name = name.unwrap_or_else(|| format!("Copy-of-VM-{}", request.path["vmid"]));
    let description = request.get("description").map(str::to_owned);
    let given = [
        ("name", Some(name)),
        ("description", description),
        ("lock", Some("clone".into())),
        (
            "vmgenid",
            Some(format!("00000000-0000-0000-0000-{new:012}")),
        ),
    ];
    for (key, value) in given {
        if let Some(value) = value {
            config.insert(key.into(), value);
        }
    }
    Vm {
        node: source.node.clone(),
        config,
        pending: BTreeMap::new(),
        snapshots: BTreeMap::new(),
        body: Arc::clone(&source.body),
        is_running: false,
        is_agent_lost: false,
        devices: BTreeSet::new(),
        file: Arc::default(),
        base_of: BTreeSet::new(),
    }
}
