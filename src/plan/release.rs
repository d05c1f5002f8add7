//! What earlier runs left and nothing needs any more.

use super::{PlanInput, select::Selection};
use crate::model::Release;

/// Returns the leases that a crash left, and the layers of machines that the plan file does not
/// ask for any more. A narrowed plan releases no layers: what it leaves out may still be wanted.
pub(super) fn releases(input: &PlanInput<'_>) -> Vec<Release> {
    let leases = input.recorded.leases.values().cloned().map(Release::Lease);
    let mut releases: Vec<_> = leases.collect();
    if *input.selection == Selection::default() {
        let gone = input
            .recorded
            .layers
            .iter()
            .filter(|(machine, _)| !input.desired.machines.contains_key(machine));
        releases
            .extend(gone.map(|(machine, layer)| Release::Layer(machine.clone(), layer.clone())));
    }
    releases
}
