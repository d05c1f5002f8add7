//! What there is: a machine and its snapshots, or a template and what was cloned from it.

use super::{
    api::{ApiError, Client},
    census::{Census, Listed},
    clones,
    provider::{ProxmoxProvider, lock},
    reasons::api_error,
    storage,
    vm::{Config, Snapshot, Vm},
};
use crate::{
    model::{Abilities, ContentHash, LayerName, LiveLayers, Machine, Presence},
    port::ProviderError,
};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// How old what is known of the cluster may be when a plan is made.
pub(super) const RECENT: Duration = Duration::from_secs(5);

/// What a configuration has that says nothing of what a clone of it will be like.
const ABOUT: &[&str] = &[
    "description",
    "name",
    "tags",
    "protection",
    "onboot",
    "template",
];

impl ProxmoxProvider {
    /// Finds a machine; of one that is cloned, the template.
    pub(super) async fn find(&self, machine: &Machine, age: Duration) -> Result<Vm, ProviderError> {
        let client = self.client(&machine.name)?;
        let census = self.register.census(client, age).await;
        let census =
            census.map_err(|err| api_error(&machine.name, "a look at the cluster", &err))?;
        let listed = listed(&census, machine).map_err(|why| ProviderError::Unable {
            machine: machine.name.clone(),
            what: format!("be found: {why}"),
        })?;
        Ok(self.vm(client, listed))
    }

    /// Looks at a machine: whether it is there, its base, its layers, and what its storage can do.
    pub(super) async fn look(&self, machine: &Machine) -> Result<Presence, ApiError> {
        let client = match &self.config.client {
            Ok(client) => client,
            Err(why) => return Ok(Presence::Unknown { why: why.clone() }),
        };
        let census = self.register.census(client, RECENT).await?;
        let listed = match listed(&census, machine) {
            Ok(listed) => listed,
            Err(why) => return Ok(Presence::Absent { why }),
        };
        if census.nodes.get(&listed.node) == Some(&false) {
            let why = format!("its node `{}` is off", listed.node);
            return Ok(Presence::Unknown { why });
        }
        if machine.is_cloned() {
            self.look_at_template(machine, client, &census, listed)
                .await
        } else {
            self.look_at_snapshots(machine, client, &census, listed)
                .await
        }
    }

    async fn look_at_template(
        &self,
        machine: &Machine,
        client: &Arc<Client>,
        census: &Census,
        listed: &Listed,
    ) -> Result<Presence, ApiError> {
        let config = self.vm(client, listed).config().await?;
        let base = template_identity(listed.vmid, &config);
        lock(&self.planned).insert(machine.name.clone(), base.clone());
        Ok(Presence::Present {
            base,
            layers: clones::all_layers(census),
            abilities: Some(Abilities {
                layers: storage::can_link(census, &config),
                base_layer: false,
                // A clone has the disks of its template, and no memory.
                live_layers: LiveLayers::Never,
            }),
        })
    }

    async fn look_at_snapshots(
        &self,
        machine: &Machine,
        client: &Arc<Client>,
        census: &Census,
        listed: &Listed,
    ) -> Result<Presence, ApiError> {
        let vm = self.vm(client, listed);
        // What the base brings back counts: just now somebody may be using the machine.
        let (snapshots, config) = tokio::join!(vm.snapshots(), vm.config_of(&machine.snapshot));
        let snapshots = snapshots?;
        let base = snapshots.iter().find(|it| it.name == machine.snapshot);
        let Some(base) = base.filter(|base| !base.is_incomplete) else {
            let names: Vec<&str> = snapshots.iter().map(|it| it.name.as_str()).collect();
            let why = format!(
                "machine {} has no snapshot `{}`, only: {}; make it with `qm snapshot {} {}`",
                vm.vmid,
                machine.snapshot,
                if names.is_empty() {
                    "none".into()
                } else {
                    names.join(", ")
                },
                vm.vmid,
                machine.snapshot,
            );
            return Ok(Presence::Absent { why });
        };
        let base = snapshot_identity(vm.vmid, base);
        lock(&self.planned).insert(machine.name.clone(), base.clone());
        let whole = snapshots.iter().filter(|it| !it.is_incomplete);
        let layers: BTreeSet<LayerName> =
            whole.filter_map(|it| LayerName::parse(&it.name)).collect();
        Ok(Presence::Present {
            base,
            layers,
            abilities: Some(storage::abilities(census, &config?)),
        })
    }

    /// Checks that the base of a machine is still the one that the plan was made for.
    pub(super) fn check_planned(
        &self,
        machine: &Machine,
        identity: Option<&str>,
    ) -> Result<(), ProviderError> {
        let planned = lock(&self.planned);
        let planned = planned.get(&machine.name);
        if planned.is_none_or(|planned| Some(planned.as_str()) == identity) {
            return Ok(());
        }
        let what = match machine.reach.template {
            Some(template) => format!("the template {template}"),
            None => format!("the snapshot `{}`", machine.snapshot),
        };
        Err(ProviderError::Unable {
            machine: machine.name.clone(),
            what: format!(
                "start from {what}: it is another one than when the plan was made; plan again"
            ),
        })
    }
}

/// Finds a machine in the cluster's list; of one that is cloned, the template. What is missing is an
/// error in words.
pub(super) fn listed<'a>(census: &'a Census, machine: &Machine) -> Result<&'a Listed, String> {
    let Some(template) = machine.reach.template else {
        return census.find(machine.vmid, machine.name.as_str());
    };
    let listed = census.find(Some(template), "")?;
    if listed.is_template {
        return Ok(listed);
    }
    Err(format!(
        "machine {template} (`{}`) is no template; `qm template {template}` makes it one, for good",
        listed.name
    ))
}

/// Returns what tells a snapshot from one retaken under the same name.
pub(super) fn snapshot_identity(vmid: u32, snapshot: &Snapshot) -> String {
    let text = format!("{vmid} {} {}", snapshot.name, snapshot.time);
    ContentHash::of(text.as_bytes()).short()
}

/// Returns what tells a template from another under the same number. Its disks never change; its
/// hardware may, and its clones with it.
pub(super) fn template_identity(vmid: u32, config: &Config) -> String {
    let values = config.values.iter();
    let values = values.filter(|(key, _)| !ABOUT.contains(&key.as_str()));
    let lines = values.map(|(key, value)| format!("{key}: {value}\n"));
    let text = format!("{vmid}\n{}", lines.collect::<String>());
    ContentHash::of(text.as_bytes()).short()
}
