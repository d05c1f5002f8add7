//! Configurations: what they show, what may be changed in them, and devices that are passed through.

use super::{
    cluster::Cluster,
    schema,
    server::{Answer, Pve, Refusal, Request},
};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What changes only with the next start of a machine that runs.
const COLD: &[&str] = &[
    "hostpci", "cores", "memory", "vga", "machine", "cpu", "scsihw", "bios",
];

impl Pve {
    pub(super) fn show(&self, request: &Request, what: &str, node: &str, vmid: u32) -> Answer {
        let mut cluster = self.cluster();
        let storages = cluster
            .vms
            .get(&vmid)
            .map(|vm| cluster.storages_of(vm))
            .unwrap_or_default();
        let vm = cluster.on(node, vmid).map_err(Refusal::failed)?;
        if what == "/feature" {
            use super::cluster::Storage;
            let has = storages.iter().all(|(_, kind)| *kind != Storage::Lvm);
            return Ok(json!({"hasFeature": u8::from(has), "nodes": [node]}));
        }
        if what == "/pending" {
            let keys: BTreeSet<&String> = vm.config.keys().chain(vm.pending.keys()).collect();
            let lines = keys.into_iter().map(|key| {
                let mut line = json!({"key": key});
                if let Some(value) = vm.config.get(key) {
                    line["value"] = typed(key, value);
                }
                match vm.pending.get(key) {
                    Some(Some(value)) => line["pending"] = typed(key, value),
                    Some(None) => line["delete"] = json!(1),
                    None => {}
                }
                line
            });
            return Ok(lines.collect());
        }
        let mut shown = match request.get("snapshot") {
            None => vm.config.clone(),
            Some(name) => {
                let snapshot = vm.snapshots.get(name);
                let missing = || Refusal::failed(format!("snapshot '{name}' does not exist"));
                snapshot.ok_or_else(missing)?.config.clone()
            }
        };
        if !request.flag("current") && request.get("snapshot").is_none() {
            for (key, value) in &vm.pending {
                match value {
                    Some(value) => drop(shown.insert(key.clone(), value.clone())),
                    None => drop(shown.remove(key)),
                }
            }
        }
        let mut told: Map<String, Value> = shown
            .iter()
            .map(|(key, value)| (key.clone(), typed(key, value)))
            .collect();
        told.insert("digest".into(), json!(vm.digest()));
        Ok(Value::Object(told))
    }

    pub(super) async fn change(&self, request: &Request, node: &str, vmid: u32) -> Answer {
        let mut set: BTreeMap<&str, &str> = BTreeMap::new();
        for (key, value) in &request.params {
            if !matches!(
                key.as_str(),
                "digest" | "delete" | "revert" | "skiplock" | "force"
            ) {
                set.insert(key, value);
            }
        }
        if request.get("skiplock").is_some() && !request.caller.is_root() {
            return Err(Refusal::fields([(
                "skiplock",
                "Only root may use this option.",
            )]));
        }
        let delete: Vec<&str> = schema::list(request.text("delete")).collect();
        self.check_deletions(&set, &delete)?;
        let _file = self.file(node, vmid).await.map_err(Refusal::failed)?;
        let mut cluster = self.cluster();
        let vm = cluster.on(node, vmid).map_err(Refusal::failed)?;
        let old = vm.config.clone();
        let digest = vm.digest();
        for (key, value) in set
            .iter()
            .map(|(k, v)| (*k, Some(*v)))
            .chain(delete.iter().map(|k| (*k, None)))
        {
            may_change(
                &cluster,
                request,
                vmid,
                key,
                old.get(key).map(String::as_str),
                value,
            )?;
        }
        let vm = cluster.on(node, vmid).map_err(Refusal::failed)?;
        if request.get("digest").is_some_and(|given| given != digest) {
            return Err(Refusal::failed(
                "checksum mismatch (file change by other user?)",
            ));
        }
        if let Some(kind) = vm.lock() {
            return Err(Refusal::failed(format!("VM is locked ({kind})")));
        }
        let changes = set.into_iter().map(|(k, v)| (k, Some(v.to_owned())));
        for (key, value) in changes.chain(delete.into_iter().map(|k| (k, None))) {
            let stem = key.trim_end_matches(|c: char| c.is_ascii_digit());
            vm.pending.remove(key);
            match value {
                _ if vm.is_running && COLD.contains(&stem) => {
                    if vm.config.get(key) != value.as_ref() {
                        vm.pending.insert(key.into(), value);
                    }
                }
                Some(value) => drop(vm.config.insert(key.into(), value)),
                None => drop(vm.config.remove(key)),
            }
        }
        Ok(Value::Null)
    }

    fn check_deletions(&self, set: &BTreeMap<&str, &str>, delete: &[&str]) -> Result<(), Refusal> {
        let known = self.known("PUT /nodes/{node}/qemu/{vmid}/config");
        for key in delete {
            if *key != "lock" && known.facts(key).is_none() {
                let why = format!("unknown option '{key}'");
                return Err(Refusal::fields([("delete", &why)]));
            }
            if set.contains_key(key) {
                let why = format!("you can't use '-{key}' and -delete {key}' at the same time");
                return Err(Refusal::fields([("delete", &why)]));
            }
        }
        Ok(())
    }
}

/// Refuses what the caller may not change.
fn may_change(
    cluster: &Cluster,
    request: &Request,
    vmid: u32,
    key: &str,
    old: Option<&str>,
    new: Option<&str>,
) -> Result<(), Refusal> {
    let caller = &request.caller;
    let needs = |path: String, privilege: &str| {
        if cluster.access.has(caller, &path, privilege) {
            Ok(())
        } else {
            Err(Refusal::forbidden(&format!(
                "Permission check failed ({path}, {privilege})"
            )))
        }
    };
    let stem = key.trim_end_matches(|c: char| c.is_ascii_digit());
    let privilege = match stem {
        "lock" if !caller.is_root() => {
            return Err(Refusal::failed("only root can set 'lock' config"));
        }
        "args" if !caller.is_root() => {
            return Err(Refusal::failed("only root can set 'args' config"));
        }
        "hostpci" => {
            for value in [old, new].into_iter().flatten() {
                let mapping = value
                    .split(',')
                    .find_map(|part| part.strip_prefix("mapping="));
                let has_host = value
                    .split(',')
                    .any(|part| !part.contains('=') || part.starts_with("host="));
                match mapping {
                    None if !has_host => {
                        return Err(Refusal::failed("either 'host' or 'mapping' must be set."));
                    }
                    Some(id) if !has_host => needs(format!("/mapping/pci/{id}"), "Mapping.Use")?,
                    _ if caller.is_root() => {}
                    _ => {
                        let why =
                            format!("only root can set '{key}' config for non-mapped devices");
                        return Err(Refusal::failed(why));
                    }
                }
            }
            "VM.Config.HWType"
        }
        "vga" | "machine" | "bios" | "scsihw" => "VM.Config.HWType",
        "cores" | "cpu" | "sockets" => "VM.Config.CPU",
        "memory" | "balloon" => "VM.Config.Memory",
        "net" => "VM.Config.Network",
        "scsi" | "virtio" | "sata" | "ide" => "VM.Config.Disk",
        _ => "VM.Config.Options",
    };
    needs(format!("/vms/{vmid}"), privilege)
}

/// Some values are numbers, some are texts that look like numbers.
fn typed(key: &str, value: &str) -> Value {
    match (key, value.parse::<i64>()) {
        ("cores" | "sockets" | "kvm" | "template" | "onboot" | "numa", Ok(number)) => json!(number),
        _ => json!(value),
    }
}
