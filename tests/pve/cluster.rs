//! What the server keeps: nodes, storages, machines, mappings.

use super::{access::Access, body::Body, tasks::Task};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The keys and values of a machine's configuration.
pub(crate) type Config = BTreeMap<String, String>;

/// Everything the server keeps.
#[derive(Debug, Default)]
pub(crate) struct Cluster {
    pub(crate) nodes: BTreeMap<String, Node>,
    pub(crate) storages: BTreeMap<String, Storage>,
    pub(crate) vms: BTreeMap<u32, Vm>,
    /// Devices of each mapping: node, address, vendor and device.
    pub(crate) mappings: BTreeMap<String, Vec<(String, String, String)>>,
    pub(crate) access: Access,
    pub(crate) tasks: BTreeMap<String, Task>,
    /// Counts tasks and changes, so that no two look alike.
    pub(crate) count: u64,
}

/// A server of the cluster.
#[derive(Debug, Default)]
pub(crate) struct Node {
    pub(crate) is_off: bool,
    /// By how many seconds its clock is ahead.
    pub(crate) ahead: i64,
    /// PCI devices: address, vendor and device, IOMMU group.
    pub(crate) devices: Vec<(String, String, i32)>,
}

/// Where disks lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Storage {
    /// Any snapshot can be returned to.
    LvmThin,
    /// Only the newest can.
    Zfs,
    /// None can be made.
    Lvm,
}

/// A disk of a machine, for whoever sets one up.
pub(crate) type Disk = &'static str;

/// A machine.
#[derive(Debug)]
pub(crate) struct Vm {
    pub(crate) node: String,
    pub(crate) config: Config,
    /// What is to change with the next start; `None` removes.
    pub(crate) pending: BTreeMap<String, Option<String>>,
    pub(crate) snapshots: BTreeMap<String, Snapshot>,
    pub(crate) body: Arc<dyn Body>,
    pub(crate) is_running: bool,
    /// Whether the channel of its guest agent is broken until it starts again.
    pub(crate) is_agent_lost: bool,
    /// Devices it has while it runs.
    pub(crate) devices: BTreeSet<String>,
    /// The lock of its configuration file.
    pub(crate) file: Arc<tokio::sync::Mutex<()>>,
    /// Machines whose disks stand on this one's.
    pub(crate) base_of: BTreeSet<u32>,
}

/// A snapshot.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) config: Config,
    pub(crate) description: String,
    pub(crate) time: u64,
    pub(crate) has_ram: bool,
    pub(crate) parent: Option<String>,
    /// Left by a snapshot that was broken off.
    pub(crate) is_incomplete: bool,
}

impl Cluster {
    /// Makes a cluster of these nodes with a storage of each kind, and `root@pam`.
    pub(crate) fn of(nodes: &[&str]) -> Self {
        let mut cluster = Self::default();
        for node in nodes {
            cluster.nodes.insert((*node).into(), Node::default());
        }
        let storages = [
            ("local-lvm", Storage::LvmThin),
            ("tank", Storage::Zfs),
            ("thick", Storage::Lvm),
        ];
        cluster.storages = storages.map(|(name, kind)| (name.into(), kind)).into();
        cluster.access.add_user("root@pam", "root's password");
        cluster.access.add_token("root@pam!lab", "root-secret");
        cluster
    }

    /// Adds a machine with one disk on `storage`.
    pub(crate) fn add(&mut self, vmid: u32, node: &str, storage: Disk, body: Arc<dyn Body>) {
        let disk = format!("{storage}:vm-{vmid}-disk-0,size=8G");
        let entries = [
            ("name", format!("vm{vmid}")),
            ("scsi0", disk),
            ("agent", "1".into()),
            ("memory", "1024".into()),
            ("cores", "2".into()),
            ("machine", "q35".into()),
            ("ostype", "l26".into()),
            ("boot", "order=scsi0".into()),
            ("vmgenid", format!("00000000-0000-0000-0000-{vmid:012}")),
        ];
        let config = entries.map(|(key, value)| (key.into(), value));
        let vm = Vm {
            node: node.into(),
            config: config.into(),
            pending: BTreeMap::new(),
            snapshots: BTreeMap::new(),
            body,
            is_running: false,
            is_agent_lost: false,
            devices: BTreeSet::new(),
            file: Arc::default(),
            base_of: BTreeSet::new(),
        };
        self.vms.insert(vmid, vm);
    }

    /// Makes a machine a template.
    pub(crate) fn make_template(&mut self, vmid: u32) {
        let config = &mut self.vms.get_mut(&vmid).unwrap().config;
        let disk = config["scsi0"].replace("vm-", "base-");
        config.insert("scsi0".into(), disk);
        config.insert("template".into(), "1".into());
    }

    /// Gives a machine a snapshot of how it is, without memory.
    pub(crate) fn add_snapshot(&mut self, vmid: u32, name: &str, time: u64) {
        let vm = self.vms.get_mut(&vmid).unwrap();
        let snapshot = Snapshot {
            config: vm.config.clone(),
            description: String::new(),
            time,
            has_ram: false,
            parent: vm.config.get("parent").cloned(),
            is_incomplete: false,
        };
        vm.snapshots.insert(name.into(), snapshot);
        vm.config.insert("parent".into(), name.into());
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    /// Returns the storages that a machine's disks lie on.
    pub(crate) fn storages_of(&self, vm: &Vm) -> Vec<(String, Storage)> {
        let disks = vm.config.iter().filter(|(key, _)| is_disk(key));
        let names = disks.filter_map(|(_, value)| value.split_once(':'));
        names
            .filter_map(|(name, _)| Some((name.to_owned(), *self.storages.get(name)?)))
            .collect()
    }
}

pub(crate) fn is_disk(key: &str) -> bool {
    let stem = key.trim_end_matches(|c: char| c.is_ascii_digit());
    matches!(stem, "scsi" | "virtio" | "sata" | "ide" | "efidisk") && stem.len() < key.len()
}

impl Vm {
    /// Returns what a change has to know to be sure that nobody else made one.
    pub(crate) fn digest(&self) -> String {
        let text = format!("{:?}{:?}{:?}", self.config, self.pending, self.snapshots);
        mosdat::model::ContentHash::of(text.as_bytes()).to_hex()[..40].into()
    }

    pub(crate) fn is_template(&self) -> bool {
        self.config.get("template").is_some_and(|it| it == "1")
    }

    pub(crate) fn lock(&self) -> Option<&str> {
        self.config.get("lock").map(String::as_str)
    }

    /// Takes over what was to change with the next start.
    pub(crate) fn apply_pending(&mut self) {
        for (key, value) in std::mem::take(&mut self.pending) {
            match value {
                Some(value) => drop(self.config.insert(key, value)),
                None => drop(self.config.remove(&key)),
            }
        }
    }
}
