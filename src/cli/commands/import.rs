//! `mosdat import`: takes a layer that a machine has into the state, so that `gc` and `destroy`
//! know of it.

use crate::{
    cli::{
        arguments::ImportArguments, error::CliError, exit::Ended, settings::Settings,
        workplace::Workplace,
    },
    model::{LayerName, MachineName, Presence, Record},
    port::{Durability, Store as _},
};

pub(in crate::cli) fn run(settings: &Settings, typed: &ImportArguments) -> Result<Ended, CliError> {
    let place = Workplace::open(settings, typed.file.file.as_deref())?;
    let name = MachineName::new(typed.machine.as_str());
    let machine = place.loaded.desired.machines.get(&name);
    let machine =
        machine.ok_or_else(|| CliError::Usage(format!("there is no machine `{name}`")))?;
    let layer = LayerName::parse(&typed.layer).ok_or_else(|| {
        CliError::Usage(format!("`{}` is no layer that mosdat made", typed.layer))
    })?;
    let presence = place.block_on(async {
        let drivers = place.drivers()?;
        let keeper = drivers
            .keepers
            .get(&machine.provider)
            .ok_or_else(|| CliError::Usage(format!("`{name}` has a provider that is not there")))?;
        Ok::<_, CliError>(keeper.observe(machine).await)
    })??;
    let has_it = matches!(&presence, Presence::Present { layers, .. } if layers.contains(&layer));
    if !has_it {
        return Err(CliError::Usage(format!("`{name}` has no layer `{layer}`")));
    }
    place.locked("import", |store, _| {
        let record = Record::LayerMade(name.clone(), layer.clone());
        Ok(store.append(&[record], Durability::Power)?)
    })?;
    settings
        .face
        .result(|out| writeln!(out, "`{layer}` of `{name}` is in the state now"))
}
