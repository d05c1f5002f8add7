//! Looks at the world before a plan is made. Changes nothing, and takes silence for an answer.

use crate::{
    model::{
        Desired, Machine, Observed, Presence, ProviderKind, Recorded, Source, SourceSeen, StepKey,
    },
    port::{Blobs, Builder, Keeper},
};
use futures_util::{StreamExt as _, stream};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// Whether to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Ask every provider about what the matrix uses.
    Refresh,
    /// Ask nobody: take machines to be as they were last.
    Recall,
}

/// How long one machine may take to answer.
const LIMIT: Duration = Duration::from_secs(20);
/// How many are asked at once.
const AT_ONCE: usize = 32;

/// Looks at everything that `desired` names.
pub async fn observe(
    desired: &Desired,
    recorded: &Recorded,
    keepers: &BTreeMap<ProviderKind, Arc<dyn Keeper>>,
    builder: &dyn Builder,
    blobs: &dyn Blobs,
    look: Look,
) -> Observed {
    let machines = async {
        match look {
            Look::Recall => recall(desired, recorded),
            Look::Refresh => refresh(desired, keepers).await,
        }
    };
    let sources = stream::iter(desired.builds.values())
        .map(|build| async { (build.name.clone(), builder.look(build).await) })
        .buffer_unordered(AT_ONCE)
        .collect::<BTreeMap<_, SourceSeen>>();
    let (machines, sources) = tokio::join!(machines, sources);
    // What a simulated cluster makes is nowhere, and so never lost.
    let is_real = |key: &StepKey| {
        let build = key
            .parts()
            .and_then(|parts| desired.builds.get(&parts.build?.into()));
        build.is_some_and(|build| build.source != Source::Simulated)
    };
    let outputs = recorded
        .steps
        .iter()
        .filter_map(|(key, step)| Some((key, step.output?)));
    let outputs = outputs
        .filter(|(key, _)| is_real(key))
        .map(|(_, output)| output);
    let lost = outputs.filter(|digest| !matches!(blobs.path(*digest), Ok(Some(_))));
    Observed {
        machines,
        sources,
        lost_artifacts: lost.collect(),
    }
}

async fn refresh(
    desired: &Desired,
    keepers: &BTreeMap<ProviderKind, Arc<dyn Keeper>>,
) -> BTreeMap<crate::model::MachineName, Presence> {
    stream::iter(desired.machines.values())
        .map(|machine| async { (machine.name.clone(), ask(machine, keepers).await) })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await
}

async fn ask(machine: &Machine, keepers: &BTreeMap<ProviderKind, Arc<dyn Keeper>>) -> Presence {
    let Some(keeper) = keepers.get(&machine.provider) else {
        let why = format!("the provider `{}` is not there", machine.provider.as_str());
        return Presence::Unknown { why };
    };
    let answer = tokio::time::timeout(LIMIT, keeper.observe(machine)).await;
    answer.unwrap_or_else(|_| Presence::Unknown {
        why: format!("no answer within {} s", LIMIT.as_secs()),
    })
}

/// Takes each machine to have the base and the layers that were last written down.
fn recall(desired: &Desired, recorded: &Recorded) -> BTreeMap<crate::model::MachineName, Presence> {
    let seen = desired.machines.keys().filter_map(|name| {
        let restore = recorded.steps.get(&StepKey::restore(name))?;
        let base = restore
            .ingredients
            .iter()
            .find(|part| &*part.name == "base")?;
        let layers = recorded
            .layers
            .iter()
            .filter(|(machine, _)| machine == name);
        let presence = Presence::Present {
            base: base.value.to_string(),
            layers: layers.map(|(_, layer)| layer.clone()).collect(),
            abilities: None,
        };
        Some((name.clone(), presence))
    });
    seen.collect()
}
