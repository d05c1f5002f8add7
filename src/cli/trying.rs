//! Trying something on machines of a plan: what it needs is made and recorded as `apply` does, what
//! comes of it is told and not recorded.

use super::{
    arguments::ApplyArguments,
    commands::apply,
    error::CliError,
    exit::Ended,
    unrecorded::{Unrecorded, Unremembered},
    workplace::Workplace,
};
use crate::{
    model::{Cell, Desired, MachineName, StepKey, StepRecord},
    plan::{self, select::Selection},
    port::Store,
    run::Look,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// How each step ended that was tried and came to an end.
pub(super) type Ends = BTreeMap<StepKey, StepRecord>;

/// Carries out the exercises of `cells`, whatever came of them before, and hands on how they ended
/// while the state is still locked.
pub(super) fn carry_out(
    place: &Workplace,
    operation: &str,
    cells: &[Cell],
    told: &ApplyArguments,
    keep: impl FnOnce(&Ends) -> Result<(), CliError>,
) -> Result<Ended, CliError> {
    let steps: BTreeSet<StepKey> = cells.iter().map(exercise_of).collect();
    place.locked(operation, |store, recorded| {
        let mut store = Unrecorded::new(store, steps.clone());
        let trying = async {
            let drivers = place.drivers()?;
            let selection = Selection::again(steps.iter())?;
            let look = Look::Refresh;
            let scene = place.observe(&drivers, recorded, selection, look).await;
            let plan = plan::plan(&scene.input());
            super::commands::plan::warn(&place.settings, &scene, &plan);
            let kept = (&mut store as &mut dyn Store, Arc::new(Unremembered) as _);
            apply::carry_out(place, told, &drivers, kept, scene, plan).await
        };
        let ended = place.block_on(trying)?;
        keep(&store.ends)?;
        ended
    })
}

/// Returns the step that a cell ends with.
pub(super) fn exercise_of(cell: &Cell) -> StepKey {
    let (machine, gpu) = (&cell.machine, &cell.gpu);
    StepKey::exercise(machine, gpu, &cell.build, &cell.format, &cell.scenario)
}

/// Returns the machines that were named; the only one when none was.
pub(super) fn machines(
    desired: &Desired,
    names: &[String],
) -> Result<BTreeSet<MachineName>, CliError> {
    let known: Vec<&str> = desired.machines.keys().map(MachineName::as_str).collect();
    if names.is_empty() {
        return match known[..] {
            [only] => Ok([only.into()].into()),
            _ => Err(CliError::Usage(format!(
                "name machines with `--vms`: {}",
                known.join(", ")
            ))),
        };
    }
    let each = names.iter().map(|name| {
        if known.contains(&name.as_str()) {
            return Ok(MachineName::from(name.as_str()));
        }
        let known = known.join(", ");
        let why = format!("there is no machine `{name}`, only {known}");
        Err(CliError::Usage(why))
    });
    each.collect()
}
