//! Which privileges are missing, on which path.

use super::{Patient, storages};
use crate::{
    driver::proxmox::{
        api::{ApiError, Call, Client},
        vm::Config,
    },
    port::Check,
};
use std::collections::{BTreeMap, BTreeSet};

/// What every machine takes.
const NEEDED: &[(&str, &str)] = &[
    ("VM.Audit", "be found"),
    ("VM.PowerMgmt", "be started and stopped"),
    ("VM.Config.Options", "be leased"),
    ("VM.Console", "be watched"),
    ("VM.GuestAgent.Audit", "tell when its guest is there"),
];

/// What a template takes.
const OF_TEMPLATES: &[(&str, &str)] = &[("VM.Audit", "be found"), ("VM.Clone", "be cloned")];

/// What its clones take besides.
const OF_CLONES: &[(&str, &str)] = &[
    ("VM.Allocate", "make, keep and remove clones"),
    ("VM.Clone", "clone what was kept"),
];

impl Patient<'_> {
    /// Returns what is needed: where, which privilege, for what.
    fn needed(&self, config: &Config) -> Vec<(String, &'static str, &'static str)> {
        let machine = format!("/vms/{}", self.vm.vmid);
        let mut needed = Vec::new();
        let mut on = |path: &str, what: &[(&'static str, &'static str)]| {
            needed.extend(
                what.iter()
                    .map(|(privilege, why)| (path.to_owned(), *privilege, *why)),
            );
        };
        // What is granted on a pool holds for the clones in it.
        let clones = self.config.pool.as_ref();
        let clones = clones.map_or_else(|| "/vms".into(), |pool| format!("/pool/{pool}"));
        let guests = if self.machine.is_cloned() {
            on(&machine, OF_TEMPLATES);
            on(&clones, OF_CLONES);
            for storage in storages(config) {
                if self.storages.storages.contains_key(storage) {
                    let path = format!("/storage/{storage}");
                    on(
                        &path,
                        &[("Datastore.AllocateSpace", "hold the disks of clones")],
                    );
                }
            }
            clones
        } else {
            on(
                &machine,
                &[("VM.Snapshot", "be kept and returned to what was kept")],
            );
            machine
        };
        on(&guests, NEEDED);
        for gpu in &self.config.gpus {
            on(
                &guests,
                &[
                    ("VM.Config.HWType", "be given a GPU"),
                    ("VM.GuestAgent.Unrestricted", "be looked into for its GPU"),
                ],
            );
            if let Some(mapping) = &gpu.mapping {
                let path = format!("/mapping/pci/{mapping}");
                on(&path, &[("Mapping.Use", "be given the GPU")]);
            }
        }
        needed
    }

    /// Says which privileges are missing on which path.
    pub(super) async fn privileges(&self, config: &Config) -> Vec<Check> {
        let needed = self.needed(config);
        let mut known: BTreeMap<String, Result<BTreeSet<String>, ApiError>> = BTreeMap::new();
        let mut missing = Vec::new();
        for (path, privilege, what) in needed {
            if !known.contains_key(&path) {
                let privileges = privileges(&self.vm.client, &path).await;
                known.insert(path.clone(), privileges);
            }
            match &known[&path] {
                Err(err) => return vec![Check::doubtful("privileges", err.to_string())],
                Ok(has) if has.contains(privilege) => {}
                Ok(_) => missing.push(format!("`{privilege}` on `{path}` (to {what})")),
            }
        }
        missing.sort();
        missing.dedup();
        if missing.is_empty() {
            return vec![Check::good("privileges", "all that are needed")];
        }
        let say = |missing: String| Check::bad("privileges", format!("missing: {missing}"));
        missing.into_iter().map(say).collect()
    }
}

/// Returns the privileges that mosdat has on a path.
async fn privileges(client: &Client, path: &str) -> Result<BTreeSet<String>, ApiError> {
    let call = Call::get("/access/permissions").with("path", path);
    let told: BTreeMap<String, BTreeMap<String, u8>> = client.ask(&call).await?;
    let own = told.into_iter().filter(|(at, _)| at == path);
    Ok(own
        .flat_map(|(_, privileges)| privileges.into_keys())
        .collect())
}
