//! What a plan file comes to: cells, and the pools their steps take from.

use super::fakes::{APP, Map, USUAL, WORLD, load_from, load_tables, mistakes};
use mosdat::{
    config::Loaded,
    model::{Cell, Source, Verdict},
};
use std::fmt::Write as _;

#[test]
fn a_matrix_is_multiplied_out_in_order() {
    let matrix = r#"
[matrix]
gpu = ["none", "rtx*"]
formats = ["deb"]
scenarios = ["open-note", "smoke/*"]
exclude = [{ machines = "*-wayland", gpu = "rtx3060", why = "no driver" }]
expect = [{ scenarios = "smoke/x11", verdict = "failed", why = "issue 12" }]
"#;
    insta::assert_snapshot!(cells(&load_tables(&format!("{WORLD}{matrix}")).unwrap()), @r##"
    debian12-wayland none main.deb open-note
    debian12-wayland none main.deb smoke/wayland-real
    debian12-wayland none main.deb smoke/x11 skipped: needs an X11 session; `debian12-wayland` runs Wayland failed is expected: issue 12
    debian12-wayland rtx3060 main.deb open-note skipped: no driver
    debian12-wayland rtx3060 main.deb smoke/wayland-real skipped: no driver
    debian12-wayland rtx3060 main.deb smoke/x11 skipped: no driver failed is expected: issue 12
    debian12-x11 none main.deb open-note
    debian12-x11 none main.deb smoke/wayland-real skipped: needs a Wayland session; `debian12-x11` runs X11
    debian12-x11 none main.deb smoke/x11 failed is expected: issue 12
    debian12-x11 rtx3060 main.deb open-note
    debian12-x11 rtx3060 main.deb smoke/wayland-real skipped: needs a Wayland session; `debian12-x11` runs X11
    debian12-x11 rtx3060 main.deb smoke/x11 failed is expected: issue 12
    "##);
}

#[test]
fn an_app_config_alone_is_a_plan_over_everything() {
    let loaded = load_tables(WORLD).unwrap();
    assert_eq!(loaded.desired.name.as_str(), "notes");
    insta::assert_snapshot!(cells(&loaded), @r##"
    debian12-wayland none main.deb open-note
    debian12-wayland none main.deb save-note
    debian12-x11 none main.deb open-note
    debian12-x11 none main.deb save-note
    debian12-x11 none main.rpm open-note
    debian12-x11 none main.rpm save-note
    "##);
}

#[test]
fn without_scenarios_of_ones_own_the_smoke_checks_are_run() {
    let files = Map::of(&[("plans/notes.toml", &format!("{APP}{WORLD}"))]);
    let loaded = load_from(&files, &["smoke/no-display", "smoke/x11"]).unwrap();
    let scenarios: Vec<_> = loaded
        .desired
        .scenarios
        .keys()
        .map(mosdat::model::ScenarioName::as_str)
        .collect();
    assert_eq!(scenarios, ["smoke/no-display", "smoke/x11"]);
}

#[test]
fn cells_refer_to_what_is_there_and_nothing_else_is_kept() {
    let matrix = "[matrix]\nmachines = [\"*-x11\"]\nformats = [\"rpm\"]\nscenarios = [\"save-*\"]";
    let desired = load_tables(&format!("{WORLD}{matrix}")).unwrap().desired;
    assert_eq!(desired.machines.len(), 1);
    assert_eq!(desired.scenarios.len(), 1);
    assert!(desired.gpus.is_empty());
    for cell in &desired.cells {
        assert!(
            desired.machines[&cell.machine]
                .packages
                .contains_key(&cell.format)
        );
        assert!(desired.builds.contains_key(&cell.build));
        assert!(desired.scenarios.contains_key(&cell.scenario));
    }
}

#[test]
fn scenarios_that_no_cell_uses_are_not_read() {
    let text = format!("{APP}{WORLD}[matrix]\nscenarios = [\"open-note\"]");
    let files = Map::of(&[("plans/notes.toml", &text)]);
    assert!(load_from(&files, &["broken", "open-note"]).is_ok());
}

#[test]
fn a_simulated_cluster_needs_no_build_to_be_written_down() {
    let world = WORLD.replace("[[build]]\nname = \"main\"\n", "");
    let desired = load_tables(&world).unwrap().desired;
    assert_eq!(desired.builds[&"4.1.0".into()].source, Source::Simulated);
}

#[test]
fn pools_follow_from_what_is_used_and_the_plan_file_has_the_last_word() {
    let tables = r#"
[proxmox]
parallel = 3
[local]
parallel = 2
[[vm]]
name = "vm"
provider = "proxmox"
vmid = 100
ip = "10.0.0.1"
[[vm.package]]
format = "deb"
install = "apt install /tmp/{file}"
[[vm]]
name = "desk"
provider = "local"
[[vm.package]]
format = "deb"
[[gpu]]
name = "rtx3060"
mapping = "rtx3060"
[[build]]
name = "main"
source = { path = ".." }
[matrix]
gpu = ["none", "rtx3060"]
scenarios = ["open-note"]
[pools]
build = 2
"machine:desk" = 5
"#;
    let loaded = load_tables(tables).unwrap();
    let pools = loaded.desired.pools.iter();
    let pools: Vec<_> = pools.map(|(name, size)| format!("{name}={size}")).collect();
    insta::assert_snapshot!(pools.join(" "), @"build=2 gpu:rtx3060=1 local=2 machine:desk=5 machine:vm=1 node:pve=3");
    insta::assert_snapshot!(cells(&loaded), @r##"
    desk none main.deb open-note
    desk rtx3060 main.deb open-note skipped: `desk` is a desktop on this computer, which keeps its GPUs
    vm none main.deb open-note
    vm rtx3060 main.deb open-note
    "##);
    assert_eq!(loaded.settings.local.parallel, Some(2));
    assert_eq!(
        loaded.desired.machines[&"vm".into()].node.as_deref(),
        Some("pve")
    );
}

#[test]
fn a_pool_of_ones_own_is_allowed_with_a_warning() {
    let loaded = load_tables(&format!("{WORLD}[pools]\nlicences = 3")).unwrap();
    assert_eq!(loaded.desired.pools[&"licences".into()], 3);
    assert!(mistakes(&Ok(loaded)).contains("no step takes from the pool `licences`"));
}

#[test]
fn the_first_rule_for_a_cell_counts() {
    let matrix = r#"
[matrix]
scenarios = ["open-note"]
expect = [
    { machines = "*-x11", verdict = "failed", why = "first" },
    { machines = ["debian12-x11", "debian12-wayland"], verdict = "failed", why = "second" },
]
"#;
    let desired = load_tables(&format!("{WORLD}{matrix}")).unwrap().desired;
    let why = |cell: &Cell| {
        cell.expect
            .as_ref()
            .map(|known| (known.verdict, known.why.clone()))
    };
    let whys = desired.cells.iter().filter_map(why).map(|(v, why)| {
        assert_eq!(v, Verdict::Failed);
        why
    });
    assert_eq!(whys.collect::<Vec<_>>(), ["second", "first", "first"]);
}

#[test]
fn a_large_plan_is_loaded_whole() {
    let mut text = format!("{APP}[sim]\n[matrix]\nscenarios = [\"open-note\", \"save-note\"]\n");
    for number in 0..2500 {
        let (high, low) = (number / 250, number % 250);
        write!(
            text,
            "[[vm]]\nname = \"vm{number}\"\nvmid = {}\nip = \"10.0.{high}.{low}\"\nsession = \"x11\"\n\
             [[vm.package]]\nformat = \"deb\"\ninstall = \"apt install /tmp/{{file}}\"\n",
            number + 1000
        )
        .unwrap();
    }
    let files = Map::of(&[("plans/notes.toml", &text)]);
    let desired = load_from(&files, &USUAL).unwrap().desired;
    assert_eq!((desired.machines.len(), desired.cells.len()), (2500, 5000));
    assert!(desired.cells.is_sorted());
}

/// One line for each cell.
fn cells(loaded: &Loaded) -> String {
    let mut text = String::new();
    for cell in &loaded.desired.cells {
        let Cell {
            machine,
            gpu,
            build,
            format,
            scenario,
            skip,
            expect,
        } = cell;
        write!(text, "{machine} {gpu} {build}.{format} {scenario}").unwrap();
        if let Some(why) = skip {
            write!(text, " skipped: {why}").unwrap();
        }
        if let Some(known) = expect {
            write!(text, " {} is expected: {}", known.verdict, known.why).unwrap();
        }
        text.push('\n');
    }
    text
}
