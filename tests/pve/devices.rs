//! Devices that are passed through: found when a machine starts, and refused to all but one.

use super::cluster::{Cluster, Config};
use std::collections::BTreeSet;

/// A start that looks for devices.
struct Start<'a> {
    cluster: &'a Cluster,
    node: &'a str,
    vmid: u32,
    found: BTreeSet<String>,
}

/// Finds the devices that a machine gets when it starts; refuses those that it cannot have.
pub(super) fn devices(
    cluster: &Cluster,
    node: &str,
    vmid: u32,
    config: &Config,
) -> Result<BTreeSet<String>, String> {
    let mut start = Start {
        cluster,
        node,
        vmid,
        found: BTreeSet::new(),
    };
    let is_q35 = config.get("machine").is_some_and(|it| it.contains("q35"));
    for (key, value) in config.iter().filter(|(key, _)| key.starts_with("hostpci")) {
        if value.contains("pcie=1") && !is_q35 {
            let why = "q35 machine model is not enabled at /usr/share/perl5/PVE/QemuServer/PCI.pm line 510.";
            return Err(why.into());
        }
        let mapping = value
            .split(',')
            .find_map(|part| part.strip_prefix("mapping="));
        match mapping {
            Some(id) => start.mapped(key, id)?,
            None => start.raw(value)?,
        }
    }
    Ok(start.found)
}

impl Start<'_> {
    fn holder(&self, address: &str) -> Option<u32> {
        let vms = self.cluster.vms.iter();
        let mut others = vms.filter(|(id, vm)| **id != self.vmid && vm.node == self.node);
        let holder = others.find(|(_, vm)| vm.devices.contains(address));
        holder.map(|(id, _)| *id)
    }

    fn in_use(&self, address: &str) -> String {
        let by = self.holder(address).unwrap_or(self.vmid);
        format!("PCI device '{address}' already in use by VMID '{by}'")
    }

    fn mapped(&mut self, key: &str, id: &str) -> Result<(), String> {
        let known = self.cluster.mappings.get(id);
        let known = known.ok_or_else(|| format!("PCI device mapping not found for '{id}'"))?;
        let here: Vec<_> = known.iter().filter(|(at, ..)| at == self.node).collect();
        if here.is_empty() {
            let node = self.node;
            return Err(format!(
                "PCI device mapping not found for '{id}' on node '{node}'"
            ));
        }
        check_hardware(self.cluster, self.node, id, &here)?;
        let is_free =
            |address: &String| self.holder(address).is_none() && !self.found.contains(address);
        let free = here.iter().find(|(_, address, _)| is_free(address));
        match (free, &here[..]) {
            (Some((_, address, _)), _) => {
                let address = address.clone();
                self.found.insert(address);
                Ok(())
            }
            (None, [(_, address, _)]) => Err(self.in_use(address)),
            (None, _) => Err(format!("could not find a free device for '{key}'")),
        }
    }

    fn raw(&mut self, value: &str) -> Result<(), String> {
        let address = value.split(',').next().unwrap_or_default();
        let address = address.trim_start_matches("host=");
        let address = if address.contains('.') {
            address.to_owned()
        } else {
            format!("{address}.0")
        };
        let mut known = self.cluster.nodes[self.node].devices.iter();
        if !known.any(|(known, ..)| *known == address) {
            return Err(format!("no PCI device found for '{address}'"));
        }
        if self.holder(&address).is_some() {
            return Err(self.in_use(&address));
        }
        if !self.found.insert(address.clone()) {
            return Err(format!("device '{address}' assigned more than once"));
        }
        Ok(())
    }
}

/// Refuses a mapping of which the hardware is another now.
fn check_hardware(
    cluster: &Cluster,
    node: &str,
    name: &str,
    mapped: &[&(String, String, String)],
) -> Result<(), String> {
    let devices = &cluster.nodes[node].devices;
    for (_, address, id) in mapped {
        let real = devices.iter().find(|(known, ..)| known == address);
        let real = real.map_or("nothing", |(_, real, _)| real);
        if real != id {
            return Err(format!(
                "PCI device mapping invalid (hardware probably changed): 'id' does not match for '{name}' ({real} != {id})"
            ));
        }
    }
    Ok(())
}
