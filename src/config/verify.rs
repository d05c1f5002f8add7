//! Checks that take several tables: whether what the cells ask for fits together.

use super::{
    expand::{Stock, is_smoke},
    mistakes::Mistakes,
    source::At,
};
use crate::model::{Cell, ProviderKind, Source};

/// Every GPU must be some device, unless everything is simulated.
pub(super) fn addresses(stock: &Stock<'_>, mistakes: &Mistakes) {
    if is_simulated(stock) {
        return;
    }
    for table in stock.gpus.values().filter(|table| !table.has_address) {
        let message = format!("nothing says which device the GPU `{}` is", table.gpu.name);
        let hint = "add `pci = \"0000:01:00\"`, a `mapping`, or `vendor` and `device`";
        mistakes.error(table.at, message, hint);
    }
}

/// Every build must come from somewhere, unless all its machines are simulated.
pub(super) fn sources(stock: &Stock<'_>, cells: &[Cell], mistakes: &Mistakes) {
    if is_simulated(stock) {
        return;
    }
    let is_real = |cell: &Cell| {
        let table = &stock.machines[&cell.machine];
        table.machine.provider != ProviderKind::Sim
    };
    let builds = stock.builds.iter();
    for (name, table) in builds.filter(|(_, table)| table.build.source == Source::Simulated) {
        let mut of_build = cells.iter().filter(|cell| cell.build == *name);
        let Some(cell) = of_build.find(|cell| is_real(cell)) else {
            continue;
        };
        let message = format!("the build `{name}` has no source");
        let machine = &cell.machine;
        let hint = format!("add `source = {{ git = \"../app\" }}`: `{machine}` is not simulated");
        mistakes.error(table.at, message, hint);
    }
}

/// With a GPU as primary display the hypervisor's console is black, and a scenario needs to see.
pub(super) fn consoles(stock: &Stock<'_>, cells: &[Cell], mistakes: &Mistakes) {
    let gpus = stock.gpus.iter();
    for (name, table) in gpus.filter(|(_, table)| table.gpu.is_primary) {
        let mut of_gpu = cells
            .iter()
            .filter(|cell| cell.gpu == *name && cell.skip.is_none());
        let is_unseen = |cell: &&Cell| {
            let machine = &stock.machines[&cell.machine].machine;
            !is_smoke(cell.scenario.as_str()) && machine.reach.console.is_none()
        };
        let Some(cell) = of_gpu.find(is_unseen) else {
            continue;
        };
        let scenario = &cell.scenario;
        let message = format!("`{scenario}` could not be seen: the GPU `{name}` is primary");
        let hint = "the hypervisor's console is black then: use `mode = \"compute\"`, exclude all but \
                    smoke checks on this GPU, or run a VNC server in the guest and name it in `[[vm]]` as \
                    `console = { vnc = \"HOST:PORT\" }`";
        mistakes.error(table.at, message, hint);
    }
}

fn is_simulated(stock: &Stock<'_>) -> bool {
    let mut machines = stock.machines.values();
    machines.all(|table| table.machine.provider == ProviderKind::Sim)
}

/// A matrix without a cell would pass for nothing. Says so only where no other mistake explains it.
pub(super) fn something_is_tested(cells: &[Cell], at: At, mistakes: &Mistakes) {
    if mistakes.has_errors() || cells.iter().any(|cell| cell.skip.is_none()) {
        return;
    }
    let hint = match cells.iter().find_map(|cell| cell.skip.as_ref()) {
        Some(why) => format!(
            "all {} cells are skipped, the first because: {why}",
            cells.len()
        ),
        None => "no machine, package format, build and scenario come together".into(),
    };
    mistakes.error(at, "nothing would be tested", hint);
}
