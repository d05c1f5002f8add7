//! The table of `docs/hashes.md` names every part that enters a hash, and no other.

use crate::world::TestWorld;
use mosdat::model::{Gpu, Hardware, Network, Phase, Step};
use std::{collections::BTreeSet, fs};

/// A plan that has a step of every phase.
async fn steps() -> Vec<Step> {
    let mut world = TestWorld::new(&["a"], &["x"]);
    let gpu = Gpu {
        name: "rtx".into(),
        pci: None,
        mapping: None,
        is_primary: false,
        take_over: false,
    };
    world.desired.gpus.insert("rtx".into(), gpu);
    for cell in &mut world.desired.cells {
        cell.gpu = "rtx".into();
    }
    for machine in world.desired.machines.values_mut() {
        machine.abilities.live_layers = mosdat::model::LiveLayers::Always;
        machine.layout = mosdat::model::KeyLayout::De;
        machine.hardware = Some(Hardware {
            image: "debian12".into(),
            memory: 1024,
            cpus: 2,
            network: Network::Closed,
        });
    }
    for scenario in world.desired.scenarios.values_mut() {
        let digest = mosdat::model::ContentHash::of(b"Milk");
        scenario.variables.insert("title".into(), digest);
    }
    world.plan().await.steps
}

/// The names in backticks in the row of `phase`.
fn row(text: &str, phase: Phase) -> BTreeSet<String> {
    let row = text
        .lines()
        .find(|line| line.starts_with(&format!("| `{phase}` |")))
        .unwrap();
    let names = row.split('`').skip(3).step_by(2);
    names
        .map(|name| name.trim_end_matches(" ...").to_owned())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_table_of_hashes_is_true() {
    let text = fs::read_to_string("docs/hashes.md").unwrap();
    for step in steps().await {
        let documented = row(&text, step.phase);
        for part in &step.ingredients {
            // Files and variables have names of their own; a simulated build has a part that no real one has.
            let name = part
                .name
                .split(' ')
                .next()
                .filter(|word| ["file", "variable"].contains(word))
                .unwrap_or(&part.name);
            assert!(
                name == "simulated" || documented.contains(name),
                "`{}` enters the hash of `{}` and is not in the table",
                part.name,
                step.phase
            );
        }
        for name in documented {
            let enters = step
                .ingredients
                .iter()
                .any(|part| part.name.starts_with(&name));
            // What a step starts from is one of two, depending on the machine.
            let is_other = ["restore", "install"].contains(&name.as_str());
            assert!(
                enters || is_other,
                "`{name}` is in the table and not in `{}`",
                step.phase
            );
        }
    }
}
