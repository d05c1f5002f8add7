//! `mosdat destroy`: releases everything that mosdat made, and nothing else.

use crate::{
    cli::{
        arguments::DestroyArguments, drivers::Drivers, error::CliError, exit::Ended,
        settings::Settings, workplace::Workplace,
    },
    driver::disk::DiskStore,
    model::{Record, Recorded},
    port::{Durability, ProviderError, Store as _},
};

pub(in crate::cli) fn run(
    settings: &Settings,
    typed: &DestroyArguments,
) -> Result<Ended, CliError> {
    let place = Workplace::open(settings, typed.file.file.as_deref())?;
    place.locked("destroy", |store, recorded| {
        let counts = format!(
            "{} leases, {} layers and {} results of `{}`",
            recorded.leases.len(),
            recorded.layers.len(),
            recorded.steps.len(),
            place.loaded.desired.name,
        );
        if !typed.yes {
            settings
                .face
                .ask("destroying", &format!("Release {counts}?"))?;
        }
        place.block_on(async {
            let drivers = place.drivers()?;
            release(&drivers, store, &recorded).await
        })??;
        settings
            .face
            .result(|out| writeln!(out, "released {counts}"))
    })
}

async fn release(
    drivers: &Drivers,
    store: &mut DiskStore,
    recorded: &Recorded,
) -> Result<(), CliError> {
    for lease in recorded.leases.values() {
        let mut result = Ok::<_, ProviderError>(());
        for keeper in drivers.keepers.values() {
            result = result.and(keeper.reclaim(lease).await);
        }
        result?;
        store.append(&[Record::Released(lease.id.clone())], Durability::Process)?;
    }
    for (machine, layer) in &recorded.layers {
        let mut result = Ok::<_, ProviderError>(());
        for keeper in drivers.keepers.values() {
            result = result.and(keeper.remove_layer(machine, layer).await);
        }
        result?;
        let record = Record::LayerRemoved(machine.clone(), layer.clone());
        store.append(&[record], Durability::Process)?;
    }
    drivers.wind_up().await?;
    let keys = recorded.steps.keys().chain(recorded.unfinished.keys());
    let forgotten: Vec<_> = keys.cloned().map(Record::Forgotten).collect();
    store.append(&forgotten, Durability::Power)?;
    Ok(())
}
