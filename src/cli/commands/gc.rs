//! `mosdat gc`: drops what nothing desired or recent needs.

use crate::{
    cli::{
        arguments::GcArguments, drivers::Drivers, error::CliError, exit::Ended, settings::Settings,
        workplace::Workplace,
    },
    driver::disk::{self, DiskStore},
    model::{LayerName, Record, Recorded, StepKey},
    plan::{self, select::Selection},
    port::{Durability, ProviderError, Store as _},
    run::Look,
};
use std::{collections::BTreeSet, path::Path, time::Duration};

pub(in crate::cli) fn run(settings: &Settings, typed: &GcArguments) -> Result<Ended, CliError> {
    let place = Workplace::open(settings, typed.file.file.as_deref())?;
    place.locked("gc", |store, recorded| {
        let (layers, (blobs, bytes)) = place.block_on(async {
            let drivers = place.drivers()?;
            let selection = Selection::default();
            let scene = place
                .observe(&drivers, recorded.clone(), selection, Look::Refresh)
                .await;
            let plan = plan::plan(&scene.input());
            let wanted = plan
                .steps
                .iter()
                .filter_map(|step| step.leaves.clone())
                .collect();
            // A build that is due may come out as before: until it has run, nothing is surplus.
            let is_settled = plan
                .steps
                .iter()
                .all(|step| step.hash != crate::model::StepHash::Pending);
            let layers = if is_settled {
                drop_layers(&drivers, store, &recorded, &wanted).await?
            } else {
                0
            };
            let needed: Vec<_> = recorded
                .steps
                .values()
                .filter_map(|step| step.output)
                .collect();
            Ok::<_, CliError>((layers, drivers.blobs.sweep(&needed, typed.keep_days)?))
        })??;
        let runs = drop_runs(&place, &recorded, typed.keep_days)?;
        forget_left(store, &recorded, &place)?;
        store.compact()?;
        settings.face.result(|out| {
            writeln!(
                out,
                "dropped {layers} layers, {blobs} blobs ({bytes} bytes), {runs} run folders"
            )
        })
    })
}

async fn drop_layers(
    drivers: &Drivers,
    store: &mut DiskStore,
    recorded: &Recorded,
    wanted: &BTreeSet<LayerName>,
) -> Result<usize, CliError> {
    let surplus = recorded
        .layers
        .iter()
        .filter(|(_, layer)| !wanted.contains(layer));
    let mut dropped = 0;
    for (machine, layer) in surplus {
        let mut result = Ok::<_, ProviderError>(());
        for keeper in drivers.keepers.values() {
            result = result.and(keeper.remove_layer(machine, layer).await);
        }
        result?;
        let record = Record::LayerRemoved(machine.clone(), layer.clone());
        store.append(&[record], Durability::Process)?;
        dropped += 1;
    }
    Ok(dropped)
}

/// Removes the folders of old runs that no recorded result comes from.
fn drop_runs(place: &Workplace, recorded: &Recorded, days: u64) -> Result<usize, CliError> {
    let needed: BTreeSet<_> = recorded.steps.values().map(|step| &step.run).collect();
    let mut dropped = 0;
    for (run, dir) in disk::runs(&place.runs_dir()) {
        if !needed.contains(&run) && is_older(&dir, days) {
            std::fs::remove_dir_all(&dir).map_err(|source| CliError::File {
                what: "remove",
                path: dir.clone(),
                source,
            })?;
            dropped += 1;
        }
    }
    Ok(dropped)
}

fn is_older(dir: &Path, days: u64) -> bool {
    let modified = std::fs::metadata(dir).and_then(|data| data.modified());
    let age = modified.ok().and_then(|modified| modified.elapsed().ok());
    age.is_some_and(|age| age >= Duration::from_secs(days * 86_400))
}

/// Forgets the results of machines and builds that the plan file does not name any more.
fn forget_left(
    store: &mut DiskStore,
    recorded: &Recorded,
    place: &Workplace,
) -> Result<(), CliError> {
    let desired = &place.loaded.desired;
    let is_left = |key: &&StepKey| {
        key.parts().is_some_and(|parts| {
            let machine_left = parts
                .machine
                .is_some_and(|name| !desired.machines.contains_key(&name.into()));
            let build_left = parts
                .build
                .is_some_and(|name| !desired.builds.contains_key(&name.into()));
            machine_left || build_left
        })
    };
    let left: Vec<_> = recorded
        .steps
        .keys()
        .filter(is_left)
        .cloned()
        .map(Record::Forgotten)
        .collect();
    Ok(store.append(&left, Durability::Process)?)
}
