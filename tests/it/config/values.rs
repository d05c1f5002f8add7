//! What single values come to: defaults, what is inherited, paths and spans of time.

use super::fakes::{APP, Map, USUAL, WORLD, load_from, load_tables};
use mosdat::model::{
    Abilities, Coordinates, KeyLayout, LiveLayers, Machine, Motion, Phase, Profile, ProviderKind,
    Session, Shape, Source, VlmSettings,
};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

#[test]
fn what_is_not_said_has_its_default() {
    let desired = load_tables(WORLD).unwrap().desired;
    assert_eq!(
        (desired.retries, desired.timeout),
        (0, Duration::from_mins(15))
    );
    let machine = &desired.machines[&"debian12-x11".into()];
    assert_eq!(machine.provider, ProviderKind::Sim);
    assert_eq!(
        (machine.snapshot.as_str(), machine.session),
        ("clean", Session::X11)
    );
    assert_eq!((machine.geometry, machine.slots), ((1024, 768), 1));
    assert_eq!(machine.packages[&"deb".into()].file_glob, "notes-*.deb");
    let build = &desired.builds[&"main".into()];
    assert_eq!(
        (&build.source, build.dist_dir.as_path()),
        (&Source::Simulated, Path::new("dist"))
    );
    assert_eq!(build.timeout, Duration::from_mins(30));
    assert_eq!(desired.app.process_name, "notes");
}

#[test]
fn a_vision_model_is_what_its_table_says() {
    let tables = r#"
[vlm]
base_url = "http://one/v1, http://two/v1"
model = "any"
coordinates = "pixels-yx"
answers = "box"
budget = 7
offline = true
timeout = "2m"
cache = false
"#;
    let vlm = |tables: &str| {
        load_tables(&format!("{WORLD}{tables}"))
            .unwrap()
            .settings
            .vlm
    };
    let own = vlm(tables).unwrap();
    assert_eq!(own.endpoints, ["http://one/v1", "http://two/v1"]);
    assert_eq!(own.coordinates.map(Coordinates::as_str), Some("pixels-yx"));
    assert_eq!(own.shape, Some(Shape::Box));
    assert_eq!((own.budget, own.timeout), (7, Duration::from_mins(2)));
    assert!(own.offline && !own.cache && own.zoom);
    assert_eq!(vlm("[vlm]\n"), Some(VlmSettings::default()));
    assert_eq!(vlm(""), None);
}

#[test]
fn abilities_are_those_of_the_provider() {
    let tables = r#"
[sim]
live_layers = true
[qemu]
[[vm]]
name = "sim"
provider = "sim"
[[vm.package]]
format = "deb"
[[vm]]
name = "qemu"
provider = "qemu"
image = "debian12"
[[vm.package]]
format = "deb"
install = "apt install /tmp/{file}"
[[vm]]
name = "local"
provider = "local"
[[vm.package]]
format = "deb"
[[build]]
name = "main"
source = { package = "../dist/*.deb" }
"#;
    let desired = load_tables(tables).unwrap().desired;
    let of = |name: &str| desired.machines[&name.into()].abilities;
    let abilities = |layers, base_layer, live_layers| Abilities {
        layers,
        base_layer,
        live_layers,
    };
    let (never, without_gpu) = (LiveLayers::Never, LiveLayers::WithoutGpu);
    assert_eq!(of("sim"), abilities(true, false, LiveLayers::Always));
    assert_eq!(of("qemu"), abilities(true, true, without_gpu));
    assert_eq!(of("local"), abilities(true, false, never));
    assert_eq!(desired.machines[&"local".into()].slots, 4);
    assert_eq!(
        desired.builds[&"main".into()].source,
        Source::Package("dist/*.deb".into())
    );
}

#[test]
fn private_desktops_inherit_from_their_table() {
    let tables = r#"
[local]
display = "wayland"
geometry = "1280x800"
parallel = 7
[[vm]]
name = "desk"
[[vm.package]]
format = "deb"
[[vm]]
name = "small"
session = "x11"
geometry = "800x600"
slots = 1
[[vm.package]]
format = "deb"
[[build]]
name = "main"
source = { path = "../app" }
commands = ["./package.sh"]
env = ["SOURCE_DATE_EPOCH"]
timeout = "1h30m"
"#;
    let desired = load_tables(tables).unwrap().desired;
    let of = |machine: &Machine| (machine.session, machine.geometry, machine.slots);
    let desk = of(&desired.machines[&"desk".into()]);
    assert_eq!(desk, (Session::Wayland, (1280, 800), 7));
    let small = of(&desired.machines[&"small".into()]);
    assert_eq!(small, (Session::X11, (800, 600), 1));
    let build = &desired.builds[&"main".into()];
    assert_eq!(build.source, Source::Path("app".into()));
    assert_eq!(
        (build.env.len(), build.timeout),
        (1, Duration::from_mins(90))
    );
}

