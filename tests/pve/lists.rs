//! What the server lists: nodes, machines, storages, mappings, devices.

use super::{
    access::Caller,
    cluster::{Cluster, Storage},
    server::{Answer, Pve, Refusal, Request},
};
use serde_json::{Value, json};

impl Pve {
    pub(super) fn list(&self, request: &Request, node: &str) -> Answer {
        let now = self.now(node);
        let cluster = self.cluster();
        let caller = &request.caller;
        Ok(match request.name.as_str() {
            "GET /cluster/resources" => resources(&cluster, caller, request.get("type")),
            "GET /cluster/nextid" => {
                let next = (100..1_000_000).find(|id| !cluster.vms.contains_key(id));
                match request.get("vmid").map(|it| it.parse::<u32>().unwrap()) {
                    None => json!(next.unwrap().to_string()),
                    Some(id) if cluster.vms.contains_key(&id) => {
                        return Err(Refusal::fields([("vmid", &format!("VM {id} already exists"))]));
                    }
                    Some(id) => json!(id.to_string()),
                }
            }
            "GET /nodes" => cluster.nodes.iter().map(|(name, node)| {
                json!({"node": name, "id": format!("node/{name}"), "type": "node",
                       "status": if node.is_off { "offline" } else { "online" }})
            }).collect(),
            "GET /nodes/{node}/qemu" => cluster.vms.iter().filter(|(id, vm)| {
                vm.node == node && cluster.access.has(caller, &format!("/vms/{id}"), "VM.Audit")
            }).map(|(id, vm)| {
                json!({"vmid": id, "name": vm.config.get("name"), "status": if vm.is_running { "running" } else { "stopped" }})
            }).collect(),
            "GET /nodes/{node}/version" => json!({"version": "9.2.11", "release": "9.2", "repoid": "made-up"}),
            "GET /nodes/{node}/time" => json!({"time": now, "localtime": now, "timezone": "UTC"}),
            "GET /nodes/{node}/status" => json!({
                "memory": {"total": 64_u64 << 30, "free": 32_u64 << 30, "used": 32_u64 << 30},
                "cpuinfo": {"cpus": 16}, "uptime": 1000, "kversion": "Linux 6.14.0",
            }),
            "GET /nodes/{node}/storage" => cluster.storages.iter().filter(|(name, _)| {
                cluster.access.has(caller, &format!("/storage/{name}"), "Datastore.Audit")
            }).map(|(name, kind)| json!({
                "storage": name, "type": kind_of(*kind), "content": "images,rootdir", "active": 1, "enabled": 1,
                "avail": 100_u64 << 30, "total": 200_u64 << 30, "used": 100_u64 << 30,
            })).collect(),
            "GET /storage" => cluster.storages.iter().filter(|(name, _)| {
                cluster.access.has(caller, &format!("/storage/{name}"), "Datastore.Audit")
            }).map(|(name, kind)| json!({"storage": name, "type": kind_of(*kind), "content": "images,rootdir"})).collect(),
            "GET /nodes/{node}/hardware/pci" => cluster.nodes[node].devices.iter().map(|(address, id, group)| {
                let (vendor, device) = id.split_once(':').unwrap();
                json!({"id": address, "class": "0x030000", "vendor": format!("0x{vendor}"), "device": format!("0x{device}"),
                       "iommugroup": group, "vendor_name": "NVIDIA Corporation", "device_name": "made up"})
            }).collect(),
            "GET /cluster/mapping/pci" => mappings(&cluster, caller),
            "GET /cluster/mapping/pci/{id}" => {
                let id = &request.path["id"];
                let known = mappings(&cluster, caller);
                let found = known.as_array().unwrap().iter().find(|one| one["id"] == *id).cloned();
                found.ok_or_else(|| Refusal::failed(format!("PCI mapping '{id}' not found")))?
            }
            _ => return Err(Refusal::new(501, format!("the test server does not do `{}`", request.name))),
        })
    }
}

fn kind_of(kind: Storage) -> &'static str {
    match kind {
        Storage::LvmThin => "lvmthin",
        Storage::Zfs => "zfspool",
        Storage::Lvm => "lvm",
    }
}

fn mappings(cluster: &Cluster, caller: &Caller) -> Value {
    let sees = |id: &str| {
        let path = format!("/mapping/pci/{id}");
        ["Mapping.Use", "Mapping.Audit", "Mapping.Modify"]
            .iter()
            .any(|it| cluster.access.has(caller, &path, it))
    };
    cluster
        .mappings
        .iter()
        .filter(|(id, _)| sees(id))
        .map(|(id, devices)| {
            let map: Vec<String> = devices
                .iter()
                .map(|(node, path, device)| format!("id={device},node={node},path={path}"))
                .collect();
            json!({"id": id, "map": map, "type": "pci", "digest": "0".repeat(40)})
        })
        .collect()
}

fn resources(cluster: &Cluster, caller: &Caller, kind: Option<&str>) -> Value {
    let mut list = Vec::new();
    if kind.is_none_or(|kind| kind == "node") {
        list.extend(cluster.nodes.iter().map(|(name, node)| {
            json!({"id": format!("node/{name}"), "type": "node", "node": name, "level": "",
                   "status": if node.is_off { "offline" } else { "online" }})
        }));
    }
    if kind.is_none_or(|kind| kind == "vm") {
        for (id, vm) in &cluster.vms {
            if !cluster
                .access
                .has(caller, &format!("/vms/{id}"), "VM.Audit")
            {
                continue;
            }
            let mut line = json!({
                "id": format!("qemu/{id}"), "type": "qemu", "vmid": id, "node": vm.node,
                "name": vm.config.get("name"), "template": u8::from(vm.is_template()),
                "status": if vm.is_running { "running" } else { "stopped" },
                "maxcpu": 2, "maxmem": 1_073_741_824_u64, "maxdisk": 8_589_934_592_u64,
            });
            if cluster.nodes[&vm.node].is_off {
                line["status"] = json!("unknown");
            }
            for key in ["tags", "lock"] {
                if let Some(value) = vm.config.get(key) {
                    line[key] = json!(value);
                }
            }
            list.push(line);
        }
    }
    if kind.is_none_or(|kind| kind == "storage") {
        for node in cluster.nodes.keys() {
            for (name, kind) in &cluster.storages {
                if cluster
                    .access
                    .has(caller, &format!("/storage/{name}"), "Datastore.Audit")
                {
                    list.push(json!({
                        "id": format!("storage/{node}/{name}"), "type": "storage", "node": node, "storage": name,
                        "plugintype": kind_of(*kind), "status": "available", "content": "images,rootdir",
                        "maxdisk": 200_u64 << 30, "disk": 100_u64 << 30,
                    }));
                }
            }
        }
    }
    json!(list)
}
