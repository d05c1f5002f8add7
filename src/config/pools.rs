//! How many steps may use a thing at once: what follows from machines, GPUs and nodes, and
//! `[pools]`, which has the last word.

use super::{
    documents::Documents, gpu::GpuTable, machine::MachineTable, mistakes::Mistakes, name,
    provider::Providers, source::Found,
};
use crate::model::{Desired, GpuName, MachineName, PoolName, ProviderKind};
use std::collections::{BTreeMap, BTreeSet};

/// What `[pools]` says.
pub(super) struct PoolTable<'a> {
    sizes: Vec<(Found<&'a str>, usize)>,
}

/// Reads `[pools]`; which pools there are is not known yet.
pub(super) fn read<'a>(documents: &Documents<'a>) -> PoolTable<'a> {
    let mut sizes = Vec::new();
    if let Some(table) = documents.one("pools", "[pools]") {
        for (key, value) in table.entries() {
            if let Some(size) = value.whole(1..=10_000_usize) {
                sizes.push((key, size.value));
            }
        }
    }
    PoolTable { sizes }
}

impl PoolTable<'_> {
    /// Checks the names against what there is.
    pub(super) fn check(
        &self,
        machine_tables: &BTreeMap<MachineName, MachineTable>,
        gpus: &BTreeMap<GpuName, GpuTable>,
        mistakes: &Mistakes,
    ) {
        let machines = || machine_tables.values().map(|table| &table.machine);
        let mut known: BTreeSet<String> = ["build", "local", "qemu"].map(String::from).into();
        known.extend(machines().map(|machine| format!("machine:{}", machine.name)));
        known.extend(machines().filter_map(|m| Some(format!("node:{}", m.node.as_ref()?))));
        known.extend(gpus.keys().map(|gpu| format!("gpu:{gpu}")));
        for (pool, size) in &self.sizes {
            if !known.contains(pool.value) {
                complain(*pool, &known, mistakes);
            }
            let machine = pool.value.strip_prefix("machine:");
            let machine = machine.and_then(|name| machine_tables.get(&MachineName::from(name)));
            if machine.is_some_and(|table| table.machine.is_only_one()) && *size > 1 {
                mistakes.error(pool.at, super::machine::ONE_AT_A_TIME, "");
            }
        }
    }

    /// Returns the pools that the steps of `desired` take from.
    pub(super) fn sizes(
        &self,
        desired: &Desired,
        providers: &Providers,
    ) -> BTreeMap<PoolName, usize> {
        let mut pools = BTreeMap::from([(PoolName::from("build"), 1)]);
        for machine in desired.machines.values() {
            pools.insert(
                PoolName::new(format!("machine:{}", machine.name)),
                machine.slots,
            );
            if let Some(node) = &machine.node {
                let parallel = providers.proxmox_slots();
                pools.insert(PoolName::new(format!("node:{node}")), parallel);
            }
            if machine.provider == ProviderKind::Local {
                pools.insert(PoolName::from("local"), providers.local_slots());
            }
            if machine.provider == ProviderKind::Qemu {
                pools.insert(PoolName::from("qemu"), providers.qemu_parallel);
            }
        }
        for gpu in desired.gpus.keys() {
            pools.insert(PoolName::new(format!("gpu:{gpu}")), 1);
        }
        for (pool, size) in &self.sizes {
            pools.insert(PoolName::from(pool.value), *size);
        }
        pools
    }
}

/// A pool of one's own is allowed, though nothing takes from it yet; one of a thing that is not
/// there is a slip.
fn complain(pool: Found<&str>, known: &BTreeSet<String>, mistakes: &Mistakes) {
    let hint = name::near(pool.value, known.iter().map(String::as_str));
    if pool.value.contains([':', '/']) {
        mistakes.error(pool.at, format!("there is no pool `{}`", pool.value), hint);
    } else {
        name::check(pool, "a pool", mistakes);
        mistakes.warn(
            pool.at,
            format!("no step takes from the pool `{}`", pool.value),
            hint,
        );
    }
}