#[test]
fn a_source_that_is_an_address_stays_as_it_is() {
    let check = |git: &str, repository: &str| {
        let tables = WORLD.to_owned() + &format!("source = {{ git = \"{git}\" }}");
        let desired = load_tables(&tables).unwrap().desired;
        let source = &desired.builds[&"main".into()].source;
        let expected = Source::Git {
            repository: repository.into(),
            reference: "HEAD".into(),
        };
        assert_eq!(*source, expected);
    };
    check("../../notes", "../notes");
    check("/srv/notes", "/srv/notes");
    check(
        "https://example.org/notes.git",
        "https://example.org/notes.git",
    );
    check("git@example.org:notes.git", "git@example.org:notes.git");
}

#[test]
fn settings_are_relative_to_the_file_they_stand_in() {
    let files = Map::of(&[
        (
            "plans/notes.toml",
            "[matrix]\ninclude = [\"../examples/notes.toml\"]",
        ),
        (
            "examples/notes.toml",
            &format!("{APP}{WORLD}[state]\ndir = \"../kept\"\n[cache]\ndir = \"/var/cache/notes\""),
        ),
    ]);
    let loaded = load_from(&files, &USUAL).unwrap();
    assert_eq!(loaded.settings.root, Path::new("."));
    assert_eq!(loaded.settings.state_dir, Some(PathBuf::from("kept")));
    assert_eq!(
        loaded.settings.cache_dir,
        Some(PathBuf::from("/var/cache/notes"))
    );
    let read: Vec<_> = loaded.files.keys().collect();
    assert_eq!(
        read,
        [
            Path::new("examples/notes.toml"),
            Path::new("plans/notes.toml")
        ]
    );
}

#[test]
fn the_simulated_cluster_can_be_tuned() {
    let tables = r#"
[sim]
seed = 18446744073709551615
fail_rate = 0.25
panic_rate = 1
layers = false
durations = { restore = ["50ms", "2s"], exercise = 90, attach-gpu = "1m30s" }
[[vm]]
name = "sim"
[[vm.package]]
format = "deb"
"#;
    let sim = load_tables(tables).unwrap().settings.sim;
    assert_eq!(sim.seed, u64::MAX);
    assert!((sim.fail_rate - 0.25).abs() < f64::EPSILON);
    assert!((sim.panic_rate - 1.0).abs() < f64::EPSILON);
    assert!(!sim.layers);
    let of = |phase| sim.durations[&phase];
    assert_eq!(
        of(Phase::Restore),
        (Duration::from_millis(50), Duration::from_secs(2))
    );
    assert_eq!(
        of(Phase::Exercise),
        (Duration::from_secs(90), Duration::from_secs(90))
    );
    assert_eq!(of(Phase::AttachGpu).0, Duration::from_secs(90));
    assert_eq!(of(Phase::Install).0, Duration::from_secs(5));
}

#[test]
fn a_clone_needs_neither_number_nor_address() {
    let tables = r#"
[proxmox]
node = "pve2"
[[vm]]
name = "clone"
template = 9000
[[vm.package]]
format = "deb"
install = "sudo apt install -y /tmp/{file}"
uninstall = "sudo apt remove -y {app_name}"
[[build]]
name = "main"
source = { git = "../app", ref = "v4" }
"#;
    let desired = load_tables(tables).unwrap().desired;
    let machine = &desired.machines[&"clone".into()];
    assert_eq!(
        (machine.vmid, machine.node.as_deref()),
        (None, Some("pve2"))
    );
    assert_eq!(machine.slots, 2, "as many at once as a node restores");
    assert_eq!(desired.pools[&"machine:clone".into()], 2);
    let package = &machine.packages[&"deb".into()];
    assert_eq!(package.uninstall, "sudo apt remove -y notes");
    assert_eq!(package.install, "sudo apt install -y /tmp/{file}");
}

#[test]
fn the_pointer_moves_as_a_hand_does_where_there_is_a_table() {
    let cursor = |table: &str| {
        let tables = format!("{WORLD}{table}");
        load_tables(&tables).unwrap().settings.cursor
    };
    assert_eq!(cursor(""), Motion::default());
    let usual = Motion {
        profile: Profile::Bezier,
        duration: Duration::ZERO,
        dwell: Duration::from_millis(250),
        seed: None,
    };
    assert_eq!(cursor("[cursor]"), usual);
    let all = "[cursor]\nprofile = \"windmouse\"\nduration_ms = 400\nhover_dwell_ms = 0\nseed = 7";
    let told = Motion {
        profile: Profile::WindMouse,
        duration: Duration::from_millis(400),
        dwell: Duration::ZERO,
        seed: Some(7),
    };
    assert_eq!(cursor(all), told);
    assert_eq!(cursor("[cursor]\nseed = \"auto\"").seed, None);
}

#[test]
fn a_machine_has_its_keyboard_layout() {
    let layout = |line: &str| {
        let tables = format!(
            "[sim]\n[[vm]]\nname = \"sim\"\nprovider = \"sim\"\n{line}\n[[vm.package]]\nformat = \"deb\"\n"
        );
        let desired = load_tables(&tables).unwrap().desired;
        desired.machines[&"sim".into()].layout
    };
    assert_eq!(layout(""), KeyLayout::Us);
    assert_eq!(layout("layout = \"de\""), KeyLayout::De);
}
