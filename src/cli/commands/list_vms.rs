//! `mosdat list-vms`: the machines of a plan file. Asks nobody and needs no secret.

use crate::{
    cli::{
        arguments::ListArguments, error::CliError, exit::Ended, settings::Settings,
        workplace::Workplace,
    },
    model::FormatName,
};

pub(in crate::cli) fn run(settings: &Settings, typed: &ListArguments) -> Result<Ended, CliError> {
    let place = Workplace::open(settings, typed.file.file.as_deref())?;
    let machines = place.loaded.desired.machines.values();
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
                "{:width$}  {:8} {:8} {:5} {:15} {:12} {}",
                machine.name,
                machine.provider.as_str(),
                machine.session.as_str(),
                machine.vmid.map(|id| id.to_string()).unwrap_or_default(),
                machine.ip.as_deref().unwrap_or_default(),
                formats.join(","),
                machine.desktop,
            )?;
        }
        Ok(())
    })
}
