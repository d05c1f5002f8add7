//! Which machines and nodes there are, asked in one call for all.

use super::api::{ApiError, Call, Client};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::{sync::Mutex, time::Instant};

/// A machine, as the cluster lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its number.
    pub vmid: u32,
    /// What people call it.
    pub name: String,
    /// Where it is now.
    pub node: String,
    /// `running`, `stopped`, or `unknown` where its node is off. Some seconds old.
    pub status: String,
    /// Whether others are cloned from it.
    pub is_template: bool,
    /// Words that were put on it.
    pub tags: BTreeSet<String>,
    /// What has locked it.
    pub lock: Option<String>,
}

/// Everything the cluster lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Machines that mosdat may see, by number.
    pub vms: BTreeMap<u32, Listed>,
    /// Nodes, and whether each is on.
    pub nodes: BTreeMap<String, bool>,
    /// Types of storages, by name: `zfspool`.
    pub storages: BTreeMap<String, String>,
}

impl Census {
    /// Finds a machine by number, or by its name where it has none. More than one of a name is an
    /// error in words.
    pub fn find(&self, vmid: Option<u32>, name: &str) -> Result<&Listed, String> {
        if let Some(vmid) = vmid {
            let found = self.vms.get(&vmid);
            return found.ok_or_else(|| {
                format!("there is no machine {vmid}, or the role lacks `VM.Audit` on `/vms/{vmid}`")
            });
        }
        let mut named = self.vms.values().filter(|vm| vm.name == name);
        match (named.next(), named.next()) {
            (Some(only), None) => Ok(only),
            (Some(one), Some(other)) => Err(format!(
                "machines {} and {} are both called `{name}`; say which by `vmid`",
                one.vmid, other.vmid
            )),
            (None, _) => Err(format!(
                "there is no machine called `{name}`, or the role lacks `VM.Audit` on it; `vmid` says which it is"
            )),
        }
    }
}

/// Takes a census of everything that mosdat may see, in one call.
pub async fn census(client: &Client) -> Result<Census, ApiError> {
    let resources: Vec<Resource> = client.ask(&Call::get("/cluster/resources")).await?;
    Ok(resources.into_iter().collect())
}

/// The census, and when it was taken.
#[derive(Debug, Default)]
pub(super) struct Register {
    last: Mutex<Option<(Instant, Arc<Census>)>>,
}

impl Register {
    /// Returns a census that is no older than `age`. Whoever asks while one is taken gets the same.
    pub(super) async fn census(
        &self,
        client: &Client,
        age: Duration,
    ) -> Result<Arc<Census>, ApiError> {
        let mut last = self.last.lock().await;
        if let Some((taken, census)) = &*last
            && taken.elapsed() <= age
        {
            return Ok(Arc::clone(census));
        }
        let taken = Instant::now();
        let census = Arc::new(census(client).await?);
        *last = Some((taken, Arc::clone(&census)));
        Ok(census)
    }
}

/// One line of the cluster's list.
#[derive(Debug, Deserialize)]
struct Resource {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    vmid: Option<u32>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    node: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    template: Option<u8>,
    #[serde(default)]
    tags: Option<String>,
    #[serde(default)]
    lock: Option<String>,
    #[serde(default)]
    storage: Option<String>,
    #[serde(default)]
    plugintype: Option<String>,
}

impl FromIterator<Resource> for Census {
    fn from_iter<I: IntoIterator<Item = Resource>>(resources: I) -> Self {
        let mut census = Self::default();
        for resource in resources {
            let status = resource.status.unwrap_or_else(|| "unknown".into());
            match (resource.kind.as_str(), resource.vmid, resource.storage) {
                ("qemu", Some(vmid), _) => {
                    let listed = Listed {
                        vmid,
                        name: resource.name.unwrap_or_default(),
                        node: resource.node,
                        status,
                        is_template: resource.template == Some(1),
                        tags: split(&resource.tags.unwrap_or_default()),
                        lock: resource.lock,
                    };
                    census.vms.insert(vmid, listed);
                }
                ("node", ..) => {
                    census.nodes.insert(resource.node, status == "online");
                }
                ("storage", _, Some(name)) => {
                    let kind = resource.plugintype.unwrap_or_default();
                    census.storages.insert(name, kind);
                }
                _ => {}
            }
        }
        census
    }
}

/// Splits a list of tags, which may be written with any of three signs between.
fn split(tags: &str) -> BTreeSet<String> {
    let tags = tags.split([';', ',', ' ']).filter(|tag| !tag.is_empty());
    tags.map(Into::into).collect()
}
