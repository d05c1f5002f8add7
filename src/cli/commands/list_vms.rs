//! `mosdat list-vms`: the machines of a plan file. Asks nobody and needs no secret, unless it is to
//! tell what they do just now.

use crate::{
    cli::{
        arguments::ListArguments, error::CliError, exit::Ended, settings::Settings,
        workplace::Workplace,
    },
    model::{FormatName, MachineName, Presence},
};
use futures_util::{StreamExt as _, stream};
use std::collections::BTreeMap;

/// How many machines are asked for at once.
const AT_ONCE: usize = 32;

pub(in crate::cli) fn run(settings: &Settings, typed: &ListArguments) -> Result<Ended, CliError> {
    let place = Workplace::open(settings, typed.file.file.as_deref())?;
    let machines = place.loaded.desired.machines.values();
    let live = if typed.live {
        place.block_on(activities(&place))??
    } else {
        BTreeMap::new()
    };
    settings.face.result(|out| {
        if typed.json {
            let list = machines.map(|machine| {
                serde_json::json!({
                    "name": machine.name,
                    "provider": machine.provider.as_str(),
                    "vmid": machine.vmid,
                    "ip": machine.ip,
                    "desktop": machine.desktop,
                    "session": machine.session.as_str(),
                    "snapshot": machine.snapshot,
                    "formats": machine.packages.keys().collect::<Vec<_>>(),
                    "live": live.get(&machine.name),
                })
            });
            let document = serde_json::json!({
                "format_version": crate::cli::view::json::FORMAT_VERSION,
                "machines": list.collect::<Vec<_>>(),
            });
            return writeln!(out, "{document}");
        }
        let width = machines
            .clone()
            .map(|m| m.name.as_str().len())
            .max()
            .unwrap_or(0);
        for machine in machines {
            let formats: Vec<_> = machine.packages.keys().map(FormatName::as_str).collect();
            writeln!(
                out,
                "{:width$}  {:8} {:8} {:5} {:15} {:12} {} {}",
                machine.name,
                machine.provider.as_str(),
                machine.session.as_str(),
                machine.vmid.map(|id| id.to_string()).unwrap_or_default(),
                machine.ip.as_deref().unwrap_or_default(),
                formats.join(","),
                machine.desktop,
                live.get(&machine.name).map_or("", String::as_str),
            )?;
        }
        Ok(())
    })
}

/// Says of each machine what it does just now, or why nobody knows.
async fn activities(place: &Workplace) -> Result<BTreeMap<MachineName, String>, CliError> {
    let drivers = place.drivers()?;
    let asked = place.loaded.desired.machines.values().map(|machine| async {
        let words = match drivers.keepers.get(&machine.provider) {
            None => "nobody can be asked".into(),
            Some(keeper) => match keeper.activity(machine).await {
                Some(words) => words,
                None => match keeper.observe(machine).await {
                    Presence::Present { .. } => "there".into(),
                    Presence::Absent { why } | Presence::Unknown { why } => why,
                },
            },
        };
        (machine.name.clone(), words)
    });
    Ok(stream::iter(asked)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await)
}
