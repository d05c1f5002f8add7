//! Looks whether the machine's node has a GPU, and whether it can be given away by itself.

use super::{
    super::api::{ApiError, Call, segment},
    Patient,
};
use crate::{model::Gpu, port::Check};
use serde::Deserialize;
use std::collections::BTreeSet;

/// A PCI device of a node.
#[derive(Deserialize)]
struct Device {
    /// Its address, with the function: `0000:01:00.0`.
    id: String,
    #[serde(default)]
    iommugroup: Option<i64>,
    #[serde(default, rename = "device_name")]
    name: Option<String>,
}

impl Device {
    /// Whether it is one of those at some addresses, which may name whole devices or functions.
    fn is_at(&self, addresses: &[String]) -> bool {
        let mut addresses = addresses.iter();
        addresses.any(|address| self.id.starts_with(address.as_str()))
    }
}

impl Patient<'_> {
    pub(super) async fn gpu(&self, gpu: &Gpu) -> Check {
        match &gpu.mapping {
            Some(mapping) => self.mapped_gpu(gpu, mapping).await,
            None => self.raw_gpu(gpu).await,
        }
    }

    async fn mapped_gpu(&self, gpu: &Gpu, mapping: &str) -> Check {
        let what = format!("GPU {}", gpu.name);
        let node = self.vm.node();
        let mapped = match self.vm.mapped(gpu).await {
            Ok(mapped) if mapped.is_empty() => {
                let words = format!("the mapping `{mapping}` has no device on {node}");
                return Check::bad(what, words);
            }
            Ok(mapped) => mapped,
            Err(err) => return Check::bad(what, err.to_string()),
        };
        let ids: Vec<&str> = mapped.iter().map(|it| it.id.as_str()).collect();
        let seen = format!("{} on {node}", ids.join(", "));
        let devices = match self.devices().await {
            Ok(devices) => devices,
            Err(err) if err.status() == Some(403) => {
                let words = "its IOMMU group is not seen without `Sys.Audit` on `/`";
                return Check::good(what, format!("{seen}; {words}"));
            }
            Err(err) => return Check::doubtful(what, format!("{seen}; {err}")),
        };
        for device in &mapped {
            let addresses: Vec<String> = device.path.split(';').map(Into::into).collect();
            if let Some(check) = wrong(&what, &devices, &addresses, &node) {
                return check;
            }
        }
        Check::good(what, seen)
    }

    async fn raw_gpu(&self, gpu: &Gpu) -> Check {
        let what = format!("GPU {}", gpu.name);
        let node = self.vm.node();
        let pci = gpu.pci.clone().unwrap_or_default();
        let raw = "a raw address can only be given by root's password: use a `mapping`";
        let devices = match self.devices().await {
            Ok(devices) => devices,
            Err(err) => return Check::doubtful(what, format!("{err}; {raw}")),
        };
        let addresses = [pci.clone()];
        wrong(&what, &devices, &addresses, &node)
            .unwrap_or_else(|| Check::doubtful(what, format!("{pci} on {node}; {raw}")))
    }

    /// Lists the devices of the machine's node, but for bridges, memory and processors.
    async fn devices(&self) -> Result<Vec<Device>, ApiError> {
        let node = self.vm.node();
        let call = Call::get(format!("/nodes/{}/hardware/pci", segment(&node)));
        self.vm.client.ask(&call).await
    }
}

/// Says what is wrong with a device, which may have several addresses, if anything is.
fn wrong(what: &str, devices: &[Device], addresses: &[String], node: &str) -> Option<Check> {
    let shown = addresses.join(";");
    let own = devices.iter().filter(|device| device.is_at(addresses));
    let groups: Vec<Option<i64>> = own.map(|device| device.iommugroup).collect();
    if groups.is_empty() {
        let words = format!("there is no device {shown} on {node}");
        return Some(Check::bad(what, words));
    }
    let known: BTreeSet<i64> = groups.iter().flatten().copied().collect();
    if groups.contains(&None) || known.iter().any(|group| *group < 0) {
        let words = format!("{shown} is in no IOMMU group: switch the IOMMU of {node} on");
        return Some(Check::bad(what, words));
    }
    let shares = |device: &&Device| {
        device
            .iommugroup
            .is_some_and(|group| known.contains(&group))
    };
    let slots: Vec<String> = addresses.iter().map(|it| slot(it).to_owned()).collect();
    let mut others = devices.iter().filter(shares);
    let other = others.find(|device| !device.is_at(&slots))?;
    let name = other.name.as_deref().unwrap_or("unnamed");
    Some(Check::doubtful(
        what,
        format!(
            "{shown} on {node} shares its IOMMU group with {} ({name}), which can be used by nobody else \
             meanwhile: another slot may have a group of its own",
            other.id
        ),
    ))
}

/// Returns an address without its function.
fn slot(address: &str) -> &str {
    address.split('.').next().unwrap_or_default()
}
