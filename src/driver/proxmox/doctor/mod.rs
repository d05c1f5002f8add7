//! Looks whether a cluster and its machines can be tested on, and says what is missing. Changes
//! nothing and starts nothing: what only a running machine shows is looked at when it runs.

mod gpu;
mod guest;
mod privileges;

use super::{
    api::{Call, Client, segment},
    census::Listed,
    config::ProxmoxConfig,
    storage::{abilities, can_link},
    vm::{Config, Vm},
};
use crate::{
    model::{Machine, Session},
    port::Check,
};
use serde::Deserialize;
use std::collections::BTreeSet;

/// By how much clocks may differ.
const SKEW: u64 = 30;

/// Less free space than this is doubtful, in bytes.
const SPACE: u64 = 10 << 30;

/// Looks at the server.
pub(super) async fn server(client: &Client) -> Vec<Check> {
    #[derive(Deserialize)]
    struct Version {
        version: String,
    }
    let version = client.ask::<Version>(&Call::get("/version")).await;
    let mut checks = match version {
        Ok(version) => {
            let words = format!("{} is Proxmox VE {}", client.server(), version.version);
            vec![Check::good("server", words)]
        }
        Err(err) => return vec![Check::bad("server", err.to_string())],
    };
    checks.push(Check::good("signed in", client.user()));
    let (here, there) = client.both_clocks();
    let apart = here.0.abs_diff(there.0) / 1000;
    checks.push(if apart <= SKEW {
        Check::good("clock", format!("{apart} s from this computer's"))
    } else {
        let words = "leases and certificates go by it: set both by NTP";
        Check::doubtful("clock", format!("{apart} s from this computer's; {words}"))
    });
    match super::census::census(client).await {
        Err(err) => checks.push(Check::bad("cluster", err.to_string())),
        Ok(census) => {
            let off = census.nodes.iter().filter(|(_, is_on)| !**is_on);
            let off: Vec<&str> = off.map(|(name, _)| name.as_str()).collect();
            let seen = format!(
                "{} machines on {} nodes",
                census.vms.len(),
                census.nodes.len()
            );
            checks.push(if off.is_empty() {
                Check::good("cluster", seen)
            } else {
                Check::doubtful("cluster", format!("{seen}; off: {}", off.join(", ")))
            });
        }
    }
    checks
}

/// A machine that is looked at.
pub(super) struct Patient<'a> {
    pub(super) config: &'a ProxmoxConfig,
    pub(super) machine: &'a Machine,
    pub(super) listed: &'a Listed,
    pub(super) storages: &'a super::census::Census,
    pub(super) vm: Vm,
}

