//! A machine of which only what must be known is known. Benchmarks use it as well.

use mosdat::model::{
    Abilities, KeyLayout, LiveLayers, Machine, MachineName, Platform, ProviderKind, Reach, Session,
};
use std::collections::BTreeMap;

/// Returns a machine called `here` of which only disks are kept.
pub(crate) fn machine(provider: ProviderKind, session: Session) -> Machine {
    Machine {
        name: MachineName::new("here"),
        provider,
        abilities: Abilities {
            layers: true,
            base_layer: false,
            live_layers: LiveLayers::Never,
        },
        platform: Platform::default(),
        snapshot: String::new(),
        session,
        node: None,
        desktop: String::new(),
        vmid: None,
        ip: None,
        hardware: None,
        reach: Reach::default(),
        geometry: (640, 480),
        layout: KeyLayout::default(),
        slots: 1,
        packages: BTreeMap::new(),
    }
}
