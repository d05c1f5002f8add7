//! Snapshots: made, returned to, removed.

use super::{
    cluster::{Config, Snapshot, Storage},
    server::{Answer, Pve, Refusal, Request},
};
use serde_json::{Value, json};
use std::sync::Arc;

impl Pve {
    pub(super) fn snapshots(
        self: &Arc<Self>,
        request: &Request,
        verb: &str,
        what: &str,
        node: &str,
        vmid: u32,
    ) -> Answer {
        let name = request.path.get("snapname").cloned();
        let name = name.unwrap_or_else(|| request.text("snapname").into());
        let (pve, at) = (Arc::clone(self), node.to_owned());
        let start = |kind: &str, work: super::tasks::Work| {
            Ok(self.spawn(&request.caller, node, kind, &vmid.to_string(), work))
        };
        match (verb, what) {
            ("GET", "/snapshot") => self.list_snapshots(node, vmid).map_err(Refusal::failed),
            ("GET", "/snapshot/{snapname}/config") => self
                .show_snapshot(node, vmid, &name)
                .map_err(Refusal::failed),
            ("POST", "/snapshot") => {
                if ["current", "pending"].contains(&name.as_str()) {
                    let why = format!("unable to use snapshot name '{name}' (reserved name)");
                    return Err(Refusal::failed(why));
                }
                let ram = request.flag("vmstate");
                let description = request.text("description").to_owned();
                let work =
                    async move { pve.make_snapshot(&at, vmid, &name, ram, description).await };
                start("qmsnapshot", Box::pin(work))
            }
            ("POST", _) => {
                let then_start = request.flag("start");
                let caller = request.caller.clone();
                let work = async move {
                    let ran = pve.roll_back(&at, vmid, &name).await?;
                    if then_start && !ran {
                        let (inner, node) = (Arc::clone(&pve), at.clone());
                        let work = async move { inner.start(&node, vmid).await };
                        // A task of its own, which nobody is told of.
                        drop(pve.spawn(&caller, &at, "qmstart", &vmid.to_string(), Box::pin(work)));
                    }
                    Ok(())
                };
                start("qmrollback", Box::pin(work))
            }
            _ => {
                let force = request.flag("force");
                let work = async move { pve.remove_snapshot(&at, vmid, &name, force).await };
                start("qmdelsnapshot", Box::pin(work))
            }
        }
    }

    fn list_snapshots(&self, node: &str, vmid: u32) -> Result<Value, String> {
        let mut cluster = self.cluster();
        let vm = cluster.on(node, vmid)?;
        let mut list: Vec<Value> = vm
            .snapshots
            .iter()
            .map(|(name, snapshot)| {
                let mut line = json!({
                    "name": name, "description": snapshot.description, "snaptime": snapshot.time,
                    "vmstate": u8::from(snapshot.has_ram),
                });
                if let Some(parent) = &snapshot.parent {
                    line["parent"] = json!(parent);
                }
                if snapshot.is_incomplete {
                    line["snapstate"] = json!("prepare");
                }
                line
            })
            .collect();
        let mut current = json!({
            "name": "current", "description": "You are here!", "digest": vm.digest(),
            "running": u8::from(vm.is_running),
        });
        if let Some(parent) = vm.config.get("parent") {
            current["parent"] = json!(parent);
        }
        list.push(current);
        Ok(json!(list))
    }

    fn show_snapshot(&self, node: &str, vmid: u32, name: &str) -> Result<Value, String> {
        let mut cluster = self.cluster();
        let snapshot = cluster.on(node, vmid)?.snapshots.get(name);
        let snapshot = snapshot.ok_or_else(|| format!("snapshot '{name}' does not exist"))?;
        let mut told = json!(snapshot.config);
        told["snaptime"] = json!(snapshot.time);
        Ok(told)
    }