impl Patient<'_> {
    /// Looks at everything that can be seen without a change.
    pub(super) async fn examine(&self) -> Vec<Check> {
        let Listed {
            vmid,
            name,
            node,
            status,
            ..
        } = self.listed;
        let seen = format!("{vmid} (`{name}`) on {node}, {status}");
        let mut checks = vec![match &self.listed.lock {
            None => Check::good("machine", seen),
            Some(lock) => Check::doubtful(
                "machine",
                format!(
                    "{seen}, locked by `{lock}`; if no task runs, an administrator has to run `qm unlock {vmid}`"
                ),
            ),
        }];
        let config = match self.vm.config().await {
            Ok(config) => config,
            Err(err) => {
                checks.push(Check::bad("configuration", err.to_string()));
                return checks;
            }
        };
        checks.extend(self.privileges(&config).await);
        if !self.machine.is_cloned() {
            checks.push(self.base().await);
        }
        checks.push(self.layers(&config));
        checks.extend(self.hardware(&config));
        checks.push(self.space(&config).await);
        for gpu in &self.config.gpus {
            checks.push(self.gpu(gpu).await);
        }
        if self.machine.is_cloned() {
            let words = "agent, login and console are looked at in its clones";
            checks.push(Check::doubtful("guest", format!("a template: {words}")));
        } else if status == "running" {
            checks.extend(self.running().await);
        } else {
            let words = "agent, login and console are looked at while it runs";
            checks.push(Check::doubtful("guest", format!("not running: {words}")));
        }
        checks
    }

    async fn base(&self) -> Check {
        let base = &self.machine.snapshot;
        let what = "base snapshot";
        let snapshots = match self.vm.snapshots().await {
            Ok(snapshots) => snapshots,
            Err(err) => return Check::bad(what, err.to_string()),
        };
        match snapshots.iter().find(|it| it.name == *base) {
            None => Check::bad(
                what,
                format!(
                    "there is none called `{base}`: `qm snapshot {} {base}`",
                    self.vm.vmid
                ),
            ),
            Some(found) if found.is_incomplete => {
                Check::bad(what, format!("`{base}` was broken off while it was made"))
            }
            Some(_) => Check::good(
                what,
                format!("`{base}`, and {} others", snapshots.len() - 1),
            ),
        }
    }

    fn layers(&self, config: &Config) -> Check {
        if self.machine.is_cloned() {
            return if can_link(self.storages, config) {
                Check::good("storage", "clones stand on the template's disks")
            } else {
                let words = "each clone is a whole copy, and no layers are kept";
                Check::doubtful("storage", format!("knows no linked clones: {words}"))
            };
        }
        if abilities(self.storages, config).layers {
            Check::good("storage", "keeps layers")
        } else {
            Check::doubtful(
                "storage",
                "keeps no layers that could be returned to in any order (ZFS, thick LVM): each step starts from the base",
            )
        }
    }

    fn hardware(&self, config: &Config) -> Vec<Check> {
        let mut checks = Vec::new();
        let agent = config.get("agent").unwrap_or_default();
        let has_agent = agent.starts_with('1') || agent.contains("enabled=1");
        checks.push(if has_agent {
            Check::good("guest agent", "configured")
        } else {
            Check::bad(
                "guest agent",
                format!("not configured: `qm set {} --agent 1`", self.vm.vmid),
            )
        });
        let vga = config.get("vga").unwrap_or("std");
        let is_blind = vga.starts_with("none") || vga.starts_with("serial");
        if is_blind && self.machine.session != Session::None && self.machine.reach.console.is_none()
        {
            let words = format!(
                "`vga: {vga}` has no console: `qm set {} --vga std`",
                self.vm.vmid
            );
            checks.push(Check::bad("console", words));
        }
        let is_q35 = config.get("machine").is_some_and(|it| it.contains("q35"));
        if !self.config.gpus.is_empty() && !is_q35 {
            let words = "no `q35` machine, so a GPU is no PCI Express device in it";
            checks.push(Check::doubtful("machine type", words));
        }
        checks
    }

    async fn space(&self, config: &Config) -> Check {
        #[derive(Deserialize)]
        struct Storage {
            #[serde(rename = "storage")]
            name: String,
            #[serde(default)]
            avail: u64,
        }
        let used = storages(config);
        let call = Call::get(format!("/nodes/{}/storage", segment(&self.vm.node())));
        let storages: Vec<Storage> = match self.vm.client.ask(&call).await {
            Ok(storages) => storages,
            Err(err) => return Check::doubtful("free space", err.to_string()),
        };
        let own = storages.iter().filter(|it| used.contains(it.name.as_str()));
        let gibibytes = |bytes: u64| bytes >> 30;
        match own.min_by_key(|it| it.avail) {
            None => Check::doubtful(
                "free space",
                "not seen: the role lacks `Datastore.Audit` on its storage",
            ),
            Some(it) if it.avail < SPACE => Check::doubtful(
                "free space",
                format!(
                    "only {} GiB on `{}`, which layers need",
                    gibibytes(it.avail),
                    it.name
                ),
            ),
            Some(it) => Check::good(
                "free space",
                format!("{} GiB on `{}`", gibibytes(it.avail), it.name),
            ),
        }
    }
}

/// Returns everything in a configuration that may be the name of a storage.
fn storages(config: &Config) -> BTreeSet<&str> {
    let values = config.values.values();
    let split = values.filter_map(|value| value.split_once(':'));
    split.map(|(storage, _)| storage).collect()
}