    async fn make_snapshot(
        &self,
        node: &str,
        vmid: u32,
        name: &str,
        ram: bool,
        description: String,
    ) -> Result<(), String> {
        let _file = self.unlocked(node, vmid).await?;
        let time = self.now(node);
        let (body, ram) = {
            let mut cluster = self.cluster();
            let storages = cluster
                .vms
                .get(&vmid)
                .map(|vm| cluster.storages_of(vm))
                .unwrap_or_default();
            let vm = cluster.on(node, vmid)?;
            if vm.snapshots.contains_key(name) {
                return Err(format!("snapshot name '{name}' already used"));
            }
            if storages.iter().any(|(_, kind)| *kind == Storage::Lvm) {
                return Err("snapshot feature is not available".into());
            }
            let ram = ram && vm.is_running;
            if ram && !vm.devices.is_empty() {
                return Err(format!(
                    "VM {vmid} qmp command 'savevm-start' failed - State blocked by non-migratable device '0000:00:10.0/vfio'"
                ));
            }
            let mut config: Config = vm.config.clone();
            config.remove("lock");
            let snapshot = Snapshot {
                parent: config.remove("parent"),
                config,
                description,
                time,
                has_ram: ram,
                is_incomplete: true,
            };
            vm.snapshots.insert(name.into(), snapshot);
            vm.config.insert("lock".into(), "snapshot".into());
            (Arc::clone(&vm.body), ram)
        };
        let made = body.snapshot(name, ram).await;
        let mut cluster = self.cluster();
        let vm = cluster.on(node, vmid)?;
        vm.config.remove("lock");
        match &made {
            Ok(()) => {
                vm.snapshots.get_mut(name).unwrap().is_incomplete = false;
                vm.config.insert("parent".into(), name.into());
            }
            Err(_) => drop(vm.snapshots.remove(name)),
        }
        made
    }

    /// Returns whether it runs afterwards.
    async fn roll_back(&self, node: &str, vmid: u32, name: &str) -> Result<bool, String> {
        let _file = self.unlocked(node, vmid).await?;
        let (body, config, ram) = {
            let mut cluster = self.cluster();
            let storages = cluster
                .vms
                .get(&vmid)
                .map(|vm| cluster.storages_of(vm))
                .unwrap_or_default();
            let vm = cluster.on(node, vmid)?;
            let snapshot = vm.snapshots.get(name);
            let snapshot = snapshot.ok_or_else(|| format!("snapshot '{name}' does not exist"))?;
            if snapshot.is_incomplete {
                return Err(
                    "unable to rollback to incomplete snapshot (snapstate = prepare)".into(),
                );
            }
            let zfs = storages.iter().find(|(_, kind)| *kind == Storage::Zfs);
            if let Some((storage, _)) = zfs
                && vm
                    .snapshots
                    .values()
                    .any(|other| other.parent.as_deref() == Some(name))
            {
                return Err(format!(
                    "can't rollback, '{name}' is not most recent snapshot on '{storage}:vm-{vmid}-disk-0'"
                ));
            }
            // What the machine is called for people stays; everything else is as it was.
            let mut config = snapshot.config.clone();
            match vm.config.get("description") {
                Some(text) => drop(config.insert("description".into(), text.clone())),
                None => drop(config.remove("description")),
            }
            config.insert("parent".into(), name.into());
            (Arc::clone(&vm.body), config, snapshot.has_ram)
        };
        self.stop_locked(node, vmid).await?;
        {
            let mut cluster = self.cluster();
            let vm = cluster.on(node, vmid)?;
            vm.pending.clear();
            vm.config = config.clone();
            vm.config.insert("lock".into(), "rollback".into());
        }
        let done = body.rollback(name, ram, &config).await;
        let mut cluster = self.cluster();
        let vm = cluster.on(node, vmid)?;
        vm.config.remove("lock");
        vm.is_running = ram && done.is_ok();
        done.map(|()| ram)
    }

    async fn remove_snapshot(
        &self,
        node: &str,
        vmid: u32,
        name: &str,
        force: bool,
    ) -> Result<(), String> {
        let _file = if force {
            self.file(node, vmid).await?
        } else {
            self.unlocked(node, vmid).await?
        };
        let body = {
            let mut cluster = self.cluster();
            let vm = cluster.on(node, vmid)?;
            if !vm.snapshots.contains_key(name) {
                return Err(format!("snapshot '{name}' does not exist"));
            }
            Arc::clone(&vm.body)
        };
        body.remove_snapshot(name).await?;
        let mut cluster = self.cluster();
        let vm = cluster.on(node, vmid)?;
        let gone = vm
            .snapshots
            .remove(name)
            .and_then(|snapshot| snapshot.parent);
        for other in vm
            .snapshots
            .values_mut()
            .filter(|other| other.parent.as_deref() == Some(name))
        {
            other.parent.clone_from(&gone);
        }
        if vm.config.get("parent").is_some_and(|parent| parent == name) {
            match gone {
                Some(parent) => drop(vm.config.insert("parent".into(), parent)),
                None => drop(vm.config.remove("parent")),
            }
        }
        Ok(())
    }
}
